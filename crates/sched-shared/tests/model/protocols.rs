//! The node's word and the notice board, and what the model says when something is left out of them.
//!
//! Witnesses of a slot are relaxed atomics, which loom lets threads read stale: what is seen fresh, the
//! protocol's own ordering has made fresh.

use super::model;
use super::notice::Notice;
use super::word::Word;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering, fence};
use loom::thread;
use std::panic::catch_unwind;

const SLOT: u64 = 1000;

/// A node of one slot.
trait Node: Send + Sync + 'static {
    fn new() -> Self;
    /// The generation, if the slot was free.
    fn take(&self) -> Option<u32>;
    fn give(&self, generation: u32) -> bool;
    fn lose_and_raise(&self);
}

impl Node for Word {
    fn new() -> Word {
        Word::new()
    }
    fn take(&self) -> Option<u32> {
        self.take(self.see(), SLOT, SLOT)
    }
    fn give(&self, generation: u32) -> bool {
        self.give(SLOT, generation)
    }
    fn lose_and_raise(&self) {
        self.lose();
        self.raise();
    }
}

/// Looks whether it fits, and then enters it: two steps.
struct CheckThenAdd(AtomicU64);

impl Node for CheckThenAdd {
    fn new() -> CheckThenAdd {
        CheckThenAdd(AtomicU64::new(0))
    }
    fn take(&self) -> Option<u32> {
        let fits = self.0.load(Ordering::SeqCst) + SLOT <= SLOT;
        fits.then(|| self.0.fetch_add(SLOT, Ordering::SeqCst) as u32)
    }
    fn give(&self, _: u32) -> bool {
        self.0.fetch_sub(SLOT, Ordering::SeqCst);
        true
    }
    fn lose_and_raise(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// Takes back what is given whenever it was taken.
struct NoGeneration(Word);

impl Node for NoGeneration {
    fn new() -> NoGeneration {
        NoGeneration(Word::new())
    }
    fn take(&self) -> Option<u32> {
        self.0.take(self.0.see(), SLOT, SLOT)
    }
    fn give(&self, _: u32) -> bool {
        self.0.give(SLOT, self.0.see().generation())
    }
    fn lose_and_raise(&self) {
        self.0.lose();
        self.0.raise();
    }
}

/// The word without its acquire and release.
struct Unordered(AtomicU64);

impl Node for Unordered {
    fn new() -> Unordered {
        Unordered(AtomicU64::new(0))
    }
    fn take(&self) -> Option<u32> {
        let change = self.0.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed);
        change.ok().map(|_| 0)
    }
    fn give(&self, _: u32) -> bool {
        self.0.store(0, Ordering::Relaxed);
        true
    }
    fn lose_and_raise(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Two threads use the slot; each must find it as the other left it, and at the end it is free.
fn in_turns<N: Node>() {
    model(3, || {
        let node = Arc::new((N::new(), AtomicU64::new(0)));
        let other = Arc::clone(&node);
        let thread = thread::spawn(move || use_once(&other));
        let uses = use_once(&node) + thread.join().unwrap();
        assert!(uses >= 1, "both were refused a slot that one of them could have");
        assert_eq!(node.1.load(Ordering::Relaxed), uses, "a use was lost: two had the slot");
        assert!(node.0.take().is_some(), "the slot is lost");
    });
}

/// Counts itself by a load and a store, which only one who has the slot alone can.
fn use_once<N: Node>((node, uses): &(N, AtomicU64)) -> u64 {
    let Some(generation) = node.take() else { return 0 };
    let before = uses.load(Ordering::Relaxed);
    uses.store(before + 1, Ordering::Relaxed);
    assert!(node.give(generation));
    1
}

/// The node is lost and returns while its slot is used: one slot is there afterwards, not none and not two.
fn through_a_loss<N: Node>() {
    model(3, || {
        let node = Arc::new(N::new());
        let old = node.take().unwrap();
        let (losing, giving) = (Arc::clone(&node), Arc::clone(&node));
        let losing = thread::spawn(move || {
            losing.lose_and_raise();
            losing.take()
        });
        let giving = thread::spawn(move || giving.give(old));
        let new = losing.join().unwrap();
        giving.join().unwrap();
        assert!(new.is_some(), "the node came back without its slot");
        assert!(node.take().is_none(), "the slot is given twice");
        assert!(node.give(new.unwrap()));
        assert!(node.take().is_some(), "the slot is lost");
    });
}

/// How a call waits and a finish looks.
trait Board: Send + Sync + 'static {
    fn new() -> Self;
    fn say(&self);
    fn is_waited_for(&self) -> bool;
}

impl Board for Notice {
    fn new() -> Notice {
        Notice::new()
    }
    fn say(&self) {
        self.say(1);
    }
    fn is_waited_for(&self) -> bool {
        self.is_waited_for(0)
    }
}

/// The board with one of its fences, or none: `SAYS` and `LOOKS` say which are there.
struct Fences<const SAYS: bool, const LOOKS: bool>(AtomicU64);

impl<const SAYS: bool, const LOOKS: bool> Board for Fences<SAYS, LOOKS> {
    fn new() -> Self {
        Fences(AtomicU64::new(0))
    }
    fn say(&self) {
        self.0.store(1, Ordering::Relaxed);
        if SAYS {
            fence(Ordering::SeqCst);
        }
    }
    fn is_waited_for(&self) -> bool {
        if LOOKS {
            fence(Ordering::SeqCst);
        }
        self.0.load(Ordering::Relaxed) == 1
    }
}

/// One call waits while the slot is given back: it gets it, or who gives it back knows of the call.
fn one_of_them_sees<B: Board>() {
    model(3, || {
        let all = Arc::new((Word::new(), B::new()));
        let generation = all.0.take(all.0.see(), SLOT, SLOT).unwrap();
        let other = Arc::clone(&all);
        let finish = thread::spawn(move || {
            assert!(other.0.give(SLOT, generation));
            other.1.is_waited_for()
        });
        all.1.say();
        let got = all.0.take(all.0.see(), SLOT, SLOT).is_some();
        let served = finish.join().unwrap();
        assert!(got || served, "a slot is free beside a call that waits for it");
    });
}

/// That the model refuses it, with these words.
fn refuses(words: &str, check: impl FnOnce() + std::panic::UnwindSafe) {
    let panic = catch_unwind(check).expect_err("the model finds nothing wrong");
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default();
    assert!(text.contains(words), "it refuses it for another reason: {text}");
}

#[test]
fn the_word_gives_a_slot_once_and_loses_none() {
    in_turns::<Word>();
    through_a_loss::<Word>();
}

#[test]
fn a_check_apart_from_the_change_is_found() {
    refuses("two had the slot", in_turns::<CheckThenAdd>);
}

#[test]
fn a_word_without_acquire_and_release_is_found() {
    refuses("two had the slot", in_turns::<Unordered>);
}

#[test]
fn a_word_without_a_generation_is_found() {
    refuses("given twice", through_a_loss::<NoGeneration>);
}

#[test]
fn the_board_forgets_nobody() {
    one_of_them_sees::<Notice>();
    one_of_them_sees::<Fences<true, true>>();
}

#[test]
fn a_board_without_either_fence_is_found() {
    let words = "a slot is free beside a call that waits";
    refuses(words, one_of_them_sees::<Fences<false, true>>);
    refuses(words, one_of_them_sees::<Fences<true, false>>);
    refuses(words, one_of_them_sees::<Fences<false, false>>);
}
