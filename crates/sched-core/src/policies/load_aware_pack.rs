//! `load_aware_pack`: arrival order, highest load on which the call still fits.
//!
//! Best fit: keeps whole nodes free for large calls. Under early binding, where nothing
//! can start the call, the least loaded node whose queue has room.

use crate::cluster::{Cluster, NodeId};
use crate::engine::{Bind, Candidates, Placement};
use crate::index::{LoadIndex, PackIndex};
use crate::policies::Arrival;
use crate::registry::PolicyInfo;
use crate::task::Task;

/// The most loaded node that can start the call; else the least loaded with queue room.
#[derive(Clone, Debug)]
pub struct Pack {
    ready: PackIndex,
    open: LoadIndex,
}

impl Default for Pack {
    fn default() -> Pack {
        Pack { ready: PackIndex::default(), open: LoadIndex::open_only() }
    }
}

impl Placement for Pack {
    fn attach(&mut self, cluster: &Cluster) {
        self.ready.attach(cluster);
        self.open.attach(cluster);
    }

    #[inline(always)]
    fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        self.ready.changed(node, cluster);
        self.open.changed(node, cluster);
    }

    #[inline(always)]
    fn place(&mut self, task: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        match self.ready.highest(&task.demand, candidates) {
            Some(node) => Some(node),
            None => self.open.lowest(&task.demand, candidates),
        }
    }
}

pub(crate) fn info() -> PolicyInfo {
    let summary = "arrival order; the node with the highest load on which the call still fits";
    PolicyInfo::new("load_aware_pack", summary, Bind::Late, |context| {
        context.list(Arrival, Pack::default())
    })
}
