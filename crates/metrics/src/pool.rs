//! A series over several repetitions: samples pooled, repetitions remembered.
//!
//! Quantiles and means come from all samples together; the confidence intervals need the
//! sum, the count and the quantiles of each repetition, which is all that is kept of it.

use crate::confidence::{ratio_interval, sectioning_interval};
use crate::report::{Latencies, Summary};
use crate::{Distribution, LatencySeries, Nanos};

/// Nanoseconds in a millisecond, as the divisor of a summary in ms.
pub(crate) const MS: f64 = 1e6;
/// The divisor of a summary in ns.
pub(crate) const NS: f64 = 1.0;

/// One series, pooled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    all: Distribution,
    /// Sum in ns and count of each repetition.
    repetitions: Vec<(f64, f64)>,
    /// p50, p95 and p99 of each repetition that has a sample.
    quantiles: Vec<[Nanos; 3]>,
}

impl Pool {
    /// Adds a repetition.
    pub(crate) fn add(&mut self, repetition: &Distribution) {
        self.all.merge(repetition);
        self.repetitions.push((repetition.sum_ns() as f64, repetition.count() as f64));
        self.quantiles.extend(repetition.quantiles([500, 950, 990]));
    }

    /// All samples.
    pub(crate) fn all(&self) -> &Distribution {
        &self.all
    }

    /// The report's view, in units of `unit` ns, with intervals across the repetitions.
    pub(crate) fn summary(&self, unit: f64) -> Summary {
        let Some([p50, p90, p95, p99, p999]) = self.all.quantiles([500, 900, 950, 990, 999]) else {
            return Summary::default();
        };
        let in_unit = |ns: Nanos| Some(ns.get() as f64 / unit);
        let interval = |which: usize, overall: Nanos| {
            let own = self.quantiles.iter().map(|quantiles| quantiles[which].get() as f64 / unit);
            sectioning_interval(overall.get() as f64 / unit, &own.collect::<Vec<_>>())
        };
        Summary {
            count: self.all.count(),
            mean: self.all.mean_ns().map(|ns| ns / unit),
            ci95: ratio_interval(&self.repetitions).map(|[lo, hi]| [lo / unit, hi / unit]),
            p50: in_unit(p50),
            p90: in_unit(p90),
            p95: in_unit(p95),
            p99: in_unit(p99),
            p999: in_unit(p999),
            p50_ci95: interval(0, p50),
            p95_ci95: interval(1, p95),
            p99_ci95: interval(2, p99),
            max: self.all.max().and_then(in_unit),
        }
    }
}

/// The six series, pooled.
#[derive(Clone, Debug, Default)]
pub(crate) struct LatencyPool {
    scheduling: Pool,
    queue: Pool,
    wait: Pool,
    execution: Pool,
    transfer: Pool,
    end_to_end: Pool,
}

impl LatencyPool {
    /// Adds a repetition.
    pub(crate) fn add(&mut self, repetition: &LatencySeries) {
        self.scheduling.add(&repetition.scheduling);
        self.queue.add(&repetition.queue);
        self.wait.add(&repetition.wait);
        self.execution.add(&repetition.execution);
        self.transfer.add(&repetition.transfer);
        self.end_to_end.add(&repetition.end_to_end);
    }

    /// End-to-end latencies of all repetitions.
    pub(crate) fn end_to_end(&self) -> &Distribution {
        self.end_to_end.all()
    }

    /// The report's view, in ms, with intervals across the repetitions.
    pub(crate) fn summaries(&self) -> Latencies {
        Latencies {
            scheduling: self.scheduling.summary(MS),
            queue: self.queue.summary(MS),
            wait: self.wait.summary(MS),
            execution: self.execution.summary(MS),
            transfer: self.transfer.summary(MS),
            end_to_end: self.end_to_end.summary(MS),
        }
    }
}
