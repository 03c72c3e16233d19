//! `<exp>_comparison.json`, and the document that `--json` prints.
//!
//! The document holds the same objects as the `metrics.json` files. The comparison adds what only
//! several runs together have: ideals, single repetitions, paired differences.

use super::Comparison;
use super::differences::differences;
use crate::provenance::GIT_COMMIT;
use crate::run::Measured;
use metrics::report::SCHEMA_VERSION;
use serde_json::{Value, json};

/// What `--json` prints: `{schema_version, experiment, runs: [{name, config, metrics}]}`.
pub(crate) fn document(experiment: &str, runs: &[Measured]) -> Value {
    let runs: Vec<Value> = runs
        .iter()
        .map(|run| {
            let metrics = &run.report.metrics;
            json!({ "name": run.report.name, "config": metrics.config, "metrics": metrics })
        })
        .collect();
    json!({ "schema_version": SCHEMA_VERSION, "experiment": experiment, "runs": runs })
}

impl Comparison<'_> {
    /// The comparison as JSON.
    pub(crate) fn json(&self) -> Value {
        let circumstances = self.circumstances;
        json!({
            "schema_version": SCHEMA_VERSION,
            "experiment": self.experiment,
            "title": self.title,
            "partial": self.incomplete.is_some(),
            "incomplete": self.incomplete,
            "version": env!("CARGO_PKG_VERSION"),
            "git_commit": GIT_COMMIT,
            "command": circumstances.command(),
            "build_profile": circumstances.build().name(),
            "host": circumstances.host(),
            "runs": self.runs.iter().map(run).collect::<Vec<_>>(),
            "differences": differences(self.runs),
        })
    }
}

fn run(run: &Measured) -> Value {
    let metrics = &run.report.metrics;
    let repetitions: Vec<Value> = run
        .repetitions
        .iter()
        .map(|repetition| {
            json!({
                "seed": repetition.seed,
                "throughput_tasks_per_sec": repetition.throughput,
                "avg_latency_ms": repetition.mean_ms,
                "p99_latency_ms": repetition.p99_ms,
                "partial": repetition.partial,
            })
        })
        .collect();
    json!({
        "name": run.report.name,
        "config": metrics.config,
        "total_tasks": metrics.total_tasks,
        "successful_tasks": metrics.successful_tasks,
        "failed_tasks": metrics.failed_tasks,
        "throughput_tasks_per_sec": metrics.throughput_tasks_per_sec,
        "throughput_ci95": metrics.throughput_ci95,
        "ideal_tasks_per_sec": run.ideal.map(|ideal| ideal.rate),
        "drain_limited": run.ideal.map(|ideal| ideal.drain_limited),
        "latency_ms": metrics.latency_ms,
        "decision_ns": metrics.decision_ns,
        "node_balance_score": metrics.node_balance_score,
        "jain_index": metrics.jain_index,
        "timer_core_share": run.timer_share,
        "repetitions": repetitions,
        "notes": metrics.notes,
    })
}
