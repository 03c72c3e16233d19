//! Who may be called the best of what: the runs of one configuration, in order of one measure.
//!
//! The headline tells who is first and by how much. That it may pick the first one after looking at the
//! numbers is paid for by comparing each with each, in the same family as all other comparisons of the
//! part (`differences`): so no two sentences about two runs can disagree. In a closed system and
//! a batch the first question is throughput; where arrivals are given, that is theirs, and latency is
//! asked alone.

use crate::run::{Measure, Measured};

/// What is asked of a set of runs: a measure, whether more of it is better, and how its best is
/// called.
pub(super) struct Question {
    pub(super) measure: Measure,
    more: bool,
    pub(super) best: &'static str,
    pub(super) unit: &'static str,
}

pub(super) const THROUGHPUT: Question = Question {
    measure: Measure::Throughput,
    more: true,
    best: "the highest throughput",
    unit: "tasks/s",
};
pub(super) const TAIL: Question =
    Question { measure: Measure::P99, more: false, best: "the lowest p99 latency", unit: "ms" };

/// The sets of runs that can be compared each with each: those of one configuration, of which there are
/// several. Runs of a part stand together, and so do those of a configuration in it.
pub(super) fn fields(runs: &[Measured]) -> impl Iterator<Item = &[Measured]> {
    let same = |one: &Measured, other: &Measured| {
        let (one, other) = (&one.report.metrics.config, &other.report.metrics.config);
        (&one.part, &one.configuration) == (&other.part, &other.configuration)
    };
    runs.chunk_by(same).filter(|runs| runs.len() > 1)
}

/// What is asked of the runs of one configuration.
pub(super) fn questions(field: &[Measured]) -> &'static [&'static Question] {
    let arrivals = field.first().map_or("", |run| &run.report.metrics.config.arrivals);
    match arrivals.starts_with("closed") || arrivals == "batch" {
        true => &[&THROUGHPUT, &TAIL],
        false => &[&TAIL],
    }
}

impl Question {
    /// The runs that have the measure, the best first.
    pub(super) fn ranked<'r>(&self, field: &'r [Measured]) -> Vec<&'r Measured> {
        let value = |run: &Measured| self.value(run);
        let mut ranked: Vec<(f64, &Measured)> =
            field.iter().filter_map(|run| Some((value(run)?, run))).collect();
        ranked.sort_by(|(one, _), (other, _)| match self.more {
            true => other.total_cmp(one),
            false => one.total_cmp(other),
        });
        ranked.into_iter().map(|(_, run)| run).collect()
    }

    /// The measure of a run, as its report has it.
    pub(super) fn value(&self, run: &Measured) -> Option<f64> {
        let metrics = &run.report.metrics;
        match self.measure {
            Measure::Throughput => metrics.throughput_tasks_per_sec,
            _ => metrics.p99_latency_ms,
        }
    }
}
