//! What a host asks for, and what it is told when it gets nothing.
//!
//! A call is a [`Task`](sched_core::Task) without an id: calls are numbered by the handle, in the order in which they
//! reach it, because two threads cannot agree on numbers without another shared counter.

use sched_core::{GroupSet, Infeasible, Level, Resources, Task, TaskId, Time};
use std::fmt;

/// A call to be placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call {
    /// What a node must have free to run it.
    pub demand: Resources,
    /// Groups whose nodes may run it.
    pub on: GroupSet,
    /// Its urgency. Only policies that need order look at it.
    pub priority: Level,
    /// When it became ready, on the host's clock. Only policies that need order look at it; calls that all say
    /// [`Time::ZERO`] go in the order in which they reach the handle.
    pub ready: Time,
}

impl Call {
    /// A call of that demand, on any group, of the default level, ready at [`Time::ZERO`].
    pub fn new(demand: Resources) -> Call {
        Call { demand, on: GroupSet::ALL, priority: Level::default(), ready: Time::ZERO }
    }

    /// A call of one slot.
    pub fn slot() -> Call {
        Call::new(Resources::milli_cpu(Resources::MILLI_PER_SLOT))
    }

    pub(crate) fn task(&self, index: u64) -> Task {
        let task = Task::new(TaskId { index, stage: 0 }, self.ready, self.demand);
        Task { on: self.on, priority: self.priority, ..task }
    }
}

/// Why a call got no node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Not now: every node that could run it is full, lost, draining, or kept for calls that wait.
    NotNow,
    /// Never: no declared node could run it.
    Never(Infeasible),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotNow => {
                f.write_str("no node can take the call now; wait for one, or shed it")
            }
            Refusal::Never(reason) => reason.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}
