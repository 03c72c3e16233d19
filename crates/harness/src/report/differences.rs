//! Which differences between runs are more than chance.
//!
//! Runs of one configuration see the same arrivals and service times in equal repetitions,
//! so they are compared pair by pair: the interval is over the differences, and
//! what the seeds have in common cancels. Only runs of equal binding are compared, with the
//! first of them: what late or early binding does must not be credited to a placement.
//! What binding does to one policy is its own kind of difference.

use crate::run::{Measured, Repetition};
use metrics::ratio_interval;
use serde::Serialize;

/// What two runs differ in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// The policy; the binding is the same.
    Policy,
    /// The binding; the policy is the same.
    Binding,
}

/// One run against another, paired by seed.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(crate) struct Difference {
    /// The run.
    pub(crate) run: String,
    /// What it is compared with.
    pub(crate) against: String,
    /// What differs between the two.
    pub(crate) cause: Cause,
    /// Pairs of repetitions.
    pub(crate) pairs: u32,
    /// Successful tasks per second.
    pub(crate) throughput_tasks_per_sec: Option<Delta>,
    /// Mean end-to-end latency, ms.
    pub(crate) avg_latency_ms: Option<Delta>,
    /// 99th percentile of the end-to-end latency, ms.
    pub(crate) p99_latency_ms: Option<Delta>,
}

/// A mean difference: run − against.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub(crate) struct Delta {
    /// The mean over pairs.
    pub(crate) mean: f64,
    /// Its 95 % confidence interval; null for one pair.
    pub(crate) ci95: Option<[f64; 2]>,
    /// The mean of what it is compared with.
    pub(crate) base: f64,
}

impl Delta {
    /// Whether the interval leaves no doubt about the sign.
    pub(crate) fn decided(&self) -> bool {
        self.ci95.is_some_and(|[lo, hi]| lo > 0.0 || hi < 0.0)
    }
}

/// The differences that can be told about: within each configuration, each run against the first
/// one of its binding, and against the run of the same policy that is bound otherwise.
pub(crate) fn differences(runs: &[Measured]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let config = &run.report.metrics.config;
        let before = || {
            let same = |other: &&Measured| {
                let other = &other.report.metrics.config;
                other.configuration == config.configuration && other.part == config.part
            };
            runs[..i].iter().filter(same)
        };
        let first = before().find(|other| other.report.metrics.config.bind == config.bind);
        let twin = before().find(|other| {
            let other = &other.report.metrics.config;
            (&other.policy, &other.parameters) == (&config.policy, &config.parameters)
                && other.bind != config.bind
        });
        found.extend(first.map(|first| difference(run, first, Cause::Policy)));
        found.extend(twin.map(|twin| difference(run, twin, Cause::Binding)));
    }
    found
}

fn difference(run: &Measured, against: &Measured, cause: Cause) -> Difference {
    let pairs: Vec<(&Repetition, &Repetition)> = run
        .repetitions
        .iter()
        .filter_map(|one| {
            let seed = |other: &&Repetition| other.seed == one.seed;
            let other = against.repetitions.iter().find(seed)?;
            (!one.partial && !other.partial).then_some((one, other))
        })
        .collect();
    let delta = |measure: fn(&Repetition) -> Option<f64>| {
        let values: Vec<(f64, f64)> = pairs
            .iter()
            .filter_map(|(one, other)| Some((measure(one)?, measure(other)?)))
            .collect();
        let n = values.len() as f64;
        let differences: Vec<(f64, f64)> = values.iter().map(|(a, b)| (a - b, 1.0)).collect();
        (!values.is_empty()).then(|| Delta {
            mean: differences.iter().map(|(d, _)| d).sum::<f64>() / n,
            ci95: ratio_interval(&differences),
            base: values.iter().map(|(_, b)| b).sum::<f64>() / n,
        })
    };
    Difference {
        run: run.report.name.clone(),
        against: against.report.name.clone(),
        cause,
        pairs: u32::try_from(pairs.len()).unwrap_or(u32::MAX),
        throughput_tasks_per_sec: delta(|repetition| repetition.throughput),
        avg_latency_ms: delta(|repetition| repetition.mean_ms),
        p99_latency_ms: delta(|repetition| repetition.p99_ms),
    }
}
