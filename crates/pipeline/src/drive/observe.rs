//! What a run tells whoever measures it.
//!
//! The loop hands out whole instants; who listens decides what to sum up. Warm-up tasks
//! are never reported. Reports come after the decisions of an instant were carried out, so
//! that writing them down delays no call.

use sched_core::{Infeasible, Level, NodeId, Span, TaskId, Time};
use std::fmt;

/// Takes note of what is measured. All methods are called on the thread that runs the loop.
pub trait Observer {
    /// A task has passed all stages.
    fn task_succeeded(&mut self, task: &TaskEnd<'_>);
    /// A task has ended before.
    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure);
    /// A stage call has ended on its node, well or badly; also of tasks that fail later.
    fn call_finished(&mut self, stage: u32, call: &CallTimes) {
        let _ = (stage, call);
    }
    /// A call that was running on a lost node will run again.
    fn retried(&mut self, task: TaskId) {
        let _ = task;
    }
    /// A node was lost (`up` false), or is back.
    fn node_changed(&mut self, node: NodeId, up: bool) {
        let _ = (node, up);
    }
    /// The scheduler has taken `decisions` decisions, at least one, which together cost `cost` of
    /// wall-clock time: its events and polls since the last decision.
    fn decided(&mut self, cost: Span, decisions: u64) {
        let _ = (cost, decisions);
    }
}

/// A task at its end.
#[derive(Clone, Copy, Debug)]
pub struct TaskEnd<'a> {
    /// Its index in the run.
    pub index: u64,
    /// When it was meant to arrive.
    pub intended: Time,
    /// When it ended.
    pub finish: Time,
    /// Its urgency.
    pub priority: Level,
    /// Its calls that ended on a node, by stage.
    pub calls: &'a [CallTimes],
    /// Of a task that failed while its next call waited for a node or was lost with one: the time
    /// since that call's submit. `finish − intended` is this and the sum of the calls.
    pub unplaced: Option<Span>,
}

/// The instants of a stage call; each is at or after the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallTimes {
    /// Where it ran.
    pub node: NodeId,
    /// Thousandths of a core that it held there.
    pub cpu: u32,
    /// When it was ready: the finish of the stage before, or the intended arrival.
    pub submit: Time,
    /// When it was sent to the node (the last attempt, as all below).
    pub assign: Time,
    /// When it reached the node.
    pub arrived: Time,
    /// When it started.
    pub started: Time,
    /// When it ended on the node.
    pub ended: Time,
    /// When its result was back.
    pub finish: Time,
}

impl CallTimes {
    /// Submit to assign.
    #[inline]
    pub fn scheduling(&self) -> Span {
        self.assign.since(self.submit)
    }

    /// Arrival at the node to start.
    #[inline]
    pub fn queueing(&self) -> Span {
        self.started.since(self.arrived)
    }

    /// Start to end, as measured.
    #[inline]
    pub fn execution(&self) -> Span {
        self.ended.since(self.started)
    }

    /// On the way, there and back.
    #[inline]
    pub fn transfer(&self) -> Span {
        self.arrived.since(self.assign) + self.finish.since(self.ended)
    }

    /// Submit to finish: the four parts together, to the nanosecond.
    #[inline]
    pub fn total(&self) -> Span {
        self.finish.since(self.submit)
    }
}

/// Why a task failed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// Its operator said so.
    Failed(String),
    /// Its operator panicked.
    Panicked(String),
    /// No declared node could ever run it.
    Infeasible(Infeasible),
    /// Its node was lost while it ran, this many times.
    Lost(u32),
    /// All nodes that could run it are down, and none will come back.
    NoNode,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(reason) => f.write_str(reason),
            Failure::Panicked(message) => write!(f, "panic: {message}"),
            Failure::Infeasible(reason) => write!(f, "infeasible: {reason}"),
            Failure::Lost(attempts) => {
                write!(f, "its node was lost in each of {attempts} attempts")
            }
            Failure::NoNode => {
                f.write_str("every node that could run it is down, and none will come back")
            }
        }
    }
}
