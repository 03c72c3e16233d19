//! The one loop that runs every environment.
//!
//! [`drive`] asks the scheduler what to do and an [`Executor`] to do it, and keeps the
//! account of each task from its intended arrival to its end. It has no branch on the shape of
//! a workload and no notion of real time.
//!
//! One turn of the loop is one instant: note all facts of the instant and all arrivals due, tell
//! the scheduler, poll it once, carry its decisions out, and only then report what ended.
//! The submit of a stage is the finish of the stage before it, so the parts of a task's latency
//! sum to the whole without a remainder.

mod account;
mod ending;
mod executor;
mod fetch;
mod items;
mod observe;
mod outcome;
mod pace;
mod plan;
mod report;
mod turn;

pub use executor::{Call, CallKey, Executor, Fact};
pub use observe::{CallTimes, Failure, Observer, TaskEnd};
pub use outcome::{Lag, Outcome, TimerUse};
pub use pace::{Pace, Paced};
pub use plan::Plan;

use crate::{Control, RunError};
use sched_core::Scheduler;

/// Runs a plan to its end, or until `control` is stopped.
///
/// The scheduler must be new, and built for the cluster of the plan. Memory grows with the tasks
/// in flight, not with the tasks.
///
/// # Errors
/// When the scheduler breaks a rule, or loses a call so that nothing can go on; when the executor
/// is gone, with what was done until then if it is of another crate. A task that fails is no error: the
/// observer is told, and the run goes on.
pub fn drive<E: Executor>(
    plan: &Plan,
    executor: &mut E,
    scheduler: &mut dyn Scheduler,
    observer: &mut dyn Observer,
    control: &Control,
) -> Result<Outcome, RunError> {
    control.begin(plan.tasks);
    turn::Loop::new(plan, executor, scheduler, observer, control).run()
}
