//! Runs whose nodes are worker processes.
//!
//! Each program of ours is its own worker: it starts itself once more for each node, with a first argument
//! that [`serve`] looks for before the command line is read. So `--env cluster` needs nothing that is not
//! there already. Only on Unix; elsewhere it is refused with what to use instead.

use crate::Exit;
#[cfg(unix)]
use cluster::{Incident, Launcher, Program, WORKER_ARGUMENT, run_cluster, serve_parent};
use pipeline::{Control, Observer, Outcome, RunError, RunSetup};
use sched_core::Scheduler;

/// If this process was started as a worker, is one, and then says how to end.
#[cfg(unix)]
pub(crate) fn serve(arguments: &[String]) -> Option<Exit> {
    if arguments.get(1).is_none_or(|first| first != WORKER_ARGUMENT) {
        return None;
    }
    Some(match serve_parent() {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("worker: {error}");
            Exit::Failed
        }
    })
}

/// Runs on worker processes that live as long as the run. Those that were lost without having been meant to
/// are told in `losses`, a sentence for each.
#[cfg(unix)]
pub(super) fn run(
    setup: &RunSetup,
    scheduler: &mut dyn Scheduler,
    observer: &mut dyn Observer,
    control: &Control,
    losses: &mut Vec<String>,
) -> Result<Outcome, RunError> {
    let program = Program::this().map_err(|error| RunError::Executor(Box::new(error)))?;
    let launcher = Launcher::Process(program);
    let mut incidents = Vec::new();
    let outcome = run_cluster(setup, &launcher, scheduler, observer, control, &mut incidents);
    losses.extend(
        incidents
            .into_iter()
            .map(|Incident { at, node, what }| format!("{node} was lost at {at}: {what}.")),
    );
    outcome
}

/// There are no workers here.
#[cfg(not(unix))]
pub(crate) fn serve(_: &[String]) -> Option<Exit> {
    None
}

/// There are no workers here.
#[cfg(not(unix))]
pub(super) fn run(
    _: &RunSetup,
    _: &mut dyn Scheduler,
    _: &mut dyn Observer,
    _: &Control,
    _: &mut Vec<String>,
) -> Result<Outcome, RunError> {
    let what = "worker processes need a Unix system; use `--env local`";
    Err(RunError::Setup(what.to_owned()))
}
