//! Runs whose nodes are workers.
//!
//! Each program of ours is its own worker: it starts itself once more for each node, with a first argument
//! that [`serve`] looks for before the command line is read. So `--env cluster` needs nothing that is not
//! there already. Workers that others have started are looked for before anything is written. Only on Unix;
//! elsewhere it is refused with what to use instead.

use super::serving::make;
use crate::spec::{Environment, Origin, RunSpec};
use crate::{Error, Exit};
use cluster::{
    Incident, Launcher, Program, Remote, Token, WORKER_ARGUMENT, run_cluster, serve_parent,
};
use pipeline::{Control, Observer, Outcome, RunError, RunSetup};
use sched_core::{Scheduler, Time};
use std::fs;
use std::path::Path;

/// If this process was started as a worker, is one, and then says how to end.
pub(crate) fn serve(arguments: &[String]) -> Option<Exit> {
    if arguments.get(1).is_none_or(|first| first != WORKER_ARGUMENT) {
        return None;
    }
    Some(match serve_parent(make) {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("worker: {error}");
            Exit::Failed
        }
    })
}

/// Where the workers of a command come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workers(Launcher);

impl Workers {
    /// From a checked file. Without one they are processes of this program.
    ///
    /// # Errors
    /// When the token cannot be read or used, or an address is not one of this host.
    pub fn new(origin: Option<Origin>) -> Result<Workers, Error> {
        let launcher = match origin {
            None | Some(Origin::Process) => {
                let here = |error| Error::Usage(format!("where is this program? {error}"));
                Launcher::Process(Program::this().map_err(here)?)
            }
            Some(Origin::Static { workers, token_file }) => {
                let token = token_file.as_deref().map(token).transpose()?;
                Launcher::Static(Remote::new(workers, token).map_err(|error| usage(&error))?)
            }
        };
        Ok(Workers(launcher))
    }

    /// Whether workers that others have started are there for these runs, and serve this user. Nothing is run.
    ///
    /// # Errors
    /// Names the first that is not, and why.
    pub(super) fn check(&self, runs: &[RunSpec]) -> Result<(), Error> {
        let Launcher::Static(_) = &self.0 else { return Ok(()) };
        let mut checked = None;
        for run in runs.iter().filter(|run| run.setup.environment == Environment::Cluster) {
            let setup = &run.setup;
            if checked.replace(&setup.cluster) != Some(&setup.cluster) {
                let setup =
                    RunSetup::new(setup.cluster.clone(), setup.workload.clone(), setup.seed);
                cluster::Cluster::start(&setup, &self.0).map_err(|error| usage(&error))?;
            }
        }
        Ok(())
    }

    /// Runs on them. Those that were lost without having been meant to are told in `losses`, a sentence for
    /// each.
    pub(super) fn run(
        &self,
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
        losses: &mut Vec<String>,
    ) -> Result<Outcome, RunError> {
        let mut incidents = Vec::new();
        let outcome = run_cluster(setup, &self.0, scheduler, observer, control, &mut incidents);
        losses.extend(incidents.into_iter().map(|Incident { at, node, what }| {
            let at = at.since(Time::ZERO).as_secs_f64();
            format!("{node} was lost {at:.3} s after the start: {what}.")
        }));
        outcome
    }
}

/// A token from a file.
///
/// # Errors
/// When it cannot be read, or is none.
pub(crate) fn token(path: &Path) -> Result<Token, Error> {
    let named = |error: String| Error::Usage(format!("token file {}: {error}", path.display()));
    let bytes = fs::read(path).map_err(|error| named(error.to_string()))?;
    Token::new(&bytes).map_err(|error| named(error.to_string()))
}

fn usage(error: &cluster::Error) -> Error {
    Error::Usage(format!("--env cluster: {error}"))
}
