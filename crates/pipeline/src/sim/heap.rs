//! A heap of integers with four children per entry, least first.
//!
//! Half as deep as a binary one, and four integers of 16 bytes are one cache line. Which child is the
//! least cannot be foretold, so it is selected without a branch.

use std::hint::select_unpredictable;

/// The heap. [`NONE`] cannot be an entry.
#[derive(Debug)]
pub(super) struct Heap {
    first: u128,
    below: Vec<Children>, // group 0 has the children of `first`, group n + 1 those of place n
    len: usize,           // entries in `below`
}

/// Siblings; those that are not there are [`NONE`].
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Children([u128; CHILDREN]);

const CHILDREN: usize = 4;
/// More than every entry.
pub(super) const NONE: u128 = u128::MAX;

impl Default for Heap {
    fn default() -> Heap {
        Heap { first: NONE, below: Vec::new(), len: 0 }
    }
}

impl Heap {
    /// The least entry, or [`NONE`].
    #[inline]
    pub(super) fn first(&self) -> u128 {
        self.first
    }

    /// Every entry.
    pub(super) fn iter(&self) -> impl Iterator<Item = u128> {
        let below = self.below.iter().flat_map(|children| children.0);
        below.chain([self.first]).filter(|entry| *entry != NONE)
    }

    /// Every entry, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut u128> {
        let below = self.below.iter_mut().flat_map(|children| &mut children.0);
        below.chain([&mut self.first]).filter(|entry| **entry != NONE)
    }

    /// Adds an entry. O(log entries), O(1) for one greater than most.
    #[inline]
    pub(super) fn push(&mut self, entry: u128) {
        if self.first == NONE {
            self.first = entry;
            return;
        }
        let mut hole = self.len;
        self.len += 1;
        if hole / CHILDREN == self.below.len() {
            self.below.push(Children([NONE; CHILDREN]));
        }
        while let Some(parent) = (hole / CHILDREN).checked_sub(1) {
            let above = *self.place(parent);
            if above < entry {
                *self.place(hole) = entry;
                return;
            }
            *self.place(hole) = above;
            hole = parent;
        }
        // A child of the first.
        *self.place(hole) = self.first.max(entry);
        self.first = self.first.min(entry);
    }

    /// Takes the least entry out. O(log entries).
    #[inline]
    pub(super) fn pop(&mut self) {
        self.first = match self.len.checked_sub(1) {
            None => NONE,
            Some(last) => {
                self.len = last;
                let entry = std::mem::replace(self.place(last), NONE);
                self.sink(entry)
            }
        };
    }

    /// Lets an entry sink from the top to its place; gives what is now first.
    #[inline]
    fn sink(&mut self, entry: u128) -> u128 {
        let Some((least, mut hole)) = self.least_of(0).filter(|(least, _)| *least < entry) else {
            return entry;
        };
        while let Some((least, at)) = self.least_of(hole + 1).filter(|(least, _)| *least < entry) {
            *self.place(hole) = least;
            hole = at;
        }
        *self.place(hole) = entry;
        least
    }

    /// The least of a group, and its place.
    #[inline]
    fn least_of(&self, group: usize) -> Option<(u128, usize)> {
        let [a, b, c, d] = self.below.get(group)?.0;
        let first = group * CHILDREN;
        let left = select_unpredictable(b < a, (b, first + 1), (a, first));
        let right = select_unpredictable(d < c, (d, first + 3), (c, first + 2));
        Some(select_unpredictable(right.0 < left.0, right, left))
    }

    #[inline]
    fn place(&mut self, place: usize) -> &mut u128 {
        &mut self.below[place / CHILDREN].0[place % CHILDREN]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sched_core::rng::Rng;
    use std::collections::BTreeSet;

    #[test]
    fn pops_as_a_sorted_set_does() {
        let mut rng = Rng::new(4);
        for pushes in [40, 50, 60] {
            let (mut heap, mut oracle) = (Heap::default(), BTreeSet::new());
            for round in 0..20_000_u128 {
                if rng.below(100) < pushes {
                    let entry = u128::from(rng.below(1_000)) << 64 | round;
                    heap.push(entry);
                    oracle.insert(entry);
                } else if oracle.pop_first().is_some() {
                    heap.pop();
                }
                assert_eq!(heap.first(), oracle.first().copied().unwrap_or(NONE));
            }
            let all: BTreeSet<u128> = heap.iter_mut().map(|entry| *entry).collect();
            assert_eq!(all, oracle);
        }
    }
}
