//! The only place of the harness that reads a clock.
//!
//! Wall-clock time stamps folders and reports, a stopwatch feeds the progress line.
//! Nothing measured comes from here: instants of a run are the executor's.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

/// An instant of the calendar, in whole seconds, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Timestamp(SystemTime);

impl Timestamp {
    #[allow(clippy::disallowed_methods, reason = "provenance: when a run was started")]
    pub(crate) fn now() -> Timestamp {
        Timestamp(SystemTime::now())
    }

    /// As part of a folder's name, with no character that some file system refuses:
    /// `2026-03-01T17-05-09Z`. Sorts by time.
    pub(crate) fn for_file_name(self) -> String {
        self.to_string().replace(':', "-")
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, as in `2026-03-01T17:05:09Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_seconds(self.0).fmt(f)
    }
}

/// Time since it was started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "the progress line shows a rate")]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_written_as_rfc_3339_and_as_a_file_name() {
        // 1,772,384,709 s after the epoch, by `date -u -d @1772384709`.
        let time = Timestamp(SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_384_709));
        assert_eq!(time.to_string(), "2026-03-01T17:05:09Z");
        assert_eq!(time.for_file_name(), "2026-03-01T17-05-09Z");
    }
}
