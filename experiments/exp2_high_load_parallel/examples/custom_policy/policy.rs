//! A policy of your own: to the node with the shortest queue.
//!
//! This file names `sched_core` alone, so it is as good in a service as in an experiment.

use sched_core::policies::Arrival;
use sched_core::{Bind, Candidates, NodeId, Placement, PolicyError, PolicyInfo, Registry, Task};

/// Of the nodes that can take a call, the one with the fewest calls in its queue; of equal ones, the
/// least loaded.
struct ShortestQueue;

impl Placement for ShortestQueue {
    fn place(&mut self, _: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        let cluster = candidates.cluster();
        candidates.iter().min_by_key(|&node| (cluster.queued(node), cluster.load(node)))
    }
}

/// The built-in policies, and `my_policy`.
pub(crate) fn registry() -> Result<Registry, PolicyError> {
    let summary = "arrival order; the node with the shortest queue";
    let mut registry = Registry::builtin();
    registry.register(PolicyInfo::new("my_policy", summary, Bind::Early, |context| {
        context.list(Arrival, ShortestQueue)
    }))?;
    Ok(registry)
}

#[test]
fn it_does_what_every_policy_owes_its_host() {
    sched_core::testkit::check_halves(Bind::Early, || Arrival, || ShortestQueue);
}
