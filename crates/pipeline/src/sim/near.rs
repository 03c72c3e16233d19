//! The next events, least first: a few in order, and behind them a heap.
//!
//! With a dozen events pending, most simulations' lot, putting one into its place in a short sorted list and
//! taking the least from its end costs a third of what a heap does, which looks at all children of all
//! levels on its way. So the least entries are such a list. It is bounded: beyond that its greater half goes into
//! the heap, and when it is empty the least of the heap come back. Every operation is O(log entries),
//! amortised, whatever comes in whatever order.

use super::heap::{Heap, NONE};

/// The entries. [`NONE`] cannot be one.
#[derive(Debug, Default)]
pub(super) struct Near {
    front: Vec<u128>, // greatest first; empty only if there is no entry
    rest: Heap,       // none is less than one in front
}

/// Entries in front, at most, after one was put there.
const MOST: usize = 64;
/// Entries that change over at once.
const HALF: usize = MOST / 2;

impl Near {
    /// The least entry.
    #[inline]
    pub(super) fn first(&self) -> Option<u128> {
        self.front.last().copied()
    }

    /// Whether there is none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.front.is_empty()
    }

    /// Every entry, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u128> {
        self.front.iter().copied().chain(self.rest.iter())
    }

    /// Every entry, to be changed to one of the same place in the order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut u128> {
        self.front.iter_mut().chain(self.rest.iter_mut())
    }

    /// Adds an entry. O(log entries).
    #[inline]
    pub(super) fn push(&mut self, entry: u128) {
        if entry > self.rest.first() {
            return self.rest.push(entry);
        }
        self.front.push(entry);
        let mut upto = self.front.as_mut_slice();
        while let [shorter @ .., hole] = upto {
            match shorter.last() {
                Some(other) if *other < entry => *hole = *other,
                _ => {
                    *hole = entry;
                    break;
                }
            }
            upto = shorter;
        }
        if self.front.len() > MOST {
            self.spill();
        }
    }

    /// Takes the least entry out. O(log entries), amortised.
    #[inline]
    pub(super) fn pop(&mut self) {
        self.front.pop();
        if self.front.is_empty() && self.rest.first() != NONE {
            self.refill();
        }
    }

    /// Adds what `add` appends, when there is no entry. O(n log n).
    #[inline]
    pub(super) fn fill(&mut self, add: impl FnOnce(&mut Vec<u128>)) {
        add(&mut self.front);
        self.front.sort_unstable_by(|one, other| other.cmp(one));
    }

    #[cold]
    fn spill(&mut self) {
        let greater = self.front.len() - HALF;
        // The least first: each then is the greatest in the heap, and stays where it is put.
        self.front.drain(..greater).rev().for_each(|entry| self.rest.push(entry));
    }

    #[inline(never)]
    fn refill(&mut self) {
        while self.front.len() < HALF && self.rest.first() != NONE {
            self.front.push(self.rest.first());
            self.rest.pop();
        }
        self.front.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sched_core::rng::Rng;
    use std::collections::BTreeSet;

    /// Against a sorted set: few and many, rising, falling and mixed, and filled at once.
    #[test]
    fn pops_as_a_sorted_set_does() {
        let mut rng = Rng::new(4);
        for (pushes, spread) in [(40, 1_000), (50, 1_000), (60, 1_000), (52, 1), (52, 1 << 40)] {
            let (mut near, mut oracle) = (Near::default(), BTreeSet::new());
            let (mut spilt, mut refilled) = (0, 0);
            for round in 0..20_000_u64 {
                let ahead = oracle.first().map_or(0, |first: &u128| (first >> 64) as u64);
                let fresh = |rng: &mut Rng, round: u64| {
                    u128::from(ahead + rng.below(spread)) << 64 | u128::from(round)
                };
                if oracle.is_empty() {
                    let many: Vec<u128> =
                        (0..1 + round % 150).map(|i| fresh(&mut rng, round << 8 | i)).collect();
                    near.fill(|front| front.extend(&many));
                    oracle.extend(many);
                } else if rng.below(100) < pushes {
                    let entry = fresh(&mut rng, round << 8);
                    let behind = near.rest.iter().count();
                    near.push(entry);
                    spilt += usize::from(near.rest.iter().count() > behind + 1);
                    oracle.insert(entry);
                } else {
                    oracle.pop_first();
                    let behind = near.rest.iter().count();
                    near.pop();
                    refilled += usize::from(near.rest.iter().count() < behind);
                }
                assert_eq!(near.first(), oracle.first().copied());
                assert_eq!(near.is_empty(), oracle.is_empty());
            }
            let all: BTreeSet<u128> = near.iter().collect();
            assert_eq!(all, oracle);
            assert_eq!(near.iter_mut().map(|entry| *entry).collect::<BTreeSet<_>>(), oracle);
            assert!(spilt > 0 && refilled > 0, "{pushes} of {spread}: {spilt} {refilled}");
        }
    }
}
