//! `<exp>_comparison.csv`: one row per run, for spreadsheets and scripts.
//!
//! Full precision, one unit per column and in its name; an empty cell is what was not
//! measured.

use super::{Comparison, Measured};
use crate::Error;

const HEAD: [&str; 35] = [
    "run",
    "part",
    "configuration",
    "policy",
    "bind",
    "parameters",
    "environment",
    "work",
    "pipeline",
    "stages",
    "nodes",
    "parallelism",
    "arrivals",
    "repetitions",
    "total_tasks",
    "successful_tasks",
    "failed_tasks",
    "total_duration_sec",
    "throughput_tasks_per_sec",
    "throughput_ci95_low",
    "throughput_ci95_high",
    "ideal_tasks_per_sec",
    "avg_latency_ms",
    "avg_latency_ci95_low",
    "avg_latency_ci95_high",
    "p50_latency_ms",
    "p95_latency_ms",
    "p99_latency_ms",
    "avg_scheduling_latency_ms",
    "avg_queue_latency_ms",
    "avg_execution_latency_ms",
    "node_balance_score",
    "jain_index",
    "decision_p50_ns",
    "partial",
];

impl Comparison<'_> {
    /// The comparison as CSV.
    ///
    /// # Errors
    /// [`Error::Write`] if memory could not be written, which does not happen.
    pub(crate) fn csv(&self) -> Result<Vec<u8>, Error> {
        let mut sheet = csv::Writer::from_writer(Vec::new());
        let path = std::path::Path::new("the comparison");
        let failed = |error: csv::Error| Error::write(path, std::io::Error::other(error));
        sheet.write_record(HEAD).map_err(failed)?;
        for run in self.runs {
            sheet.write_record(row(run)).map_err(failed)?;
        }
        sheet.into_inner().map_err(|error| Error::write(path, std::io::Error::other(error)))
    }
}

fn row(run: &Measured) -> [String; 35] {
    let metrics = &run.report.metrics;
    let config = &metrics.config;
    let parameters = config.parameters.iter().map(|(name, value)| format!("{name}={value}"));
    let [throughput_low, throughput_high] = ends(metrics.throughput_ci95);
    let [latency_low, latency_high] = ends(metrics.latency_ms.end_to_end.ci95);
    [
        run.report.name.clone(),
        config.part.clone(),
        config.configuration.clone(),
        config.policy.clone(),
        config.bind.clone(),
        parameters.collect::<Vec<_>>().join(" "),
        config.environment.clone(),
        config.work.clone(),
        config.pipeline.clone(),
        config.stages.to_string(),
        config.nodes.to_string(),
        config.parallelism.to_string(),
        config.arrivals.clone(),
        metrics.repetitions.to_string(),
        metrics.total_tasks.to_string(),
        metrics.successful_tasks.to_string(),
        metrics.failed_tasks.to_string(),
        cell(metrics.total_duration_sec),
        cell(metrics.throughput_tasks_per_sec),
        throughput_low,
        throughput_high,
        cell(run.ideal.map(|ideal| ideal.rate)),
        cell(metrics.avg_latency_ms),
        latency_low,
        latency_high,
        cell(metrics.p50_latency_ms),
        cell(metrics.p95_latency_ms),
        cell(metrics.p99_latency_ms),
        cell(metrics.avg_scheduling_latency_ms),
        cell(metrics.avg_queue_latency_ms),
        cell(metrics.avg_execution_latency_ms),
        cell(metrics.node_balance_score),
        cell(metrics.jain_index),
        cell(metrics.decision_ns.p50),
        metrics.partial.to_string(),
    ]
}

fn ends(interval: Option<[f64; 2]>) -> [String; 2] {
    interval.map_or_else(Default::default, |ends| ends.map(|end| cell(Some(end))))
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
