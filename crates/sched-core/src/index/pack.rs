//! The most loaded node that can still start a call, lowest id first.
//!
//! One [`Trie`] per group and dominant resource, whose keys are load and id together, so
//! that the greatest key up to a bound is the highest load, and of equal loads the lowest
//! id. The bound (`load_bound`) is the load above which the dominant resource
//! rules a node out; full nodes, of which a packed cluster is full, are never looked at.
//! A node can still fail on another resource; only those are looked at in vain.

use super::{Trie, load_bound};
use crate::cluster::{Cluster, Dominant, NodeId};
use crate::engine::Candidates;
use crate::resources::Resources;

/// The index. Holds the nodes without a queue that are up.
#[derive(Clone, Debug, Default)]
pub struct PackIndex {
    tries: Vec<Trie>, // by group and dominant resource
    shifts: Vec<u32>, // by group: bits of a node's rank in it
    spots: Vec<Option<Spot>>,
}

const KINDS: usize = 3;

#[derive(Clone, Copy, PartialEq, Debug)]
struct Spot {
    trie: usize,
    key: u64,
}

impl PackIndex {
    /// Starts over with the nodes of `cluster`.
    pub fn attach(&mut self, cluster: &Cluster) {
        let spec = cluster.spec();
        self.tries = vec![Trie::default(); spec.groups().len() * KINDS];
        self.shifts = spec.groups().iter().map(|g| g.count.next_power_of_two().ilog2()).collect();
        self.spots = vec![None; spec.node_count()];
        for node in spec.nodes() {
            self.changed(node, cluster);
        }
    }

    /// Follows a change of `node`. O(levels of the trie).
    #[inline]
    pub fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        let spot = cluster.ready(node).map(|_| {
            let group = cluster.group(node);
            let first = cluster.spec().nodes_of(group).start;
            let low = self.low_bits(group) - u64::from(node.0 - first);
            let key = cluster.load(node) << self.shifts[group] | low;
            Spot { trie: group * KINDS + cluster.dominant(node) as usize, key }
        });
        let old = std::mem::replace(&mut self.spots[node.index()], spot);
        if old == spot {
            return;
        }
        if let Some(Spot { trie, key }) = old {
            self.tries[trie].remove(key);
        }
        if let Some(Spot { trie, key }) = spot {
            self.tries[trie].insert(key, node.0);
        }
    }

    /// The node of the highest load that can start the call at once; of equal loads, the lowest id.
    pub fn highest(&self, demand: &Resources, candidates: &Candidates<'_>) -> Option<NodeId> {
        let cluster = candidates.cluster();
        let mut best: Option<(u64, NodeId)> = None;
        for group in candidates.groups().iter() {
            let capacity = &cluster.spec().groups()[group].capacity;
            let shift = self.shifts[group];
            for resource in Dominant::ALL {
                let trie = &self.tries[group * KINDS + resource as usize];
                if trie.is_empty() {
                    continue;
                }
                let Some(bound) = load_bound(capacity, resource, demand) else { continue };
                let mut upto = Some(bound << shift | self.low_bits(group));
                while let Some((key, node)) = upto.and_then(|upto| trie.prev(upto)) {
                    let (load, node) = (key >> shift, NodeId(node));
                    if best.is_some_and(|(most, first)| (load, first) < (most, node)) {
                        break; // less loaded, or as loaded with a higher id: it only gets worse
                    }
                    if cluster.can_start(node, demand) {
                        best = Some((load, node));
                        break;
                    }
                    upto = key.checked_sub(1);
                }
            }
        }
        best.map(|(_, node)| node)
    }

    fn low_bits(&self, group: usize) -> u64 {
        (1 << self.shifts[group]) - 1
    }
}
