//! The built-in policies, each as one sentence of code.
//!
//! Candidates are given; here is only which of them. No tie is left open: first fit and
//! pack take the lowest id, every lowest-load choice the node longest at that load, power
//! of two the first drawn.

use super::{Choose, Naive};
use crate::rng::Rng;
use crate::testkit::ledger::Ledger;
use crate::{Bind, ClusterSpec, GroupSet, NodeId, Span, Task, Time};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Draws at random nodes before all candidates are listed.
const DRAWS: usize = 16;

/// Which call is next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The one that arrived first.
    Arrival,
    /// Least `submit − level × aging`.
    Aging(Span),
    /// The most urgent level.
    Strict,
}

/// Which candidate.
#[derive(Clone, Debug)]
pub enum Where {
    /// The lowest id that can start it; where none can, the lowest load.
    FirstFit,
    /// In turn; the node to look at next, by eligible set.
    RoundRobin(BTreeMap<GroupSet, NodeId>),
    /// The lowest load.
    Spread,
    /// The highest load that can start it; where none can, the lowest.
    Pack,
    /// A uniform one.
    Random(Rng),
    /// The lower load of two uniform ones.
    PowerOfTwo(Rng),
}

/// A built-in policy.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Its order.
    pub next: Next,
    /// Its placement.
    pub place: Where,
}

impl Rules {
    /// The rules of the built-in policy `name`, by its canonical name; `None` for other names.
    /// `aging` is read by `priority` (`None`: strict levels), `seed` by the policies that draw.
    pub fn named(name: &str, aging: Option<Span>, seed: u64) -> Option<Rules> {
        let by_arrival = |place| Some(Rules { next: Next::Arrival, place });
        match name {
            "fifo" => by_arrival(Where::FirstFit),
            "round_robin" => by_arrival(Where::RoundRobin(BTreeMap::new())),
            "load_aware_spread" => by_arrival(Where::Spread),
            "load_aware_pack" => by_arrival(Where::Pack),
            "random" => by_arrival(Where::Random(Rng::new(seed))),
            "power_of_two" => by_arrival(Where::PowerOfTwo(Rng::new(seed))),
            "priority" => {
                let next = aging.map_or(Next::Strict, Next::Aging);
                Some(Rules { next, place: Where::Spread })
            }
            _ => None,
        }
    }

    /// The naive scheduler that follows these rules.
    pub fn on(self, spec: &ClusterSpec, bind: Bind) -> Naive<Rules> {
        Naive::new(spec, bind, self)
    }
}

impl Choose for Rules {
    fn rank(&self, task: &Task) -> i128 {
        let level = i128::from(task.priority.get());
        match self.next {
            Next::Arrival => 0,
            Next::Strict => -level,
            Next::Aging(aging) => {
                i128::from(task.submit.as_nanos()) - level * i128::from(aging.as_nanos())
            }
        }
    }

    fn choose(
        &mut self,
        task: &Task,
        groups: GroupSet,
        ledger: &Ledger,
        _now: Time,
    ) -> Option<NodeId> {
        let candidates = ledger.candidates(task, groups);
        let starting = |node: &&NodeId| ledger.can_start(**node, &task.demand);
        match &mut self.place {
            Where::FirstFit => {
                candidates.iter().find(starting).copied().or_else(|| lowest(&candidates, ledger))
            }
            Where::Pack => candidates
                .iter()
                .filter(starting)
                .copied()
                .min_by_key(|node| (Reverse(ledger.load(*node)), *node))
                .or_else(|| lowest(&candidates, ledger)),
            Where::Spread => lowest(&candidates, ledger),
            Where::RoundRobin(cursors) => {
                let cursor = cursors.entry(ledger.eligible(task)).or_insert(NodeId(0));
                let in_turn = candidates.iter().find(|node| **node >= *cursor);
                let node = *in_turn.or(candidates.first())?;
                *cursor = NodeId(node.0 + 1);
                Some(node)
            }
            Where::Random(rng) => draw(rng, &ledger.live(groups), &candidates),
            Where::PowerOfTwo(rng) => {
                let (mut live, mut rest) = (ledger.live(groups), candidates);
                let first = draw(rng, &live, &rest)?;
                live.retain(|node| *node != first);
                rest.retain(|node| *node != first);
                let second = draw(rng, &live, &rest);
                let lighter = second.filter(|node| ledger.load(*node) < ledger.load(first));
                Some(lighter.unwrap_or(first))
            }
        }
    }
}

/// The lowest load, of equal ones the node that has been at it longest.
fn lowest(candidates: &[NodeId], ledger: &Ledger) -> Option<NodeId> {
    candidates.iter().copied().min_by_key(|node| (ledger.load(*node), ledger.since(*node)))
}

/// A uniform live node, drawn again a few times while it is no candidate, then a uniform candidate.
fn draw(rng: &mut Rng, live: &[NodeId], candidates: &[NodeId]) -> Option<NodeId> {
    if candidates.is_empty() {
        return None;
    }
    for _ in 0..DRAWS {
        let node = live[rng.below(live.len() as u64) as usize];
        if candidates.contains(&node) {
            return Some(node);
        }
    }
    Some(candidates[rng.below(candidates.len() as u64) as usize])
}
