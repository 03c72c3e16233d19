//! `round_robin`: arrival order, the next candidate in turn.
//!
//! A cursor per set of groups that a call may choose from: calls that may run
//! everywhere and calls bound to some groups take turns each on their own, so one kind
//! cannot push the other off its rhythm. Nodes that are no candidates are skipped.

use crate::cluster::{Cluster, GroupSet, NodeId};
use crate::engine::{Bind, Candidates, Placement};
use crate::index::{FitIndex, takes};
use crate::policies::Arrival;
use crate::registry::{PolicyInfo, Unordered};
use crate::task::Task;

/// The next candidate behind the last choice, by id, around the end.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    takes: FitIndex,
    cursors: Vec<(GroupSet, u32)>, // eligible set and the id to begin at; a handful of sets
}

impl Default for RoundRobin {
    fn default() -> RoundRobin {
        RoundRobin { takes: FitIndex::new(0), cursors: Vec::new() }
    }
}

impl RoundRobin {
    #[cold]
    #[inline(never)]
    fn new_cursor(&mut self, set: GroupSet) -> usize {
        self.cursors.push((set, 0));
        self.cursors.len() - 1
    }

    /// Around the end, once in a turn.
    #[inline(never)]
    fn first_of_all(&mut self, task: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        self.first_from(0, task, candidates)
    }

    #[inline(always)]
    fn first_from(
        &mut self,
        start: u32,
        task: &Task,
        candidates: &Candidates<'_>,
    ) -> Option<NodeId> {
        let spec = candidates.cluster().spec();
        candidates.groups().iter().find_map(|group| {
            let nodes = spec.nodes_of(group);
            self.takes.first_in(nodes.start.max(start)..nodes.end, &task.demand)
        })
    }
}

impl Placement for RoundRobin {
    fn attach(&mut self, cluster: &Cluster) {
        self.takes = FitIndex::new(cluster.spec().node_count());
        for node in cluster.spec().nodes() {
            self.changed(node, cluster);
        }
    }

    #[inline(always)]
    fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        self.takes.set(node, takes(cluster, node));
    }

    #[inline(always)]
    fn place(&mut self, task: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        let set = candidates.eligible();
        let at = match self.cursors.iter().position(|(known, _)| *known == set) {
            Some(at) => at,
            None => self.new_cursor(set),
        };
        let start = self.cursors[at].1;
        let node = match self.first_from(start, task, candidates) {
            Some(node) => node,
            None => self.first_of_all(task, candidates)?,
        };
        self.cursors[at].1 = node.0 + 1;
        Some(node)
    }
}

pub(crate) fn info() -> PolicyInfo {
    let summary = "arrival order; the next eligible live node in turn";
    PolicyInfo::new("round_robin", summary, Bind::Early, |context| {
        context.list(Arrival, RoundRobin::default())
    })
    .unordered_as(Unordered::RoundRobin)
}
