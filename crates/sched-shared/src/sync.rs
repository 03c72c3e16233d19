//! The primitives under everything here: those of std, or of loom under the feature `model`.
//!
//! What the protocols rest on comes from here and only from here, so the model checker sees it. Hints
//! (draws, cursors, lists of live nodes) take std's atomics directly: a wrong hint costs a look at
//! a node, and modelling them would only multiply the states.

#[cfg(not(feature = "model"))]
use std::sync as base;

#[cfg(feature = "model")]
use loom::sync as base;

pub(crate) use base::atomic::{AtomicU64, Ordering, fence};
pub(crate) use base::{Condvar, Mutex, MutexGuard};
use std::sync::{LockResult, PoisonError};

/// Between a sequentially consistent change and a sequentially consistent load: nothing, because C++20 (and so
/// Rust) orders those. Loom treats both as acquire and release only, and gives the total order to fences.
#[inline(always)]
pub(crate) fn between_seq_cst() {
    #[cfg(feature = "model")]
    fence(Ordering::SeqCst);
}

/// A place where the model may switch threads. Loom has none between taking a lock and releasing
/// it, which is sound for locks that are waited for, but a flag that others read tells the difference.
#[inline(always)]
pub(crate) fn switch() {
    #[cfg(feature = "model")]
    AtomicU64::new(0).load(Ordering::Relaxed);
}

/// The guard, also after a panic elsewhere: what is guarded here is whole between any two steps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    heal(mutex.lock())
}

/// Waits for a word about what is guarded.
pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    heal(condvar.wait(guard))
}

fn heal<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
