//! What a stage call does while it holds its slot.
//!
//! An emulated call is only waited for, so a run can have more slots than the machine has
//! cores. A computing one burns a core. [`Operator::Custom`] is the door for your own code:
//! it runs on a worker thread, may block, may fail, may even panic, and costs its own task only.

use sched_core::{NodeId, Span, TaskId};
use std::fmt;
use std::sync::Arc;

/// What a stage call does.
#[derive(Clone, PartialEq, Debug)]
pub enum Operator {
    /// Holds its demand for the drawn service time and does nothing.
    Emulate,
    /// Burns real CPU: chained MD5 rounds. The drawn service time is not used.
    Compute {
        /// Rounds per call on a node of speed 1, ≥ 1; a node of speed 0.5 does twice as many.
        rounds: u32,
    },
    /// Your own code.
    Custom(CustomOperator),
    /// The step of this number of the run's [`Steps`](super::Steps): works on the data of its task.
    Step(u8),
}

/// What an operator is told of the call that it carries out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallContext {
    /// The item and its stage.
    pub task: TaskId,
    /// Where it runs.
    pub node: NodeId,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The service time drawn for it, divided by the speed of the node. Not enforced.
    pub service: Span,
}

/// A function as an operator. An `Err` fails the task, with the text as its reason.
#[derive(Clone)]
pub struct CustomOperator(Arc<Code>);

type Code = dyn Fn(&CallContext) -> Result<(), String> + Send + Sync;

impl CustomOperator {
    /// An operator that calls `code`, on many threads at once.
    pub fn new<F>(code: F) -> CustomOperator
    where
        F: Fn(&CallContext) -> Result<(), String> + Send + Sync + 'static,
    {
        CustomOperator(Arc::new(code))
    }

    /// Calls it.
    ///
    /// # Errors
    /// Whatever the code says went wrong.
    pub fn call(&self, context: &CallContext) -> Result<(), String> {
        (self.0)(context)
    }
}

impl PartialEq for CustomOperator {
    /// Code has no equality; the same object is the same operator.
    fn eq(&self, other: &CustomOperator) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for CustomOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("custom")
    }
}
