//! What became of the expectations of a spec, in text and JSON.
//!
//! A line per expectation: the verdict, the claim, and the numbers that decided it. Why something is
//! undecided is said with what would decide it.

use super::finding::{MOST_TIMES, times_as_long};
use super::interval::from_within;
use super::number;
use super::table::wrapped;
use crate::expect::{Evidence, Judgement, Side, Verdict};
use crate::run::Measure;
use metrics::report::Method;
use metrics::words::listed;
use serde_json::{Value, json};

const REPETITIONS: &str = "the numbers of the table, paired by seed";
const BATCHES: &str = "whole runs, paired by batches of the same consecutive tasks (batch means; \
    of quantiles, the share of tasks beyond them)";
const LEGEND: &str = "of two runs the ratio (jackknife of its logarithm), of a run and an amount the \
    difference; intervals of Student's t that hold together with 95 % (Bonferroni over the \
    expectations). One holds if all of its interval agrees, is refuted if none does, and is undecided \
    else.";

/// The expectations as whole lines of at most `width` characters; empty if there are none.
pub(crate) fn expectations(judged: &[Judgement], width: usize) -> String {
    if judged.is_empty() {
        return String::new();
    }
    let count = |verdict| judged.iter().filter(|judgement| judgement.verdict == verdict).count();
    let mut text = format!(
        "\nExpectations: {} of {} hold, {} refuted, {} undecided\n",
        count(Verdict::Holds),
        judged.len(),
        count(Verdict::Refuted),
        count(Verdict::Undecided)
    );
    for judgement in judged {
        let verdict = judgement.verdict.word();
        let line = format!("  {verdict:<9}  {}: {}", judgement.claim.text(), evidence(judgement));
        text.push_str(&wrapped(&line, width, "             "));
    }
    let by = |method: Method| judged.iter().any(|judgement| judgement.by == method);
    let how = match (by(Method::Repetitions), by(Method::BatchMeans)) {
        (true, true) => format!("{REPETITIONS}; or {BATCHES}"),
        (false, true) => BATCHES.to_owned(),
        _ => REPETITIONS.to_owned(),
    };
    text + &wrapped(&format!("Expectations: {how}; {LEGEND}"), width, "")
}

/// An expectation as it stands in files.
pub(super) fn expectation_json(judgement: &Judgement) -> Value {
    json!({
        "expectation": judgement.claim.text(),
        "verdict": judgement.verdict.word(),
        "unit": unit(judgement),
        "left": judgement.sides.map(|[left, _]| left),
        "right": judgement.sides.map(|[_, right]| right),
        "difference": judgement.sides.map(|[left, right]| left - right),
        "difference_interval": judgement.interval.and_then(Evidence::difference),
        "ratio": judgement.sides.filter(|[_, right]| *right > 0.0).map(|[left, right]| left / right),
        "ratio_interval": judgement.interval.and_then(Evidence::ratio),
        "method": judgement.by,
        "pairs": judgement.pairs,
        "lower_bound": judgement.correlated,
        "repetitions_missing": judgement.missing.filter(|_| judgement.by == Method::Repetitions),
        "failed_tasks": judgement.failed,
        "spoilt": judgement.spoilt,
        "evidence": evidence(judgement),
    })
}

fn unit(judgement: &Judgement) -> &'static str {
    match judgement.claim.measure() {
        Measure::Throughput => "tasks/s",
        _ => "ms",
    }
}

/// `12.4 against 15.1 ms, ratio 0.821 [0.809, 0.834] over 10 repetitions`
pub(super) fn evidence(judgement: &Judgement) -> String {
    let unit = unit(judgement);
    let show = |x: f64| number::digits(x, 4);
    let within = |[low, high]: [f64; 2]| format!("[{}, {}]", show(low), show(high));
    let Some([left, right]) = judgement.sides else {
        return "no complete repetition has what it compares".to_owned();
    };
    let two = match (&judgement.claim.left, &judgement.claim.right) {
        (Side::Measured(_), Side::Measured(_)) => format!("{} against {}", show(left), show(right)),
        (Side::Measured(_), Side::Amount(_)) => show(left),
        (Side::Amount(_), _) => show(right),
    };
    let value = format!("{two} {unit}");
    let amounts = [&judgement.claim.left, &judgement.claim.right].map(|side| side.term().is_none());
    let evidence = judgement.interval.map(|it| match (it, amounts) {
        (Evidence::Ratio(ends), _) => {
            format!(", ratio {} {}", show(left / right), within(ends))
        }
        (Evidence::Difference(ends), [false, false]) => {
            format!(", difference {} {}", show(left - right), within(ends))
        }
        (Evidence::Difference(ends), [false, true]) => {
            format!(" {}", within(ends.map(|end| end + right)))
        }
        (Evidence::Difference([low, high]), _) => {
            format!(" {}", within([left - high, left - low]))
        }
    });
    let mut text = match evidence {
        Some(evidence) => {
            let pairs = match judgement.by {
                Method::Repetitions => "repetitions",
                Method::BatchMeans => "batches of tasks",
            };
            format!("{value}{evidence} over {} {pairs}", judgement.pairs)
        }
        None => format!(
            "{value} in one repetition, which has no interval; use `repetitions` ≥ 2, or more tasks: {}",
            from_within()
        ),
    };
    if let Some(missing) = judgement.missing {
        let times = times_as_long(judgement.pairs as u64, missing);
        let what = match (judgement.by, times > MOST_TIMES) {
            (Method::Repetitions, false) => format!("about {} more", number::count(missing)),
            (Method::Repetitions, true) => {
                format!("only more than {MOST_TIMES} times as many repetitions")
            }
            (Method::BatchMeans, false) => {
                format!("a run about {} times as long", number::count(times))
            }
            (Method::BatchMeans, true) => {
                format!("only a run more than {MOST_TIMES} times as long")
            }
        };
        text.push_str(&format!("; {what} would decide it, if it is as it seems"));
    }
    if judgement.correlated {
        text.push_str(
            "; neighbouring batches correlate, so that the interval is too narrow to decide it",
        );
    }
    if !judgement.spoilt.is_empty() {
        let spoilt = listed(&judgement.spoilt);
        text.push_str(&format!("; but the certificate says not to rely on {spoilt}"));
    }
    if judgement.failed > 0 {
        let failed = number::count(judgement.failed);
        text.push_str(&format!("; {failed} tasks failed and are not in it"));
    }
    text
}
