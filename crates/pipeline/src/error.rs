//! Why a run could not be started, or could not go on.
//!
//! A failed task is a result, not an error: it is in no variant here. These are mistakes of
//! the setup, broken schedulers, and the machine refusing a thread.

use crate::Outcome;
use sched_core::{Decision, Time, Violation};

/// A run that did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Something in the setup is out of its range.
    #[error("this run cannot be set up: {0}")]
    Setup(String),
    /// `load` arrivals have no meaning for this pipeline.
    #[error("`load` arrivals have no rate here: {0}")]
    Load(String),
    /// The scheduler broke a rule that [`Checked`](sched_core::Checked) watches.
    #[error("{0}")]
    Scheduler(Violation),
    /// The scheduler asks to be polled at an instant that is past: the loop would not move on.
    #[error("at {now} the scheduler asks to be polled again at {timeout}, which is not later")]
    Timeout {
        /// When it was polled.
        now: Time,
        /// What it asks for.
        timeout: Time,
    },
    /// The scheduler decided something that cannot be carried out.
    #[error("the scheduler decided `{decision}`, but {why}")]
    Decision {
        /// What it decided.
        decision: Decision,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Calls wait, nothing runs, and nothing will happen that could change it.
    #[error(
        "stuck at {at}: {waiting} stage calls wait, nothing runs, and the scheduler asks for no \
         time-out; it lost a call or refuses one for ever"
    )]
    Stuck {
        /// When.
        at: Time,
        /// Calls that wait.
        waiting: u64,
    },
    /// Calls are on nodes, and yet nothing is to happen: the executor has lost one.
    #[error("at {at} calls are on nodes, but nothing will ever happen; please report this")]
    NothingToCome {
        /// When.
        at: Time,
    },
    /// The system refused a thread.
    #[error("the system refused a thread for the executor: {0}; lower the number of slots")]
    Thread(#[source] std::io::Error),
    /// An executor of another crate cannot start.
    #[error("{0}")]
    Executor(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An executor of another crate could not go on in the middle of a run.
    #[error("{source}")]
    BrokenOff {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What was done until then, as of a run that was stopped. The observer knows it too.
        outcome: Box<Outcome>,
    },
    /// The thread that owns the nodes is gone: it could not start a worker, or is defective.
    #[error(
        "the thread that runs the nodes ended early; if its message says that the system refused \
         a thread, lower the number of slots, else please report it"
    )]
    HostLost,
}
