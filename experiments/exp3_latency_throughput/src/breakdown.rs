//! Where the latency at each quantile comes from.
//!
//! Quantiles of the parts belong to different tasks and do not add up. These do: they are the mean
//! shares of the tasks around the quantile, as the reports have them.

use crate::names;
use harness::metrics::report::{Measures, PartsMs};
use harness::table::Table;
use harness::{Chapter, Measured, Piece, number};
use serde_json::{Map, Value, json};

/// The chapter about these runs.
pub(crate) fn chapter(runs: &[&Measured]) -> Chapter {
    let rows = runs.iter().map(|run| row_json(run)).collect();
    Chapter {
        name: "latency_breakdown",
        headlines: Vec::new(),
        pieces: pieces(runs),
        json: Map::from_iter([("runs".to_owned(), Value::Array(rows))]),
        picture: None,
        plane: None,
    }
}

/// Name, end-to-end latency and its parts at each quantile that is told.
fn quantiles(metrics: &Measures) -> [(&'static str, Option<f64>, Option<PartsMs>); 4] {
    let (all, parts) = (&metrics.latency_ms.end_to_end, &metrics.latency_parts_ms);
    [
        ("p50", all.p50, parts.p50),
        ("p95", all.p95, parts.p95),
        ("p99", all.p99, parts.p99),
        ("p999", all.p999, parts.p999),
    ]
}

type Part = (&'static str, fn(&PartsMs) -> f64);

const PARTS: [Part; 4] = [
    ("scheduling", |parts| parts.scheduling),
    ("queueing", |parts| parts.queue),
    ("execution", |parts| parts.execution),
    ("transfer", |parts| parts.transfer),
];

fn pieces(runs: &[&Measured]) -> Vec<Piece> {
    // Without a network there is no transfer.
    let moved = |run: &&Measured| run.report().metrics.latency_ms.transfer.max > Some(0.0);
    let shown = &PARTS[..if runs.iter().any(moved) { 4 } else { 3 }];
    let mut head = vec!["run", "", "end to end"];
    head.extend(shown.iter().flat_map(|(name, _)| [*name, "%"]));
    let mut table = Table::new(&head);
    for (run, name) in runs.iter().zip(names(runs)) {
        for (i, (quantile, latency, split)) in
            quantiles(&run.report().metrics).into_iter().enumerate()
        {
            let mut row = vec![
                if i == 0 { name.clone() } else { String::new() },
                if quantile == "p999" { "p99.9".to_owned() } else { quantile.to_owned() },
                run.marked(number::cell(latency), &format!("latency_ms.end_to_end.{quantile}")),
            ];
            for (_, part) in shown {
                let ms = split.as_ref().map(part);
                let whole = latency.filter(|latency| *latency > 0.0);
                row.push(number::cell(ms));
                row.push(number::fixed(ms.zip(whole).map(|(ms, all)| ms / all * 100.0), 1));
            }
            table.row(row);
        }
    }
    let legend = "ms, and percent of the end-to-end latency. The parts are mean shares of the tasks around \
                  the quantile (within 6.25 %), so that they add up to it; few tasks lie beyond p99 and \
                  p99.9 of a short run.";
    vec![
        Piece::Heading("latency breakdown".to_owned()),
        Piece::Table(table),
        Piece::Legend(legend.to_owned()),
    ]
}

fn row_json(run: &Measured) -> Value {
    let metrics = &run.report().metrics;
    let at: Map<String, Value> = quantiles(metrics)
        .into_iter()
        .map(|(name, end_to_end, parts)| {
            (name.to_owned(), json!({ "end_to_end_ms": end_to_end, "parts_ms": parts }))
        })
        .collect();
    run.json(&json!({
        "successful_tasks": metrics.successful_tasks,
        "mean_ms": {
            "end_to_end": metrics.latency_ms.end_to_end.mean,
            "scheduling": metrics.latency_ms.scheduling.mean,
            "queue": metrics.latency_ms.queue.mean,
            "execution": metrics.latency_ms.execution.mean,
            "transfer": metrics.latency_ms.transfer.mean,
        },
        "quantiles": at,
    }))
}
