//! Deadlines, and sleeping until the next one.
//!
//! A sleep on Linux ends up to 50 µs late by design (timer slack), and waking takes a few tens
//! of microseconds more on a virtual machine. So slack is turned off for the threads that
//! wait, sleeping stops [`SPIN`] before the deadline, and the rest is spun. Spinning costs
//! CPU, so what the thread has used is reported with each run ([`TimerUse`](crate::TimerUse)).

use sched_core::{Span, Time};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The longest spin before a deadline.
pub const SPIN: Span = Span::from_micros(50);

/// A long sleep ends this much before the deadline; a short one does the rest.
const DOZE: Span = Span::from_micros(200);

/// How long to sleep first when a deadline is `left` away, if it is far.
///
/// A processor that has idled for long wakes late, on a virtual machine by 100 µs; one that has
/// just been awake does not. So the last part of a long wait is a short sleep of its own.
pub fn doze(left: Span) -> Option<Span> {
    (left > DOZE + SPIN).then(|| left - DOZE)
}

/// Pending deadlines, each with the key of what it ends; equal ones in the order they were set.
#[derive(Debug, Default)]
pub struct Deadlines {
    heap: BinaryHeap<Reverse<(Time, u64, u32)>>,
    set: u64,
}

impl Deadlines {
    /// Adds one. O(log pending).
    pub fn set(&mut self, at: Time, key: u32) {
        self.heap.push(Reverse((at, self.set, key)));
        self.set += 1;
    }

    /// The earliest.
    pub fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the earliest, if it is not after `now`. O(log pending).
    pub fn expire(&mut self, now: Time) -> Option<u32> {
        let due = self.next().is_some_and(|at| at <= now);
        due.then(|| self.heap.pop()).flatten().map(|Reverse((.., key))| key)
    }
}

/// While it lives, sleeps of the thread that made it end as soon as the system can.
#[derive(Debug)]
pub struct PreciseSleep {
    before: Option<u64>, // ns
}

impl PreciseSleep {
    /// Turns timer slack off. Where there is none to turn off, it does nothing.
    pub fn on_this_thread() -> PreciseSleep {
        let before = slack();
        if before.is_some() {
            set_slack(1);
        }
        PreciseSleep { before }
    }
}

impl Drop for PreciseSleep {
    fn drop(&mut self) {
        if let Some(ns) = self.before {
            set_slack(ns);
        }
    }
}

#[cfg(target_os = "linux")]
fn slack() -> Option<u64> {
    rustix::thread::current_timer_slack().ok()
}

#[cfg(target_os = "linux")]
fn set_slack(ns: u64) {
    // A refusal leaves sleeps coarse, which the accuracy of the run then shows.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(ns));
}

#[cfg(not(target_os = "linux"))]
fn slack() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn set_slack(_: u64) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_expire_in_order_and_not_early() {
        let at = Time::from_nanos;
        let mut deadlines = Deadlines::default();
        for (ns, key) in [(30, 0), (10, 1), (20, 2), (10, 3)] {
            deadlines.set(at(ns), key);
        }
        assert_eq!(deadlines.expire(at(9)), None);
        let expired: Vec<u32> = std::iter::from_fn(|| deadlines.expire(at(20))).collect();
        assert_eq!(expired, [1, 3, 2]);
        assert_eq!(deadlines.next(), Some(at(30)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn slack_is_given_back() {
        let before = slack();
        let precise = PreciseSleep::on_this_thread();
        assert_eq!(slack(), Some(1));
        drop(precise);
        assert_eq!(slack(), before);
    }
}
