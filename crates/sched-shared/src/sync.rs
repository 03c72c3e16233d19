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
use std::sync::{LockResult, PoisonError, TryLockError};

/// The guard, also after a panic elsewhere: what is guarded here is whole between any two steps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    heal(mutex.lock())
}

/// The guard, unless another thread has it.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Waits for a word about what is guarded.
pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    heal(condvar.wait(guard))
}

fn heal<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
