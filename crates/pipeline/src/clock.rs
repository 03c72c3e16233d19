//! The only module that reads a clock.
//!
//! Everything above it sees instants as [`Time`] since the start of the run, and cannot tell
//! real time from simulated. The monotonic clock is read directly: 30 ns a read on Linux,
//! cheap enough to stamp every fact, so no coarse cached clock is kept.

use sched_core::{Span, Time};
use std::time::Instant;

/// The instants of one run, counted from its start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that shows zero now.
    #[allow(clippy::disallowed_methods, reason = "this module is where the clock is read")]
    pub fn start() -> Clock {
        Clock { start: Instant::now() }
    }

    /// Time since the start. Never goes back, and agrees between threads.
    #[inline]
    pub fn now(&self) -> Time {
        Time::ZERO + Span::from(self.start.elapsed())
    }
}

/// Measures what a piece of our own code costs, in wall-clock time, under any executor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Clock);

impl Stopwatch {
    /// Starts it.
    #[inline]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Clock::start())
    }

    /// Time since it was started.
    #[inline]
    pub(crate) fn elapsed(&self) -> Span {
        self.0.now().since(Time::ZERO)
    }
}

/// CPU time of the calling thread, if the system tells.
#[cfg(unix)]
pub fn thread_cpu_time() -> Option<Span> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let secs = u64::try_from(time.tv_sec).ok()?;
    Some(Span::from_secs(secs) + Span::from_nanos(u64::try_from(time.tv_nsec).ok()?))
}

/// CPU time of the calling thread, if the system tells.
#[cfg(not(unix))]
pub fn thread_cpu_time() -> Option<Span> {
    None
}
