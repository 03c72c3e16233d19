//! The most loaded node that can still start a call, lowest id first.
//!
//! One [ladder](Ladders) per group and dominant resource, whose rungs go down from the highest load and
//! hold the nodes of a load among 64 neighbours: the first rung on which a demand fits has the
//! highest load, and the lowest bit in its mask is the lowest id. The search begins at the load
//! above which the dominant resource rules a node out (`Cluster::load_bound`), so full nodes, of
//! which a packed cluster is full, are never looked at. A node can still fail on another
//! resource: the ladder's bounds pass by most of those.

use super::ladder::{Found, Ladders};
use crate::cluster::{Cluster, Dominant, NodeId};
use crate::engine::Candidates;
use crate::resources::Resources;

/// The index. Holds the nodes without a queue that are up.
#[derive(Clone, Debug, Default)]
pub struct PackIndex {
    ladders: Ladders, // by group and dominant resource
    groups: Vec<Numbers>,
    rungs: Vec<u32>, // by node
    masks: Vec<u64>, // by rung: its nodes among [`NEIGHBOURS`], a bit each, lowest id lowest
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
        for node in spec.nodes() {
            self.changed(node, cluster);
        }
    }

    /// Follows a change of `node`. O(1), and O(levels of the trie) at a load that is new.
    #[inline(always)]
    pub fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        let group = cluster.group(node);
        let numbers = self.groups[group];
        let rank = node.0 - numbers.first;
        let bit = 1 << (rank % NEIGHBOURS);
        let Some(free) = cluster.ready(node) else { return self.remove(node, bit) };
        let key = numbers.key(cluster.load(node), rank / NEIGHBOURS);
        let resource = cluster.dominant(node) as usize;
        let ladder = (group * KINDS + resource) as u32;
        let rung = self.rungs[node.index()];
        if self.ladders.is_at(rung, ladder, key) {
            return self.ladders.gained((ladder, key), rung, &free);
        }
        self.remove(node, bit);
        let rung = self.ladders.rung(ladder, key);
        self.rungs[node.index()] = rung;
        match self.masks.get_mut(rung as usize) {
            Some(mask) => *mask |= bit,
            None => self.new_mask(rung, bit),
        }
        self.ladders.gained((ladder, key), rung, &free);
    }

    #[inline(always)]
    fn remove(&mut self, node: NodeId, bit: u64) {
        let rung = std::mem::replace(&mut self.rungs[node.index()], NOWHERE);
        if let Some(mask) = self.masks.get_mut(rung as usize) {
            *mask &= !bit;
            if *mask == 0 {
                let masks = &self.masks;
                self.ladders.emptied(rung, |rung| masks[rung as usize] == 0);
            }
        }
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
        let mut best = Best { load: 0, node: u32::MAX };
        for group in candidates.groups().iter() {
            let mut resources = self.ladders.used(group);
            while resources != 0 {
                let resource = resources.trailing_zeros() as usize;
                resources &= resources - 1;
                self.highest_of(group, resource, demand, cluster, &mut best);
            }
        }
        (best.node != u32::MAX).then_some(NodeId(best.node))
    }

    #[inline(always)]
    fn highest_of(
        &mut self,
        group: usize,
        resource: usize,
        demand: &Resources,
        cluster: &Cluster,
        best: &mut Best,
    ) {
        let bound = cluster.load_bound(group, Dominant::ALL[resource], demand);
        if bound < best.load {
            return;
        }
        let numbers = self.groups[group];
        let masks = &self.masks;
        let find = |key, rung| first_that_fits(numbers, key, masks[rung as usize], demand, cluster);
        let (from, to) = (numbers.key(bound, 0), numbers.last_of(best.load));
        let ladder = group * KINDS + resource;
        if let Some((key, node)) =
            self.ladders.first::<false>(ladder, from, to, demand, find, || to)
        {
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
