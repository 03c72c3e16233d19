//! What decisions cost: wall-clock time of the scheduler's own code.
//!
//! It is measured beside the latencies and in none of them. Its share of a core says how far a policy
//! is from being what limits the throughput.

use crate::names;
use harness::metrics::report::Measures;
use harness::table::Table;
use harness::{Chapter, Measured, Piece, number};
use serde_json::{Map, Value, json};

/// The chapter about these runs.
pub(crate) fn chapter(runs: &[&Measured]) -> Chapter {
    let rows = runs.iter().map(|run| row_json(run)).collect();
    Chapter {
        name: "scheduler_overhead",
        headlines: Vec::new(),
        pieces: pieces(runs),
        json: Map::from_iter([("runs".to_owned(), Value::Array(rows))]),
        picture: None,
        plane: None,
    }
}

/// Decisions per second: each task takes one at each stage.
fn decisions(metrics: &Measures) -> Option<f64> {
    Some(metrics.throughput_tasks_per_sec? * f64::from(metrics.config.stages))
}

/// Time spent on deciding ÷ time.
fn share_of_core(metrics: &Measures) -> Option<f64> {
    Some(decisions(metrics)? * metrics.decision_ns.mean? / 1e9)
}

fn pieces(runs: &[&Measured]) -> Vec<Piece> {
    let mut table = Table::new(&[
        "run",
        "bind",
        "measured",
        "mean ns",
        "p50 ns",
        "p99 ns",
        "max ns",
        "decisions/s",
        "of a core",
    ]);
    for (run, name) in runs.iter().zip(names(runs)) {
        let metrics = &run.report().metrics;
        let cost = &metrics.decision_ns;
        let core = share_of_core(metrics).map(|share| share * 100.0);
        table.row(vec![
            name,
            metrics.config.bind.clone(),
            number::count(cost.count),
            run.marked(number::fixed(cost.mean, 0), "decision_ns.mean"),
            run.marked(number::fixed(cost.p50, 0), "decision_ns.p50"),
            run.marked(number::fixed(cost.p99, 0), "decision_ns.p99"),
            run.marked(number::fixed(cost.max, 0), "decision_ns.max"),
            number::fixed(decisions(metrics), 0),
            number::digits_of(core, 2) + " %",
        ]);
    }
    let mut legend = String::from(
        "Wall-clock time of the scheduler's own code per decision, in no latency. of a core: mean × \
         decisions/s.",
    );
    if runs.iter().any(|run| run.report().metrics.config.environment == "sim") {
        legend.push_str(" In virtual time decisions/s are those of virtual seconds.");
    }
    vec![
        Piece::Heading("scheduler overhead".to_owned()),
        Piece::Table(table),
        Piece::Legend(legend),
    ]
}

fn row_json(run: &Measured) -> Value {
    let metrics = &run.report().metrics;
    run.json(&json!({
        "decision_ns": metrics.decision_ns,
        "decisions_per_sec": decisions(metrics),
        "share_of_a_core": share_of_core(metrics),
        "throughput_tasks_per_sec": metrics.throughput_tasks_per_sec,
    }))
}
