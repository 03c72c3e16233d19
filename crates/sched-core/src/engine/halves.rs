//! The two halves of a policy, and what a placement may look at.
//!
//! An [`Order`] says which waiting call is next, a [`Placement`] where it goes. Either is
//! a few lines, knows nothing of queues and reservations, and combines with any other
//! half. Binding is a third, orthogonal choice that neither half sees: it only decides
//! which nodes are candidates.

use crate::cluster::{Cluster, GroupSet, NodeId};
use crate::task::Task;
use crate::time::Time;
use std::fmt;
use std::str::FromStr;

/// When a call is bound to a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Bind {
    /// When it can start at once: calls wait in the scheduler, node queues stay empty.
    Late,
    /// As soon as some node's queue has room: calls wait at the nodes.
    Early,
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bind::Late => "late",
            Bind::Early => "early",
        })
    }
}

impl FromStr for Bind {
    type Err = String;

    fn from_str(text: &str) -> Result<Bind, String> {
        match text {
            "late" => Ok(Bind::Late),
            "early" => Ok(Bind::Early),
            _ => Err(format!("`{text}` is not a binding; use `late` or `early`")),
        }
    }
}

/// Which waiting call is next.
pub trait Order: Send {
    /// The rank of a call: the least is next, equal ranks go by arrival order (submit, item,
    /// stage). Asked once, when the call is submitted. Must depend on the call alone.
    fn rank(&self, task: &Task) -> i64;
}

/// Where a call goes.
///
/// The engine calls [`attach`](Self::attach) once, then [`changed`](Self::changed) after
/// every change of a node, and [`place`](Self::place) for the call that is next. A placement that keeps
/// an index updates it in `changed`; one that does not may scan
/// [`Candidates::iter`] and ignore the other two.
pub trait Placement: Send {
    /// The cluster, before anything happened.
    fn attach(&mut self, cluster: &Cluster) {
        let _ = cluster;
    }

    /// The load, the queue or the state of `node` has changed.
    fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        let _ = (node, cluster);
    }

    /// The node for `task`, one of the candidates, or `None` for "not now". After a `None`
    /// the call is asked for again when one of its groups has gained something (a finish, a
    /// node come up) or a call ahead of it has left; until then it keeps its groups' nodes
    /// from the calls behind it. A refusal must leave the placement as it was, because how often a
    /// call is asked for is the engine's affair. A node that is no candidate is taken as `None` and
    /// reported by [`Scheduler::health`](crate::Scheduler::health).
    fn place(&mut self, task: &Task, candidates: &Candidates<'_>) -> Option<NodeId>;
}

/// The nodes that a call may be given now: eligible, up, not kept by a call ahead of
/// it, and either able to start it at once or with room in their queue.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    cluster: &'a Cluster,
    task: &'a Task,
    eligible: GroupSet,
    groups: GroupSet,
    now: Time,
}

impl<'a> Candidates<'a> {
    /// Those for `task`, whose groups are `eligible`, but for the groups that calls ahead of it keep, at `now`.
    #[inline]
    pub fn new(
        cluster: &'a Cluster,
        task: &'a Task,
        eligible: GroupSet,
        kept: GroupSet,
        now: Time,
    ) -> Self {
        Candidates { cluster, task, eligible, groups: eligible.minus(kept), now }
    }

    /// The account of all nodes.
    #[inline]
    pub fn cluster(&self) -> &'a Cluster {
        self.cluster
    }

    /// The instant of the decision.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The eligible set: groups whose nodes could hold the call when empty.
    pub fn eligible(&self) -> GroupSet {
        self.eligible
    }

    /// Groups whose nodes could hold the call and are not kept by a call ahead of it. Their nodes may
    /// be down or full: [`contains`](Self::contains) asks that.
    #[inline]
    pub fn groups(&self) -> GroupSet {
        self.groups
    }

    /// Whether `node` is a candidate. O(1).
    #[inline(always)]
    pub fn contains(&self, node: NodeId) -> bool {
        self.cluster.declares(node)
            && self.groups.contains(self.cluster.group(node))
            && self.cluster.accepts(node, &self.task.demand)
    }

    /// Every candidate, lowest id first. Scans the nodes of the groups: O(nodes).
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + 'a {
        let (cluster, demand) = (self.cluster, self.task.demand);
        let of = |group| cluster.spec().nodes_of(group).map(NodeId);
        self.groups.iter().flat_map(of).filter(move |&node| cluster.accepts(node, &demand))
    }
}
