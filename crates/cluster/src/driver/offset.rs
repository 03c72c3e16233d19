//! Where a worker's clock lies on the driver's.
//!
//! Durations need no such thing: each is taken on one host. Only to say *when* a call arrived is the offset
//! estimated, as NTP does, from a ping whose round trip was short: the worker's reading is taken for its
//! middle, which is wrong by half of the round trip at most. Whatever the estimate, the parts of a call are
//! its own durations and add up to what the driver measured, to the nanosecond.

use crate::wire::Answer;
use sched_core::{Span, Time};

/// An estimate of an offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offset {
    ns: i128, // driver − worker
    round_trip: Span,
    taken: Time,
}

/// By how much two clocks drift apart, at most; relative. Quartz is ten times better.
const DRIFT: f64 = 2e-4;

impl Offset {
    /// From one ping.
    pub(super) fn of_ping(sent: Time, received: Time, clock: Time) -> Offset {
        let round_trip = received.since(sent);
        let middle = i128::from(sent.as_nanos()) + i128::from(round_trip.as_nanos() / 2);
        Offset { ns: middle - i128::from(clock.as_nanos()), round_trip, taken: received }
    }

    /// The better of this and a later one: the shorter round trip, as long as it is not too old.
    pub(super) fn or(self, later: Offset) -> Offset {
        let drift = later.taken.since(self.taken).scaled(DRIFT);
        if later.round_trip <= self.round_trip + drift { later } else { self }
    }

    /// The same offset, on a clock of the driver that starts at `zero` of the present one.
    pub(super) fn from(self, zero: Time) -> Offset {
        let taken = Time::ZERO + self.taken.since(zero);
        Offset { ns: self.ns - i128::from(zero.as_nanos()), taken, ..self }
    }

    fn place(self, clock: Time) -> Time {
        let ns = i128::from(clock.as_nanos()) + self.ns;
        Time::from_nanos(u64::try_from(ns.max(0)).unwrap_or(u64::MAX))
    }
}

/// The instants of a call on the driver's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Placed {
    pub(super) arrived: Time,
    pub(super) started: Time,
    pub(super) ended: Time,
}

/// Places a call that was assigned, sent, and answered at these instants. What it waited here before it was
/// sent is part of its queueing: the queue of its node reaches up to here.
pub(super) fn place(
    offset: Option<Offset>,
    (assigned, sent, answered): (Time, Time, Time),
    answer: &Answer,
) -> Placed {
    let total = answered.since(assigned);
    let execution = answer.ended.since(answer.started).min(total);
    let held = sent.since(assigned);
    let queueing = (answer.started.since(answer.arrived) + held).min(total - execution);
    let transfer = total - execution - queueing;
    let there = match offset {
        Some(offset) => offset.place(answer.arrived).since(sent).min(transfer),
        None => Span::from_nanos(transfer.as_nanos() / 2),
    };
    let arrived = assigned + there;
    let started = arrived + queueing;
    Placed { arrived, started, ended: started + execution }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Time {
        Time::ZERO + Span::from_micros(us)
    }

    fn answer(arrived: u64, started: u64, ended: u64) -> Answer {
        let (arrived, started, ended) = (at(arrived), at(started), at(ended));
        Answer { ticket: 0, arrived, started, ended, failure: None }
    }

    #[test]
    fn parts_add_up_whatever_the_clocks_say() {
        let good = Offset::of_ping(at(1000), at(1040), at(20)); // the worker is 1000 µs younger
        let wrong = Offset::of_ping(at(1000), at(1040), at(90_000));
        let drifting = answer(100, 900, 6000); // longer than what the driver saw
        for (offset, answer) in [
            (Some(good), answer(1010, 1200, 1700)),
            (Some(wrong), answer(1010, 1200, 1700)),
            (None, answer(1010, 1200, 1700)),
            (Some(good), drifting),
        ] {
            let placed = place(offset, (at(2000), at(2005), at(2750)), &answer);
            let Placed { arrived, started, ended } = placed;
            let all = [at(2000), arrived, started, ended, at(2750)];
            assert!(all.is_sorted(), "{placed:?}");
        }
        // 190 µs in the worker's queue and 5 µs here; 500 µs of work; 55 µs on the way, 5 of them there.
        let placed = place(Some(good), (at(2000), at(2005), at(2750)), &answer(1010, 1200, 1700));
        assert_eq!(placed, Placed { arrived: at(2005), started: at(2200), ended: at(2700) });
    }

    #[test]
    fn a_short_round_trip_is_kept_until_it_is_old() {
        let first = Offset::of_ping(at(0), at(30), at(0));
        let soon = Offset::of_ping(at(1000), at(1100), at(1000));
        assert_eq!(first.or(soon).round_trip, Span::from_micros(30));
        let late = Offset::of_ping(at(1_000_000), at(1_000_100), at(1_000_000));
        assert_eq!(first.or(late).round_trip, Span::from_micros(100));
        assert_eq!(
            first.or(Offset::of_ping(at(50), at(60), at(50))).round_trip,
            at(10).since(at(0))
        );
    }
}
