//! `<exp>_comparison.json`, and the document that `--json` prints.
//!
//! The document holds the same objects as the `metrics.json` files, and those of the chapters'. The comparison adds what only
//! several runs together have: ideals, single repetitions, paired differences.

use super::Comparison;
use super::differences::{Difference, differences};
use super::expectations::expectation_json;
use super::finding::EFFECT;
use crate::provenance::GIT_COMMIT;
use crate::run::{Measure, Measured};
use metrics::report::SCHEMA_VERSION;
use serde_json::{Map, Value, json};

/// What `--json` prints: `{schema_version, experiment, runs: [{name, config, metrics}]}`, and where the
/// experiment tells more, `chapters: {<name>: …}`.
pub(crate) fn document(comparison: &Comparison<'_>) -> Value {
    let runs: Vec<Value> = comparison
        .runs
        .iter()
        .map(|run| {
            let metrics = &run.report.metrics;
            json!({ "name": run.report.name, "config": metrics.config, "metrics": metrics })
        })
        .collect();
    let mut document = json!({
        "schema_version": SCHEMA_VERSION,
        "experiment": comparison.experiment,
        "runs": runs,
    });
    if !comparison.chapters.is_empty() {
        let chapters = comparison.chapters.iter();
        let chapters = chapters.map(|it| (it.name.to_owned(), Value::Object(it.json.clone())));
        document["chapters"] = Value::Object(chapters.collect());
    }
    document
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
            "expectations": self.expectations.iter().map(expectation_json).collect::<Vec<_>>(),
            "smallest_effect": EFFECT,
            "differences": differences(self.runs).iter().map(Difference::json).collect::<Vec<_>>(),
        })
    }
}

fn run(run: &Measured) -> Value {
    let metrics = &run.report.metrics;
    let repetitions: Vec<Value> = run
        .repetitions
        .iter()
        .map(|repetition| {
            let mut values = Map::new();
            values.insert("seed".to_owned(), json!(repetition.seed));
            for measure in Measure::ALL {
                values.insert(measure.key().to_owned(), json!(repetition.value(measure)));
            }
            values.insert("partial".to_owned(), json!(repetition.partial));
            Value::Object(values)
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
        "interval": metrics.interval,
        "ideal_tasks_per_sec": run.ideal.map(|ideal| ideal.rate),
        "drain_limited": run.ideal.map(|ideal| ideal.drain_limited),
        "latency_ms": metrics.latency_ms,
        "by_priority": metrics.by_priority,
        "decision_ns": metrics.decision_ns,
        "node_balance_score": metrics.node_balance_score,
        "jain_index": metrics.jain_index,
        "timer_core_share": run.timer_share,
        "repetitions": repetitions,
        "certificate": metrics.certificate,
        "notes": metrics.notes,
    })
}
