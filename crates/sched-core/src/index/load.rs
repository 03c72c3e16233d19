//! The least loaded candidate, longest at its load first.
//!
//! Nodes of one load stand in a queue, and a [ladder](Ladders) from load to queue gives the lowest
//! load. Moving a node from one load to another is O(1), mostly without the trie in the
//! ladder, and so is finding the least loaded, whatever the number of nodes.
//!
//! A queue is a ring of links that closes in a place of its own, behind the places of the nodes. So a node
//! leaves without a question whether it was first or last, and without a look at its rung.
//!
//! The node that changed last stands *aside*: in no queue, and asked before them, until another node
//! changes. Where one node changes several times in a row, as where a finish makes room that the next
//! call takes, that is one move and not several. Nobody else moves meanwhile, so a node whose load
//! turns out to be what it was goes back between its old neighbours.
//!
//! A node with room in its queue takes any call, so there the first node of the lowest
//! load is the answer. A node without must have the demand free. Those are kept apart by
//! the resource that dominates their load, because then the load itself tells up to
//! where a demand can fit (`Cluster::load_bound`): with one scarce resource the first node fits or
//! none does. With several, a node can pass on its dominant resource and fail on another: the
//! ladder's bounds pass by most of those, and none is below load 1 − the demand's own share.

use super::ladder::{ANYBODY, Found, Ladders};
use crate::cluster::{Cluster, Dominant, NodeId};
use crate::engine::Candidates;
use crate::resources::Resources;

/// The index.
#[derive(Clone, Debug)]
pub struct LoadIndex {
    open_only: bool,
    unused: bool,     // nobody can ever stand here
    ladders: Ladders, // by group and kind
    queues: Queues,
    aside: u32, // the node that changed last, in no queue
}

/// Kinds of nodes within a group: with queue room, or ready and dominated by a resource.
const KINDS: usize = 4;
const OPEN: usize = 3;
const NOWHERE: u32 = u32::MAX;

impl Default for LoadIndex {
    fn default() -> LoadIndex {
        LoadIndex {
            open_only: false,
            unused: false,
            ladders: Ladders::default(),
            queues: Queues::default(),
            aside: NOWHERE,
        }
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
        self.unused = self.open_only && !cluster.has_queues();
        self.ladders = Ladders::new(spec.groups().len(), KINDS);
        self.queues = Queues::new(spec.node_count());
        self.aside = NOWHERE;
        for node in spec.nodes() {
            self.changed(node, cluster);
        }
    }

    /// Follows a change of `node`. O(1) (one comparison for each demand met lately, 31 at most), and
    /// O(levels of the trie) at a load that is new.
    #[inline(always)]
    pub fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        if node.0 != self.aside && !self.unused {
            self.settle(cluster);
            self.queues.unlink(node.0);
            self.aside = node.0;
        }
    }

    /// Puts the node that stands aside where it belongs now.
    #[inline(always)]
    fn settle(&mut self, cluster: &Cluster) {
        let Some(place) = self.queues.places.get(self.aside as usize) else { return };
        let node = NodeId(self.aside);
        let (kind, free) = if cluster.has_queue_room(node) {
            (OPEN, Resources::NONE) // whoever asks there, asks for nothing free
        } else if !self.open_only
            && let Some(free) = cluster.ready(node)
        {
            (cluster.dominant(node) as usize, free)
        } else {
            return self.leave(node);
        };
        let ladder = (cluster.group(node) * KINDS + kind) as u32;
        let (load, since) = (cluster.load(node), cluster.since(node));
        let (mut rung, stayed) = (place.rung, place.since == since);
        let same = self.ladders.is_at(rung, ladder, load);
        if same && stayed {
            self.queues.relink(node.0); // the load has another `since` for each change
        } else {
            if !same {
                self.leave(node);
                rung = self.ladders.rung(ladder, load);
            }
            self.queues.enter(node.0, since, rung);
        }
        if kind == OPEN {
            self.ladders.met((ladder, load), rung);
        } else {
            self.ladders.gained((ladder, load), rung, &free);
        }
    }

    /// The node that stands aside does not come back to its queue.
    #[inline(always)]
    fn leave(&mut self, node: NodeId) {
        if let Some(rung) = self.queues.leave(node.0) {
            let queues = &self.queues;
            self.ladders.emptied(rung, |rung| queues.is_empty(rung));
        }
    }

    /// The node that stands aside, if it is a candidate.
    #[inline(always)]
    fn aside(&self, demand: &Resources, candidates: &Candidates<'_>) -> Best {
        let (node, cluster) = (NodeId(self.aside), candidates.cluster());
        if self.aside != NOWHERE
            && candidates.groups().contains(cluster.group(node))
            && (cluster.has_queue_room(node) || !self.open_only && cluster.can_start(node, demand))
        {
            return Best { load: cluster.load(node), since: cluster.since(node), node: node.0 };
        }
        NOBODY
    }

    /// The candidate of the lowest load; of equal loads, the one that has been there longest.
    #[inline(always)]
    pub fn lowest(&mut self, demand: &Resources, candidates: &Candidates<'_>) -> Option<NodeId> {
        if self.unused {
            return None;
        }
        let cluster = candidates.cluster();
        let mut best = self.aside(demand, candidates);
        for group in candidates.groups().iter() {
            let kinds = self.ladders.used(group);
            if kinds >> OPEN & 1 == 1 {
                let (ladder, most) = (group * KINDS + OPEN, best.load);
                let nothing = &Resources::NONE;
                let found =
                    self.first::<true>((ladder, ANYBODY), most, nothing, cluster, || u64::MAX);
                best.meet(found, &self.queues);
            }
            let mut resources = kinds & ((1 << OPEN) - 1);
            if resources == 0 {
                continue;
            }
            let number = self.ladders.number(demand);
            while resources != 0 {
                let resource = resources.trailing_zeros() as usize;
                resources &= resources - 1;
                let (ladder, most) = (group * KINDS + resource, best.load);
                let bound = || cluster.load_bound(group, Dominant::ALL[resource], demand);
                let found = self.first::<false>((ladder, number), most, demand, cluster, bound);
                best.meet(found, &self.queues);
            }
        }
        (best.node != NOWHERE).then_some(NodeId(best.node))
    }

    /// The first node of a ladder up to a load. `NOTHING`: where queues have room, and the demand is nothing.
    #[inline(always)]
    fn first<const NOTHING: bool>(
        &mut self,
        asked: (usize, usize),
        most: u64,
        demand: &Resources,
        cluster: &Cluster,
        bound: impl FnOnce() -> u64,
    ) -> Option<(u64, u32)> {
        let queues = &self.queues;
        let find =
            |_, rung, free: &_| queues.first_that_fits::<NOTHING>(rung, demand, free, cluster);
        self.ladders.first(asked, most, demand, find, || (0, bound()))
    }
}

/// The best candidate so far.
#[derive(Clone, Copy, Debug)]
struct Best {
    load: u64,
    since: u64,
    node: u32,
}

/// Above any load, and below any key that is none.
const NOBODY: Best = Best { load: u64::MAX - 1, since: u64::MAX, node: NOWHERE };

impl Best {
    /// Takes what was found on a ladder if it is better.
    #[inline(always)]
    fn meet(&mut self, found: Option<(u64, u32)>, queues: &Queues) {
        if let Some((load, node)) = found
            && let since = queues.since(node)
            && (load < self.load || since < self.since)
        {
            *self = Best { load, since, node };
        }
    }
}

/// The nodes of each rung, longest at their load first.
#[derive(Clone, Debug, Default)]
struct Queues {
    places: Vec<Place>, // of the nodes, and behind them where the ring of each rung closes
    nodes: usize,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    since: u64, // 0 where a ring closes
    rung: u32,
    next: u32,
    prev: u32,
}

impl Queues {
    /// Nobody stands anywhere.
    fn new(nodes: usize) -> Queues {
        let nowhere = Place { since: 0, rung: NOWHERE, next: NOWHERE, prev: NOWHERE };
        Queues { places: vec![nowhere; nodes], nodes }
    }

    #[inline(always)]
    fn end(&self, rung: u32) -> usize {
        self.nodes + rung as usize
    }

    #[inline(always)]
    fn since(&self, node: u32) -> u64 {
        self.places.get(node as usize).map_or(u64::MAX, |place| place.since)
    }

    fn is_empty(&self, rung: u32) -> bool {
        let end = self.end(rung);
        self.places.get(end).is_none_or(|place| place.next as usize == end)
    }

    /// Takes a node out of its ring, for [`relink`](Self::relink) or [`leave`](Self::leave).
    #[inline(always)]
    fn unlink(&mut self, node: u32) {
        let places = self.places.as_mut_slice();
        let Place { rung, next, prev, .. } = places[node as usize];
        if rung != NOWHERE {
            places[prev as usize].next = next;
            places[next as usize].prev = prev;
        }
    }

    /// Puts the node that was taken out last back between its neighbours.
    #[inline(always)]
    fn relink(&mut self, node: u32) {
        let places = self.places.as_mut_slice();
        let Place { next, prev, .. } = places[node as usize];
        places[prev as usize].next = node;
        places[next as usize].prev = node;
    }

    /// The node that was taken out last is gone. The rung, if that left it empty.
    #[inline(always)]
    fn leave(&mut self, node: u32) -> Option<u32> {
        let place = &mut self.places[node as usize];
        let rung = std::mem::replace(&mut place.rung, NOWHERE);
        (rung != NOWHERE && place.next == place.prev).then_some(rung)
    }

    /// Puts a node into the queue of a rung, behind those that have been there longer. That is the end,
    /// but for a node whose kind changed and not its load.
    #[inline(always)]
    fn enter(&mut self, node: u32, since: u64, rung: u32) {
        let end = self.end(rung);
        if end >= self.places.len() {
            self.grow(end);
        }
        let places = self.places.as_mut_slice();
        let mut prev = places[end].prev;
        while places[prev as usize].since > since {
            prev = places[prev as usize].prev;
        }
        let next = std::mem::replace(&mut places[prev as usize].next, node);
        places[next as usize].prev = node;
        places[node as usize] = Place { since, rung, next, prev };
    }

    /// Rings for the rungs that are new.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, end: usize) {
        for at in self.places.len()..=end {
            let at = at as u32;
            self.places.push(Place { since: 0, rung: NOWHERE, next: at, prev: at });
        }
    }

    /// The first on a rung that can start a demand, or the most that any of them has free: not above
    /// `most`. Where queues have room the demand is nothing.
    #[inline(always)]
    fn first_that_fits<const NOTHING: bool>(
        &self,
        rung: u32,
        demand: &Resources,
        most: &Resources,
        cluster: &Cluster,
    ) -> Found {
        let first = self.places[self.end(rung)].next;
        let is_node = (first as usize) < self.nodes;
        if is_node && (NOTHING || demand.fits(&cluster.free(NodeId(first)))) {
            return Found::Node(first); // it is ready or has room, or it would not stand here
        }
        if NOTHING || !is_node {
            return Found::AtMost(Resources::NONE);
        }
        if demand.fits(most) {
            self.next_that_fits(first, demand, cluster)
        } else {
            Found::AtMost(*most)
        }
    }

    #[inline(never)]
    fn next_that_fits(&self, mut node: u32, demand: &Resources, cluster: &Cluster) -> Found {
        let mut most = Resources::NONE;
        while (node as usize) < self.nodes {
            let free = cluster.free(NodeId(node));
            if demand.fits(&free) {
                return Found::Node(node);
            }
            most = most.covering(&free);
            node = self.places[node as usize].next;
        }
        Found::AtMost(most)
    }
}
