//! Waiting for several sockets at once, for a time that is exact to the nanosecond as far as the
//! system can.
//!
//! `poll`, because the sockets are few and it exists on every Unix; tokio's reactor ticks in
//! milliseconds, and a hop to a thread of its own would cost more than the whole round trip.

use crate::Error;
use rustix::event::{PollFd, Timespec, poll};
use rustix::io::Errno;
use sched_core::Span;

/// Waits until one of the sockets has news, or `timeout` is over; for ever without one.
///
/// # Errors
/// When the system refuses to wait for so many.
pub(crate) fn wait(sockets: &mut [PollFd<'_>], timeout: Option<Span>) -> Result<(), Error> {
    let timeout = timeout.map(|left| {
        let left = left.as_nanos();
        Timespec { tv_sec: (left / 1_000_000_000) as _, tv_nsec: (left % 1_000_000_000) as _ }
    });
    match poll(sockets, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(Error::Poll(errno.into())),
    }
}
