//! What is to happen, in the total order in which it does.
//!
//! Events are ordered by instant, and those of one instant by the order in which they were
//! entered. Nothing else decides: no address, no hash, no thread. The same plan and the
//! same decisions therefore give the same run on every machine.
//!
//! An event is one integer of 16 bytes, instant first, then its number, then what it is; so the order is
//! that of the integers. Numbers are 29 bits: when they are used up, what is pending is
//! numbered anew, in its order. The next events are in order ([`Near`]), and with many pending those
//! further away on a [`Wheel`], whose width follows from what is pending; it decides how fast the next
//! event is found and never which.

use super::near::Near;
use super::wheel::Wheel;
use sched_core::Time;

/// Something that will happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Happening {
    /// A call reaches its node.
    Arrival(u32),
    /// A call has run for its time.
    End(u32),
    /// The result of a call is back.
    Result(u32),
    /// The fault of this number in the list.
    Fault(u32),
    /// A node fails by itself.
    Failure(u32),
    /// A node that failed by itself is repaired.
    Repair(u32),
    /// Nothing: the end of a call that was lost with its node.
    Void,
}

/// The agenda.
#[derive(Debug)]
pub(super) struct Agenda {
    near: Near, // empty only if nothing is pending
    wheel: Wheel,
    cursor: u64, // the first bucket that is on the wheel and not in `near`
    number: u64, // of the next entry
    pending: usize,
    to_tuning: usize, // entries until the wheel is looked at
    emptied: usize,   // buckets since then
    moved: usize,     // their entries
    turned: bool,     // and nobody has asked since
}

/// Also more than can ever be pending: their calls would take 100 GB.
const NUMBERS: u64 = 1 << 29;
/// Fewer than these are in the heap alone: it then fits the nearest cache.
const MANY: usize = 1024;
/// Entries of a bucket, about: few enough for the heap to stay near, many for few empty buckets.
const PER_BUCKET: usize = 32;
/// No bucket is on the wheel.
const NOWHERE: u64 = u64::MAX;

impl Default for Agenda {
    fn default() -> Agenda {
        Agenda {
            near: Near::default(),
            wheel: Wheel::default(),
            cursor: NOWHERE,
            number: 0,
            pending: 0,
            to_tuning: MANY,
            emptied: 0,
            moved: 0,
            turned: false,
        }
    }
}

impl Agenda {
    /// Enters an event. O(1) amortised, O(log entries of a bucket) for one that is near.
    #[inline]
    pub(super) fn enter(&mut self, at: Time, what: Happening) {
        if self.number == NUMBERS {
            self.number_anew();
        }
        let entry = entry(at, self.number, what);
        self.number += 1;
        self.insert(entry);
        self.to_tuning -= 1;
        if self.to_tuning == 0 {
            self.tune();
        }
    }

    /// The instant of the next event.
    #[inline]
    pub(super) fn next_at(&self) -> Option<Time> {
        self.near.first().map(instant)
    }

    /// Takes the next event out, if it is at `now`. O(log entries of a bucket), amortised.
    #[inline]
    pub(super) fn take_at(&mut self, now: Time) -> Option<Happening> {
        let first = self.near.first().filter(|first| instant(*first) == now)?;
        self.near.pop();
        self.pending -= 1;
        if self.near.is_empty() && self.pending > 0 {
            self.turn();
        }
        Some(happening(first))
    }

    /// Whether the wheel has turned since this was asked last, so that other events are [`near`](Self::near).
    #[inline]
    pub(super) fn has_turned(&mut self) -> bool {
        std::mem::replace(&mut self.turned, false)
    }

    /// The events that are near, in no order.
    pub(super) fn near(&self) -> impl Iterator<Item = Happening> {
        self.near.iter().map(happening)
    }

    /// Makes nothing of the ends of calls in these slots. O(entries).
    pub(super) fn void_ends(&mut self, lost: impl Fn(u32) -> bool) {
        let void = |entry: &mut u128| {
            if let Happening::End(slot) = happening(*entry)
                && lost(slot)
            {
                *entry = *entry & !WHAT | word(Happening::Void);
            }
        };
        self.near.iter_mut().for_each(void);
        self.wheel.for_each(void);
    }

    #[inline]
    fn insert(&mut self, entry: u128) {
        self.pending += 1;
        if self.pending == 1 && self.cursor != NOWHERE {
            self.cursor = self.wheel.bucket_of(entry).saturating_add(1);
        }
        self.place(entry);
    }

    #[inline]
    fn place(&mut self, entry: u128) {
        if self.cursor == NOWHERE || self.wheel.bucket_of(entry) < self.cursor {
            self.near.push(entry);
        } else {
            self.wheel.push(entry);
        }
    }

    /// Turns the wheel to the next bucket that has something now.
    #[inline(never)]
    fn turn(&mut self) {
        for _ in 0..self.wheel.buckets() {
            let (wheel, bucket) = (&mut self.wheel, self.cursor);
            let before = wheel.len();
            self.near.fill(|near| wheel.drain(bucket, |entry| near.push(entry)));
            self.cursor = self.cursor.saturating_add(1);
            self.emptied += 1;
            self.moved += before - self.wheel.len();
            if !self.near.is_empty() {
                self.turned = true;
                return;
            }
        }
        self.rebuild(); // nothing for a whole turn: it is too narrow
    }

    /// Looks whether the wheel still is what it should be, as often as is cheap.
    #[cold]
    fn tune(&mut self) {
        self.to_tuning = self.pending.max(MANY);
        let per_bucket = self.moved.checked_div(self.emptied);
        (self.moved, self.emptied) = (0, 0);
        let on_wheel = self.cursor != NOWHERE;
        let fits = match per_bucket {
            None => on_wheel, // not yet turned
            Some(entries) => (PER_BUCKET / 4..PER_BUCKET * 4).contains(&entries),
        };
        let size = self.wheel.buckets() * 8;
        let as_large = (size / 4..size * 4).contains(&self.pending);
        if self.pending < MANY && !on_wheel || on_wheel && fits && as_large {
            return;
        }
        self.rebuild();
    }

    /// Makes the wheel anew for what is pending. O(entries).
    #[cold]
    fn rebuild(&mut self) {
        let mut all = self.all();
        self.near = Near::default();
        (self.wheel, self.cursor) = (Wheel::default(), NOWHERE);
        let median = all.len() / 2;
        if all.len() >= MANY {
            let first = all.iter().min().copied().map_or(Time::ZERO, instant);
            let (_, median, _) = all.select_nth_unstable(median);
            // Half of them lie between; the rest thins out, or the wheel goes round.
            let half = instant(*median).since(first).as_nanos();
            let width = half.saturating_mul(PER_BUCKET as u64) / (all.len() as u64 / 2);
            if let Some(shift) = width.checked_ilog2() {
                self.wheel = Wheel::new(all.len() / 8, shift);
                self.cursor = (first.as_nanos() >> shift).saturating_add(1);
            }
        }
        for entry in all {
            self.place(entry);
        }
    }

    #[cold]
    fn number_anew(&mut self) {
        let mut all = self.all();
        all.sort_unstable();
        *self = Agenda::default();
        all.into_iter().for_each(|old| self.enter(instant(old), happening(old)));
    }

    fn all(&mut self) -> Vec<u128> {
        let mut all = Vec::with_capacity(self.pending);
        all.extend(self.near.iter_mut().map(|entry| *entry));
        self.wheel.for_each(|entry| all.push(*entry));
        all
    }
}

/// The kind, and which one.
const WHAT: u128 = (1 << 35) - 1;

/// From the highest bit: 64 of the instant, 29 of the number, 3 of the kind, 32 of which one.
#[inline]
fn entry(at: Time, number: u64, what: Happening) -> u128 {
    u128::from(at.as_nanos()) << 64 | u128::from(number) << 35 | word(what)
}

#[inline]
fn instant(entry: u128) -> Time {
    Time::from_nanos((entry >> 64) as u64)
}

#[inline]
fn word(what: Happening) -> u128 {
    let (kind, which): (u32, u32) = match what {
        Happening::Arrival(slot) => (0, slot),
        Happening::End(slot) => (1, slot),
        Happening::Result(slot) => (2, slot),
        Happening::Fault(number) => (3, number),
        Happening::Failure(node) => (4, node),
        Happening::Repair(node) => (5, node),
        Happening::Void => (6, 0),
    };
    u128::from(kind) << 32 | u128::from(which)
}

#[inline]
fn happening(entry: u128) -> Happening {
    let which = entry as u32;
    match (entry >> 32) as u32 & 7 {
        0 => Happening::Arrival(which),
        1 => Happening::End(which),
        2 => Happening::Result(which),
        3 => Happening::Fault(which),
        4 => Happening::Failure(which),
        5 => Happening::Repair(which),
        _ => Happening::Void,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sched_core::Span;
    use sched_core::rng::Rng;
    use std::collections::BTreeMap;

    /// Against a sorted map: few and many, near and far, of one instant and of very different ones, and
    /// with numbers that are soon used up. Time goes on, as it does for an executor.
    #[test]
    fn by_instant_then_by_entry() {
        for (most, spread) in [
            (20, 500),
            (3_000, 500),
            (3_000, 1),
            (5_000, 1 << 20),
            (5_000, 1 << 40),
            (20_000, 1 << 30),
        ] {
            let mut rng = Rng::new(4);
            let (mut agenda, mut oracle) = (Agenda::default(), BTreeMap::new());
            let (mut now, mut turned) = (Time::ZERO, false);
            for round in 0..120_000u32 {
                if round % 20_000 == 0 {
                    agenda.number = NUMBERS - u64::from(round % 7); // numbered anew soon
                }
                // It fills up, empties, and fills up again.
                let filling = round / (2 * most) % 2 == 0;
                if oracle.is_empty() || rng.below(100) < if filling { 75 } else { 20 } {
                    let far = if rng.below(50) == 0 { 1_000 } else { 1 };
                    let at = now + Span::from_nanos(rng.below(spread).saturating_mul(far));
                    agenda.enter(at, Happening::End(round));
                    oracle.insert((at, round), Happening::End(round));
                } else if let Some((&(at, number), &what)) = oracle.first_key_value() {
                    now = at;
                    assert_eq!(agenda.next_at(), Some(at));
                    assert_eq!(agenda.take_at(at + Span::from_nanos(1)), None);
                    assert_eq!(agenda.take_at(at), Some(what));
                    oracle.remove(&(at, number));
                }
                turned |= agenda.emptied > 1;
                assert_eq!(agenda.pending, oracle.len());
                assert_eq!(agenda.next_at(), oracle.first_key_value().map(|((at, _), _)| *at));
            }
            assert_eq!(turned, most > 1_000 && spread > 1, "{most} over {spread} ns");
        }
    }

    #[test]
    fn the_end_of_time_is_an_instant() {
        let mut agenda = Agenda::default();
        assert_eq!(agenda.next_at(), None);
        for what in [Happening::Fault(u32::MAX), Happening::Repair(u32::MAX)] {
            agenda.enter(Time::MAX, what);
        }
        assert_eq!(agenda.take_at(Time::MAX), Some(Happening::Fault(u32::MAX)));
        assert_eq!(agenda.next_at(), Some(Time::MAX));
        assert_eq!(agenda.take_at(Time::MAX), Some(Happening::Repair(u32::MAX)));
        assert_eq!(agenda.take_at(Time::MAX), None);
    }

    #[test]
    fn what_is_void_keeps_its_place() {
        let mut agenda = Agenda::default();
        for slot in 0..10 {
            agenda.enter(Time::from_nanos(7), Happening::End(slot));
        }
        agenda.enter(Time::from_nanos(7), Happening::Result(4));
        agenda.void_ends(|slot| slot == 0 || slot == 4);
        for slot in 0..10 {
            let what =
                if slot % 4 == 0 && slot < 8 { Happening::Void } else { Happening::End(slot) };
            assert_eq!(agenda.take_at(Time::from_nanos(7)), Some(what));
        }
        assert_eq!(agenda.take_at(Time::from_nanos(7)), Some(Happening::Result(4)));
        assert_eq!(agenda.next_at(), None);
    }
}
