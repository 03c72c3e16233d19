//! One latency series: a histogram for its quantiles, exact integers for the rest.
//!
//! The buckets are those of an HdrHistogram of 3 significant digits from 1 ns on. Recording
//! and reading are done here, because a run pays for them with every sample and repetition, and
//! the crate's own, which keeps more books, takes twice as long. The buckets grow with the
//! largest sample, from 8 KiB to at most 220 KiB at 584 years, so no sample is out of
//! range and none is clamped. Means come from the exact sum.
//!
//! A bucket counts in 32 bits: a run adds to a dozen histograms per task, each time somewhere else, and how
//! many of their lines stay near decides what that costs. Before a bucket could be full, which no bucket is
//! before there are that many samples, all are emptied into a table of 64 bits.

use crate::Nanos;
use hdrhistogram::Histogram;

/// Significant digits of a histogram.
const DIGITS: u8 = 3;
/// Buckets per octave are 2 to this: the smallest power of two that keeps 3 digits.
const OCTAVE_BITS: u32 = 10;
/// Buckets of width 1: up to 2047 ns.
const EXACT: usize = 2 << OCTAVE_BITS;

/// A series of durations, in bounded memory.
#[derive(Clone, Debug)]
pub struct Distribution {
    recent: Vec<u32>,  // by bucket
    earlier: Vec<u64>, // by bucket, those that were emptied from there; short while there are none
    room: u32,         // samples that may come until then
    sum: u128,
    count: u64,
    max: Nanos,
}

impl Distribution {
    /// An empty series.
    pub fn new() -> Distribution {
        let recent = vec![0; EXACT];
        let (earlier, room, max) = (Vec::new(), u32::MAX, Nanos::ZERO);
        Distribution { recent, earlier, room, sum: 0, count: 0, max }
    }

    /// Adds a sample. O(1); it allocates only when the largest sample doubles.
    #[inline]
    pub fn record(&mut self, sample: Nanos) {
        self.record_n(sample, 1);
    }

    /// Adds one sample of each row, of fewer than 2^32. The increments do not depend on each other, so that the cache
    /// misses among them overlap.
    #[inline]
    pub(crate) fn record_all<T>(&mut self, rows: &[T], sample: impl Fn(&T) -> Nanos) {
        if rows.iter().fold(0, |bits, row| bits | sample(row).get()) == 0 {
            return self.record_n(Nanos::ZERO, rows.len() as u64); // as a part is that a run has none of
        }
        self.make_room(rows.len() as u32);
        let (mut sum, mut max) = (0, self.max);
        for row in rows {
            let sample = sample(row);
            sum += u128::from(sample.get());
            max = max.max(sample);
            let index = bucket_of(sample);
            match self.recent.get_mut(index) {
                Some(bucket) => *bucket += 1,
                None => *self.grow(index) += 1,
            }
        }
        self.sum += sum;
        self.count += rows.len() as u64;
        self.max = max;
    }

    /// Adds `n` equal samples.
    #[inline]
    pub fn record_n(&mut self, sample: Nanos, n: u64) {
        if n == 0 {
            return;
        }
        self.sum += u128::from(sample.get()) * u128::from(n);
        self.count += n;
        self.max = self.max.max(sample);
        self.add(bucket_of(sample), n);
    }

    /// Adds all samples of `other`.
    pub fn merge(&mut self, other: &Distribution) {
        self.sum += other.sum;
        self.count += other.count;
        self.max = self.max.max(other.max);
        for (index, count) in other.counts() {
            self.add(index, count);
        }
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The exact sum of all samples, in ns.
    pub fn sum_ns(&self) -> u128 {
        self.sum
    }

    /// The mean in ns, from the exact sum. `None` without a sample.
    pub fn mean_ns(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The largest sample, exact. `None` without a sample.
    pub fn max(&self) -> Option<Nanos> {
        (self.count > 0).then_some(self.max)
    }

    /// The quantiles at `permille` thousandths. `None` without a sample.
    ///
    /// The q-quantile is the sample of rank ⌈q × count⌉ in ascending order (the inverse of the
    /// empirical distribution function), at least the first. What is returned is at most
    /// 1/1024 above that sample, never below it, and never above the maximum.
    /// One pass over the buckets.
    pub fn quantiles<const N: usize>(&self, permille: [u16; N]) -> Option<[Nanos; N]> {
        if self.count == 0 {
            return None;
        }
        let ranks = permille.map(|permille| self.rank(permille));
        let mut found = [self.max; N];
        let mut below = 0;
        for (index, count) in self.counts() {
            let reached = below + count;
            for (quantile, rank) in found.iter_mut().zip(ranks) {
                if below < rank && rank <= reached && rank < self.count {
                    *quantile = Nanos::new(highest_in(index)).min(self.max);
                }
            }
            below = reached;
        }
        Some(found)
    }

    /// The quantile at a share between 0 and 1, as [`quantiles`](Self::quantiles) has it. `None`
    /// without a sample.
    pub(crate) fn quantile_at(&self, share: f64) -> Option<Nanos> {
        let rank = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count.max(1));
        let mut reached = 0;
        let (bucket, _) = self.counts().find(|(_, count)| {
            reached += count;
            reached >= rank
        })?;
        Some(Nanos::new(highest_in(bucket)).min(self.max))
    }

    /// The number of samples above the bucket of `value`.
    pub(crate) fn beyond(&self, value: Nanos) -> u64 {
        let bucket = bucket_of(value);
        self.counts().filter(|(index, _)| *index > bucket).map(|(_, count)| count).sum()
    }

    /// The samples of these ranks, which ascend from 1 on to at most the number of samples; as exact as
    /// [`quantiles`](Self::quantiles).
    pub(crate) fn at_ranks(&self, ranks: &[u64]) -> Vec<Nanos> {
        let mut left = ranks.iter().copied().peekable();
        let (mut found, mut reached) = (Vec::with_capacity(ranks.len()), 0);
        for (index, count) in self.counts() {
            reached += count;
            while let Some(rank) = left.next_if(|rank| *rank <= reached) {
                let last = rank == self.count;
                found.push(if last {
                    self.max
                } else {
                    Nanos::new(highest_in(index)).min(self.max)
                });
            }
        }
        found
    }

    /// The samples as a histogram in ns, for everything else that can be read from one.
    #[allow(clippy::expect_used, reason = "only more than 5 digits are refused")]
    pub fn histogram(&self) -> Histogram<u64> {
        let mut histogram = Histogram::new(DIGITS).expect("3 digits are allowed");
        for (index, count) in self.counts() {
            if histogram.record_n(lowest_in(index), count).is_err() {
                // Only where `usize` is too small for a larger histogram: keep the count right.
                histogram.saturating_record_n(lowest_in(index), count);
            }
        }
        histogram
    }

    fn rank(&self, permille: u16) -> u64 {
        let rank = (u128::from(self.count) * u128::from(permille)).div_ceil(1000);
        u64::try_from(rank).unwrap_or(u64::MAX).clamp(1, self.count)
    }

    /// The buckets that have samples, ascending, with the number of these.
    fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        let earlier = self.earlier.iter().copied().chain(std::iter::repeat(0));
        let counts =
            self.recent.iter().zip(earlier).map(|(recent, earlier)| u64::from(*recent) + earlier);
        counts.enumerate().filter(|(_, count)| *count > 0)
    }

    /// Adds `n` samples to a bucket.
    #[inline]
    fn add(&mut self, index: usize, n: u64) {
        let Ok(few) = u32::try_from(n) else { return self.add_many(index, n) };
        self.make_room(few);
        match self.recent.get_mut(index) {
            Some(bucket) => *bucket += few,
            None => *self.grow(index) += few,
        }
    }

    #[cold]
    #[inline(never)]
    fn add_many(&mut self, index: usize, n: u64) {
        if index >= self.recent.len() {
            self.grow(index);
        }
        self.earlier.resize(self.recent.len(), 0);
        self.earlier[index] += n;
    }

    /// Sees to it that no bucket is full after `n` more samples.
    #[inline]
    fn make_room(&mut self, n: u32) {
        if n > self.room {
            self.empty();
        }
        self.room -= n;
    }

    #[cold]
    #[inline(never)]
    fn empty(&mut self) {
        self.earlier.resize(self.recent.len(), 0);
        for (earlier, recent) in self.earlier.iter_mut().zip(&mut self.recent) {
            *earlier += u64::from(std::mem::take(recent));
        }
        self.room = u32::MAX;
    }

    #[cold]
    fn grow(&mut self, index: usize) -> &mut u32 {
        let octave_end = (index | ((1 << OCTAVE_BITS) - 1)) + 1;
        self.recent.resize(octave_end, 0);
        &mut self.recent[index]
    }
}

impl Default for Distribution {
    fn default() -> Distribution {
        Distribution::new()
    }
}

/// The bucket of a sample: its leading bit and the ten after it, octave after octave.
#[inline]
fn bucket_of(sample: Nanos) -> usize {
    let ns = sample.get();
    // Below the second octave there is nothing to shift away; the `|` saves a branch.
    let shift = (ns | (1 << OCTAVE_BITS)).ilog2() - OCTAVE_BITS;
    ((shift as usize) << OCTAVE_BITS) + (ns >> shift) as usize
}

/// The smallest sample of a bucket.
fn lowest_in(index: usize) -> u64 {
    let shift = (index >> OCTAVE_BITS).saturating_sub(1);
    ((index - (shift << OCTAVE_BITS)) as u64) << shift
}

/// The largest sample of a bucket.
fn highest_in(index: usize) -> u64 {
    let shift = (index >> OCTAVE_BITS).saturating_sub(1);
    lowest_in(index) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_of_the_histogram() {
        let reference = Histogram::<u64>::new(DIGITS).unwrap();
        let around = (0..64).flat_map(|bit| {
            let power = 1_u64 << bit;
            [power - 1, power, power + 1, power + power / 3, power + power / 1024]
        });
        for ns in (0..10_000).chain(around).filter(|ns| *ns < 1 << 62) {
            let lowest = lowest_in(bucket_of(Nanos::new(ns)));
            assert_eq!(lowest, reference.lowest_equivalent(ns), "{ns}");
            let highest = highest_in(bucket_of(Nanos::new(ns)));
            assert_eq!(highest, reference.highest_equivalent(ns), "{ns}");
        }
        assert_eq!(bucket_of(Nanos::new(u64::MAX)), 56_319);
    }

    /// What was emptied counts on. One of the two is told that it has room for few, again and again; samples
    /// come one by one, in rows, many at once, by merging, and some are longer than all before.
    #[test]
    fn no_bucket_overflows() {
        let (mut whole, mut emptied) = (Distribution::new(), Distribution::new());
        for round in 0..2_000_u64 {
            emptied.room = emptied.room.min(100);
            let sample = |i: u64| Nanos::new((round * i) << (round / 100));
            let rows: Vec<u64> = (0..round % 70).collect();
            for distribution in [&mut whole, &mut emptied] {
                distribution.record(sample(1));
                distribution.record_n(sample(2), round % 200);
                distribution.record_all(&rows, |i| sample(*i % 5));
                if round % 100 == 0 {
                    distribution.record_n(sample(3), 5 << 32);
                    let other = distribution.clone();
                    distribution.merge(&other);
                }
            }
        }
        assert!(emptied.earlier.iter().sum::<u64>() > whole.earlier.iter().sum::<u64>());
        assert!(emptied.counts().eq(whole.counts()));
        assert_eq!(whole.counts().map(|(_, count)| count).sum::<u64>(), whole.count());
        assert_eq!(emptied.quantiles([1, 500, 990]), whole.quantiles([1, 500, 990]));
        let fullest = whole.counts().map(|(_, count)| count).max();
        assert!(fullest > Some(u32::MAX.into()), "{fullest:?}");
    }
}
