//! What else finds the least loaded node: a scan, a balanced tree, a tournament tree.
//!
//! Each knows a count per node and nothing of resources, queues, groups or calls; ties go to the
//! lowest id. They are driven as [`Alone`](crate::Alone) is: half of the slots busy, oldest first off.

use crate::SLOTS;
use std::collections::{BTreeSet, VecDeque};

/// A structure that finds the least of some counts.
pub trait Least {
    /// So many counts of 0.
    fn new(nodes: u32) -> Self;
    /// The node of the least count.
    fn least(&self) -> u32;
    /// Changes the count of a node.
    fn set(&mut self, node: u32, count: u32);
}

/// A structure at work.
pub struct Counts<L> {
    least: L,
    counts: Vec<u32>,
    running: VecDeque<u32>,
}

impl<L: Least> Counts<L> {
    /// On so many nodes, half of the slots busy.
    pub fn half_full(nodes: u32) -> Counts<L> {
        let (counts, running) = (vec![0; nodes as usize], VecDeque::new());
        let mut this = Counts { least: L::new(nodes), counts, running };
        for _ in 0..nodes * SLOTS / 2 {
            this.place();
        }
        this
    }

    /// Places a call, and takes off the one that has been on its node longest.
    #[inline]
    pub fn cycle(&mut self) {
        self.place();
        if let Some(node) = self.running.pop_front() {
            self.counts[node as usize] -= 1;
            self.least.set(node, self.counts[node as usize]);
        }
    }

    #[inline]
    fn place(&mut self) {
        let node = self.least.least();
        self.counts[node as usize] += 1;
        self.least.set(node, self.counts[node as usize]);
        self.running.push_back(node);
    }
}

/// Looks at every count.
pub struct Scan(Vec<u32>);

impl Least for Scan {
    fn new(nodes: u32) -> Scan {
        Scan(vec![0; nodes as usize])
    }

    fn least(&self) -> u32 {
        let least = (0..).zip(&self.0).min_by_key(|&(_, count)| *count);
        least.map_or(0, |(node, _)| node)
    }

    fn set(&mut self, node: u32, count: u32) {
        self.0[node as usize] = count;
    }
}

/// A `BTreeSet` of counts and ids.
pub struct Balanced {
    order: BTreeSet<(u32, u32)>,
    counts: Vec<u32>,
}

impl Least for Balanced {
    fn new(nodes: u32) -> Balanced {
        let order = (0..nodes).map(|node| (0, node)).collect();
        Balanced { order, counts: vec![0; nodes as usize] }
    }

    fn least(&self) -> u32 {
        self.order.first().map_or(0, |&(_, node)| node)
    }

    fn set(&mut self, node: u32, count: u32) {
        let old = std::mem::replace(&mut self.counts[node as usize], count);
        self.order.remove(&(old, node));
        self.order.insert((count, node));
    }
}

/// A complete binary tree of winners over the counts; node and count in one integer.
pub struct Tournament {
    winners: Vec<u64>,
    leaves: usize,
}

impl Least for Tournament {
    fn new(nodes: u32) -> Tournament {
        let leaves = (nodes as usize).next_power_of_two();
        let mut winners = vec![u64::MAX; 2 * leaves];
        for node in 0..nodes {
            winners[leaves + node as usize] = u64::from(node);
        }
        for at in (1..leaves).rev() {
            winners[at] = winners[2 * at].min(winners[2 * at + 1]);
        }
        Tournament { winners, leaves }
    }

    #[inline]
    fn least(&self) -> u32 {
        self.winners[1] as u32
    }

    #[inline]
    fn set(&mut self, node: u32, count: u32) {
        let mut at = self.leaves + node as usize;
        self.winners[at] = u64::from(count) << 32 | u64::from(node);
        while at > 1 {
            at /= 2;
            self.winners[at] = self.winners[2 * at].min(self.winners[2 * at + 1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices<L: Least>(nodes: u32) -> Vec<u32> {
        let mut counts: Counts<L> = Counts::half_full(nodes);
        (0..500).for_each(|_| counts.cycle());
        counts.running.into()
    }

    #[test]
    fn all_choose_alike() {
        for nodes in [1, 5, 64] {
            let scan = choices::<Scan>(nodes);
            assert_eq!(choices::<Balanced>(nodes), scan);
            assert_eq!(choices::<Tournament>(nodes), scan);
        }
    }
}
