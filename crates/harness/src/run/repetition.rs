//! What is compared between runs, of one repetition.
//!
//! A few numbers are kept of each repetition, its recorder is not: memory does not grow with their
//! number. `report` pairs them by seed.

use metrics::report::Measures;
use metrics::{Recorder, Sections, SectionsOfRun};
use pipeline::Outcome;
use std::collections::BTreeMap;

/// A number that two runs are compared by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Measure {
    /// Successful tasks per second.
    Throughput,
    /// Mean end-to-end latency, ms.
    Mean,
    /// Median of the end-to-end latency, ms.
    P50,
    /// Its 95th percentile, ms.
    P95,
    /// Its 99th percentile, ms.
    P99,
    /// Mean over tasks of the waiting time, summed over the stages, ms.
    Wait,
}

/// The measures of one repetition.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Repetition {
    /// Its seed.
    pub(crate) seed: u64,
    /// As [`Measure::ALL`]; none where there was no sample.
    values: [Option<f64>; Measure::ALL.len()],
    /// 99th percentile of the end-to-end latency by priority level, ms.
    pub(crate) level_p99: BTreeMap<usize, f64>,
    /// Counted tasks that succeeded.
    pub(crate) successful: u64,
    /// Counted tasks that failed.
    pub(crate) failed: u64,
    /// Whether it was interrupted.
    pub(crate) partial: bool,
}

impl Measure {
    /// All of them, in the order in which they are told.
    pub(crate) const ALL: [Measure; 6] = [
        Measure::Throughput,
        Measure::Mean,
        Measure::P50,
        Measure::P95,
        Measure::P99,
        Measure::Wait,
    ];

    /// It in a run that was cut into sections, if it has enough samples for that.
    pub(crate) fn sections(self, of: &SectionsOfRun) -> Option<&Sections> {
        let [p50, p95, p99] = &of.end_to_end_quantiles;
        let sections = match self {
            Measure::Throughput => &of.throughput,
            Measure::Mean => &of.end_to_end,
            Measure::P50 => p50,
            Measure::P95 => p95,
            Measure::P99 => p99,
            Measure::Wait => &of.wait,
        };
        sections.as_ref()
    }

    /// Its name in files.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Measure::Throughput => "throughput_tasks_per_sec",
            Measure::Mean => "avg_latency_ms",
            Measure::P50 => "p50_latency_ms",
            Measure::P95 => "p95_latency_ms",
            Measure::P99 => "p99_latency_ms",
            Measure::Wait => "avg_wait_ms",
        }
    }

    /// Whether the certificate of a run says not to rely on it.
    pub(crate) fn is_spoilt(self, of: &Measures) -> bool {
        let key = match self {
            Measure::Wait => "latency_ms.wait.mean",
            _ => self.key(),
        };
        of.certificate.spoils(key)
    }

    /// Its name in a sentence.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Measure::Throughput => "throughput",
            Measure::Mean => "mean latency",
            Measure::P50 => "p50",
            Measure::P95 => "p95",
            Measure::P99 => "p99",
            Measure::Wait => "wait",
        }
    }
}

impl Repetition {
    /// From what was recorded.
    pub(super) fn new(seed: u64, recorder: &Recorder, outcome: &Outcome) -> Repetition {
        let latencies = recorder.latencies();
        let in_ms = |ns: Option<f64>| ns.map(|ns| ns / 1e6);
        let quantiles = latencies.end_to_end.quantiles([500, 950, 990]);
        let [p50, p95, p99] = match quantiles {
            Some(quantiles) => quantiles.map(|latency| Some(latency.as_millis_f64())),
            None => [None; 3],
        };
        let level_p99 = recorder.by_priority().filter_map(|(level, series)| {
            let [p99] = series.end_to_end.quantiles([990])?;
            Some((level, p99.as_millis_f64()))
        });
        Repetition {
            seed,
            values: [
                recorder.throughput(),
                in_ms(latencies.end_to_end.mean_ns()),
                p50,
                p95,
                p99,
                in_ms(latencies.wait.mean_ns()),
            ],
            level_p99: level_p99.collect(),
            successful: recorder.successful_tasks(),
            failed: recorder.failed_tasks(),
            partial: outcome.partial,
        }
    }

    /// The value of a measure; none without a sample.
    pub(crate) fn value(&self, measure: Measure) -> Option<f64> {
        self.values[measure as usize]
    }
}
