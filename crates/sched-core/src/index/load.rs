//! The least loaded candidate, longest at its load first.
//!
//! Nodes of one load stand in a queue, and a [ladder](Ladders) from load to queue gives the lowest
//! load. Moving a node from one load to another is O(1), mostly without the trie in the
//! ladder, and so is finding the least loaded, whatever the number of nodes.
//!
//! A node with room in its queue takes any call, so there the first node of the lowest
//! load is the answer. A node without must have the demand free. Those are kept apart by
//! the resource that dominates their load, because then the load itself tells up to
//! where a demand can fit (`Cluster::load_bound`): with one scarce resource the first node fits or
//! none does. With several, a node can pass on its dominant resource and fail on another: the
//! ladder's bounds pass by most of those, and none is below load 1 − the demand's own share.

use super::ladder::{Ladders, Members};
use crate::cluster::{Cluster, Dominant, NodeId};
use crate::engine::Candidates;
use crate::resources::Resources;

/// The index.
#[derive(Clone, Debug, Default)]
pub struct LoadIndex {
    open_only: bool,
    ladders: Ladders<Queue>, // by group and kind
    used: Vec<u8>,           // by group: kinds whose list was ever used
    spots: Vec<Spot>,        // by node
}

/// Kinds of nodes within a group: with queue room, or ready and dominated by a resource.
const KINDS: usize = 4;
const OPEN: usize = 3;
const NOWHERE: u32 = u32::MAX;
const NIL: u32 = u32::MAX;

/// Where a node stands.
#[derive(Clone, Copy, Debug)]
struct Spot {
    since: u64,
    ladder: u32,
    rung: u32,
    next: u32,
    prev: u32,
}

/// The nodes of one load, longest there first.
#[derive(Clone, Copy, Debug)]
struct Queue {
    head: u32,
    tail: u32,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue { head: NIL, tail: NIL }
    }
}

impl Members for Queue {
    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.head == NIL
    }
}

impl LoadIndex {
    /// An index of nodes with queue room only: the fallback of policies that look for a start first.
    pub fn open_only() -> LoadIndex {
        LoadIndex { open_only: true, ..LoadIndex::default() }
    }

    /// Starts over with the nodes of `cluster`.
    pub fn attach(&mut self, cluster: &Cluster) {
        let spec = cluster.spec();
        let nowhere = Spot { since: 0, ladder: NOWHERE, rung: NIL, next: NIL, prev: NIL };
        self.ladders = Ladders::new(spec.groups().len() * KINDS);
        self.used = vec![0; spec.groups().len()];
        self.spots = vec![nowhere; spec.node_count()];
        for node in spec.nodes() {
            self.changed(node, cluster);
        }
    }

    /// Follows a change of `node`. O(1), and O(levels of the trie) at a load that is new.
    #[inline(always)]
    pub fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        let group = cluster.group(node);
        let (kind, free) = if cluster.has_queue_room(node) {
            (OPEN, Resources::NONE) // whoever asks there, asks for nothing free
        } else if !self.open_only
            && let Some(free) = cluster.ready(node)
        {
            (cluster.dominant(node) as usize, free)
        } else {
            return self.remove(node);
        };
        let ladder = (group * KINDS + kind) as u32;
        let since = cluster.since(node); // another for each change of the load
        let spot = &self.spots[node.index()];
        if spot.since == since && spot.ladder == ladder {
            return self.ladders.gained(spot.rung, &free);
        }
        self.remove(node);
        self.used[group] |= 1 << kind;
        let rung = self.ladders.rung(ladder, cluster.load(node));
        self.spots[node.index()] = Spot { since, ladder, rung, next: NIL, prev: NIL };
        link(self.ladders.members(rung), &mut self.spots, node.0);
        self.ladders.gained(rung, &free);
    }

    #[inline(always)]
    fn remove(&mut self, node: NodeId) {
        let spot = &mut self.spots[node.index()];
        if std::mem::replace(&mut spot.ladder, NOWHERE) != NOWHERE {
            let rung = spot.rung;
            unlink(self.ladders.members(rung), &mut self.spots, node.0);
            self.ladders.left(rung);
        }
    }

    /// The candidate of the lowest load; of equal loads, the one that has been there longest.
    #[inline(always)]
    pub fn lowest(&mut self, demand: &Resources, candidates: &Candidates<'_>) -> Option<NodeId> {
        let mut best = NOBODY;
        for group in candidates.groups().iter() {
            let mut kinds = self.used[group];
            while kinds != 0 {
                let kind = kinds.trailing_zeros() as usize;
                kinds &= kinds - 1;
                self.lowest_of(group, kind, demand, candidates.cluster(), &mut best);
            }
        }
        (best.node != NIL).then_some(NodeId(best.node))
    }

    #[inline(always)]
    fn lowest_of(
        &mut self,
        group: usize,
        kind: usize,
        demand: &Resources,
        cluster: &Cluster,
        best: &mut Best,
    ) {
        let (demand, most) = if kind == OPEN {
            (&Resources::NONE, best.load)
        } else {
            match cluster.load_bound(group, Dominant::ALL[kind], demand) {
                Some(bound) => (demand, bound.min(best.load)),
                None => return,
            }
        };
        let spots = &self.spots;
        let find = |_, queue: &Queue| first_that_fits(queue, spots, demand, cluster);
        let ladder = group * KINDS + kind;
        if let Some((load, node)) = self.ladders.first(ladder, 0, most, demand, find) {
            let found = Best { load, since: spots[node as usize].since, node };
            if (load, found.since) < (best.load, best.since) {
                *best = found;
            }
        }
    }
}

/// The best candidate so far.
#[derive(Clone, Copy, Debug)]
struct Best {
    load: u64,
    since: u64,
    node: u32,
}

const NOBODY: Best = Best { load: u64::MAX, since: u64::MAX, node: NIL };

/// The first of a queue that can start a demand, or the most that any of them has free. Where queues
/// have room the demand is nothing.
#[inline(always)]
fn first_that_fits(
    queue: &Queue,
    spots: &[Spot],
    demand: &Resources,
    cluster: &Cluster,
) -> Result<u32, Resources> {
    if demand.fits(&cluster.free(NodeId(queue.head))) {
        return Ok(queue.head); // it is ready, or it would not stand here
    }
    next_that_fits(queue.head, spots, demand, cluster)
}

#[inline(never)]
fn next_that_fits(
    mut node: u32,
    spots: &[Spot],
    demand: &Resources,
    cluster: &Cluster,
) -> Result<u32, Resources> {
    let mut most = Resources::NONE;
    while node != NIL {
        let free = cluster.free(NodeId(node));
        if demand.fits(&free) {
            return Ok(node);
        }
        most = most.covering(&free);
        node = spots[node as usize].next;
    }
    Err(most)
}

/// Puts a node into the queue of its load, behind those that have been there longer.
/// That is the end of the queue, but for a node whose kind changed and not its load.
#[inline]
fn link(queue: &mut Queue, spots: &mut [Spot], node: u32) {
    let since = spots[node as usize].since;
    let (mut prev, mut next) = (queue.tail, NIL);
    while prev != NIL && spots[prev as usize].since > since {
        (next, prev) = (prev, spots[prev as usize].prev);
    }
    let spot = &mut spots[node as usize];
    (spot.prev, spot.next) = (prev, next);
    match prev {
        NIL => queue.head = node,
        _ => spots[prev as usize].next = node,
    }
    match next {
        NIL => queue.tail = node,
        _ => spots[next as usize].prev = node,
    }
}

#[inline]
fn unlink(queue: &mut Queue, spots: &mut [Spot], node: u32) {
    let Spot { next, prev, .. } = spots[node as usize];
    match prev {
        NIL => queue.head = next,
        _ => spots[prev as usize].next = next,
    }
    match next {
        NIL => queue.tail = prev,
        _ => spots[next as usize].prev = prev,
    }
}
