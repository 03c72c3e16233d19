//! `power_of_two`: arrival order, the better of two random nodes.
//!
//! Two distinct uniform candidates, the lower load of them; the first drawn when
//! they are equal, and a lone candidate without a second draw. Two choices instead of one
//! bring the longest queue from log n ÷ log log n down to log log n (Mitzenmacher, The
//! Power of Two Choices in Randomized Load Balancing, 2001), without any shared order of nodes.

use crate::cluster::{Cluster, NodeId};
use crate::engine::{Bind, Candidates, Placement};
use crate::index::DrawIndex;
use crate::policies::Arrival;
use crate::registry::{PolicyInfo, SEED, Unordered};
use crate::rng::Rng;
use crate::task::Task;

/// The lower load of two uniform candidates.
#[derive(Clone, Debug)]
pub struct PowerOfTwo {
    rng: Rng,
    nodes: DrawIndex,
}

impl PowerOfTwo {
    /// Draws from this seed.
    pub fn new(seed: u64) -> PowerOfTwo {
        PowerOfTwo { rng: Rng::new(seed), nodes: DrawIndex::default() }
    }
}

impl Placement for PowerOfTwo {
    fn attach(&mut self, cluster: &Cluster) {
        self.nodes.attach(cluster);
    }

    #[inline(always)]
    fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        self.nodes.changed(node, cluster);
    }

    #[inline(always)]
    fn place(&mut self, task: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        let first = self.nodes.draw(&mut self.rng, &task.demand, candidates, None)?;
        let second = self.nodes.draw(&mut self.rng, &task.demand, candidates, Some(first));
        let load = |node| candidates.cluster().load(node);
        Some(second.filter(|&second| load(second) < load(first)).unwrap_or(first))
    }
}

pub(crate) fn info() -> PolicyInfo {
    let summary = "arrival order; the lower load of two uniform eligible live nodes (seeded)";
    PolicyInfo::new("power_of_two", summary, Bind::Early, |context| {
        context.list(Arrival, PowerOfTwo::new(context.seed()))
    })
    .param(SEED)
    .unordered_as(Unordered::PowerOfTwo)
}
