//! A queue in one array, first in, first out.
//!
//! What a sorted run of waiting calls is kept in. The standard `VecDeque` hands an element out by
//! value, 64 bytes through the stack for a call that is only dropped; here the head is read where
//! it lies and then passed by. The array is a power of two, so that a place is found by a mask.

/// The queue. O(1) per operation, amortised for a push that grows it.
#[derive(Clone, Debug)]
pub(super) struct Ring<T> {
    places: Vec<T>, // a power of two of them, or none
    head: usize,
    len: usize,
}

impl<T> Default for Ring<T> {
    fn default() -> Ring<T> {
        Ring { places: Vec::new(), head: 0, len: 0 }
    }
}

impl<T: Copy> Ring<T> {
    /// The element that has been there longest.
    #[inline(always)]
    pub(super) fn front(&self) -> Option<&T> {
        if self.len == 0 { None } else { self.places.get(self.head) }
    }

    /// The element that came last.
    #[inline(always)]
    pub(super) fn back(&self) -> Option<&T> {
        if self.len == 0 { None } else { self.places.get(self.place(self.len - 1)) }
    }

    /// Adds an element behind the last.
    #[inline(always)]
    pub(super) fn push(&mut self, element: T) {
        if self.len == self.places.len() {
            self.grow(element);
        }
        let place = self.place(self.len);
        self.places[place] = element;
        self.len += 1;
    }

    /// Passes by the first element, and says whether it was the last one.
    #[inline(always)]
    pub(super) fn pass(&mut self) -> bool {
        if self.len > 0 {
            self.head = self.place(1);
            self.len -= 1;
        }
        self.len == 0
    }

    #[inline(always)]
    fn place(&self, nth: usize) -> usize {
        (self.head + nth) & self.places.len().wrapping_sub(1)
    }

    /// Doubles the array; `filler` stands where nothing is yet.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, filler: T) {
        self.places.rotate_left(self.head);
        self.head = 0;
        self.places.resize((2 * self.len).max(4), filler);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::VecDeque;

    #[test]
    fn is_a_queue() {
        let mut rng = Rng::new(4);
        for pushes in [40, 50, 60] {
            let (mut ring, mut oracle) = (Ring::default(), VecDeque::new());
            for i in 0..20_000u64 {
                if rng.below(100) < pushes {
                    ring.push(i);
                    oracle.push_back(i);
                } else {
                    oracle.pop_front();
                    assert_eq!(ring.pass(), oracle.is_empty());
                }
                assert_eq!((ring.front(), ring.back()), (oracle.front(), oracle.back()));
            }
        }
    }
}
