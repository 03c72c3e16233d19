//! `<exp>_comparison.txt`, which is also what a command prints at its end.
//!
//! One row per run, grouped by part. The binding is always shown: it decides whether calls
//! wait in the scheduler or at a node, and more of the latency than most placements do.

use super::differences::differences;
use super::number;
use super::table::{Table, wrapped};
use super::verdict::verdict;
use super::{Comparison, Measured};
use std::collections::BTreeMap;

/// Columns of a page.
const PAGE: usize = 120;

const HEAD: [&str; 12] = [
    "run", "bind", "ok/all", "tasks/s", "ideal", "p50 ms", "p95 ms", "p99 ms", "wait", "exec",
    "bal", "decide",
];

impl Comparison<'_> {
    /// The comparison as text.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.title);
        if let Some(why) = &self.incomplete {
            text.push_str(&wrapped(&format!("PARTIAL: {why}"), PAGE, "  "));
        }
        text.push('\n');
        text.push_str(&self.table());
        text.push('\n');
        text.push_str(&self.legend());
        text.push_str(&self.notes());
        let verdict = verdict(self, &differences(self.runs), PAGE);
        if !verdict.is_empty() {
            text.push_str(&format!("\n{verdict}"));
        }
        text
    }

    fn table(&self) -> String {
        let mut table = Table::new(&HEAD);
        let mut part = "";
        for run in self.runs {
            let config = &run.report.metrics.config;
            if config.part != part {
                part = &config.part;
                table.section(part);
            }
            table.row(row(run));
        }
        table.render(PAGE)
    }

    fn legend(&self) -> String {
        let mut text = String::new();
        if self.runs.iter().any(|run| run.repetitions.len() > 1) {
            text.push_str("tasks/s: mean over repetitions, ± half of its 95 % interval. ");
        }
        text.push_str(
            "p50, p95, p99: end to end. wait, exec: mean ms of waiting and of running, summed over \
             the stages. bal: balance of calls per slot, 1 is even. decide: median ns of a \
             scheduling decision.",
        );
        if self.runs.iter().any(|run| run.ideal.is_some()) {
            text.push_str(
                " ideal: one shared queue without overhead, same service times; * where there are \
                 fewer than 50 tasks per slot, so that start and drain lower it.",
            );
        }
        wrapped(&text, PAGE, "")
    }

    /// The remarks that all runs share. Others stand in the summaries.
    fn notes(&self) -> String {
        let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
        for run in self.runs {
            for note in &run.report.metrics.notes {
                match notes.iter_mut().find(|(text, _)| text == note) {
                    Some((_, names)) => names.push(&run.report.name),
                    None => notes.push((note, vec![&run.report.name])),
                }
            }
        }
        let shared = notes.iter().filter(|(_, names)| names.len() == self.runs.len());
        shared.map(|(note, _)| wrapped(note, PAGE, "")).collect()
    }
}

fn row(run: &Measured) -> Vec<String> {
    let metrics = &run.report.metrics;
    let tasks = match metrics.partial {
        true => format!("{}/{}, partial", metrics.successful_tasks, metrics.total_tasks),
        false => format!("{}/{}", metrics.successful_tasks, metrics.total_tasks),
    };
    let rate = metrics.throughput_tasks_per_sec.map_or("-".to_owned(), number::short);
    let rate = match metrics.throughput_ci95 {
        Some([lo, hi]) => format!("{rate} ±{}", number::short((hi - lo) / 2.0)),
        None => rate,
    };
    let ideal = run.ideal.map_or("-".to_owned(), |ideal| {
        format!("{}{}", number::short(ideal.rate), if ideal.drain_limited { "*" } else { "" })
    });
    let latency = &metrics.latency_ms;
    vec![
        named(run),
        metrics.config.bind.clone(),
        tasks,
        rate,
        ideal,
        number::cell(metrics.p50_latency_ms),
        number::cell(metrics.p95_latency_ms),
        number::cell(metrics.p99_latency_ms),
        number::cell(latency.wait.mean),
        number::cell(latency.execution.mean),
        number::fixed(metrics.node_balance_score, 2),
        number::fixed(metrics.decision_ns.p50, 0),
    ]
}

/// The name of a run, with parameters that are not in it.
fn named(run: &Measured) -> String {
    let parameters: &BTreeMap<String, String> = &run.report.metrics.config.parameters;
    match run.report.name.chars().next_back().is_some_and(|c| c.is_ascii_digit()) {
        // Numbered because it differs from another in its parameters.
        true if !parameters.is_empty() => {
            let pairs: Vec<String> =
                parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} ({})", run.report.name, pairs.join(", "))
        }
        _ => run.report.name.clone(),
    }
}
