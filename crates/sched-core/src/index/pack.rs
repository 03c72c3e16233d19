//! The most loaded node that can still start a call, lowest id first.
//!
//! One [`Ladder`] per group and dominant resource, whose rungs go down from the highest load and
//! hold the nodes of a load among 64 neighbours: the first rung on which a demand fits has the
//! highest load, and the lowest bit in its mask is the lowest id. The search begins at the load
//! above which the dominant resource rules a node out (`Cluster::load_bound`), so full nodes, of
//! which a packed cluster is full, are never looked at. A node can still fail on another
//! resource: the ladder's bounds pass by most of those.

use super::ladder::{Ladder, Members};
use crate::cluster::{Cluster, Dominant, NodeId};
use crate::engine::Candidates;
use crate::resources::Resources;

/// The index. Holds the nodes without a queue that are up.
#[derive(Clone, Debug, Default)]
pub struct PackIndex {
    lists: Vec<Ladder<Mask>>, // by group and dominant resource
    groups: Vec<Numbers>,
    spots: Vec<Spot>, // by node
}

const KINDS: usize = 3;
const NOWHERE: u32 = u32::MAX;
const NEIGHBOURS: u32 = 64;
/// The load of a node of which the dominant resource is all held; none without a queue is above it.
const FULL: u64 = 1 << 16;

/// The nodes of one load among [`NEIGHBOURS`]: a bit each, lowest id lowest.
#[derive(Clone, Copy, Debug, Default)]
struct Mask(u64);

impl Members for Mask {
    #[inline]
    fn is_empty(&self) -> bool {
        self.0 == 0
    }
}

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

#[derive(Clone, Copy, Debug)]
struct Spot {
    list: u32,
    rung: u32,
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
        self.lists = vec![Ladder::default(); spec.groups().len() * KINDS];
        self.spots = vec![Spot { list: NOWHERE, rung: 0 }; spec.node_count()];
        for node in spec.nodes() {
            self.changed(node, cluster);
        }
    }

    /// Follows a change of `node`. O(1), and O(levels of the trie) at a load that is new.
    #[inline]
    pub fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        let group = cluster.group(node);
        let rank = node.0 - self.groups[group].first;
        let bit = 1 << (rank % NEIGHBOURS);
        let Some(free) = cluster.ready(node) else { return self.remove(node, bit) };
        let key = self.groups[group].key(cluster.load(node), rank / NEIGHBOURS);
        let list = (group * KINDS + cluster.dominant(node) as usize) as u32;
        let ladder = &mut self.lists[list as usize];
        let spot = self.spots[node.index()];
        if spot.list == list && ladder.key(spot.rung) == key {
            ladder.gained(spot.rung, &free);
            return;
        }
        self.remove(node, bit);
        let ladder = &mut self.lists[list as usize];
        let rung = ladder.rung(key);
        self.spots[node.index()] = Spot { list, rung };
        ladder.members(rung).0 |= bit;
        ladder.gained(rung, &free);
    }

    #[inline]
    fn remove(&mut self, node: NodeId, bit: u64) {
        let spot = &mut self.spots[node.index()];
        let list = std::mem::replace(&mut spot.list, NOWHERE);
        if let Some(ladder) = self.lists.get_mut(list as usize) {
            ladder.members(spot.rung).0 &= !bit;
            ladder.left(spot.rung);
        }
    }

    /// The node of the highest load that can start the call at once; of equal loads, the lowest id.
    #[inline]
    pub fn highest(&mut self, demand: &Resources, candidates: &Candidates<'_>) -> Option<NodeId> {
        let cluster = candidates.cluster();
        let mut best: Option<(u64, NodeId)> = None;
        for group in candidates.groups().iter() {
            let numbers = self.groups[group];
            for resource in Dominant::ALL {
                let list = &mut self.lists[group * KINDS + resource as usize];
                if list.is_unused() {
                    continue;
                }
                let Some(bound) = cluster.load_bound(group, resource, demand) else { continue };
                let least = best.map_or(0, |(load, _)| load);
                if bound < least {
                    continue;
                }
                let find = |key, mask: &Mask| first_that_fits(numbers, key, *mask, demand, cluster);
                let from = numbers.key(bound, 0);
                if let Some((key, node)) = list.first(from, numbers.last_of(least), demand, find) {
                    let (load, node) = (numbers.load(key), NodeId(node));
                    if best
                        .is_none_or(|(most, first)| load > most || (load == most && node < first))
                    {
                        best = Some((load, node));
                    }
                }
            }
        }
        best.map(|(_, node)| node)
    }
}

/// The first of a rung that can start a demand, or the most that any of them has free.
#[inline]
fn first_that_fits(
    numbers: Numbers,
    key: u64,
    Mask(mut left): Mask,
    demand: &Resources,
    cluster: &Cluster,
) -> Result<u32, Resources> {
    let mut most = Resources::NONE;
    while left != 0 {
        let node = numbers.node(key, left.trailing_zeros());
        let free = cluster.free(node);
        if demand.fits(&free) {
            return Ok(node.0); // it is ready, or it would not stand here
        }
        most = most.covering(&free);
        left &= left - 1;
    }
    Err(most)
}
