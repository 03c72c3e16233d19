//! A priority queue for keys that mostly come in order.
//!
//! Calls arrive in time order, so under arrival order every key is the largest so far, and
//! under priorities it is the largest of its level. A heap would pay a logarithm with a
//! cache miss at each step for order that is already there. This keeps up to
//! [`MAX_RUNS`] sorted runs, each a ring buffer (patience sorting: a new key goes behind
//! the largest tail that is not above it), and a heap for what fits behind none.
//!
//! Push and pop are O(runs) with runs = 1 under arrival order and ≤ 10 under priority,
//! whatever the number of waiting calls; O(log n) for what has to go into the heap.

use crate::task::Task;
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

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
    runs: Vec<VecDeque<Entry>>,
    rest: BinaryHeap<Reverse<Entry>>,
    least: Option<Source>,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Run(usize),
    Rest,
}

impl RunQueue {
    /// The least entry.
    #[inline]
    pub(crate) fn peek(&self) -> Option<&Entry> {
        match self.least? {
            Source::Run(run) => self.runs[run].front(),
            Source::Rest => self.rest.peek().map(|Reverse(entry)| entry),
        }
    }

    /// Adds an entry. True if it is now the least.
    pub(crate) fn push(&mut self, entry: Entry) -> bool {
        let is_least = self.peek().is_none_or(|least| entry < *least);
        let source = match self.run_for(&entry) {
            Some(run) => {
                self.runs[run].push_back(entry);
                Source::Run(run)
            }
            None => {
                self.rest.push(Reverse(entry));
                Source::Rest
            }
        };
        if is_least {
            self.least = Some(source);
        }
        is_least
    }

    /// Removes and returns the least entry.
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let entry = match self.least? {
            Source::Run(run) => self.runs[run].pop_front(),
            Source::Rest => self.rest.pop().map(|Reverse(entry)| entry),
        };
        self.least = self.find_least();
        entry
    }

    /// The run with the largest tail not above the entry; an empty one, or a new one, if there is none.
    fn run_for(&mut self, entry: &Entry) -> Option<usize> {
        let mut best: Option<(usize, &Entry)> = None;
        let mut empty = None;
        for (i, run) in self.runs.iter().enumerate() {
            match run.back() {
                None => empty = empty.or(Some(i)),
                Some(tail) if tail <= entry && best.is_none_or(|(_, most)| most < tail) => {
                    best = Some((i, tail));
                }
                Some(_) => {}
            }
        }
        if best.is_none() && empty.is_none() && self.runs.len() < MAX_RUNS {
            self.runs.push(VecDeque::new());
            return Some(self.runs.len() - 1);
        }
        best.map(|(i, _)| i).or(empty)
    }

    fn find_least(&self) -> Option<Source> {
        let mut least: Option<(&Entry, Source)> =
            self.rest.peek().map(|Reverse(entry)| (entry, Source::Rest));
        for (i, run) in self.runs.iter().enumerate() {
            if let Some(head) = run.front()
                && least.is_none_or(|(entry, _)| head < entry)
            {
                least = Some((head, Source::Run(i)));
            }
        }
        least.map(|(_, source)| source)
    }
}

impl Ord for Entry {
    #[inline]
    fn cmp(&self, other: &Entry) -> Ordering {
        let key = |entry: &Entry| (entry.rank, entry.task.submit, entry.task.id);
        key(self).cmp(&key(other))
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

    fn entry(rank: i64, submit: u64, index: u64) -> Entry {
        let id = TaskId { index, stage: 0 };
        Entry { rank, task: Task::new(id, Time::from_nanos(submit), Resources::NONE) }
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
                    assert_eq!(queue.push(entry(rank, submit, i)), first);
                    oracle.insert((rank, submit, i));
                } else {
                    let popped =
                        queue.pop().map(|e| (e.rank, e.task.submit.as_nanos(), e.task.id.index));
                    assert_eq!(popped, oracle.pop_first());
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
            queue.push(entry((i % 10) as i64, i, i));
        }
        assert!(queue.runs.len() <= 10 && queue.rest.is_empty());
        let mut queue = RunQueue::default();
        for i in 0..1000 {
            queue.push(entry(0, i, i));
        }
        assert_eq!(queue.runs.len(), 1);
    }
}
