//! The certificate: what each run has checked of itself.
//!
//! A run a row, a check a column, since runs of one page mostly agree; what was found stands below,
//! the failures open, the rest folded away.

use super::text::escaped;
use super::{PageRun, Part};
use metrics::report::{Check, CheckVerdict, Verdict};

/// Runs whose failures stand open.
const FEW: usize = 6;

/// The body of the section; empty without runs.
pub(super) fn certificate(runs: &[PageRun<'_>], parts: &[Part<'_>]) -> String {
    let Some(first) = runs.first() else { return String::new() };
    let names: String = checks(first)
        .iter()
        .map(|check| format!("<th scope=\"col\">{}</th>", check.name.title()))
        .collect();
    let rows: String = runs.iter().map(row).collect();
    let failures: String = runs.iter().map(|run| details(run, true)).collect();
    let failures = match runs
        .iter()
        .filter(|run| run.report.metrics.certificate.failed().next().is_some())
        .count()
    {
        0 => failures,
        1..=FEW => format!("<ul>{failures}</ul>"),
        _ => format!(
            "<details class=\"data\"><summary>What fails</summary><ul>{failures}</ul></details>"
        ),
    };
    let all: String = parts
        .iter()
        .flat_map(|part| &part.runs)
        .map(|run| {
            let name = escaped(&run.report.name);
            format!("<h3>{name}</h3><ul>{}</ul>", details(run, false))
        })
        .collect();
    format!(
        "<p>{}</p>{failures}<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Certificates\"><table>\
         <caption>Certificates of the runs</caption><thead><tr><th scope=\"col\">run</th><th \
         scope=\"col\">verdict</th>\
         {names}</tr></thead><tbody>{rows}</tbody></table></div>\
         <details class=\"data\"><summary>What was found</summary>{all}</details>",
        overview(runs)
    )
}

fn checks<'a>(run: &PageRun<'a>) -> &'a [Check] {
    &run.report.metrics.certificate.checks
}

fn overview(runs: &[PageRun<'_>]) -> String {
    let of = |verdict: Verdict| {
        runs.iter().filter(|run| run.report.metrics.certificate.verdict == verdict).count()
    };
    let (marked, broken) = (of(Verdict::Marked), of(Verdict::Broken));
    let count = |n: usize| match n {
        n if n == runs.len() && n == 1 => "The run".to_owned(),
        n if n == runs.len() => format!("Each of {n} runs"),
        n => format!("{n} of {} runs", runs.len()),
    };
    match (marked, broken) {
        (0, 0) => format!(
            "{} checks itself and is sound: every law of accounting holds.",
            count(runs.len())
        ),
        (_, 0) => format!(
            "{} carries a mark: the account is right, but numbers with an exclamation mark say \
             less than they \
             seem to.",
            count(marked)
        ),
        _ => format!(
            "{} contradicts itself: no number of it may be relied on. Please report this.",
            count(broken)
        ),
    }
}

fn row(run: &PageRun<'_>) -> String {
    let verdict = run.report.metrics.certificate.verdict;
    let class = match verdict {
        Verdict::Sound => "pass",
        Verdict::Marked => "weak",
        Verdict::Broken => "fail",
    };
    let cells: String = checks(run)
        .iter()
        .map(|check| {
            let (class, word) = word(check);
            format!("<td class=\"word {class}\" title=\"{}\">{word}</td>", escaped(&check.detail))
        })
        .collect();
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"word {class}\">{verdict}</td>{cells}</tr>",
        escaped(&run.report.name)
    )
}

fn word(check: &Check) -> (&'static str, &'static str) {
    match check.verdict {
        CheckVerdict::Holds => ("pass", "holds"),
        CheckVerdict::Fails if check.name.is_law() => ("fail", "broken"),
        CheckVerdict::Fails => ("weak", "fails"),
        CheckVerdict::NotApplicable => ("", "n/a"),
    }
}

/// What was found, of the checks that fail with the name of the run, or of all without it.
fn details(run: &PageRun<'_>, failed: bool) -> String {
    let checks = checks(run).iter().filter(|check| !failed || check.has_failed());
    let name = if failed { format!("{}, ", escaped(&run.report.name)) } else { String::new() };
    checks
        .map(|check| {
            let (class, word) = word(check);
            format!(
                "<li>{name}{} <span class=\"{class}\">{word}</span>: {}</li>",
                check.name.title(),
                escaped(&check.detail)
            )
        })
        .collect()
}
