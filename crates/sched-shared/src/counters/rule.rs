//! The three rules that need no order among calls, over words that others change meanwhile.
//!
//! Each follows its sequential twin in sched-core draw by draw: on one thread both decide alike, which a
//! test holds decision by decision, churn and waiting included. Choosing reads hints; the choice is then
//! taken by compare-and-swap, and where another thread was faster the rule chooses again. A choice is
//! O(1) while some share of the nodes can take the call, and a scan where next to none can.

use super::live::Live;
use super::stripes::Stripes;
use super::{Candidate, Nodes, Want};
use crate::padded::Padded;
use sched_core::rng::Rng;
use sched_core::{ClusterSpec, NodeId, Unordered};
use std::sync::atomic::{AtomicU64, Ordering};

/// Draws from the live nodes before the candidates themselves are counted, as in sched-core.
const TRIES: u32 = 16;

/// Eligible sets with a cursor of their own; calls of further sets share the last one.
const CURSORS: usize = 16;

/// A rule and what it remembers.
#[derive(Debug)]
pub(crate) enum Rule {
    RoundRobin(Box<[Cursor]>),
    Random(Stripes),
    PowerOfTwo(Stripes),
}

/// Where the turn of an eligible set is. Sets are never empty, so 0 says that the cursor is unused.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    set: Padded<AtomicU64>,
    start: Padded<AtomicU64>,
}

impl Rule {
    pub(crate) fn new(rule: Unordered, seed: u64) -> Rule {
        match rule {
            Unordered::RoundRobin => {
                Rule::RoundRobin((0..CURSORS).map(|_| Cursor::default()).collect())
            }
            Unordered::Random => Rule::Random(Stripes::new(seed)),
            Unordered::PowerOfTwo => Rule::PowerOfTwo(Stripes::new(seed)),
        }
    }

    /// Takes a node for the call: the node, and its generation.
    #[inline(always)]
    pub(crate) fn take(&self, nodes: &Nodes, live: &Live, want: &Want) -> Option<(NodeId, u32)> {
        match self {
            Rule::RoundRobin(cursors) => in_turn(cursors, nodes, want),
            Rule::Random(stripes) => stripes.draw(|rng| {
                loop {
                    let count = live.count(want.groups);
                    let drawn = draw(rng, nodes, live, want, count, None)?;
                    if let Some(taken) = drawn.candidate.take(want) {
                        return Some(taken);
                    }
                }
            }),
            Rule::PowerOfTwo(stripes) => stripes.draw(|rng| {
                loop {
                    let count = live.count(want.groups);
                    let first = draw(rng, nodes, live, want, count, None)?;
                    let second = draw(rng, nodes, live, want, count, Some(first));
                    let first = first.candidate;
                    let second = second.map_or(first, |drawn| drawn.candidate);
                    if let Some(taken) = second.if_lower(first).take(want) {
                        return Some(taken);
                    }
                }
            }),
        }
    }
}

/// A candidate that was drawn.
#[derive(Clone, Copy)]
struct Drawn<'a> {
    candidate: Candidate<'a>,
    rank: Option<u64>, // among the live nodes of the groups, if it was drawn among them
}

/// A uniform candidate other than `except`, of so many live nodes.
#[inline(always)]
fn draw<'a>(
    rng: &mut Rng,
    nodes: &'a Nodes,
    live: &Live,
    want: &Want,
    count: u64,
    except: Option<Drawn<'a>>,
) -> Option<Drawn<'a>> {
    let skipped = except.map(|drawn| match drawn.rank {
        Some(rank) => rank,
        None => rank_of(drawn.candidate.node, live, want, count),
    });
    let drawable = count.saturating_sub(u64::from(skipped.is_some()));
    let untouched = rng.clone();
    for _ in 0..TRIES {
        let drawn = rng.below(drawable);
        let rank = drawn + u64::from(skipped.is_some_and(|skipped| drawn >= skipped));
        let Some(node) = live.nth(want.groups, rank) else { break };
        if let Some(candidate) = nodes.candidate(node, want) {
            return Some(Drawn { candidate, rank: Some(rank) });
        }
    }
    let except = except.map(|drawn| drawn.candidate.node);
    draw_counted(rng, untouched, nodes, want, except)
}

#[cold]
fn rank_of(node: NodeId, live: &Live, want: &Want, count: u64) -> u64 {
    (0..count).find(|&rank| live.nth(want.groups, rank) == Some(node)).unwrap_or(count)
}

/// A uniform candidate where live nodes drawn at random were none. A refusal leaves the generator as it was.
#[cold]
#[inline(never)]
fn draw_counted<'a>(
    rng: &mut Rng,
    untouched: Rng,
    nodes: &'a Nodes,
    want: &Want,
    except: Option<NodeId>,
) -> Option<Drawn<'a>> {
    let candidates = || {
        let other = |&node: &NodeId| Some(node) != except;
        nodes.of(want.groups).filter(other).filter_map(|node| nodes.candidate(node, want))
    };
    loop {
        let count = candidates().count() as u64;
        if count == 0 {
            *rng = untouched;
            return None;
        }
        // Between the count and the walk others may have taken some: then count again.
        if let Some(candidate) = candidates().nth(rng.below(count) as usize) {
            return Some(Drawn { candidate, rank: None });
        }
    }
}

/// The next candidate behind the last choice, by id, around the end. Whoever moves the cursor has the turn.
#[inline(always)]
fn in_turn(cursors: &[Cursor], nodes: &Nodes, want: &Want) -> Option<(NodeId, u32)> {
    let cursor = &cursor_of(cursors, want.eligible.bits()).start;
    let mut start = cursor.load(Ordering::Relaxed);
    loop {
        let from = NodeId(start as u32);
        let candidate = |node| nodes.candidate(node, want);
        let found = match nodes.of_from(want.groups, from).find_map(candidate) {
            Some(found) => found,
            None => nodes.of(want.groups).find_map(candidate)?,
        };
        let next = u64::from(found.node.0) + 1;
        match cursor.compare_exchange_weak(start, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => match found.take(want) {
                Some(taken) => return Some(taken),
                None => start = cursor.load(Ordering::Relaxed),
            },
            Err(now) => start = now,
        }
    }
}

#[inline(always)]
fn cursor_of(cursors: &[Cursor], set: u64) -> &Cursor {
    let last = &cursors[CURSORS - 1];
    let is_it = |cursor: &&Cursor| {
        let known = cursor.set.load(Ordering::Relaxed);
        let claim = || cursor.set.compare_exchange(0, set, Ordering::Relaxed, Ordering::Relaxed);
        known == set || (known == 0 && claim().map_or_else(|now| now == set, |_| true))
    };
    cursors.iter().find(is_it).unwrap_or(last)
}

/// The nodes of some groups whose ids are at least `from`, ascending.
pub(super) fn ids(
    spec: &ClusterSpec,
    groups: sched_core::GroupSet,
    from: NodeId,
) -> impl Iterator<Item = NodeId> {
    groups.iter().flat_map(move |group| {
        let nodes = spec.nodes_of(group);
        (nodes.start.max(from.0)..nodes.end.max(from.0)).map(NodeId)
    })
}
