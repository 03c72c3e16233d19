//! How many calls to a service are under way at once.
//!
//! A mutex and a condition: calls last milliseconds to seconds, so what a lock costs does not show.

use crate::CallError;
use crate::clock::Timer;
use std::sync::{Condvar, Mutex, PoisonError};

/// Lets a number of calls through at once.
#[derive(Debug)]
pub(crate) struct Gate {
    free: Mutex<u32>,
    freed: Condvar,
}

/// A call that is through.
#[derive(Debug)]
pub(crate) struct Pass<'g>(&'g Gate);

impl Gate {
    pub(crate) fn new(most: u32) -> Gate {
        Gate { free: Mutex::new(most.max(1)), freed: Condvar::new() }
    }

    /// Waits for a place, as part of the time of the call.
    pub(crate) fn enter(&self, timer: &Timer) -> Result<Pass<'_>, CallError> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            let left = timer.left().ok_or(CallError::TooSlow(timer.most()))?;
            free = match self.freed.wait_timeout(free, left) {
                Ok((free, _)) => free,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        *free -= 1;
        Ok(Pass(self))
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
