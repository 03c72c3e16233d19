//! A run, from its setup to its outcome, in real or in virtual time.
//!
//! The generic loop is instantiated here, inside this crate: it is then optimised in development
//! builds as well, where the crates that call it are not.

use crate::drive::{Observer, Outcome, Plan, drive};
use crate::local::Local;
use crate::model::{ClusterSetup, Faults, Operator, ServiceLaw, SharedSteps, Stage, Workload};
use crate::sim::Sim;
use crate::{Control, RunError};
use sched_core::{Scheduler, Span};

/// What to run, and on what.
#[derive(Clone, PartialEq, Debug)]
pub struct RunSetup {
    /// The nodes, and their speeds.
    pub cluster: ClusterSetup,
    /// The tasks, and their stages.
    pub workload: Workload,
    /// What goes wrong with nodes.
    pub faults: Faults,
    /// Arrivals, service times, priorities, delays and failures follow from it.
    pub seed: u64,
    /// How often a call may start, when its nodes are lost while it runs; ≥ 1.
    pub max_attempts: u32,
    /// What stages that are steps do.
    pub steps: Option<SharedSteps>,
}

impl RunSetup {
    /// Attempts of a call, unless said otherwise.
    pub const MAX_ATTEMPTS: u32 = 10;

    /// A run in which nothing goes wrong, with the default number of attempts.
    pub fn new(cluster: ClusterSetup, workload: Workload, seed: u64) -> RunSetup {
        let (faults, max_attempts) = (Faults::default(), Self::MAX_ATTEMPTS);
        RunSetup { cluster, workload, faults, seed, max_attempts, steps: None }
    }

    /// Checks and prepares it, for [`drive`].
    ///
    /// # Errors
    /// As [`Plan::new`], and when a stage is a step and there are no steps.
    pub fn plan(&self) -> Result<Plan, RunError> {
        let is_step = |stage: &&Stage| matches!(stage.operator, Operator::Step(_));
        if let (Some(stage), None) = (self.workload.stages.iter().find(is_step), &self.steps) {
            let what = format!("stage `{}` is a step, and this run has no steps", stage.name);
            return Err(RunError::Setup(what));
        }
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
    if !setup.faults.is_none() || setup.cluster.network != ServiceLaw::Constant(Span::ZERO) {
        let what = "faults and a network that takes time exist in virtual time only";
        return Err(RunError::Setup(what.into()));
    }
    control.wake_this_thread();
    let mut local =
        Local::with_steps(&setup.cluster, &setup.workload.stages, setup.steps.as_ref())?;
    let outcome = drive(&plan, &mut local, scheduler, observer, control);
    let timer = local.stop();
    Ok(Outcome { timer, ..outcome? })
}

/// Runs in virtual time, on the calling thread: deterministic from `setup.seed`, and the same on
/// every machine.
///
/// `scheduler` must be new and built for `setup.cluster.spec`. Every operator is emulated: virtual
/// time cannot hold real work.
///
/// # Errors
/// As [`Plan::new`] and [`drive`], and when a stage is not emulated.
pub fn run_sim(
    setup: &RunSetup,
    scheduler: &mut dyn Scheduler,
    observer: &mut dyn Observer,
    control: &Control,
) -> Result<Outcome, RunError> {
    let plan = setup.plan()?;
    if let Some(stage) = setup.workload.stages.iter().find(|s| s.operator != Operator::Emulate) {
        let name = &stage.name;
        return Err(RunError::Setup(format!(
            "stage `{name}` does real work, which virtual time cannot hold; let it emulate"
        )));
    }
    let mut sim = Sim::new(&setup.cluster, &setup.faults, setup.seed);
    drive(&plan, &mut sim, scheduler, observer, control)
}
