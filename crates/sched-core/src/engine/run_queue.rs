//! A priority queue for keys that mostly come in order.
//!
//! Calls arrive in time order, so under arrival order every key is the largest so far, and
//! under priorities it is the largest of its level. A heap would pay a logarithm with a
//! cache miss at each step for order that is already there. This keeps up to
//! [`MAX_RUNS`] sorted runs, each a [`Ring`] (patience sorting: a new key goes behind
//! the largest tail that is not above it), and a heap for what fits behind none.
//!
//! Push and pop are O(runs) with runs = 1 under arrival order and ≤ 10 under priority,
//! whatever the number of waiting calls; O(log n) for what has to go into the heap.

use super::ring::Ring;
use crate::task::Task;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Sorted runs at most; a run for each priority level, and some for calls that come back.
const MAX_RUNS: usize = 16;

/// A waiting call with its rank: ordered by rank, then by arrival order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) rank: i64,
    pub(crate) task: Task,
}

/// The waiting calls of a lane, least first.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunQueue {
    runs: Vec<Ring<Entry>>,
    used: u32, // a bit for each run that is not empty
    rest: BinaryHeap<Reverse<Entry>>,
    least: Option<Source>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    Run(u32),
    Rest,
}

impl RunQueue {
    /// Whether nothing waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.least.is_none()
    }

    /// The least entry.
    #[inline]
    pub(crate) fn peek(&self) -> Option<&Entry> {
        match self.least? {
            Source::Run(run) => self.runs[run as usize].front(),
            Source::Rest => self.rest.peek().map(|Reverse(entry)| entry),
        }
    }

    /// Adds a call. True if it is now the least.
    #[inline(always)]
    pub(crate) fn push(&mut self, rank: i64, task: &Task) -> bool {
        if let Some(run) = self.run_for(rank, task) {
            self.runs[run as usize].push(Entry { rank, task: *task });
            return false; // it is behind the head of that run
        }
        self.begin(rank, task)
    }

    /// Adds a call that goes behind no tail.
    #[inline(never)]
    fn begin(&mut self, rank: i64, task: &Task) -> bool {
        let is_least = self.peek().is_none_or(|least| goes_before(rank, task, least));
        let source = self.unused();
        match source {
            Source::Run(run) => {
                self.used |= 1 << run;
                self.runs[run as usize].push(Entry { rank, task: *task });
            }
            Source::Rest => self.rest.push(Reverse(Entry { rank, task: *task })),
        }
        if is_least {
            self.least = Some(source);
        }
        is_least
    }

    /// Removes the least entry.
    #[inline(always)]
    pub(crate) fn pop(&mut self) {
        match self.least {
            Some(Source::Run(run)) => {
                let is_empty = self.runs[run as usize].pass();
                self.used &= !(u32::from(is_empty) << run);
            }
            Some(Source::Rest) => drop(self.rest.pop()),
            None => {}
        }
        self.least = match self.used {
            0 if self.rest.is_empty() => None,
            one if one.is_power_of_two() && self.rest.is_empty() => {
                Some(Source::Run(one.trailing_zeros()))
            }
            _ => self.find_least(),
        };
    }

    /// The run with the largest tail not above the call.
    #[inline(always)]
    fn run_for(&self, rank: i64, task: &Task) -> Option<u32> {
        let mut best: Option<(u32, &Entry)> = None;
        for run in bits(self.used) {
            if let Some(tail) = self.runs[run as usize].back()
                && !goes_before(rank, task, tail)
                && best.is_none_or(|(_, most)| *most < *tail)
            {
                best = Some((run, tail));
            }
        }
        best.map(|(run, _)| run)
    }

    #[inline]
    fn unused(&mut self) -> Source {
        let run = self.used.trailing_ones();
        if run as usize == self.runs.len() {
            if self.runs.len() == MAX_RUNS {
                return Source::Rest;
            }
            self.runs.push(Ring::default());
        }
        Source::Run(run)
    }

    fn find_least(&self) -> Option<Source> {
        let mut least: Option<(&Entry, Source)> =
            self.rest.peek().map(|Reverse(entry)| (entry, Source::Rest));
        for run in bits(self.used) {
            if let Some(head) = self.runs[run as usize].front()
                && least.is_none_or(|(entry, _)| *head < *entry)
            {
                least = Some((head, Source::Run(run)));
            }
        }
        least.map(|(_, source)| source)
    }
}

/// The positions of the bits of a mask, lowest first.
#[inline]
fn bits(mut mask: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (bit < u32::BITS).then_some(bit)
    })
}

/// Whether a call with its rank goes before one that waits.
#[inline(always)]
fn goes_before(rank: i64, task: &Task, entry: &Entry) -> bool {
    order(rank, task, entry) == Ordering::Less
}

#[inline(always)]
fn order(rank: i64, task: &Task, entry: &Entry) -> Ordering {
    let by_rank = rank.cmp(&entry.rank);
    by_rank
        .then_with(|| task.submit.cmp(&entry.task.submit))
        .then_with(|| task.id.cmp(&entry.task.id))
}

impl Ord for Entry {
    #[inline]
    fn cmp(&self, other: &Entry) -> Ordering {
        order(self.rank, &self.task, other)
    }
}

impl PartialOrd for Entry {
    #[inline]
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Resources;
    use crate::rng::Rng;
    use crate::task::TaskId;
    use crate::time::Time;
    use std::collections::BTreeSet;

    fn call(submit: u64, index: u64) -> Task {
        let id = TaskId { index, stage: 0 };
        Task::new(id, Time::from_nanos(submit), Resources::NONE)
    }

    /// Against a sorted set, with in-order, ten-level and random ranks.
    #[test]
    fn pops_as_a_sorted_set_does() {
        let mut rng = Rng::new(1);
        for ranks in [1, 10, 1_000_000] {
            let (mut queue, mut oracle) = (RunQueue::default(), BTreeSet::new());
            for i in 0..20_000u64 {
                if rng.below(100) < 55 {
                    let rank = rng.below(ranks) as i64;
                    let submit = if rng.below(50) == 0 { rng.below(i + 1) } else { i };
                    let first = oracle.first().is_none_or(|least| (rank, submit, i) < *least);
                    assert_eq!(queue.push(rank, &call(submit, i)), first);
                    oracle.insert((rank, submit, i));
                } else {
                    let least =
                        queue.peek().map(|e| (e.rank, e.task.submit.as_nanos(), e.task.id.index));
                    assert_eq!(least, oracle.pop_first());
                    queue.pop();
                }
                let head = queue.peek().map(|e| e.task.id.index);
                assert_eq!(head, oracle.first().map(|key| key.2));
            }
        }
    }

    /// The structure promised: one run under arrival order, one per level under priorities.
    #[test]
    fn keys_in_order_make_few_runs() {
        let mut queue = RunQueue::default();
        for i in 0..1000 {
            queue.push((i % 10) as i64, &call(i, i));
        }
        assert!(queue.runs.len() <= 10 && queue.rest.is_empty());
        let mut queue = RunQueue::default();
        for i in 0..1000 {
            queue.push(0, &call(i, i));
        }
        assert_eq!(queue.runs.len(), 1);
    }
}
