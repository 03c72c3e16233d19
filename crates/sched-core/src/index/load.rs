//! The least loaded candidate, longest at its load first.
//!
//! Nodes of one load stand in a queue, and a [`Trie`] from load to queue gives the lowest
//! load: moving a node from one load to another is O(levels of the trie), and so is finding
//! the least loaded, whatever the number of nodes.
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

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Spot {
    list: u32,
    load: u64,
    since: u64,
    next: u32,
    prev: u32,
}

/// Queues of nodes by load.
#[derive(Clone, Debug, Default)]
struct Ladder {
    rungs: Trie, // load → queue
    queues: Vec<Queue>,
    vacant: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Queue {
    head: u32,
    tail: u32,
}

impl LoadIndex {
    /// An index of nodes with queue room only: the fallback of policies that look for a start first.
    pub fn open_only() -> LoadIndex {
        LoadIndex { open_only: true, ..LoadIndex::default() }
    }

    /// Starts over with the nodes of `cluster`.
    pub fn attach(&mut self, cluster: &Cluster) {
        let spec = cluster.spec();
        let nowhere = Spot { list: NOWHERE, load: 0, since: 0, next: NIL, prev: NIL };
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
        self.spots[node.index()] = Spot { list, load, since, next: NIL, prev: NIL };
        if list != NOWHERE {
            self.lists[list as usize].link(&mut self.spots, node.0);
        }
    }

    /// The candidate of the lowest load; of equal loads, the one that has been there longest.
    pub fn lowest(&self, demand: &Resources, candidates: &Candidates<'_>) -> Option<NodeId> {
        let cluster = candidates.cluster();
        let mut best: Option<(u64, u64, u32)> = None;
        for group in candidates.groups().iter() {
            let lists = &self.lists[group * KINDS..(group + 1) * KINDS];
            let capacity = &cluster.spec().groups()[group].capacity;
            if let Some((load, queue)) = lists[OPEN].rungs.next(0) {
                let head = lists[OPEN].queues[queue as usize].head;
                keep_least(&mut best, (load, self.spots[head as usize].since, head));
            }
            for resource in Dominant::ALL {
                let list = &lists[resource as usize];
                if list.rungs.is_empty() {
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
    /// The first node, from the lowest load up to `most`, that `fits`.
    #[inline]
    fn first(&self, spots: &[Spot], most: u64, fits: impl Fn(u32) -> bool) -> Option<(u64, u32)> {
        let mut from = 0;
        while let Some((load, queue)) = self.rungs.next(from).filter(|&(load, _)| load <= most) {
            let mut node = self.queues[queue as usize].head;
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
        let at = match self.rungs.get(load) {
            Some(queue) => queue as usize,
            None => self.new_queue(load),
        };
        let queue = &mut self.queues[at];
        let (mut prev, mut next) = (queue.tail, NIL);
        while prev != NIL && spots[prev as usize].since > since {
            (next, prev) = (prev, spots[prev as usize].prev);
        }
        (spots[node as usize].prev, spots[node as usize].next) = (prev, next);
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
    fn unlink(&mut self, spots: &mut [Spot], node: u32) {
        let Spot { load, next, prev, .. } = spots[node as usize];
        if next != NIL {
            spots[next as usize].prev = prev;
        }
        if prev != NIL {
            spots[prev as usize].next = next;
        }
        if next != NIL && prev != NIL {
            return;
        }
        let Some(at) = self.rungs.get(load) else { return };
        let queue = &mut self.queues[at as usize];
        if prev == NIL {
            queue.head = next;
        }
        if next == NIL {
            queue.tail = prev;
        }
        if queue.head == NIL {
            self.rungs.remove(load);
            self.vacant.push(at);
        }
    }

    fn new_queue(&mut self, load: u64) -> usize {
        let empty = Queue { head: NIL, tail: NIL };
        let at = match self.vacant.pop() {
            Some(at) => {
                self.queues[at as usize] = empty;
                at as usize
            }
            None => {
                self.queues.push(empty);
                self.queues.len() - 1
            }
        };
        self.rungs.insert(load, at as u32);
        at
    }
}
