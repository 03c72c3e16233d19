//! A run in real time, from its setup to its outcome.
//!
//! The generic loop is instantiated here, inside this crate: it is then optimised in development
//! builds as well, where the crates that call it are not.

use crate::drive::{Observer, Outcome, Plan, drive};
use crate::local::Local;
use crate::model::{ClusterSetup, Workload};
use crate::{Control, RunError};
use sched_core::Scheduler;

/// What to run, and on what.
#[derive(Clone, PartialEq, Debug)]
pub struct RunSetup {
    /// The nodes, and their speeds.
    pub cluster: ClusterSetup,
    /// The tasks, and their stages.
    pub workload: Workload,
    /// Arrivals, service times and priorities follow from it.
    pub seed: u64,
    /// How often a call may start, when its nodes are lost while it runs; ≥ 1.
    pub max_attempts: u32,
}

impl RunSetup {
    /// Attempts of a call, unless said otherwise.
    pub const MAX_ATTEMPTS: u32 = 10;

    /// A run with the default number of attempts.
    pub fn new(cluster: ClusterSetup, workload: Workload, seed: u64) -> RunSetup {
        RunSetup { cluster, workload, seed, max_attempts: Self::MAX_ATTEMPTS }
    }

    /// Checks and prepares it, for [`drive`].
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn plan(&self) -> Result<Plan, RunError> {
        Plan::new(&self.cluster, &self.workload, self.seed, self.max_attempts)
    }
}

/// Runs in real time, with nodes and slots in this process, on the calling thread.
///
/// `scheduler` must be new and built for `setup.cluster.spec`. The run ends when its last task
/// ends, or soon after [`Control::stop`]; calls that run then are not waited for.
///
/// # Errors
/// As [`Plan::new`] and [`drive`], and when the system refuses a thread.
pub fn run_local(
    setup: &RunSetup,
    scheduler: &mut dyn Scheduler,
    observer: &mut dyn Observer,
    control: &Control,
) -> Result<Outcome, RunError> {
    let plan = setup.plan()?;
    control.wake_this_thread();
    let mut local = Local::start(&setup.cluster, &setup.workload.stages)?;
    let outcome = drive(&plan, &mut local, scheduler, observer, control);
    let timer = local.stop();
    Ok(Outcome { timer, ..outcome? })
}
