//! `random`: arrival order, a uniform node, busy or not.
//!
//! The baseline that every load-aware policy has to beat. Draws depend on the seed
//! and on the decisions so far, and on nothing else.

use crate::cluster::{Cluster, NodeId};
use crate::engine::{Bind, Candidates, Placement};
use crate::index::DrawIndex;
use crate::policies::Arrival;
use crate::registry::{PolicyInfo, SEED, Unordered};
use crate::rng::Rng;
use crate::task::Task;

/// A uniform candidate.
#[derive(Clone, Debug)]
pub struct Random {
    rng: Rng,
    nodes: DrawIndex,
}

impl Random {
    /// Draws from this seed.
    pub fn new(seed: u64) -> Random {
        Random { rng: Rng::new(seed), nodes: DrawIndex::default() }
    }
}

impl Placement for Random {
    fn attach(&mut self, cluster: &Cluster) {
        self.nodes.attach(cluster);
    }

    #[inline(always)]
    fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        self.nodes.changed(node, cluster);
    }

    #[inline(always)]
    fn place(&mut self, task: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        self.nodes.draw(&mut self.rng, &task.demand, candidates, None)
    }
}

pub(crate) fn info() -> PolicyInfo {
    let summary = "arrival order; a uniform eligible live node, busy or not (seeded)";
    PolicyInfo::new("random", summary, Bind::Early, |context| {
        context.list(Arrival, Random::new(context.seed()))
    })
    .param(SEED)
    .unordered_as(Unordered::Random)
}
