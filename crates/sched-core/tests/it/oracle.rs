//! Every built-in policy, decision by decision beside its definition.
//!
//! The naive scheduler shares nothing with the engine but ids, amounts and the random
//! generator, so a mistake in a lane, an index or a tie shows up as a difference.

use sched_core::policies::{Arrival, load_aware_spread::Spread, priority::Urgency};
use sched_core::testkit::{Check, check_policy, check_spec};
use sched_core::{
    Bind, Candidates, Level, NodeId, Order, Placement, PolicySpec, Registry, Resources, Span, Task,
    TaskId, Time,
};

const HISTORIES: u64 = 3_000;

fn both_bindings(policy: &PolicySpec) {
    let registry = Registry::builtin();
    for bind in ["late", "early"] {
        check_spec(&registry, &policy.clone().with("bind", bind), HISTORIES);
    }
}

#[test]
fn fifo() {
    both_bindings(&PolicySpec::named("fifo"));
}

#[test]
fn round_robin() {
    both_bindings(&PolicySpec::named("round_robin"));
}

#[test]
fn load_aware_spread() {
    both_bindings(&PolicySpec::named("load_aware_spread"));
}

#[test]
fn load_aware_pack() {
    both_bindings(&PolicySpec::named("load_aware_pack"));
}

#[test]
fn priority_with_aging() {
    both_bindings(&PolicySpec::named("priority"));
    both_bindings(&PolicySpec::named("priority").with("aging", "3ms"));
}

#[test]
fn priority_with_strict_levels() {
    both_bindings(&PolicySpec::named("priority").with("aging", "none"));
}

#[test]
fn random() {
    both_bindings(&PolicySpec::named("random"));
    both_bindings(&PolicySpec::named("random").with("seed", "4711"));
}

#[test]
fn power_of_two() {
    both_bindings(&PolicySpec::named("power_of_two"));
    both_bindings(&PolicySpec::named("power_of_two").with("seed", "4711"));
}

#[test]
fn every_registered_policy_passes_by_name_and_alias() {
    let registry = Registry::builtin();
    for policy in registry.iter() {
        for name in policy.aliases().iter().chain([&policy.name()]) {
            check_policy(&registry, name);
        }
    }
}

/// Largest demand first.
struct Largest;

impl Order for Largest {
    fn rank(&self, task: &Task) -> i64 {
        -i64::from(task.demand.cpu())
    }
}

/// The last candidate in turn; scans, and keeps a count of its own.
struct Backwards(u32);

impl Placement for Backwards {
    fn place(&mut self, _task: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        let all: Vec<NodeId> = candidates.iter().collect();
        let node = *all.get(all.len().saturating_sub(1 + self.0 as usize % 2))?;
        self.0 += 1;
        Some(node)
    }
}

/// Refuses nodes that are more than half full.
struct Roomy;

impl Placement for Roomy {
    fn place(&mut self, _task: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
        candidates.iter().find(|&node| candidates.cluster().load(node) <= 1 << 15)
    }
}

#[test]
fn foreign_halves_run_in_the_engine_as_in_the_naive_scheduler() {
    for bind in [Bind::Late, Bind::Early] {
        let check = || Check::new(bind).histories(HISTORIES);
        check().halves(|| Largest, || Backwards(0));
        check().halves(|| Urgency { aging: Some(Span::from_millis(7)) }, || Backwards(0));
        check().halves(|| Largest, Spread::default);
        check().holds_back().halves(|| Arrival, || Roomy);
        check().holds_back().halves(|| Largest, || Roomy);
    }
}

/// Ranks are 64 bits wide: a policy with a huge aging time still has an order.
#[test]
fn the_rank_of_an_extreme_aging_time_saturates() {
    let id = TaskId { index: 0, stage: 0 };
    let level = |level| Task {
        priority: Level::new(level).unwrap(),
        ..Task::new(id, Time::MAX, Resources::NONE)
    };
    let urgency = Urgency { aging: Some(Span::MAX) };
    assert!(urgency.rank(&level(9)) < urgency.rank(&level(0)));
}
