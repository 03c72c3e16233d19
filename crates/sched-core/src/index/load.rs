//! The least loaded candidate, longest at its load first.
//!
//! Nodes of one load stand in a queue, and a [`Trie`] from load to queue gives the lowest
//! load. A queue that runs empty stays until a search comes by, because the load is likely to be
//! met again; a small cache finds the queue of a load met lately. So moving a node from one load to
//! another is O(1), mostly without the trie, and finding the least loaded amortised
//! O(levels of the trie), whatever the number of nodes.
//!
//! A node with room in its queue takes any call, so there the first node of the lowest
//! load is the answer. A node without must have the demand free. Those are kept apart by
//! the resource that dominates their load, because then the load itself tells up to
//! where a demand can fit (`load_bound`): with one scarce resource the first node fits or none does.
//! With several, a node can pass on its dominant resource and fail on another; only
//! such nodes are looked at in vain, and none of them is below load 1 − the demand's own share.

use super::{Trie, load_bound};
use crate::cluster::{Cluster, Dominant, NodeId};
use crate::engine::Candidates;
use crate::resources::Resources;

/// The index.
#[derive(Clone, Debug, Default)]
pub struct LoadIndex {
    open_only: bool,
    lists: Vec<Ladder>, // by group and kind
    spots: Vec<Spot>,   // by node
}

/// Kinds of nodes within a group: with queue room, or ready and dominated by a resource.
const KINDS: usize = 4;
const OPEN: usize = 3;
const NOWHERE: u32 = u32::MAX;
const NIL: u32 = u32::MAX;
const NO_LOAD: u64 = u64::MAX; // of a queue that is in no trie

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Spot {
    list: u32,
    load: u64,
    since: u64,
    queue: u32,
    next: u32,
    prev: u32,
}

/// Queues of nodes by load.
#[derive(Clone, Debug, Default)]
struct Ladder {
    rungs: Trie, // load → queue, which may be empty
    queues: Vec<Queue>,
    vacant: Vec<u32>,
    recent: [u32; RECENT], // queues of loads met lately, by a hash of the load
    nodes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Queue {
    load: u64,
    head: u32,
    tail: u32,
}

const RECENT: usize = 32;

impl LoadIndex {
    /// An index of nodes with queue room only: the fallback of policies that look for a start first.
    pub fn open_only() -> LoadIndex {
        LoadIndex { open_only: true, ..LoadIndex::default() }
    }

    /// Starts over with the nodes of `cluster`.
    pub fn attach(&mut self, cluster: &Cluster) {
        let spec = cluster.spec();
        let nowhere = Spot { list: NOWHERE, load: 0, since: 0, queue: NIL, next: NIL, prev: NIL };
        self.lists = vec![Ladder::default(); spec.groups().len() * KINDS];
        self.spots = vec![nowhere; spec.node_count()];
        for node in spec.nodes() {
            self.changed(node, cluster);
        }
    }

    /// Follows a change of `node`. O(levels of the trie).
    #[inline]
    pub fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        let kind = if cluster.has_queue_room(node) {
            Some(OPEN)
        } else if !self.open_only && cluster.ready(node).is_some() {
            Some(cluster.dominant(node) as usize)
        } else {
            None
        };
        let list = kind.map_or(NOWHERE, |kind| (cluster.group(node) * KINDS + kind) as u32);
        let (load, since) = (cluster.load(node), cluster.since(node));
        let spot = self.spots[node.index()];
        if (spot.list, spot.load, spot.since) == (list, load, since) {
            return;
        }
        if spot.list != NOWHERE {
            self.lists[spot.list as usize].unlink(&mut self.spots, node.0);
        }
        self.spots[node.index()] = Spot { list, load, since, queue: NIL, next: NIL, prev: NIL };
        if list != NOWHERE {
            self.lists[list as usize].link(&mut self.spots, node.0);
        }
    }

    /// The candidate of the lowest load; of equal loads, the one that has been there longest.
    pub fn lowest(&mut self, demand: &Resources, candidates: &Candidates<'_>) -> Option<NodeId> {
        let cluster = candidates.cluster();
        let mut best: Option<(u64, u64, u32)> = None;
        for group in candidates.groups().iter() {
            let lists = &mut self.lists[group * KINDS..(group + 1) * KINDS];
            if lists[OPEN].nodes > 0
                && let Some((load, node)) = lists[OPEN].first(&self.spots, u64::MAX, |_| true)
            {
                keep_least(&mut best, (load, self.spots[node as usize].since, node));
            }
            let capacity = &cluster.spec().groups()[group].capacity;
            for resource in Dominant::ALL {
                let list = &mut lists[resource as usize];
                if list.nodes == 0 {
                    continue;
                }
                let Some(bound) = load_bound(capacity, resource, demand) else { continue };
                let most = best.map_or(bound, |(load, ..)| bound.min(load));
                let fits = |node| cluster.can_start(NodeId(node), demand);
                if let Some((load, node)) = list.first(&self.spots, most, fits) {
                    keep_least(&mut best, (load, self.spots[node as usize].since, node));
                }
            }
        }
        best.map(|(.., node)| NodeId(node))
    }
}

fn keep_least(best: &mut Option<(u64, u64, u32)>, found: (u64, u64, u32)) {
    if best.is_none_or(|best| found < best) {
        *best = Some(found);
    }
}

impl Ladder {
    /// The first node, from the lowest load up to `most`, that `fits`. Removes the empty queues
    /// that it meets.
    #[inline]
    fn first(
        &mut self,
        spots: &[Spot],
        most: u64,
        fits: impl Fn(u32) -> bool,
    ) -> Option<(u64, u32)> {
        let mut from = 0;
        while let Some((load, at)) = self.rungs.next(from).filter(|&(load, _)| load <= most) {
            let mut node = self.queues[at as usize].head;
            if node == NIL {
                self.rungs.remove(load);
                self.queues[at as usize].load = NO_LOAD;
                self.vacant.push(at);
            }
            while node != NIL {
                if fits(node) {
                    return Some((load, node));
                }
                node = spots[node as usize].next;
            }
            from = load + 1;
        }
        None
    }

    /// Puts a node into the queue of its load, behind those that have been there longer.
    /// That is the end of the queue, but for a node whose kind changed and not its load.
    #[inline]
    fn link(&mut self, spots: &mut [Spot], node: u32) {
        let Spot { load, since, .. } = spots[node as usize];
        let at = self.queue_of(load);
        let queue = &mut self.queues[at as usize];
        let (mut prev, mut next) = (queue.tail, NIL);
        while prev != NIL && spots[prev as usize].since > since {
            (next, prev) = (prev, spots[prev as usize].prev);
        }
        let spot = &mut spots[node as usize];
        (spot.queue, spot.prev, spot.next) = (at, prev, next);
        match prev {
            NIL => queue.head = node,
            _ => spots[prev as usize].next = node,
        }
        match next {
            NIL => queue.tail = node,
            _ => spots[next as usize].prev = node,
        }
        self.nodes += 1;
    }

    #[inline]
    fn unlink(&mut self, spots: &mut [Spot], node: u32) {
        let Spot { queue, next, prev, .. } = spots[node as usize];
        match prev {
            NIL => self.queues[queue as usize].head = next,
            _ => spots[prev as usize].next = next,
        }
        match next {
            NIL => self.queues[queue as usize].tail = prev,
            _ => spots[next as usize].prev = prev,
        }
        self.nodes -= 1;
    }

    /// The queue of a load, made if there is none.
    #[inline]
    fn queue_of(&mut self, load: u64) -> u32 {
        let recent = (load.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 59) as usize;
        let at = self.recent[recent];
        if self.queues.get(at as usize).is_some_and(|queue| queue.load == load) {
            return at;
        }
        let at = self.rungs.get(load).unwrap_or_else(|| self.new_queue(load));
        self.recent[recent] = at;
        at
    }

    fn new_queue(&mut self, load: u64) -> u32 {
        let queue = Queue { load, head: NIL, tail: NIL };
        let at = match self.vacant.pop() {
            Some(at) => {
                self.queues[at as usize] = queue;
                at
            }
            None => {
                self.queues.push(queue);
                (self.queues.len() - 1) as u32
            }
        };
        self.rungs.insert(load, at);
        at
    }
}
