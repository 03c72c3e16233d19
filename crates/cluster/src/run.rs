//! A run on worker processes, from its setup to its outcome.
//!
//! The generic loop is made concrete here, so that it is optimised with this crate in development builds as
//! well.

use crate::{Cluster, Incident, Launcher};
use pipeline::drive::drive;
use pipeline::model::ServiceLaw;
use pipeline::{Control, Observer, Outcome, RunError, RunSetup};
use sched_core::{Scheduler, Span};

/// Runs in real time on workers, one for each node, on the calling thread. Processes of this host are started
/// for this run, and are gone when it ends, however it ends.
///
/// `scheduler` must be new and built for `setup.cluster.spec`. Faults of the setup happen to the processes:
/// a node that is killed is killed. A worker that others have started loses its session instead. What befell nodes beside is appended to `incidents`; it costs no task.
///
/// # Errors
/// As `Plan::new` and `drive`, and [`RunError::Executor`] with an [`Error`](crate::Error) in it when workers
/// cannot be started, [`RunError::BrokenOff`] when all are lost later and none comes back.
pub fn run_cluster(
    setup: &RunSetup,
    launcher: &Launcher,
    scheduler: &mut dyn Scheduler,
    observer: &mut dyn Observer,
    control: &Control,
    incidents: &mut Vec<Incident>,
) -> Result<Outcome, RunError> {
    let plan = setup.plan()?;
    if setup.cluster.network != ServiceLaw::Constant(Span::ZERO) {
        let what = "where time is real the network is measured; remove `network`";
        return Err(RunError::Setup(what.into()));
    }
    let mut cluster = Cluster::start_unless(setup, launcher, control)
        .map_err(|error| RunError::Executor(Box::new(error)))?;
    let outcome = drive(&plan, &mut cluster, scheduler, observer, control);
    incidents.extend_from_slice(cluster.incidents());
    let timer = cluster.stop();
    Ok(Outcome { timer, ..outcome? })
}
