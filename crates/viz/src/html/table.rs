//! The comparison: a row per run, sorted by whatever column a reader asks for.
//!
//! Numbers carry their exact value beside the shown one, for sorting; without the script the table
//! is in the order of the spec. A column in which no run has anything is left out.

use super::text::{escaped, shown, with_interval};
use super::{PageRun, Part};
use crate::number::count;
use metrics::report::Interval;

/// A cell: what is shown, and what it is sorted by; nothing was measured if there is neither.
struct Cell {
    text: String,
    value: Option<f64>,
}

type Column = (&'static str, &'static str, &'static str, fn(&PageRun<'_>) -> Cell);

/// Name, explanation, the measure as a certificate names it, and content.
const COLUMNS: [Column; 13] = [
    ("tasks", "successful tasks of all that ended", "total_tasks", |run| {
        let metrics = &run.report.metrics;
        let (good, all) = (metrics.successful_tasks, metrics.total_tasks);
        let partial = if metrics.partial { ", partial" } else { "" };
        let text = match good == all {
            true => format!("{}{partial}", count(all)),
            false => format!("{} of {}{partial}", count(good), count(all)),
        };
        Cell { text, value: Some(good as f64) }
    }),
    ("tasks/s", "successful tasks per second", "throughput_tasks_per_sec", |run| {
        let metrics = &run.report.metrics;
        estimate(metrics.throughput_tasks_per_sec, metrics.throughput_ci95)
    }),
    (RETRIED, "attempts after the first, because a node was lost", "", |run| {
        let retries = run.report.metrics.retries;
        Cell { text: count(retries), value: Some(retries as f64) }
    }),
    (
        "ideal",
        "tasks per second of one shared queue without overhead; another order can beat it a little",
        "",
        |run| {
            let rate = run.ideal.map(|(rate, _)| rate);
            let drained = if run.ideal.is_some_and(|(_, drained)| drained) { "*" } else { "" };
            Cell {
                text: rate.map_or(String::new(), |rate| shown(Some(rate)) + drained),
                value: rate,
            }
        },
    ),
    ("mean ms", "mean end-to-end latency, ms", "avg_latency_ms", |run| {
        let it = &run.report.metrics.latency_ms.end_to_end;
        estimate(it.mean, it.ci95)
    }),
    ("p50 ms", "median of the end-to-end latency, ms", "p50_latency_ms", |run| {
        let it = &run.report.metrics.latency_ms.end_to_end;
        estimate(it.p50, it.p50_ci95)
    }),
    ("p95 ms", "95th percentile of the end-to-end latency, ms", "p95_latency_ms", |run| {
        let it = &run.report.metrics.latency_ms.end_to_end;
        estimate(it.p95, it.p95_ci95)
    }),
    ("p99 ms", "99th percentile of the end-to-end latency, ms", "p99_latency_ms", |run| {
        let it = &run.report.metrics.latency_ms.end_to_end;
        estimate(it.p99, it.p99_ci95)
    }),
    (
        "wait ms",
        "mean waiting time of a task, in the scheduler and at nodes, over all stages, ms",
        "latency_ms.wait.mean",
        |run| {
            let it = &run.report.metrics.latency_ms.wait;
            estimate(it.mean, it.ci95)
        },
    ),
    (
        "exec ms",
        "mean time that a task runs, over all stages, ms",
        "latency_ms.execution.mean",
        |run| number(run.report.metrics.latency_ms.execution.mean),
    ),
    ("busy %", "share of the slots' time that calls held, %", "node_utilization", |run| {
        number(run.report.metrics.node_utilization.map(|share| 100.0 * share))
    }),
    (
        "balance",
        "balance of calls per slot over the nodes; 1 is even",
        "node_balance_score",
        |run| {
            let value = run.report.metrics.node_balance_score;
            Cell { text: value.map_or(String::new(), |value| format!("{value:.2}")), value }
        },
    ),
    ("decide ns", "median cost of a scheduling decision, ns", "decision_ns.p50", |run| {
        let value = run.report.metrics.decision_ns.p50;
        Cell { text: value.map_or(String::new(), |value| format!("{value:.0}")), value }
    }),
];

/// A column that is there only where something was retried.
const RETRIED: &str = "retried calls";

/// Whether any run has something to show in a column.
fn is_told((name, _, _, cell): &&Column, runs: &[&PageRun<'_>]) -> bool {
    let told = |value: f64| *name != RETRIED || value > 0.0;
    runs.iter().any(|run| cell(run).value.is_some_and(told))
}

fn number(value: Option<f64>) -> Cell {
    Cell { text: value.map_or(String::new(), |value| shown(Some(value))), value }
}

fn estimate(value: Option<f64>, interval: Option<[f64; 2]>) -> Cell {
    Cell { text: value.map_or(String::new(), |_| with_interval(value, interval)), value }
}

/// The table of a part.
pub(super) fn table(part: &Part<'_>) -> String {
    let columns: Vec<&Column> = COLUMNS.iter().filter(|it| is_told(it, &part.runs)).collect();
    let sortable = |name: &str, title: &str| {
        // The unit has a line of its own, as intervals have.
        let (name, unit) = name.split_once(' ').unwrap_or((name, ""));
        format!(
            "<th scope=\"col\" aria-sort=\"none\"><button type=\"button\" title=\"{}\">{name}\
             <span class=\"arrow\" aria-hidden=\"true\"></span> <small>{unit}</small></button></th>",
            escaped(title)
        )
    };
    let mut head = sortable("run", "name") + &sortable("binds", "where calls wait");
    columns.iter().for_each(|(name, title, ..)| head.push_str(&sortable(name, title)));
    let rows: String = part
        .runs
        .iter()
        .zip(&part.group.rows)
        .map(|(run, row)| {
            let cells: String = columns
                .iter()
                .map(|(_, _, measure, cell)| {
                    let Cell { text, value } = cell(run);
                    let spoilt = run.report.metrics.certificate.spoils(measure);
                    let value =
                        value.map_or_else(String::new, |value| format!(" data-v=\"{value}\""));
                    let text = if text.is_empty() { "–".to_owned() } else { escaped(&text) };
                    // An interval has a line of its own: the column stays narrow.
                    let text = match (text.split_once(" ± "), text.split_once(" (0 to ")) {
                        (Some((number, half)), _) => {
                            format!("{number} <small>±&nbsp;{half}</small>")
                        }
                        (_, Some((number, high))) => {
                            format!("{number} <small>(0&nbsp;to&nbsp;{high}</small>")
                        }
                        _ => text,
                    };
                    let mark = match spoilt && value.contains("data-v") {
                        true => {
                            "<strong class=\"weak\" title=\"do not rely on it: see the \
                             certificate\">!</strong>"
                        }
                        false => "",
                    };
                    format!("<td{value}>{mark}{text}</td>")
                })
                .collect();
            let name = escaped(&run.report.name);
            format!(
                "<tr><th scope=\"row\" title=\"files: {name}_*\">{}</th><td \
             class=\"word\">{}</td>{cells}</tr>",
                escaped(&row.label),
                escaped(row.bind)
            )
        })
        .collect();
    let caption = match part.group.part {
        "" => "All runs".to_owned(),
        part => escaped(part),
    };
    let common = escaped(&part.group.common);
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Comparison: {caption}\">\
         <table class=\"sortable\"><caption>{caption} <span class=\"common\">{common}</span></caption><thead><tr>{head}</tr></thead>\
         <tbody>{rows}</tbody></table></div>"
    )
}

/// What the columns mean, those that any run has.
pub(super) fn legend(runs: &[PageRun<'_>]) -> String {
    let all: Vec<&PageRun<'_>> = runs.iter().collect();
    let shown = COLUMNS.iter().filter(|it| is_told(it, &all));
    let items: String = shown
        .map(|(name, title, ..)| format!("<dt>{name}</dt><dd>{}</dd>", escaped(title)))
        .collect();
    let drained = match runs.iter().any(|run| run.ideal.is_some_and(|(_, drained)| drained)) {
        true => " A star: fewer than 50 tasks per slot, so that start and drain lower the ideal.",
        false => "",
    };
    let methods = Interval::methods(runs.iter().map(|run| &run.report.metrics.interval));
    let intervals = match methods {
        Some(methods) => format!("±: half of the 95 % interval {methods}."),
        None => "There are no intervals.".to_owned(),
    };
    let spoilt = COLUMNS.iter().any(|(_, _, measure, _)| {
        runs.iter().any(|run| run.report.metrics.certificate.spoils(measure))
    });
    let spoilt = match spoilt {
        true => " An exclamation mark: do not rely on this number, the certificate says why.",
        false => "",
    };
    format!(
        "<details class=\"data\"><summary>What the columns mean</summary><dl class=\"columns\">\
         <dt>binds</dt><dd>late: calls wait in the scheduler until a node can start them; early: \
         in the \
         queue of a node</dd>{items}</dl></details><p \
         class=\"small\">{intervals}{drained}{spoilt}</p>"
    )
}
