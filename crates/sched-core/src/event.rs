//! What a scheduler is told, and what it answers.
//!
//! Both are plain values without references, so that a run can be recorded and
//! replayed. A change of their meaning raises [`PROTOCOL_VERSION`].

use crate::cluster::{ClusterSpec, NodeId};
use crate::engine::infeasible;
use crate::resources::Resources;
use crate::task::{Task, TaskId};
use std::fmt;

/// Version of the meaning of [`Event`] and [`Decision`]; a recorded log carries it.
pub const PROTOCOL_VERSION: u32 = 2;

/// A fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A call is ready. Its id must be that of no call which waits or is on a node: the built-in
    /// policies do not look, and would place it twice. Also how a call comes back whose node was lost: the host,
    /// which alone knows what had started, submits it again with its first submit.
    Submit(Task),
    /// A call has left its node, well or badly; what it held is free.
    Finished {
        /// The call.
        task: TaskId,
        /// The node it was assigned to.
        node: NodeId,
    },
    /// A declared node is there, empty. All declared nodes are up at the start.
    /// On a node that is draining it takes the drain back.
    NodeUp(NodeId),
    /// A node is gone with all that was on it. Its calls come back by [`Event::Submit`].
    NodeDown(NodeId),
    /// A node takes no more calls, and finishes those it has.
    NodeDrain(NodeId),
    /// The scheduler's own assigns up to here show from here on, and those after it only from the
    /// next one on. Before the first one, every assign shows at once. A host tells it whose view of the
    /// cluster is stale even for what the scheduler itself did ([`StaleView`](crate::StaleView)), and
    /// before it tells other facts about nodes, any of which shows the assigns before it too. A scheduler
    /// with an account of its own may ignore it, and then knows more than it should.
    Refresh,
}

/// An order to the host, to be carried out at the instant of the poll that gave it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// Send the call to the node, behind those sent there before.
    Assign {
        /// The call.
        task: TaskId,
        /// Where to.
        node: NodeId,
    },
    /// Fail the call.
    Reject {
        /// The call.
        task: TaskId,
        /// Why.
        reason: Infeasible,
    },
}

/// Why no declared node could ever run a call, busy or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Infeasible {
    /// None of its groups exists in this cluster.
    NoGroup,
    /// The demand is above the capacity of every node of its groups.
    TooLarge {
        /// What was asked.
        demand: Resources,
        /// The largest capacity among its groups, resource by resource.
        largest: Resources,
    },
}

impl Infeasible {
    /// Why no node of `spec` could ever run a call that has no eligible group there.
    pub fn explain(spec: &ClusterSpec, task: &Task) -> Infeasible {
        infeasible(spec, task)
    }
}

impl fmt::Display for Infeasible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Infeasible::NoGroup => f.write_str("no node group that it may run on is declared"),
            Infeasible::TooLarge { demand, largest } => write!(
                f,
                "its demand ({demand}) is above what any node it may run on has \
                 (at most {largest})"
            ),
        }
    }
}

impl fmt::Display for Decision {
    /// As in a decision log: `17.0 -> node-3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Assign { task, node } => write!(f, "{task} -> {node}"),
            Decision::Reject { task, reason } => write!(f, "{task} rejected: {reason}"),
        }
    }
}
