//! `fifo`: arrival order, first node with free capacity.
//!
//! First fit: the lowest id that can start the call at once. Under early binding, where
//! nothing can, the least loaded node whose queue has room.

use crate::cluster::{Cluster, NodeId};
use crate::engine::{Bind, Candidates, Placement};
use crate::index::{FitIndex, LoadIndex};
use crate::policies::Arrival;
use crate::registry::PolicyInfo;
use crate::task::Task;

/// The lowest id that can start the call; else the least loaded with queue room.
#[derive(Clone, Debug)]
pub struct FirstFit {
    ready: FitIndex,
    open: LoadIndex,
}

impl Default for FirstFit {
    fn default() -> FirstFit {
        FirstFit { ready: FitIndex::new(0), open: LoadIndex::open_only() }
    }
}

impl Placement for FirstFit {
    fn attach(&mut self, cluster: &Cluster) {
        self.ready = FitIndex::new(cluster.spec().node_count());
        self.open.attach(cluster);
        for node in cluster.spec().nodes() {
            self.ready.set(node, cluster.ready(node));
        }
    }

    #[inline(always)]
    fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        self.ready.set(node, cluster.ready(node));
        self.open.changed(node, cluster);
    }

    #[inline(always)]
    fn place(&mut self, task: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        let spec = candidates.cluster().spec();
        for group in candidates.groups().iter() {
            // Groups are in id order.
            if let Some(node) = self.ready.first_in(spec.nodes_of(group), &task.demand) {
                return Some(node);
            }
        }
        self.open.lowest(&task.demand, candidates)
    }
}

pub(crate) fn info() -> PolicyInfo {
    let summary = "arrival order; the first node (lowest id) with free capacity";
    PolicyInfo::new("fifo", summary, Bind::Late, |context| {
        context.list(Arrival, FirstFit::default())
    })
}
