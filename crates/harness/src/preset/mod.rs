//! What experiments have in common: a preset, flags that choose from it, and a report of its own.
//!
//! An experiment is a [`Preset`]: arguments of its own around [`ExperimentArgs`], a draft that they
//! ask for (put together by a [`Plan`]), and what it does and tells of its [`Own`]. [`run`] is its whole program, with
//! the policies of a registry, so that one of yours is in every table after being registered.

mod pipelines;
mod plan;

pub use plan::Plan;

use crate::cli::{self, ExperimentArgs, Flags};
use crate::run::{Own, execute_with, with_ray};
use crate::spec::Draft;
use crate::{Error, Exit, Experiment, Home};
use clap::{CommandFactory, FromArgMatches};
use sched_core::Registry;
use std::process::ExitCode;

/// What an experiment is called, and where it lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct About {
    /// Its name: that of its package, of its program, and the prefix of its files.
    pub name: &'static str,
    /// What it is called for a person.
    pub title: &'static str,
    /// Its folder in the workspace.
    pub folder: &'static str,
}

/// Rows of latencies of single tasks that all runs of an experiment together write.
const ROWS: u64 = 1_000_000;

/// An experiment: its arguments, and what follows from them.
pub trait Preset: Own + CommandFactory + FromArgMatches {
    /// What it is called.
    const ABOUT: About;

    /// The flags that all experiments have.
    fn flags(&self) -> &ExperimentArgs;

    /// The draft that its arguments ask for. Flags that set single values are not laid over it yet.
    ///
    /// # Errors
    /// The first argument or file that is wrong, with the remedy.
    fn draft(&self) -> Result<Draft, Error>;
}

/// The program of an experiment: runs it as the command line says, with the policies of `registry`.
pub fn run<P: Preset>(registry: &Registry) -> ExitCode {
    let registry = &with_ray(registry);
    let arguments: Vec<String> = std::env::args().collect();
    let command = P::command().after_help(cli::policies_help(registry));
    match cli::parse::<P>(command, &arguments) {
        Ok(mut preset) => cli::end(run_with(&mut preset, &arguments, registry)),
        Err(exit) => exit.into(),
    }
}

fn run_with<P: Preset>(
    preset: &mut P,
    arguments: &[String],
    registry: &Registry,
) -> Result<Exit, Error> {
    let draft = preset.draft()?;
    let flags = Flags::check(preset.flags().run.clone(), registry)?;
    let spec = flags.apply(draft, registry)?;
    let About { name, title, folder } = P::ABOUT;
    let (program, rest) = arguments.split_first().map_or((name, &[][..]), |(p, r)| (p, r));
    let experiment = Experiment {
        title: title.to_owned(),
        command: cli::cargo_command(name, program),
        arguments: rest.to_vec(),
        home: Home::Experiment { folder, name: name.to_owned() },
        rows: Some(ROWS),
    };
    execute_with(&experiment, &spec, flags.options(), preset)
}
