//! What is to happen, in the total order in which it does.
//!
//! Events are ordered by instant, and those of one instant by the order in which they were
//! entered. Nothing else decides: no address, no hash, no thread. The same plan and the
//! same decisions therefore give the same run on every machine.
//!
//! A heap with four children per entry, half as deep as a binary one. An entry is one integer of 16
//! bytes, instant first, then its number, then what it is; so the order is that of the integers, and the
//! four children are one cache line, which is what a pop of a large heap waits for. Numbers
//! are 29 bits: when they are used up, what is pending is numbered anew, in its order.

use sched_core::Time;
use std::hint::select_unpredictable;

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
    first: u128,
    below: Vec<Children>, // group 0 has the children of `first`, group n + 1 those of place n
    len: usize,           // entries in `below`
    number: u64,          // of the next entry
}

/// Siblings; those that are not there are [`NONE`].
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Children([u128; CHILDREN]);

const CHILDREN: usize = 4;
/// Later than every entry.
const NONE: u128 = u128::MAX;
/// Also more than can ever be pending: their calls would take 100 GB.
const NUMBERS: u64 = 1 << 29;

impl Default for Agenda {
    fn default() -> Agenda {
        Agenda { first: NONE, below: Vec::new(), len: 0, number: 0 }
    }
}

impl Agenda {
    /// Enters an event. O(log entries), O(1) for one later than most.
    #[inline]
    pub(super) fn enter(&mut self, at: Time, what: Happening) {
        if self.number == NUMBERS {
            self.number_anew();
        }
        let entry = entry(at, self.number, what);
        self.number += 1;
        self.insert(entry);
    }

    /// The instant of the next event.
    #[inline]
    pub(super) fn next_at(&self) -> Option<Time> {
        (self.first != NONE).then_some(instant(self.first))
    }

    /// Takes the next event out, if it is at `now`. O(log entries).
    #[inline]
    pub(super) fn take_at(&mut self, now: Time) -> Option<Happening> {
        let first = self.first;
        if first == NONE || instant(first) != now {
            return None;
        }
        self.first = match self.len.checked_sub(1) {
            None => NONE,
            Some(last) => {
                self.len = last;
                let entry = std::mem::replace(self.place(last), NONE);
                self.sink(entry)
            }
        };
        Some(happening(first))
    }

    /// Makes nothing of the ends of calls in these slots. O(entries).
    pub(super) fn void_ends(&mut self, lost: impl Fn(u32) -> bool) {
        let entries = self.below.iter_mut().flat_map(|children| &mut children.0);
        for entry in entries.chain([&mut self.first]).filter(|entry| **entry != NONE) {
            if let Happening::End(slot) = happening(*entry)
                && lost(slot)
            {
                *entry = *entry & !WHAT | word(Happening::Void);
            }
        }
    }

    #[inline]
    fn insert(&mut self, entry: u128) {
        if self.first == NONE {
            self.first = entry;
            return;
        }
        let mut hole = self.len;
        self.len += 1;
        if hole / CHILDREN == self.below.len() {
            self.below.push(Children([NONE; CHILDREN]));
        }
        while let Some(parent) = (hole / CHILDREN).checked_sub(1) {
            let above = *self.place(parent);
            if above < entry {
                *self.place(hole) = entry;
                return;
            }
            *self.place(hole) = above;
            hole = parent;
        }
        // A child of the first.
        *self.place(hole) = self.first.max(entry);
        self.first = self.first.min(entry);
    }

    /// Lets an entry sink from the top to its place; gives what is now first.
    #[inline]
    fn sink(&mut self, entry: u128) -> u128 {
        let Some((least, mut hole)) = self.least_of(0).filter(|(least, _)| *least < entry) else {
            return entry;
        };
        while let Some((least, at)) = self.least_of(hole + 1).filter(|(least, _)| *least < entry) {
            *self.place(hole) = least;
            hole = at;
        }
        *self.place(hole) = entry;
        least
    }

    /// The least of a group, and its place. Which it is cannot be foretold, so it is selected without
    /// a branch.
    #[inline]
    fn least_of(&self, group: usize) -> Option<(u128, usize)> {
        let [a, b, c, d] = self.below.get(group)?.0;
        let first = group * CHILDREN;
        let left = select_unpredictable(b < a, (b, first + 1), (a, first));
        let right = select_unpredictable(d < c, (d, first + 3), (c, first + 2));
        Some(select_unpredictable(right.0 < left.0, right, left))
    }

    #[inline]
    fn place(&mut self, place: usize) -> &mut u128 {
        &mut self.below[place / CHILDREN].0[place % CHILDREN]
    }

    #[cold]
    fn number_anew(&mut self) {
        let below = self.below.iter().flat_map(|children| children.0);
        let mut entries: Vec<u128> =
            below.chain([self.first]).filter(|entry| *entry != NONE).collect();
        entries.sort_unstable();
        *self = Agenda::default();
        for old in entries {
            self.enter(instant(old), happening(old));
        }
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

    /// Against a sorted map, with numbers that are soon used up.
    #[test]
    fn by_instant_then_by_entry() {
        let (mut rng, mut agenda, mut oracle) = (Rng::new(4), Agenda::default(), BTreeMap::new());
        for round in 0..50_000u32 {
            if round % 1_000 == 0 {
                agenda.number = NUMBERS - u64::from(round % 7); // numbered anew soon
            }
            if rng.below(100) < 55 {
                let at = Time::from_nanos(rng.below(500)); // many of one instant
                agenda.enter(at, Happening::End(round));
                oracle.insert((at, round), Happening::End(round));
            } else if let Some((&(at, number), &what)) = oracle.first_key_value() {
                assert_eq!(agenda.next_at(), Some(at));
                assert_eq!(agenda.take_at(at + Span::from_nanos(1)), None);
                assert_eq!(agenda.take_at(at), Some(what));
                oracle.remove(&(at, number));
            }
        }
        assert_eq!(agenda.next_at(), oracle.first_key_value().map(|((at, _), _)| *at));
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
