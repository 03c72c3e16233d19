//! Where the time of the slow tasks went: part sums by end-to-end latency.
//!
//! The p99 of the parts do not add up to the p99 of the whole, because they belong to
//! different tasks. So tasks are put into buckets by their end-to-end latency, 16 to an
//! octave (at most 6.25 % wide), and each bucket keeps the exact sums of the parts. A
//! bucket of the histogram in `distribution.rs` lies inside one of these, hence the
//! bucket of a quantile is never empty. At most 976 buckets of 80 bytes.

use crate::{Nanos, Parts};

/// Part sums of tasks, by their end-to-end latency.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakdown {
    buckets: Vec<Bucket>,
}

/// The tasks of one bucket. The sums are exact, in ns.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    scheduling: u128,
    queue: u128,
    execution: u128,
    transfer: u128,
}

/// Shares of the parts in a latency; they add up to 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Shares {
    pub(crate) scheduling: f64,
    pub(crate) queue: f64,
    pub(crate) execution: f64,
    pub(crate) transfer: f64,
}

impl Breakdown {
    /// Adds a task. O(1).
    #[inline]
    pub(crate) fn record(&mut self, parts: &Parts, end_to_end: Nanos) {
        let index = bucket_of(end_to_end);
        if index >= self.buckets.len() {
            self.buckets.resize(index + 1, Bucket::default());
        }
        let bucket = &mut self.buckets[index];
        bucket.scheduling += u128::from(parts.scheduling.get());
        bucket.queue += u128::from(parts.queue.get());
        bucket.execution += u128::from(parts.execution.get());
        bucket.transfer += u128::from(parts.transfer.get());
    }

    /// Adds all tasks of `other`.
    pub(crate) fn merge(&mut self, other: &Breakdown) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), Bucket::default());
        }
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            mine.scheduling += theirs.scheduling;
            mine.queue += theirs.queue;
            mine.execution += theirs.execution;
            mine.transfer += theirs.transfer;
        }
    }

    /// Mean shares of the tasks whose end-to-end latency is near `latency`. `None` if there is
    /// no such task, or if all of them took no time.
    pub(crate) fn shares_near(&self, latency: Nanos) -> Option<Shares> {
        let bucket = self.buckets.get(bucket_of(latency))?;
        let total = bucket.scheduling + bucket.queue + bucket.execution + bucket.transfer;
        let share = |part: u128| part as f64 / total as f64;
        (total > 0).then(|| Shares {
            scheduling: share(bucket.scheduling),
            queue: share(bucket.queue),
            execution: share(bucket.execution),
            transfer: share(bucket.transfer),
        })
    }
}

/// Linear up to 16 ns, then the leading bit and the four after it.
#[inline]
fn bucket_of(latency: Nanos) -> usize {
    let ns = latency.get();
    if ns < 16 {
        return ns as usize;
    }
    let exponent = ns.ilog2();
    ((exponent as usize - 3) << 4) + ((ns >> (exponent - 4)) & 15) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_contiguous_ascending_and_at_most_a_sixteenth_wide() {
        let mut previous = 0;
        let mut start = 0_u64;
        for ns in 0..1_000_000_u64 {
            let bucket = bucket_of(Nanos::new(ns));
            if bucket != previous {
                assert_eq!(bucket, previous + 1, "at {ns}");
                assert!(start < 16 || (ns - start) * 16 <= start, "{start}..{ns}");
                (previous, start) = (bucket, ns);
            }
        }
        assert_eq!(bucket_of(Nanos::new(u64::MAX)), 975);
    }

    #[test]
    fn shares_are_those_of_the_tasks_near_the_latency() {
        let mut breakdown = Breakdown::default();
        let part = |scheduling, execution| Parts {
            scheduling: Nanos::new(scheduling),
            execution: Nanos::new(execution),
            ..Parts::default()
        };
        // Fast tasks only run; the slow ones, 1000 and 1008 ns in bucket 992..1024, mostly wait.
        breakdown.record(&part(0, 100), Nanos::new(100));
        breakdown.record(&part(900, 100), Nanos::new(1000));
        breakdown.record(&part(908, 100), Nanos::new(1008));
        let fast = breakdown.shares_near(Nanos::new(100)).unwrap();
        assert_eq!((fast.scheduling, fast.execution), (0.0, 1.0));
        let slow = breakdown.shares_near(Nanos::new(1008)).unwrap();
        assert_eq!((slow.scheduling, slow.execution), (1808.0 / 2008.0, 200.0 / 2008.0));
        assert_eq!(breakdown.shares_near(Nanos::new(500)), None);
    }
}
