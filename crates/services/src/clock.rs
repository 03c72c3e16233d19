//! Time of calls: how long one has taken, how long it may still take, and pauses between attempts.
//!
//! The durations of stage calls are measured by their executor. What is measured here happens inside of
//! one: the first token of an answer, and the tokens after it.

use std::time::{Duration, Instant, SystemTime};

/// The start of a call, and the time that it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    start: Instant,
    most: Duration,
}

impl Timer {
    pub(crate) fn start(most: Duration) -> Timer {
        Timer { start: now(), most }
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        now().duration_since(self.start)
    }

    /// All that it may take.
    pub(crate) fn most(&self) -> Duration {
        self.most
    }

    /// What is left; `None` when nothing is.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.most.checked_sub(self.elapsed()).filter(|left| !left.is_zero())
    }
}

/// Waits on a thread that has nothing else to do.
#[expect(clippy::disallowed_methods, reason = "a call that waits to be repeated owns its thread")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// What this host takes for the time of day.
#[expect(clippy::disallowed_methods, reason = "a server may name the time of day to come again")]
pub(crate) fn time_of_day() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the first token is measured inside of a stage call")]
fn now() -> Instant {
    Instant::now()
}
