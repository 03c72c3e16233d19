//! What is to happen, in the total order in which it does.
//!
//! Events are ordered by instant, and those of one instant by the order in which they were
//! entered. Nothing else decides: no address, no hash, no thread. The same plan and the
//! same decisions therefore give the same run on every machine.
//!
//! A heap with four children per entry: half as deep as a binary one, and the four lie
//! side by side in one or two cache lines, which is what a pop of a large heap waits for.

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
}

/// Its place in the order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) at: Time,
    /// Number of the entry: unique, and so a name for it.
    pub(super) number: u64,
    pub(super) what: Happening,
}

impl Entry {
    #[inline]
    fn is_before(&self, other: &Entry) -> bool {
        (self.at, self.number) < (other.at, other.number)
    }
}

/// The agenda.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: Vec<Entry>,
    numbers: u64,
}

const CHILDREN: usize = 4;

impl Agenda {
    /// Enters an event; gives its number. O(log entries), O(1) for one later than most.
    #[inline]
    pub(super) fn enter(&mut self, at: Time, what: Happening) -> u64 {
        let entry = Entry { at, number: self.numbers, what };
        self.numbers += 1;
        let mut hole = self.heap.len();
        self.heap.push(entry);
        while hole > 0 {
            let parent = (hole - 1) / CHILDREN;
            if self.heap[parent].is_before(&entry) {
                break;
            }
            self.heap[hole] = self.heap[parent];
            hole = parent;
        }
        self.heap[hole] = entry;
        entry.number
    }

    /// The instant of the next event.
    #[inline]
    pub(super) fn next_at(&self) -> Option<Time> {
        self.heap.first().map(|entry| entry.at)
    }

    /// Takes the next event out, if it is at `now`. O(log entries).
    #[inline]
    pub(super) fn take_at(&mut self, now: Time) -> Option<Entry> {
        let first = *self.heap.first().filter(|entry| entry.at == now)?;
        let last = self.heap.pop()?;
        if !self.heap.is_empty() {
            self.sink(last);
        }
        Some(first)
    }

    /// Puts an entry into the hole at the top and lets it sink to its place.
    #[inline]
    fn sink(&mut self, entry: Entry) {
        let mut hole = 0;
        loop {
            let children = hole * CHILDREN + 1;
            let Some(first) = self.heap.get(children) else { break };
            let (mut least, mut at) = (first, children);
            let end = self.heap.len().min(children + CHILDREN);
            for (i, child) in self.heap[..end].iter().enumerate().skip(children + 1) {
                if child.is_before(least) {
                    (least, at) = (child, i);
                }
            }
            if !least.is_before(&entry) {
                break;
            }
            self.heap[hole] = *least;
            hole = at;
        }
        self.heap[hole] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sched_core::rng::Rng;
    use std::collections::BTreeMap;

    #[test]
    fn by_instant_then_by_entry() {
        let (mut rng, mut agenda, mut oracle) = (Rng::new(4), Agenda::default(), BTreeMap::new());
        for round in 0..50_000u32 {
            if rng.below(100) < 55 {
                let at = Time::from_nanos(rng.below(500)); // many of one instant
                let number = agenda.enter(at, Happening::End(round));
                oracle.insert((at, number), Happening::End(round));
            } else if let Some((&(at, number), &what)) = oracle.first_key_value() {
                assert_eq!(agenda.next_at(), Some(at));
                assert_eq!(agenda.take_at(at + sched_core::Span::from_nanos(1)), None);
                assert_eq!(agenda.take_at(at), Some(Entry { at, number, what }));
                oracle.pop_first();
            }
        }
        assert_eq!(agenda.next_at(), oracle.first_key_value().map(|((at, _), _)| *at));
    }
}
