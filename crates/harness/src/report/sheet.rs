//! `<exp>_comparison.csv`: one row per run, for spreadsheets and scripts.
//!
//! Full precision, one unit per column and in its name; an empty cell is what was not
//! measured. Behind the measures of a run stand its differences: from the first run of its
//! binding (`policy_…`), and from the same policy bound otherwise (`binding_…`), as 95 %
//! interval in percent and p-value corrected over the part.

use super::differences::{Cause, Difference, differences};
use super::finding::Delta;
use super::{Comparison, Measured};
use crate::Error;
use crate::run::Measure;
use metrics::report::Method;
use std::fmt::Display;

/// A row under construction: names of columns and their values, so that the two cannot differ.
#[derive(Default)]
struct Row(Vec<(String, String)>);

impl Comparison<'_> {
    /// The comparison as CSV.
    ///
    /// # Errors
    /// [`Error::Write`] if memory could not be written, which does not happen.
    pub(crate) fn csv(&self) -> Result<Vec<u8>, Error> {
        let mut sheet = csv::Writer::from_writer(Vec::new());
        let path = std::path::Path::new("the comparison");
        let failed = |error: csv::Error| Error::write(path, std::io::Error::other(error));
        let differences = differences(self.runs);
        for (i, run) in self.runs.iter().enumerate() {
            let Row(cells) = row(run, &differences);
            if i == 0 {
                sheet.write_record(cells.iter().map(|(name, _)| name)).map_err(failed)?;
            }
            sheet.write_record(cells.iter().map(|(_, value)| value)).map_err(failed)?;
        }
        sheet.into_inner().map_err(|error| Error::write(path, std::io::Error::other(error)))
    }
}

fn row(run: &Measured, differences: &[Difference]) -> Row {
    let metrics = &run.report.metrics;
    let (config, latency) = (&metrics.config, &metrics.latency_ms);
    let parameters = config.parameters.iter().map(|(name, value)| format!("{name}={value}"));
    let mut row = Row::default();
    row.text("run", &run.report.name);
    row.text("part", &config.part);
    row.text("configuration", &config.configuration);
    row.text("policy", &config.policy);
    row.text("bind", &config.bind);
    row.text("parameters", parameters.collect::<Vec<_>>().join(" "));
    row.text("environment", &config.environment);
    row.text("work", &config.work);
    row.text("pipeline", &config.pipeline);
    row.text("stages", config.stages);
    row.text("nodes", config.nodes);
    row.text("parallelism", config.parallelism);
    row.text("arrivals", &config.arrivals);
    row.text("repetitions", metrics.repetitions);
    let interval = &metrics.interval;
    row.text("interval_method", interval.method.map_or("", Method::name));
    row.text("interval_n", interval.n);
    row.text("interval_lower_bound", interval.lower_bound);
    row.text("total_tasks", metrics.total_tasks);
    row.text("successful_tasks", metrics.successful_tasks);
    row.text("failed_tasks", metrics.failed_tasks);
    row.number("total_duration_sec", metrics.total_duration_sec);
    row.number("throughput_tasks_per_sec", metrics.throughput_tasks_per_sec);
    row.interval("throughput_ci95", metrics.throughput_ci95);
    row.number("ideal_tasks_per_sec", run.ideal.map(|ideal| ideal.rate));
    row.number("avg_latency_ms", metrics.avg_latency_ms);
    row.interval("avg_latency_ci95", latency.end_to_end.ci95);
    row.number("p50_latency_ms", metrics.p50_latency_ms);
    row.interval("p50_latency_ci95", latency.end_to_end.p50_ci95);
    row.number("p95_latency_ms", metrics.p95_latency_ms);
    row.interval("p95_latency_ci95", latency.end_to_end.p95_ci95);
    row.number("p99_latency_ms", metrics.p99_latency_ms);
    row.interval("p99_latency_ci95", latency.end_to_end.p99_ci95);
    row.number("avg_wait_ms", latency.wait.mean);
    row.interval("avg_wait_ci95", latency.wait.ci95);
    row.number("avg_scheduling_latency_ms", metrics.avg_scheduling_latency_ms);
    row.number("avg_queue_latency_ms", metrics.avg_queue_latency_ms);
    row.number("avg_execution_latency_ms", metrics.avg_execution_latency_ms);
    row.number("node_balance_score", metrics.node_balance_score);
    row.number("jain_index", metrics.jain_index);
    row.number("decision_p50_ns", metrics.decision_ns.p50);
    row.text("partial", metrics.partial);
    row.text("certificate", metrics.certificate.verdict);
    let failed: Vec<&str> = metrics.certificate.failed().map(|check| check.name.key()).collect();
    row.text("failed_checks", failed.join(" "));
    for (kind, cause) in [("policy", Cause::Policy), ("binding", Cause::Binding)] {
        let found = differences.iter().find(|it| it.run == run.report.name && it.cause == cause);
        row.text(&format!("{kind}_against"), found.map_or("", |found| &found.against));
        for measure in Measure::ALL {
            let delta = found.and_then(|found| found.delta(measure));
            let share = delta.and_then(Delta::share);
            let name = |what: &str| format!("{kind}_{}_{what}", measure.key());
            row.number(&name("percent_low"), share.map(|[low, _]| low * 100.0));
            row.number(&name("percent_high"), share.map(|[_, high]| high * 100.0));
            row.number(&name("p_holm"), delta.and_then(|delta| delta.p));
        }
    }
    row
}

impl Row {
    fn text(&mut self, name: &str, value: impl Display) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    fn number(&mut self, name: &str, value: Option<f64>) {
        self.text(name, value.map_or_else(String::new, |value| value.to_string()));
    }

    fn interval(&mut self, name: &str, interval: Option<[f64; 2]>) {
        self.number(&format!("{name}_low"), interval.map(|[low, _]| low));
        self.number(&format!("{name}_high"), interval.map(|[_, high]| high));
    }
}
