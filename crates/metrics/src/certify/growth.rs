//! Whether latency still grew when the run ended.
//!
//! An open system that cannot keep up has no mean latency: whatever number comes out says only how
//! long was measured. The tasks in the order of their arrival are cut into a few dozen batches, and
//! the trend of the batch means over the last two thirds is tested.
//!
//! Batch means depend on each other, because a queue remembers. The variance of the slope is
//! therefore widened by (1 + r) / (1 − r), with r the correlation of the residuals of neighbouring
//! batches: what a mean of a first-order autoregressive series has more than one of independent
//! numbers. As r comes out too small in short series, a bias of (2 + 4r) / n is put back first, the
//! first-order term where a line was fitted. Both are approximations.
//! Near saturation a queue wanders for long whether or not it is stable, and no short run can tell
//! the two apart; `tests/it/stationary.rs` says how often it errs.

use crate::report::{Check, CheckName};
use crate::student::p_value;
use crate::words::change;

/// Batches at most; when there are more, neighbours merge.
const MOST: usize = 64;
/// Batches that a trend is judged on, at least.
const LEAST: usize = 16;
/// Tasks below which nothing is said.
const LEAST_TASKS: u64 = 128;
/// Largest one-sided p-value at which a trend is believed.
const LEVEL: f64 = 0.01;
/// Growth over the judged part that matters, as a share of its mean.
const MATTERS: f64 = 0.1;
/// A correlation above this would leave next to no independent batch.
const MOST_CORRELATED: f64 = 0.95;

/// Measures that have no value while latency grows: all that waiting is a part of.
const SPOILT: [&str; 19] = [
    "avg_latency_ms",
    "p50_latency_ms",
    "p95_latency_ms",
    "p99_latency_ms",
    "avg_scheduling_latency_ms",
    "avg_queue_latency_ms",
    "latency_parts_ms",
    "latency_ms.scheduling",
    "latency_ms.queue",
    "latency_ms.wait",
    "latency_ms.end_to_end",
    "stages.*.scheduling",
    "stages.*.queue",
    "stages.*.wait",
    "stages.*.end_to_end",
    "by_priority.*.scheduling",
    "by_priority.*.queue",
    "by_priority.*.wait",
    "by_priority.*.end_to_end",
];

/// Sums over runs of consecutive tasks: at most 64 batches of one width, a power of two, which
/// doubles as tasks come. Samples may come in any order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Batches {
    /// log₂ of the tasks of a batch.
    shift: u32,
    batches: Vec<Batch>,
}

/// The tasks of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Batch {
    /// Samples.
    pub count: u64,
    /// Their sum.
    pub sum: u128,
}

impl Batches {
    /// Adds the sample of the task with this index. O(1), amortised.
    #[inline]
    pub fn record(&mut self, index: u64, sample: u64) {
        if index >> self.shift >= self.batches.len() as u64 {
            self.reach(index);
        }
        let batch = &mut self.batches[(index >> self.shift) as usize];
        batch.count += 1;
        batch.sum += u128::from(sample);
    }

    /// Adds the batches of `other`: tasks of one index come together.
    pub fn merge(&mut self, other: &Batches) {
        let mut other = other.clone();
        self.widen(other.shift);
        other.widen(self.shift);
        let longest = self.batches.len().max(other.batches.len());
        self.batches.resize(longest, Batch::default());
        for (mine, theirs) in self.batches.iter_mut().zip(&other.batches) {
            *mine = mine.with(*theirs);
        }
    }

    /// The batches in the order of their tasks; those without a sample are left out.
    pub fn filled(&self) -> impl Iterator<Item = &Batch> {
        self.batches.iter().filter(|batch| batch.count > 0)
    }

    #[cold]
    fn reach(&mut self, index: u64) {
        while index >> self.shift >= MOST as u64 {
            self.widen(self.shift + 1);
        }
        self.batches.resize((index >> self.shift) as usize + 1, Batch::default());
    }

    fn widen(&mut self, shift: u32) {
        while self.shift < shift {
            let pairs = self.batches.chunks(2);
            self.batches =
                pairs.map(|pair| pair.iter().fold(Batch::default(), |a, b| a.with(*b))).collect();
            self.shift += 1;
        }
    }
}

impl Batch {
    fn with(self, other: Batch) -> Batch {
        Batch { count: self.count + other.count, sum: self.sum + other.sum }
    }

    fn mean(&self) -> f64 {
        self.sum as f64 / self.count as f64
    }
}

/// Judges the end-to-end latencies of successful tasks, in ns. Repetitions are judged together:
/// batch by batch their tasks are averaged, which tells growth from chance better
/// than any of them alone.
pub(crate) fn stationary(latencies: &Batches, open: bool, repetitions: u32) -> Check {
    let name = CheckName::Stationary;
    let tasks: u64 = latencies.filled().map(|batch| batch.count).sum();
    if !open {
        let why = "Arrivals wait for the system or come all at once: it cannot be overloaded for \
                   good, and latencies are those of this load.";
        return Check::not_applicable(name, why);
    }
    let batches: Vec<&Batch> = latencies.filled().collect();
    let judged = &batches[batches.len() / 3..];
    if tasks < LEAST_TASKS * u64::from(repetitions) || judged.len() < LEAST {
        let why = "Too few successful tasks to tell whether latency settles.";
        return Check::not_applicable(name, why);
    }
    let trend = Trend::of(judged);
    let together = match repetitions {
        1 => String::new(),
        n => format!(" (mean of {n} repetitions)"),
    };
    let percent = change(trend.growth);
    if trend.growth >= MATTERS && trend.p < LEVEL {
        let detail = format!(
            "Still growing: mean latency changed by {percent} over the last two thirds of the tasks\
             {together}, more than chance explains. An overloaded open system has no mean latency, \
             and no quantile of it: these say only how long was measured. Lower the load, or let \
             the run last longer if it only starts slowly."
        );
        return Check::fails(name, detail, &SPOILT);
    }
    let detail = format!(
        "Mean latency changed by {percent} over the last two thirds of the tasks{together}, within \
         what chance explains."
    );
    let detail = match trend.p < LEVEL {
        true => detail.replace(", within what chance explains", ", too little to matter"),
        false => detail,
    };
    Check::holds(name, detail)
}

/// A straight line through batch means.
struct Trend {
    /// Rise from the first to the last batch, as a share of the mean.
    growth: f64,
    /// One-sided p-value of a rise.
    p: f64,
}

impl Trend {
    /// Least squares, each batch weighing as many as its tasks. At least three batches.
    fn of(batches: &[&Batch]) -> Trend {
        let points = || {
            batches
                .iter()
                .enumerate()
                .map(|(x, batch)| (x as f64, batch.mean(), batch.count as f64))
        };
        let weight: f64 = points().map(|(_, _, w)| w).sum();
        let mean_x = points().map(|(x, _, w)| w * x).sum::<f64>() / weight;
        let mean = points().map(|(_, y, w)| w * y).sum::<f64>() / weight;
        let spread: f64 = points().map(|(x, _, w)| w * (x - mean_x) * (x - mean_x)).sum();
        let slope = points().map(|(x, y, w)| w * (x - mean_x) * (y - mean)).sum::<f64>() / spread;
        let n = batches.len();
        let growth = if mean > 0.0 { slope * (n - 1) as f64 / mean } else { 0.0 };
        let residual = |(x, y, _): (f64, f64, f64)| y - mean - slope * (x - mean_x);
        let squares: f64 = points().map(|point| point.2 * residual(point) * residual(point)).sum();
        // A straight line to the last bit, as of a constant: up is up.
        if squares <= 1e-24 * weight * mean * mean {
            return Trend { growth, p: if growth > 1e-9 { 0.0 } else { 1.0 } };
        }
        let residuals: Vec<f64> = points().map(residual).collect();
        let r = correlation(&residuals);
        let error = (squares / (n - 2) as f64 / spread * (1.0 + r) / (1.0 - r)).sqrt();
        let t = slope / error;
        let beyond = p_value(t, n - 2) / 2.0;
        Trend { growth, p: if t > 0.0 { beyond } else { 1.0 - beyond } }
    }
}

/// That of neighbours, with its bias put back; 0 to [`MOST_CORRELATED`].
fn correlation(residuals: &[f64]) -> f64 {
    let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let r = products / squares;
    (r + (2.0 + 4.0 * r) / residuals.len() as f64).clamp(0.0, MOST_CORRELATED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_every_sample_in_at_most_64_of_one_width() {
        let mut batches = Batches::default();
        // Backwards and forwards, so that widening meets both.
        let order = (0..5_000_u64).rev().chain(5_000..10_000);
        for index in order {
            batches.record(index, index);
        }
        let filled: Vec<Batch> = batches.filled().copied().collect();
        // 10,000 tasks need 256 a batch: 39 full ones, and 16 in the last.
        assert_eq!(filled.len(), 40);
        assert!(filled[..39].iter().all(|batch| batch.count == 256));
        assert_eq!(filled[1].sum, (256..512).sum::<u64>().into());
        assert_eq!(filled[39], Batch { count: 16, sum: (9_984..10_000).sum::<u64>().into() });
    }

    #[test]
    fn merged_batches_are_those_of_all_samples() {
        let (mut one, mut other, mut both) = Default::default();
        for index in 0..1_000_u64 {
            Batches::record(&mut both, index, index * 3);
            Batches::record(&mut one, index, index * 3);
        }
        for index in 0..100 {
            Batches::record(&mut both, index, 7);
            Batches::record(&mut other, index, 7);
        }
        let mut merged = other.clone();
        merged.merge(&one);
        one.merge(&other);
        assert_eq!((&one, &merged), (&both, &both));
    }

    /// A line by hand: means 1, 2, 4, 5 of equal batches. Slope 1.4, mean 3, residuals
    /// 0.1, −0.3, 0.3, −0.1: their squares sum to 0.2, neighbours' products to −0.15.
    #[test]
    fn a_trend_is_that_of_least_squares() {
        let batch = |sum| Batch { count: 10, sum };
        let batches = [batch(10), batch(20), batch(40), batch(50)];
        let trend = Trend::of(&batches.iter().collect::<Vec<_>>());
        assert!((trend.growth - 1.4).abs() < 1e-12, "{}", trend.growth);
        // r = −0.75 + (2 − 3)/4 = −1, so 0 is taken: t = 1.4 / √(0.2/2/5) = 9.899, df 2; for 2
        // degrees of freedom p = (1 − t/√(2 + t²))/2.
        let t = 1.4 / (0.02_f64).sqrt();
        let expected = (1.0 - t / (2.0 + t * t).sqrt()) / 2.0;
        assert!((trend.p - expected).abs() < 1e-12, "{} {expected}", trend.p);
    }

    #[test]
    fn equal_latencies_do_not_grow_and_a_straight_line_does() {
        let verdict = |latency: fn(u64) -> u64| {
            let mut batches = Batches::default();
            (0..1_000).for_each(|index| batches.record(index, latency(index)));
            stationary(&batches, true, 1).has_failed()
        };
        assert!(!verdict(|_| 25_000_000));
        assert!(!verdict(|_| 0));
        assert!(verdict(|index| 1_000 + index * 1_000));
        assert!(!verdict(|index| 2_000_000 - index * 1_000), "it falls");
        assert!(!verdict(|index| 25_000_000 + index * 1_000), "by 3 %");
    }
}
