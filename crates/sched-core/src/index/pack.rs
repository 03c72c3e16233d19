//! The most loaded node that can still start a call, lowest id first.
//!
//! One [ladder](Ladders) per group and dominant resource, whose rungs go down from the highest load and
//! hold the nodes of a load among 64 neighbours: the first rung on which a demand fits has the
//! highest load, and the lowest bit in its mask is the lowest id. The search begins at the load
//! above which the dominant resource rules a node out (`Cluster::load_bound`), so full nodes, of
//! which a packed cluster is full, are never looked at. A node can still fail on another
//! resource: the ladder's bounds pass by most of those.
//!
//! As in [`LoadIndex`](super::LoadIndex), the node that changed last stands aside until another one
//! changes: a packed cluster gives the room that came free to the next call, and no rung is touched.

use super::ladder::{Found, Ladders};
use crate::cluster::{Cluster, Dominant, NodeId};
use crate::engine::Candidates;
use crate::resources::Resources;

/// The index. Holds the nodes without a queue that are up.
#[derive(Clone, Debug)]
pub struct PackIndex {
    ladders: Ladders, // by group and dominant resource
    groups: Vec<Numbers>,
    rungs: Vec<u32>, // by node
    masks: Vec<u64>, // by rung: its nodes among [`NEIGHBOURS`], a bit each, lowest id lowest
    aside: u32,      // the node that changed last, in no mask
}

const KINDS: usize = 3;
const NOWHERE: u32 = u32::MAX;
const NEIGHBOURS: u32 = 64;
/// The load of a node of which the dominant resource is all held; none without a queue is above it.
const FULL: u64 = 1 << 16;

/// How the nodes of a group are numbered.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    first: u32,
    bits: u32, // of the number of a neighbourhood
}

impl Numbers {
    /// The key of a load and a neighbourhood, those of higher loads first.
    #[inline]
    fn key(self, load: u64, neighbourhood: u32) -> u64 {
        (FULL - load) << self.bits | u64::from(neighbourhood)
    }

    /// The key of a load and a node.
    #[inline(always)]
    fn key_of(self, load: u64, node: NodeId) -> u64 {
        self.key(load, (node.0 - self.first) / NEIGHBOURS)
    }

    /// The bit of a node in the masks of its neighbourhood.
    #[inline(always)]
    fn bit(self, node: NodeId) -> u64 {
        1 << ((node.0 - self.first) % NEIGHBOURS)
    }

    #[inline]
    fn last_of(self, load: u64) -> u64 {
        self.key(load, 0) | ((1 << self.bits) - 1)
    }

    #[inline]
    fn node(self, key: u64, bit: u32) -> NodeId {
        let neighbourhood = key as u32 & ((1 << self.bits) - 1);
        NodeId(self.first + neighbourhood * NEIGHBOURS + bit)
    }

    #[inline]
    fn load(self, key: u64) -> u64 {
        FULL - (key >> self.bits)
    }
}

impl Default for PackIndex {
    fn default() -> PackIndex {
        let (groups, rungs, masks) = (Vec::new(), Vec::new(), Vec::new());
        PackIndex { ladders: Ladders::default(), groups, rungs, masks, aside: NOWHERE }
    }
}

impl PackIndex {
    /// Starts over with the nodes of `cluster`.
    pub fn attach(&mut self, cluster: &Cluster) {
        let spec = cluster.spec();
        let numbers = |group| {
            let nodes = spec.nodes_of(group);
            let neighbourhoods = (nodes.len() as u32).div_ceil(NEIGHBOURS);
            Numbers { first: nodes.start, bits: neighbourhoods.next_power_of_two().ilog2() }
        };
        self.groups = (0..spec.groups().len()).map(numbers).collect();
        self.ladders = Ladders::new(spec.groups().len(), KINDS);
        self.masks = Vec::new();
        self.rungs = vec![NOWHERE; spec.node_count()];
        self.aside = NOWHERE;
        for node in spec.nodes() {
            self.changed(node, cluster);
        }
    }

    /// Follows a change of `node`. O(1) (one comparison for each demand met lately, 31 at most), and
    /// O(levels of the trie) at a load that is new.
    #[inline(always)]
    pub fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        if node.0 != self.aside {
            self.settle(cluster);
            self.aside = node.0;
            let rung = self.rungs[node.index()];
            if let Some(mask) = self.masks.get_mut(rung as usize) {
                *mask &= !self.groups[cluster.group(node)].bit(node);
            }
        }
    }

    /// Puts the node that stands aside where it belongs now.
    #[inline(always)]
    fn settle(&mut self, cluster: &Cluster) {
        let node = NodeId(self.aside);
        let Some(&old) = self.rungs.get(node.index()) else { return };
        let Some(free) = cluster.ready(node) else { return self.leave(node, old) };
        let group = cluster.group(node);
        let numbers = self.groups[group];
        let key = numbers.key_of(cluster.load(node), node);
        let ladder = (group * KINDS + cluster.dominant(node) as usize) as u32;
        let mut rung = old;
        if !self.ladders.is_at(old, ladder, key) {
            self.leave(node, old);
            rung = self.ladders.rung(ladder, key);
            self.rungs[node.index()] = rung;
        }
        match self.masks.get_mut(rung as usize) {
            Some(mask) => *mask |= numbers.bit(node),
            None => self.new_mask(rung, numbers.bit(node)),
        }
        self.ladders.gained((ladder, key), rung, &free);
    }

    /// The node that stands aside does not come back to its old rung.
    #[inline(always)]
    fn leave(&mut self, node: NodeId, old: u32) {
        self.rungs[node.index()] = NOWHERE;
        if self.masks.get(old as usize) == Some(&0) {
            let masks = &self.masks;
            self.ladders.emptied(old, |rung| masks[rung as usize] == 0);
        }
    }

    /// The node that stands aside, if it can start the call at once.
    #[inline(always)]
    fn aside(&self, demand: &Resources, candidates: &Candidates<'_>) -> Best {
        let (node, cluster) = (NodeId(self.aside), candidates.cluster());
        if self.aside != NOWHERE
            && candidates.groups().contains(cluster.group(node))
            && cluster.can_start(node, demand)
        {
            return Best { load: cluster.load(node), node: node.0 };
        }
        Best { load: 0, node: NOWHERE }
    }

    #[cold]
    #[inline(never)]
    fn new_mask(&mut self, rung: u32, bit: u64) {
        self.masks.resize(rung as usize + 1, 0);
        self.masks[rung as usize] = bit;
    }

    /// The node of the highest load that can start the call at once; of equal loads, the lowest id.
    #[inline(always)]
    pub fn highest(&mut self, demand: &Resources, candidates: &Candidates<'_>) -> Option<NodeId> {
        let cluster = candidates.cluster();
        let mut best = self.aside(demand, candidates);
        let number = self.ladders.number(demand);
        for group in candidates.groups().iter() {
            let mut resources = self.ladders.used(group);
            while resources != 0 {
                let resource = resources.trailing_zeros() as usize;
                resources &= resources - 1;
                self.highest_of((group, resource), (number, demand), cluster, &mut best);
            }
        }
        (best.node != NOWHERE).then_some(NodeId(best.node))
    }

    #[inline(always)]
    fn highest_of(
        &mut self,
        (group, resource): (usize, usize),
        (number, demand): (usize, &Resources),
        cluster: &Cluster,
        best: &mut Best,
    ) {
        let numbers = self.groups[group];
        let masks = &self.masks;
        let find = |key, rung, most: &_| {
            if !demand.fits(most) {
                return Found::AtMost(*most);
            }
            first_that_fits(numbers, key, masks[rung as usize], demand, cluster)
        };
        let to = numbers.last_of(best.load);
        let bounds = || {
            let bound = cluster.load_bound(group, Dominant::ALL[resource], demand);
            (numbers.key(bound, 0), u64::MAX)
        };
        let asked = (group * KINDS + resource, number);
        let found = self.ladders.first(asked, to, demand, find, bounds);
        if let Some((key, node)) = found {
            let load = numbers.load(key);
            if load > best.load || node < best.node {
                *best = Best { load, node };
            }
        }
    }
}

/// The best candidate so far.
#[derive(Clone, Copy, Debug)]
struct Best {
    load: u64,
    node: u32,
}

/// The first of a rung that can start a demand, or the most that any of them has free.
#[inline]
fn first_that_fits(
    numbers: Numbers,
    key: u64,
    mut left: u64,
    demand: &Resources,
    cluster: &Cluster,
) -> Found {
    let mut most = Resources::NONE;
    while left != 0 {
        let node = numbers.node(key, left.trailing_zeros());
        let free = cluster.free(node);
        if demand.fits(&free) {
            return Found::Node(node.0); // it is ready, or it would not stand here
        }
        most = most.covering(&free);
        left &= left - 1;
    }
    Found::AtMost(most)
}
