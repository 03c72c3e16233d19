//! Whether the samples are enough for the quantiles that are shown.
//!
//! A quantile is weak if fewer than [`ENOUGH`] samples lie beyond it: it is then an order
//! statistic near the maximum, and differs much from run to run. A reader compares p99s
//! whether or not they mean something, so each weak one is named, and marked where it is shown.

use crate::report::{Check, CheckName, Measures, Summary};
use crate::words::{count, listed};

/// Samples that must lie beyond a quantile.
const ENOUGH: u64 = 10;

/// What a run has none of without a successful task.
const NOTHING: [&str; 5] =
    ["throughput_tasks_per_sec", "latency_ms", "latency_parts_ms", "stages", "by_priority"];

/// The shown quantiles: thousandths, name, key.
const QUANTILES: [(u64, &str, &str); 5] = [
    (500, "p50", "p50"),
    (900, "p90", "p90"),
    (950, "p95", "p95"),
    (990, "p99", "p99"),
    (999, "p99.9", "p999"),
];

/// The summary without its weak quantiles, for a series that is sampled itself: one that is too
/// thin there says nothing about the run.
pub(crate) fn strong(summary: Summary) -> Summary {
    let weak: Vec<&str> = weak_quantiles(summary.count).map(|(_, _, key)| *key).collect();
    let keep = |key, quantile: Option<f64>| quantile.filter(|_| !weak.contains(&key));
    Summary {
        p50: keep("p50", summary.p50),
        p90: keep("p90", summary.p90),
        p95: keep("p95", summary.p95),
        p99: keep("p99", summary.p99),
        p999: keep("p999", summary.p999),
        ..summary
    }
}

/// Judges the quantiles of end-to-end latency and its parts, by level too.
pub(crate) fn samples(measures: &Measures) -> Check {
    let name = CheckName::Samples;
    let tasks = measures.successful_tasks;
    if tasks == 0 {
        // Nothing contradicts itself in such a run, and nothing of it can be relied on either.
        let detail = "No task succeeded: nothing was measured that can be relied on.".to_owned();
        return Check::fails(name, detail, &NOTHING);
    }
    let mut spoils: Vec<String> = Vec::new();
    for (_, _, key) in weak_quantiles(tasks) {
        let top = ["p50", "p95", "p99"].contains(key);
        spoils.extend(top.then(|| format!("{key}_latency_ms")));
        spoils.extend(top.then(|| format!("latency_parts_ms.{key}")));
        spoils.push(format!("latency_ms.*.{key}"));
        spoils.push(format!("stages.*.*.{key}")); // one call of each task
    }
    for (level, latencies) in &measures.by_priority {
        for key in weak_at_p99(latencies.end_to_end.count) {
            spoils.push(format!("by_priority.{level}.*.{key}"));
        }
    }
    if spoils.is_empty() {
        let detail = format!("At least {ENOUGH} samples lie beyond every quantile shown.");
        return Check::holds(name, detail);
    }
    let detail = on_tasks(tasks).or_else(|| on_levels(measures)).unwrap_or_default();
    let spoils: Vec<&str> = spoils.iter().map(String::as_str).collect();
    Check::fails(name, detail, &spoils)
}

/// The weak quantiles of a series of which no more than the p99 is shown: none if that one is well.
fn weak_at_p99(samples: u64) -> impl Iterator<Item = &'static str> {
    let weak = samples > 0 && weak_quantiles(samples).any(|(_, name, _)| *name == "p99");
    weak_quantiles(samples).map(|(_, _, key)| *key).filter(move |_| weak)
}

fn on_tasks(samples: u64) -> Option<String> {
    let weak: Vec<&str> = weak_quantiles(samples).map(|(_, name, _)| *name).collect();
    (!weak.is_empty()).then(|| {
        format!(
            "{} successful tasks are few: fewer than {ENOUGH} lie beyond {}, which may differ much \
             from run to run.",
            count(samples),
            listed(&weak)
        )
    })
}

/// Levels whose p99 is weak, where there are several and that of all tasks is not.
fn on_levels(measures: &Measures) -> Option<String> {
    let weak = |samples| weak_at_p99(samples).next().is_some();
    if measures.by_priority.len() < 2 || weak(measures.successful_tasks) {
        return None;
    }
    let levels = measures.by_priority.iter();
    let few = levels.filter(|(_, latencies)| weak(latencies.end_to_end.count));
    let names: Vec<_> = few.map(|(level, _)| level.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Few tasks have priority {}: fewer than {ENOUGH} lie beyond the p99.",
            listed(&names)
        )
    })
}

fn weak_quantiles(
    samples: u64,
) -> impl Iterator<Item = &'static (u64, &'static str, &'static str)> {
    // Beyond the q-quantile, the sample of rank ⌈q × n⌉, are ⌊(1 − q) × n⌋.
    let beyond = move |permille: u64| u128::from(samples) * u128::from(1000 - permille) / 1000;
    QUANTILES.iter().filter(move |(permille, ..)| beyond(*permille) < u128::from(ENOUGH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thin_series_keeps_what_it_can_bear() {
        let at = Some(1.0);
        let full = Summary {
            count: 200,
            mean: at,
            p50: at,
            p90: at,
            p95: at,
            p99: at,
            p999: at,
            ..Default::default()
        };
        let kept = Summary { p99: None, p999: None, ..full };
        assert_eq!(strong(full), kept);
        let full = Summary { count: 10_000, ..full };
        assert_eq!(strong(full), full);
    }

    #[test]
    fn a_quantile_needs_ten_samples_beyond_it() {
        let weak = |samples| weak_quantiles(samples).map(|(_, name, _)| *name).collect::<Vec<_>>();
        // Beyond p99 of 999 are 9 samples (rank 990), of 1000 are 10.
        assert_eq!(weak(999), ["p99", "p99.9"]);
        assert_eq!(weak(1_000), ["p99.9"]);
        assert_eq!(weak(10_000), [""; 0]);
        // Beyond p90 of 50 are 5; beyond the median, 25.
        assert_eq!(weak(50), ["p90", "p95", "p99", "p99.9"]);
        assert_eq!(weak(19), ["p50", "p90", "p95", "p99", "p99.9"]);
    }
}
