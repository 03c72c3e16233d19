//! The notice board between calls that wait and those that finish: which groups are kept.
//!
//! A waiting call writes and then looks at the nodes; a finishing one frees its node and then reads. A
//! store and a later load of something else may change places on every common processor. So the waiting
//! side has a full fence between, and the finishing side, which is the hot one, makes both
//! of its accesses sequentially consistent: with C++20's rules for mixing the two, at least one side sees the other,
//! and on x86 the hot side pays nothing. Without
//! either, a slot can stay free beside a call that waits for it: the model test shows it.

use crate::padded::Padded;
use crate::sync::{AtomicU64, Ordering, between_seq_cst, fence};

/// Groups, as a mask, whose nodes are kept for calls that wait.
#[derive(Debug)]
pub(crate) struct Notice(Padded<AtomicU64>);

impl Notice {
    pub(crate) fn new() -> Notice {
        Notice(Padded(AtomicU64::new(0)))
    }

    /// What is kept, as a newcomer sees it: perhaps a moment old.
    #[inline(always)]
    pub(crate) fn kept(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Says what is kept before the caller looks at the nodes once more. One caller at a time.
    pub(crate) fn say(&self, kept: u64) {
        self.put(kept);
        fence(Ordering::SeqCst);
    }

    /// Puts up what is kept, by one who is not about to wait. One caller at a time.
    pub(crate) fn put(&self, kept: u64) {
        self.0.store(kept, Ordering::Relaxed);
    }

    /// Whether a node of this group is waited for. The caller has just freed it by a sequentially
    /// consistent change.
    #[inline(always)]
    pub(crate) fn is_waited_for(&self, group: u8) -> bool {
        between_seq_cst();
        self.0.load(Ordering::SeqCst) >> group & 1 == 1
    }
}
