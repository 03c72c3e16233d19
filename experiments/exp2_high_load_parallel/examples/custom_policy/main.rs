//! A policy of your own in experiment 2:
//! `cargo run -p exp2 --example custom_policy -- --schedulers my_policy fifo`

use harness::sched_core::policies::Arrival;
use harness::sched_core::{
    Bind, Candidates, NodeId, Placement, PolicyError, PolicyInfo, Registry, Task,
};
use std::process::ExitCode;

/// Of the nodes that can take a call, the one with the fewest calls in its queue; of equal ones, the
/// least loaded.
struct ShortestQueue;

impl Placement for ShortestQueue {
    fn place(&mut self, _: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        let cluster = candidates.cluster();
        candidates.iter().min_by_key(|&node| (cluster.queued(node), cluster.load(node)))
    }
}

fn registry() -> Result<Registry, PolicyError> {
    let summary = "arrival order; the node with the shortest queue";
    let mut registry = Registry::builtin();
    registry.register(PolicyInfo::new("my_policy", summary, Bind::Early, |context| {
        context.list(Arrival, ShortestQueue)
    }))?;
    Ok(registry)
}

fn main() -> Result<ExitCode, PolicyError> {
    Ok(exp2::run(&registry()?))
}
