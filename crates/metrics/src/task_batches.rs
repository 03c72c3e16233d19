//! One run cut into batches of consecutive tasks, for intervals from within it.
//!
//! Tasks near each other depend on each other, since a queue remembers; the means of long batches
//! hardly do (Law, Simulation Modeling and Analysis, 5th ed., section 9.5.3). A task belongs to a
//! batch by its index and not by when it ended, so batch *i* of two policies has the same tasks and
//! can be paired. 30 batches are recorded, whatever the number of tasks, and merged in
//! pairs or threes afterwards: beyond 30 an interval gains nothing, below 10 it gets wide and
//! unsteady (Schmeiser, Operations Research 30(3), 1982). What is made of them is in `sections.rs`.

use crate::pool::MS;
use crate::sections::{Sections, SectionsOfRun};
use crate::{Distribution, Nanos, Parts};

/// Batches that are recorded.
const RECORDED: usize = 30;
/// Numbers of batches that these can be merged to, most first; all divide [`RECORDED`].
pub(crate) const MERGED: [usize; 3] = [30, 15, 10];
/// Least tasks of a batch, whatever the cluster.
const LEAST: u64 = 100;
/// Least tasks of a batch per slot: in a busy cluster so many are on their way at once, and a
/// batch must be several times as long for the next one to know little of it.
const LEAST_PER_SLOT: u64 = 5;
/// The quantiles that have intervals, in thousandths.
const QUANTILES: [u16; 3] = [500, 950, 990];
/// Samples that must lie beyond a quantile in each batch, on average.
const BEYOND: u64 = 5;

/// From how many counted tasks on a run has intervals of its own, if none of them fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeastTasks {
    /// Of means and quantiles up to the 95th percentile.
    pub tasks: u64,
    /// Of the 99th percentile.
    pub p99: u64,
    /// Of either, for each slot of the cluster.
    pub per_slot: u64,
}

/// What the fewest batches need.
pub const LEAST_TASKS: LeastTasks = {
    let fewest = MERGED[MERGED.len() - 1] as u64;
    LeastTasks {
        tasks: fewest * LEAST,
        p99: fewest * least_for(QUANTILES[2]),
        per_slot: fewest * LEAST_PER_SLOT,
    }
};

/// Tasks of a batch that a quantile needs.
const fn least_for(permille: u16) -> u64 {
    (BEYOND * 1000).div_ceil(1000 - permille as u64)
}

/// How a run is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchPlan {
    /// Index of the first counted task: the length of the warm-up.
    pub first: u64,
    /// Counted tasks.
    pub tasks: u64,
    /// Whether the throughput has an interval: in closed runs and where all tasks are there at once.
    /// Elsewhere it is that of the arrivals.
    pub throughput: bool,
}

/// What is kept of each batch of a repetition, or of several pooled.
#[derive(Clone, Debug)]
pub(crate) struct TaskBatches {
    plan: BatchPlan,
    batches: Vec<Batch>,
    /// Successful tasks and seconds of each span in which as many tasks ended as a batch has.
    spans: Vec<(f64, f64)>,
    ended: u64,
    succeeded: u64,
    /// Repetitions in it. Those of one history repeat its samples, and do not count as more.
    pooled: u64,
    /// End of the last span.
    mark: Nanos,
}

/// The successful tasks of a batch. Sums are exact, in ns.
#[derive(Clone, Debug, Default)]
struct Batch {
    end_to_end: Distribution,
    wait: Distribution,
    scheduling: u128,
    queue: u128,
    execution: u128,
    transfer: u128,
}

impl TaskBatches {
    pub(crate) fn new(plan: BatchPlan) -> TaskBatches {
        TaskBatches {
            plan,
            batches: vec![Batch::default(); RECORDED],
            spans: Vec::with_capacity(RECORDED),
            ended: 0,
            succeeded: 0,
            pooled: 1,
            mark: Nanos::ZERO,
        }
    }

    /// Adds a successful task. O(1).
    #[inline]
    pub(crate) fn record(&mut self, index: u64, parts: &Parts, end_to_end: Nanos) {
        let of_counted = index.saturating_sub(self.plan.first);
        let batch = of_counted.saturating_mul(RECORDED as u64) / self.plan.tasks.max(1);
        let batch = &mut self.batches[(batch as usize).min(RECORDED - 1)];
        batch.end_to_end.record(end_to_end);
        batch.wait.record(parts.wait());
        batch.scheduling += u128::from(parts.scheduling.get());
        batch.queue += u128::from(parts.queue.get());
        batch.execution += u128::from(parts.execution.get());
        batch.transfer += u128::from(parts.transfer.get());
    }

    /// A task ended; `first` is the first arrival so far, `last` the last finish.
    #[inline]
    pub(crate) fn ended(&mut self, success: bool, first: Nanos, last: Nanos) {
        self.ended += 1;
        self.succeeded += u64::from(success);
        let end = (self.spans.len() as u64 + 1).saturating_mul(self.plan.tasks);
        if self.ended.saturating_mul(RECORDED as u64) >= end {
            let since = if self.spans.is_empty() { first } else { self.mark };
            self.spans.push((self.succeeded as f64, last.since(since).as_secs_f64()));
            (self.succeeded, self.mark) = (0, last);
        }
    }

    /// Pools with those of another repetition, batch by batch. False, and nothing done, if that one is
    /// cut in another way.
    pub(crate) fn merge(&mut self, other: &TaskBatches) -> bool {
        if self.plan != other.plan {
            return false;
        }
        self.pooled += other.pooled;
        for (mine, theirs) in self.batches.iter_mut().zip(&other.batches) {
            mine.merge(theirs);
        }
        // Of a repetition that was cut short there are fewer, and then there is no interval.
        self.spans.truncate(other.spans.len());
        for (mine, theirs) in self.spans.iter_mut().zip(&other.spans) {
            *mine = sum(*mine, *theirs);
        }
        true
    }

    /// What intervals are made of; `slots` is the number in the whole cluster. Latencies in ms.
    pub(crate) fn sections(&self, slots: u64) -> SectionsOfRun {
        let least = LEAST.max(slots.saturating_mul(LEAST_PER_SLOT)).saturating_mul(self.pooled);
        let merged: Vec<Vec<Batch>> = MERGED
            .iter()
            .map(|&n| {
                merged_to(&self.batches, n, |mut one, other| {
                    one.merge(&other);
                    one
                })
            })
            .filter(|batches| batches.iter().all(|batch| batch.count() >= least))
            .collect();
        let mean = |sum: fn(&Batch) -> u128| {
            let pair = |batch: &Batch| (sum(batch) as f64 / MS, batch.count() as f64);
            Sections::of_ratios(merged.iter().map(|batches| batches.iter().map(pair).collect()))
        };
        let quantiles = |series: fn(&Batch) -> &Distribution| {
            let mut all = Distribution::new();
            self.batches.iter().for_each(|batch| all.merge(series(batch)));
            QUANTILES.map(|permille| {
                let [value] = all.quantiles([permille])?;
                let share = |of: &Distribution| of.beyond(value) as f64 / of.count() as f64;
                let pooled = share(&all);
                let least = least_for(permille) * self.pooled;
                let enough = |batches: &&Vec<Batch>| batches.iter().all(|it| it.count() >= least);
                let shares = merged.iter().filter(enough).map(|batches| {
                    batches.iter().map(|batch| share(series(batch)) - pooled).collect()
                });
                let at = |share| all.quantile_at(share).map(Nanos::as_millis_f64);
                let quantile = (value.as_millis_f64(), f64::from(permille) / 1e3);
                Sections::of_quantile(quantile, at, shares)
            })
        };
        let merged_spans = |n: usize| merged_to(&self.spans, n, sum);
        let spans: Vec<_> = match self.plan.throughput && self.spans.len() == RECORDED {
            true => merged.iter().map(|it| merged_spans(it.len())).collect(),
            false => Vec::new(),
        };
        SectionsOfRun {
            plan: self.plan,
            throughput: Sections::of_ratios(spans.into_iter()),
            scheduling: mean(|batch| batch.scheduling),
            queue: mean(|batch| batch.queue),
            wait: mean(|batch| batch.wait.sum_ns()),
            execution: mean(|batch| batch.execution),
            transfer: mean(|batch| batch.transfer),
            end_to_end: mean(|batch| batch.end_to_end.sum_ns()),
            end_to_end_quantiles: quantiles(|batch| &batch.end_to_end),
            wait_quantiles: quantiles(|batch| &batch.wait),
        }
    }
}

impl Batch {
    fn count(&self) -> u64 {
        self.end_to_end.count()
    }

    fn merge(&mut self, other: &Batch) {
        self.end_to_end.merge(&other.end_to_end);
        self.wait.merge(&other.wait);
        self.scheduling += other.scheduling;
        self.queue += other.queue;
        self.execution += other.execution;
        self.transfer += other.transfer;
    }
}

/// Neighbours put together, so that there are `n`.
fn merged_to<T: Clone>(items: &[T], n: usize, add: impl Fn(T, T) -> T) -> Vec<T> {
    let together = items.chunks(items.len() / n);
    together.filter_map(|few| few.iter().cloned().reduce(&add)).collect()
}

fn sum(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    (one.0 + other.0, one.1 + other.1)
}
