//! `load_aware_spread`: arrival order, lowest load.
//!
//! Load is the dominant share: the largest, over cpu, gpu and memory, of what runs and
//! waits at the node. Of equal loads the node that has been there longest is taken.

use crate::cluster::{Cluster, NodeId};
use crate::engine::{Bind, Candidates, Placement};
use crate::index::LoadIndex;
use crate::policies::Arrival;
use crate::registry::PolicyInfo;
use crate::task::Task;

/// The least loaded candidate.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    loads: LoadIndex,
}

impl Placement for Spread {
    fn attach(&mut self, cluster: &Cluster) {
        self.loads.attach(cluster);
    }

    #[inline(always)]
    fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        self.loads.changed(node, cluster);
    }

    #[inline(always)]
    fn place(&mut self, task: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        self.loads.lowest(&task.demand, candidates)
    }
}

pub(crate) fn info() -> PolicyInfo {
    let summary = "arrival order; the node with the lowest load";
    PolicyInfo::new("load_aware_spread", summary, Bind::Early, |context| {
        context.list(Arrival, Spread::default())
    })
    .alias("load_aware")
}
