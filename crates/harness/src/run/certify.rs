//! What is checked of every repetition, beside what `metrics` finds in the pooled numbers.
//!
//! The account of the loop is dropped here, as soon as it was held against the recorder:
//! memory must not grow with the number of repetitions.

use super::measure::Measured;
use crate::Error;
use crate::report::number;
use crate::spec::{Environment, RunSpec};
use metrics::report::{Check, CheckName, Verdict};
use metrics::{Recorder, audit};
use pipeline::Outcome;
use pipeline::model::Arrivals;
use sched_core::Span;

/// Mean lag of arrivals that matters, as a share of the mean latency.
const LAG: f64 = 0.01;

/// All that being late for an arrival is part of.
const LATE: [&str; 9] = [
    "avg_latency_ms",
    "p50_latency_ms",
    "p95_latency_ms",
    "p99_latency_ms",
    "avg_scheduling_latency_ms",
    "latency_ms.scheduling",
    "latency_ms.wait",
    "latency_ms.end_to_end",
    "latency_parts_ms",
];

/// Checks a repetition, and takes the account out of its outcome.
pub(super) fn checks(run: &RunSpec, recorder: &Recorder, outcome: &mut Outcome) -> Vec<Check> {
    let ledger = std::mem::take(&mut outcome.ledger);
    let mut checks = audit(&ledger, recorder);
    checks.push(generator_lag(run, recorder, outcome));
    checks
}

/// Whether tasks come by a clock, so that a system can be too slow for them.
pub(super) fn is_open(arrivals: &Arrivals) -> bool {
    !matches!(arrivals, Arrivals::Batch | Arrivals::Closed { .. })
}

/// The account of a run must not contradict itself.
///
/// # Errors
/// [`Error::Conservation`] says what does not add up.
pub(crate) fn require_sound<'a>(runs: impl IntoIterator<Item = &'a Measured>) -> Result<(), Error> {
    for run in runs {
        let certificate = &run.report.metrics.certificate;
        if certificate.verdict == Verdict::Broken {
            let broken = certificate.failed().filter(|check| check.name.is_law());
            let what: Vec<String> =
                broken.map(|check| format!("{}: {}", check.name.title(), check.detail)).collect();
            return Err(Error::Conservation { run: run.report.name.clone(), what: what.join(" ") });
        }
    }
    Ok(())
}

/// The load generator must not be what is measured.
fn generator_lag(run: &RunSpec, recorder: &Recorder, outcome: &Outcome) -> Check {
    let name = CheckName::GeneratorLag;
    if run.setup.environment == Environment::Sim {
        return Check::not_applicable(name, "In virtual time no arrival is late.");
    }
    let Some(lag) = outcome.lag.mean().filter(|_| is_open(&run.setup.workload.arrivals)) else {
        return Check::not_applicable(
            name,
            "Arrivals have no instants of their own to be late for.",
        );
    };
    let Some(latency) = mean_latency(recorder) else {
        return Check::not_applicable(
            name,
            "No task succeeded: there is no latency to compare with.",
        );
    };
    let share = lag.as_secs_f64() * 1e9 / latency;
    let found = format!(
        "Arrivals were noticed {} ms late on average, {} ms at most: {} % of the mean latency",
        ms(lag),
        ms(outcome.lag.max),
        number::short(share * 100.0)
    );
    match share > LAG {
        true => {
            let detail =
                format!("{found}. This machine, not the cluster under test, was the limit.");
            Check::fails(name, detail, &LATE)
        }
        false => Check::holds(name, format!("{found}.")),
    }
}

/// Of successful tasks, ns.
fn mean_latency(recorder: &Recorder) -> Option<f64> {
    let levels = recorder.by_priority().map(|(_, series)| &series.end_to_end);
    let (sum, count) =
        levels.fold((0, 0), |(sum, count), all| (sum + all.sum_ns(), count + all.count()));
    (count > 0 && sum > 0).then(|| sum as f64 / count as f64)
}

fn ms(span: Span) -> String {
    number::short(span.as_secs_f64() * 1e3)
}
