//! Flight logs: record a run, and play it again.
//!
//! `sage replay` builds the policy that a log names and must reproduce every decision. With another
//! policy it tells two things that are not the same: where that one would have gone, told the
//! facts as they were recorded, and what it would have changed, in a simulation of the load
//! that the log shows. A program with policies of its own calls [`replay`] with its own registry.

mod load;
mod simulate;
mod text;

pub use flight::{Header, LogError, Recorded, Recorder};

use crate::cli::policy_spec;
use crate::{Error, Exit};
use flight::{End, Log};
use sched_core::{Registry, ResolvedPolicy, Scheduler, StaleView};
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// What is to be replayed.
#[derive(clap::Args, Clone, PartialEq, Eq, Debug)]
pub struct ReplayArgs {
    /// The flight log
    pub log: PathBuf,
    /// Another policy: show where it would have differed, and simulate both on the recorded load.
    /// Parameters follow a colon: `priority:aging=2s,bind=late`
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// How many differences to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub differences: usize,
}

/// A scheduler whose facts and decisions go to a file.
pub type FileRecorder = Recorder<Box<dyn Scheduler>, File>;

/// Records `scheduler` into a new file; `header` says how it was made, its view included. [`finish`] ends it.
///
/// # Errors
/// When the file cannot be written.
pub fn record(
    path: &Path,
    scheduler: Box<dyn Scheduler>,
    header: &Header,
) -> Result<FileRecorder, Error> {
    let file = File::create(path).map_err(|error| Error::write(path, error))?;
    Recorder::new(scheduler, file, header).map_err(|error| writing(path, error))
}

/// Ends a recording.
///
/// # Errors
/// When not all could be written; the run was not disturbed by it.
pub fn finish(path: &Path, recorder: FileRecorder) -> Result<Recorded, Error> {
    recorder.finish().1.map_err(|error| writing(path, error))
}

/// Replays a log and prints what comes of it.
///
/// # Errors
/// [`Error::Usage`] for a file that is no log or damaged, and for a policy that `registry` does not
/// know. A decision that is not reproduced is no error but [`Exit::Failed`].
pub fn replay(args: &ReplayArgs, registry: &Registry) -> Result<Exit, Error> {
    let path = args.log.as_path();
    let other = match &args.policy {
        Some(text) => {
            let spec = policy_spec("--policy", text, registry)?;
            Some(registry.resolve(&spec).map_err(|error| Error::Usage(error.to_string()))?)
        }
        None => None,
    };
    let header = open(path)?.header().clone();
    say(&text::head(path, &header));
    let recorded = registry.resolve(&header.policy);
    let exit = match (&recorded, &other) {
        (Ok(policy), _) => reproduce(path, policy)?,
        (Err(error), None) => {
            return Err(Error::Usage(format!(
                "{}: {error}; the log was recorded by a program that has this policy: replay it \
                 there, or compare it with one of these by `--policy`",
                path.display()
            )));
        }
        (Err(_), Some(_)) => {
            say("Not replayed: this program does not have the recorded policy.\n");
            Exit::Done
        }
    };
    let Some(other) = other else { return Ok(exit) };
    let mut log = open(path)?;
    let mut scheduler = rebuilt(&other, &header);
    let told = flight::compare(&mut log, &mut scheduler, args.differences);
    let told = told.map_err(|error| reading(path, &error))?;
    say(&format!("\n{}", text::comparison(&told, &header, &other)));
    let load = load::load(open(path)?, path).map_err(|error| reading(path, &error))?;
    match load.and_then(|load| simulate::simulate(&load, recorded.as_ref().ok(), &other)) {
        Ok(result) => say(&format!("\n{}", text::simulation(&result))),
        Err(why) => say(&format!("\nNot simulated: {why}.\n")),
    }
    Ok(exit)
}

/// Whether the recorded policy decides again as it did.
fn reproduce(path: &Path, policy: &ResolvedPolicy) -> Result<Exit, Error> {
    let mut log = open(path)?;
    let header = log.header().clone();
    let mut scheduler = rebuilt(policy, &header);
    let replayed = flight::replay(&mut log, &mut scheduler);
    let replayed = replayed.map_err(|error| reading(path, &error))?;
    say(&text::replayed(&replayed));
    if let Some(End::CutOff { lost }) = log.end() {
        say(&text::cut_off(lost));
    }
    Ok(if replayed.difference.is_some() { Exit::Failed } else { Exit::Done })
}

/// This policy as the host of the log had its own: with its seed, behind its view.
fn rebuilt(policy: &ResolvedPolicy, header: &Header) -> Box<dyn Scheduler> {
    StaleView::over(policy.build(&header.cluster, header.seed), header.view)
}

fn open(path: &Path) -> Result<Log<File>, Error> {
    let file = File::open(path)
        .map_err(|error| Error::Usage(format!("cannot read {}: {error}", path.display())))?;
    Log::open(file).map_err(|error| reading(path, &error))
}

fn reading(path: &Path, error: &LogError) -> Error {
    Error::Usage(format!("{}: {error}", path.display()))
}

fn writing(path: &Path, error: LogError) -> Error {
    match error {
        LogError::Io(source) => Error::write(path, source),
        other => Error::write(path, io::Error::other(other)),
    }
}

/// Prints. Who has read enough, as `head`, ends the reading and not the replay.
fn say(text: &str) {
    if let Err(error) = io::stdout().write_all(text.as_bytes())
        && error.kind() != ErrorKind::BrokenPipe
    {
        eprintln!("cannot print: {error}");
    }
}
