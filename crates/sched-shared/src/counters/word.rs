//! A node as one atomic word: state, generation, and what is held.
//!
//! Everything that must agree is in one word and changes by compare-and-swap, so no interleaving can
//! give a slot twice or lose one: a call is entered only if the word that said "it fits" is still
//! there. The generation goes up when the node is lost, and what belonged to an older one frees nothing.

use crate::sync::{AtomicU64, Ordering};

/// Low bits: held demand in thousandths of a CPU.
const HELD_BITS: u32 = 40;
const STATE_BITS: u32 = 2;
const GENERATION_SHIFT: u32 = HELD_BITS + STATE_BITS;

/// The most that a word can hold: 10⁹ slots.
pub(crate) const MOST: u64 = (1 << HELD_BITS) - 1;

const UP: u64 = 0;
const DRAINING: u64 = 1;
const DOWN: u64 = 2;

/// The word.
#[derive(Debug)]
pub(crate) struct Word(AtomicU64);

/// What a word said at some instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seen(u64);

impl Seen {
    /// Thousandths of a CPU.
    #[inline(always)]
    pub(crate) fn held(self) -> u64 {
        self.0 & MOST
    }

    /// How often the node was lost so far, modulo 2²².
    #[inline(always)]
    pub(crate) fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }

    #[inline(always)]
    fn state(self) -> u64 {
        self.0 >> HELD_BITS & ((1 << STATE_BITS) - 1)
    }

    /// Whether the node takes calls.
    #[inline(always)]
    pub(crate) fn is_up(self) -> bool {
        self.state() == UP
    }

    /// Whether it takes a call of this demand and then holds at most `most`.
    #[inline(always)]
    pub(crate) fn accepts(self, demand: u64, most: u64) -> bool {
        // The state lies above what is held: any but "up" is more than every node may hold.
        (self.0 & ((1 << GENERATION_SHIFT) - 1)) + demand <= most
    }

    fn with_state(self, state: u64) -> Seen {
        Seen(self.0 & !(((1 << STATE_BITS) - 1) << HELD_BITS) | state << HELD_BITS)
    }
}

impl Word {
    /// A node that is up and empty.
    pub(crate) fn new() -> Word {
        Word(AtomicU64::new(0))
    }

    /// What it says now, as a hint: only [`take`](Self::take) decides.
    #[inline(always)]
    pub(crate) fn see(&self) -> Seen {
        Seen(self.0.load(Ordering::Relaxed))
    }

    /// Enters a demand if the node is up and then holds at most `most`, which is at most [`MOST`]. Gives the
    /// generation. `seen` is what the caller saw last, however long ago.
    ///
    /// Acquire: what its last holder did to a slot happened before the next one has it.
    #[inline(always)]
    pub(crate) fn take(&self, mut seen: Seen, demand: u64, most: u64) -> Option<u32> {
        while seen.accepts(demand, most) {
            let next = seen.0 + demand;
            match self.0.compare_exchange_weak(seen.0, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(seen.generation()),
                Err(now) => seen = Seen(now),
            }
        }
        None
    }

    /// Takes out a demand that was entered in that generation. False, and nothing changes, if the node
    /// was lost since.
    ///
    /// Release, for the next holder; sequentially consistent, for the look at the notice board that follows.
    #[inline(always)]
    pub(crate) fn give(&self, demand: u64, generation: u32) -> bool {
        let mut seen = self.see();
        while seen.generation() == generation && seen.held() >= demand {
            let next = seen.0 - demand;
            match self.0.compare_exchange_weak(seen.0, next, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = Seen(now),
            }
        }
        false
    }

    /// The node is gone with all it held. A node that is gone already stays so.
    pub(crate) fn lose(&self) {
        self.change(|seen| {
            let next = seen.0 >> GENERATION_SHIFT << GENERATION_SHIFT;
            let next = Seen(next.wrapping_add(1 << GENERATION_SHIFT)).with_state(DOWN);
            if seen.state() == DOWN { seen } else { next }
        });
    }

    /// The node takes calls: empty if it was gone, as it was if it was draining.
    pub(crate) fn raise(&self) {
        self.change(|seen| seen.with_state(UP));
    }

    /// The node takes no more calls. A node that is gone stays so.
    pub(crate) fn drain(&self) {
        self.change(|seen| if seen.is_up() { seen.with_state(DRAINING) } else { seen });
    }

    fn change(&self, next: impl Fn(Seen) -> Seen) {
        let mut seen = self.see();
        loop {
            let next = next(seen);
            match self.0.compare_exchange(seen.0, next.0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => seen = Seen(now),
            }
        }
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::*;

    fn take(word: &Word, demand: u64, most: u64) -> Option<u32> {
        word.take(word.see(), demand, most)
    }

    #[test]
    fn a_word_holds_at_most_what_it_may() {
        let word = Word::new();
        assert_eq!(take(&word, 600, 1000), Some(0));
        assert_eq!(take(&word, 600, 1000), None);
        assert_eq!(take(&word, 400, 1000), Some(0));
        assert!(word.give(600, 0));
        assert_eq!(word.see().held(), 400);
        assert!(!word.give(401, 0), "more than it holds");
        assert_eq!(take(&word, MOST, MOST), None);
        assert_eq!(take(&word, MOST - 400, MOST), Some(0));
        assert!(word.see().is_up());
    }

    #[test]
    fn what_was_lost_frees_nothing_after_the_return() {
        let word = Word::new();
        assert_eq!(take(&word, 1000, 1000), Some(0));
        word.lose();
        word.lose();
        assert_eq!((word.see().held(), take(&word, 1000, 1000)), (0, None));
        word.drain();
        word.raise();
        assert_eq!(take(&word, 1000, 1000), Some(1), "lost once");
        assert!(!word.give(1000, 0));
        assert_eq!(word.see().held(), 1000);
        assert!(word.give(1000, 1));
    }

    #[test]
    fn a_draining_node_finishes_what_it_has_and_comes_back_with_it() {
        let word = Word::new();
        for _ in 0..2 {
            assert_eq!(take(&word, 500, 1500), Some(0));
        }
        word.drain();
        assert_eq!(take(&word, 500, 1500), None);
        assert!(word.give(500, 0));
        word.raise();
        assert_eq!(word.see().held(), 500);
        assert_eq!(take(&word, 1000, 1500), Some(0));
    }

    #[test]
    fn generations_wrap_without_touching_the_rest() {
        let word = Word::new();
        for _ in 0..1 << 22 {
            word.lose();
            word.raise();
        }
        assert_eq!((word.see().generation(), word.see().held()), (0, 0));
        assert!(word.see().is_up());
    }
}
