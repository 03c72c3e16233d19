//! What another thread may do with a run: watch it, and stop it.
//!
//! A user interface holds the same [`Control`] as the run, reads [`Control::progress`] as often as
//! it likes, and calls [`Control::stop`] on Ctrl-C. Counters are relaxed: they are looked
//! at, nothing is decided on them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Thread};

/// Handle of one run, shared between the thread that runs it and those that watch.
#[derive(Debug, Default)]
pub struct Control {
    stop: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
    runner: Mutex<Option<Thread>>,
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Tasks that ended, well or badly, warm-up included.
    pub done: u64,
    /// Tasks of the run; 0 before it starts.
    pub total: u64,
}

impl Control {
    /// For a run that nobody has stopped.
    pub fn new() -> Control {
        Control::default()
    }

    /// Asks the run to end now, with what it has measured so far. From any thread, any time;
    /// a run that has not started yet will end at once.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        if let Some(runner) = &*self.runner.lock().unwrap_or_else(PoisonError::into_inner) {
            runner.unpark(); // it may be waiting for an arrival that is hours away
        }
    }

    /// Whether [`Control::stop`] was called.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        Progress {
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        }
    }

    /// The calling thread is the one to wake when the run is to stop.
    pub(crate) fn wake_this_thread(&self) {
        let mut runner = self.runner.lock().unwrap_or_else(PoisonError::into_inner);
        *runner = Some(thread::current());
    }

    /// A run of this many tasks begins.
    pub(crate) fn begin(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// This many tasks have ended so far.
    pub(crate) fn set_done(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }
}
