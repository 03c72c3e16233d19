//! `<exp>_comparison.txt`, which is also what a command prints at its end.
//!
//! First what failed, then the verdict in a sentence, as on the page; then one table per part of the experiment, a row
//! per run, and below it what its numbers say. The
//! binding is always shown: it decides whether calls wait in the scheduler or at a node, and
//! more of the latency than most placements do.

use super::certificate::{marked, overview};
use super::differences::{Difference, differences};
use super::expectations::expectations;
use super::headline::headlines;
use super::interval::methods;
use super::number;
use super::suggestion::suggestion;
use super::table::{Table, wrapped};
use super::verdict::{legend, verdicts};
use super::{Comparison, Measured};
use std::collections::BTreeMap;

/// Columns of a page.
pub const PAGE: usize = 120;

/// Columns that any text needs.
const NARROWEST: usize = 60;

/// Columns for text on a terminal of so many; a page where there is none.
pub(crate) fn columns(terminal: Option<u16>) -> usize {
    terminal.map_or(PAGE, |columns| usize::from(columns).clamp(NARROWEST, PAGE))
}

/// Sentences about who wins that are told; the page has all.
const HEADLINES: usize = 8;

const HEAD: [&str; 13] = [
    "run", "bind", "ok/all", "tasks/s", "ideal", "mean ms", "p50 ms", "p95 ms", "p99 ms", "wait",
    "exec", "bal", "decide",
];

impl Comparison<'_> {
    /// The comparison as text of at most so many columns, but for commands, which are in one piece.
    pub(crate) fn text(&self, width: usize) -> String {
        let mut text = format!("{}\n", self.title);
        if let Some(why) = &self.incomplete {
            text.push_str(&wrapped(&format!("PARTIAL: {why}"), width, "  "));
        }
        for failures in self.failures() {
            text.push_str(&format!("\n{}", wrapped(&failures, width, "  ")));
        }
        let differences = differences(self.runs);
        let headlines = headlines(self, &differences);
        if !headlines.is_empty() {
            text.push('\n');
        }
        for (about, sentence) in headlines.iter().take(HEADLINES) {
            let start = if about.is_empty() { String::new() } else { format!("{about}: ") };
            text.push_str(&wrapped(&(start + sentence), width, "  "));
        }
        if let more @ 1.. = headlines.len().saturating_sub(HEADLINES) {
            text.push_str(&format!("{more} more verdicts are in report.html.\n"));
        }
        let part_of = |run: &Measured| run.report.metrics.config.part.clone();
        let mut told = false;
        for runs in self.runs.chunk_by(|one, other| part_of(one) == part_of(other)) {
            let part = part_of(&runs[0]);
            let names = Names::of(runs);
            text.push_str(&names.heading(&part));
            text.push_str(&table(runs, &names, width));
            let of_part: Vec<&Difference> =
                differences.iter().filter(|difference| difference.part == part).collect();
            let verdicts = verdicts(&of_part, width, |run| names.short(run));
            told |= !verdicts.is_empty();
            text.push_str(&verdicts);
        }
        for chapter in self.chapters {
            text.push_str(&format!("\n{}", chapter.text(width)));
        }
        text.push_str(&expectations(self.expectations, width));
        text.push('\n');
        text.push_str(&self.legend(told.then_some(&differences[..]), width));
        text.push_str(&overview(self.runs, width));
        text.push_str(&self.notes(width));
        let suggestion = suggestion(self, &differences, width);
        if !suggestion.is_empty() {
            text.push_str(&format!("\n{suggestion}"));
        }
        text
    }

    /// How to read it; with the differences if any is told.
    fn legend(&self, told: Option<&[Difference]>, width: usize) -> String {
        let mut text = String::from(
            "mean, p50, p95, p99: end to end. wait, exec: mean ms of waiting and of running, summed \
             over the stages. bal: balance of calls per slot, 1 is even. decide: median ns of a \
             scheduling decision.",
        );
        if self.runs.iter().any(|run| run.ideal.is_some()) {
            text.push_str(
                " ideal: one shared queue without overhead, same service times; another order of the \
                 same calls can beat it a little. * fewer than 50 tasks per slot: start and drain lower it.",
            );
        }
        let methods: Vec<String> = methods(self.runs);
        if !methods.is_empty() {
            let methods = methods.join("; ");
            text.push_str(&format!(
                " ±: half of the widest 95 % interval in the column, {methods}."
            ));
        }
        let mut text = wrapped(&text, width, "");
        if let Some(differences) = told {
            text.push_str(&wrapped(&legend(differences), width, ""));
        }
        text
    }

    fn notes(&self, width: usize) -> String {
        self.remarks(true).iter().map(|note| wrapped(note, width, "")).collect()
    }
}

/// What runs are called within a part: without what all their names share.
pub(super) struct Names {
    prefix: String,
    suffix: String,
}

impl Names {
    pub(super) fn of(runs: &[Measured]) -> Names {
        let config = |run: &Measured| run.report.metrics.config.clone();
        let prefix = format!("{}_", config(&runs[0]).configuration);
        let suffix = format!("_{}", config(&runs[0]).policy);
        let shared = |shared: &dyn Fn(&Measured) -> bool| runs.len() > 1 && runs.iter().all(shared);
        let begins = shared(&|run| {
            let name = &run.report.name;
            format!("{}_", config(run).configuration) == prefix && name.starts_with(&prefix)
        });
        let ends = shared(&|run| run.report.name == config(run).configuration + &suffix);
        match (begins, ends) {
            (true, _) => Names { prefix, suffix: String::new() },
            (_, true) => Names { prefix: String::new(), suffix },
            _ => Names { prefix: String::new(), suffix: String::new() },
        }
    }

    pub(super) fn short(&self, run: &str) -> String {
        let run = run.strip_prefix(&self.prefix).unwrap_or(run);
        run.strip_suffix(&self.suffix).unwrap_or(run).to_owned()
    }

    /// The name of the part, and how its files are called.
    fn heading(&self, part: &str) -> String {
        match (part, self.prefix.is_empty() && self.suffix.is_empty()) {
            ("", _) => "\n".to_owned(),
            (part, true) => format!("\n{part}\n"),
            (part, false) => format!("\n{part}: {}*{}\n", self.prefix, self.suffix),
        }
    }
}

/// Without the columns in which no run has anything.
fn table(runs: &[Measured], names: &Names, width: usize) -> String {
    let mut rows: Vec<Vec<String>> = runs.iter().map(|run| row(run, names)).collect();
    let kept: Vec<bool> =
        (0..HEAD.len()).map(|column| rows.iter().any(|row| row[column] != "-")).collect();
    rows.extend(intervals(runs));
    let keep = |cells: Vec<String>| {
        let cells = cells.into_iter().zip(&kept);
        cells.filter_map(|(cell, kept)| kept.then_some(cell)).collect::<Vec<_>>()
    };
    let head = keep(HEAD.map(str::to_owned).to_vec());
    let mut table = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
    rows.into_iter().for_each(|row| table.row(keep(row)));
    table.render(width)
}

fn row(run: &Measured, names: &Names) -> Vec<String> {
    let metrics = &run.report.metrics;
    let ok = [metrics.successful_tasks, metrics.total_tasks].map(number::thousands).join("/");
    let latency = &metrics.latency_ms;
    let cell = |cell: String, measure: &str| marked(cell, metrics, measure);
    vec![
        named(run, names),
        metrics.config.bind.clone(),
        if metrics.partial { format!("{ok}, partial") } else { ok },
        cell(
            metrics.throughput_tasks_per_sec.map_or("-".to_owned(), number::rate),
            "throughput_tasks_per_sec",
        ),
        run.ideal_cell(),
        cell(number::cell(metrics.avg_latency_ms), "avg_latency_ms"),
        cell(number::cell(metrics.p50_latency_ms), "p50_latency_ms"),
        cell(number::cell(metrics.p95_latency_ms), "p95_latency_ms"),
        cell(number::cell(metrics.p99_latency_ms), "p99_latency_ms"),
        cell(number::cell(latency.wait.mean), "latency_ms.wait.mean"),
        cell(number::cell(latency.execution.mean), "latency_ms.execution.mean"),
        cell(number::fixed(metrics.node_balance_score, 2), "node_balance_score"),
        number::fixed(metrics.decision_ns.p50, 0),
    ]
}

/// A last row with the widest interval of each column; none without any.
fn intervals(runs: &[Measured]) -> Option<Vec<String>> {
    let widest = |interval: fn(&Measured) -> Option<[f64; 2]>| {
        let halves = runs.iter().filter_map(interval).map(|[low, high]| (high - low) / 2.0);
        let widest = halves.max_by(f64::total_cmp);
        widest.map_or_else(String::new, |half| format!("±{}", number::digits(half, 2)))
    };
    let cells = [
        widest(|run| run.report.metrics.throughput_ci95),
        String::new(),
        widest(|run| run.report.metrics.latency_ms.end_to_end.ci95),
        widest(|run| run.report.metrics.latency_ms.end_to_end.p50_ci95),
        widest(|run| run.report.metrics.latency_ms.end_to_end.p95_ci95),
        widest(|run| run.report.metrics.latency_ms.end_to_end.p99_ci95),
        widest(|run| run.report.metrics.latency_ms.wait.ci95),
        widest(|run| run.report.metrics.latency_ms.execution.ci95),
    ];
    let any = cells.iter().any(|cell| !cell.is_empty());
    let empty = |n| std::iter::repeat_n(String::new(), n);
    any.then(|| empty(3).chain(cells).chain(empty(2)).collect())
}

/// The name of a run, with parameters that are not in it.
fn named(run: &Measured, names: &Names) -> String {
    let parameters: &BTreeMap<String, String> = &run.report.metrics.config.parameters;
    let name = names.short(&run.report.name);
    match name.chars().next_back().is_some_and(|c| c.is_ascii_digit()) {
        // Numbered because it differs from another in its parameters.
        true if !parameters.is_empty() => {
            let pairs: Vec<String> =
                parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{name} ({})", pairs.join(", "))
        }
        _ => name,
    }
}
