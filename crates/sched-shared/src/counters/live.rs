//! The live nodes of each group, in id order, read without a lock.
//!
//! Draws need the n-th live node. The lists change only with churn, one writer at a time, in place: a
//! reader may meet a list half changed and see a node twice or a lost one. That is a hint that is out
//! of date; the node's own word decides, and the next reader sees the list whole.

use crate::padded::Padded;
use sched_core::{ClusterSpec, GroupSet, NodeId};
use std::sync::atomic::{AtomicU32, Ordering};

/// The lists.
#[derive(Debug)]
pub(crate) struct Live(Vec<List>);

#[derive(Debug)]
struct List {
    ids: Box<[AtomicU32]>,
    count: Padded<AtomicU32>,
}

impl Live {
    /// Every declared node.
    pub(crate) fn all(spec: &ClusterSpec) -> Live {
        let list = |group| {
            let ids: Box<[AtomicU32]> = spec.nodes_of(group).map(AtomicU32::new).collect();
            List { count: Padded(AtomicU32::new(ids.len() as u32)), ids }
        };
        Live((0..spec.groups().len()).map(list).collect())
    }

    /// The live nodes of `group` are these, ascending. One caller at a time. O(nodes of the group).
    pub(crate) fn set(&self, group: usize, nodes: impl Iterator<Item = NodeId>) {
        let list = &self.0[group];
        let mut count = 0;
        for (place, node) in list.ids.iter().zip(nodes) {
            place.store(node.0, Ordering::Relaxed);
            count += 1;
        }
        list.count.store(count, Ordering::Release);
    }

    /// How many in these groups. O(groups).
    #[inline(always)]
    pub(crate) fn count(&self, groups: GroupSet) -> u64 {
        groups.iter().map(|group| u64::from(self.0[group].count.load(Ordering::Acquire))).sum()
    }

    /// The one of this rank among those of the groups, in id order. O(groups).
    #[inline(always)]
    pub(crate) fn nth(&self, groups: GroupSet, mut nth: u64) -> Option<NodeId> {
        for group in groups.iter() {
            let list = &self.0[group];
            let count = u64::from(list.count.load(Ordering::Acquire));
            if nth < count {
                return Some(NodeId(list.ids[nth as usize].load(Ordering::Relaxed)));
            }
            nth -= count;
        }
        None
    }
}
