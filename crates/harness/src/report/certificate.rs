//! The certificate in words, and the mark on numbers that it spoils.
//!
//! One mark for all reasons: what a reader has to know at the number is not to rely on it, and the
//! reason stands once, in the summary of the run.

use super::remarks::named;
use super::table::wrapped;
use crate::run::Measured;
use metrics::report::{Check, CheckName, CheckVerdict, MARK, Measures, Verdict};

/// A cell of a table, with the mark if this measure is spoilt.
pub(crate) fn marked(cell: String, measures: &Measures, measure: &str) -> String {
    match cell.as_str() {
        "-" | "" => cell,
        _ if measures.certificate.spoils(measure) => format!("{cell}{MARK}"),
        _ => cell,
    }
}

/// The block of a summary: a line per check.
pub(super) fn block(measures: &Measures, page: usize) -> String {
    let certificate = &measures.certificate;
    let verdict = match certificate.verdict {
        Verdict::Sound => "sound".to_owned(),
        Verdict::Marked => format!("marked; {MARK} is behind numbers that must not be relied on"),
        Verdict::Broken => "BROKEN; no number can be relied on, please report this".to_owned(),
    };
    let width = certificate.checks.iter().map(|check| check.name.title().chars().count()).max();
    let width = width.unwrap_or(0);
    let indent = " ".repeat(width + 11);
    let line = |check: &Check| {
        let verdict = match check.verdict {
            CheckVerdict::Holds => "holds",
            CheckVerdict::Fails => "FAILS",
            CheckVerdict::NotApplicable => "n/a",
        };
        let line = format!("  {:<width$}  {verdict:<5}  {}", check.name.title(), check.detail);
        wrapped(&line, page, &indent)
    };
    let lines: String = certificate.checks.iter().map(line).collect();
    format!("Certificate: {verdict}\n{lines}")
}

/// Whether it spoils nothing but quantiles that no comparison shows.
fn is_of_a_tail(check: &Check) -> bool {
    let shown = ["p50_latency_ms", "p95_latency_ms", "p99_latency_ms"];
    let levels = |measure: &String| measure.starts_with("by_priority");
    check.name == CheckName::Samples
        && !shown.iter().any(|measure| check.has_spoilt(measure))
        && !check.spoils.iter().any(levels)
}

/// Below a comparison: which runs are not sound, by check; and what the mark is.
pub(super) fn overview(runs: &[Measured], page: usize) -> String {
    let mut failed: Vec<(CheckName, Vec<&str>)> = Vec::new();
    let mut only_tails = false;
    for run in runs {
        for check in run.report.metrics.certificate.failed() {
            if is_of_a_tail(check) {
                only_tails = true;
                continue;
            }
            match failed.iter_mut().find(|(name, _)| *name == check.name) {
                Some((_, names)) => names.push(&run.report.name),
                None => failed.push((check.name, vec![&run.report.name])),
            }
        }
    }
    if failed.is_empty() {
        let all = match runs.len() {
            1 => "the run checks itself and is sound".to_owned(),
            n => format!("each of {n} runs checks itself, and all are sound"),
        };
        let but = match only_tails {
            true => ", but for p99.9, which has too few samples: its summary marks it",
            false => "",
        };
        return wrapped(&format!("Certificate: {all}{but}."), page, "");
    }
    failed.sort();
    let failed: Vec<String> = failed
        .into_iter()
        .map(|(name, names)| {
            let law = if name.is_law() { "BROKEN: " } else { "" };
            match names.len() {
                n if n == runs.len() => format!("{law}{} fails in every run", name.title()),
                _ => format!("{law}{} fails in {}", name.title(), named(&names, runs.len())),
            }
        })
        .collect();
    let text = format!(
        "Certificate: {}. {MARK} is behind numbers that must not be relied on; the summary of a run \
         says why.",
        failed.join("; ")
    );
    wrapped(&text, page, "")
}
