//! The six latency series that everything is reported in: per priority level, per stage.
//!
//! `wait` has a series of its own although it is a sum: quantiles of a sum do not follow
//! from those of its terms. The series of all tasks is not kept while recording; it is
//! the merge of those of the levels, which halves the work per task.

use crate::{Distribution, Nanos, Parts};

/// What one sample adds: the parts, and the total beside them, which a host may contradict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) parts: Parts,
    pub(crate) total: Nanos,
}

/// Scheduling, queueing, wait, execution, transfer and end-to-end latencies.
#[derive(Clone, Debug, Default)]
pub struct LatencySeries {
    /// Submit to assign.
    pub scheduling: Distribution,
    /// Arrival at the node to start.
    pub queue: Distribution,
    /// Scheduling + queue.
    pub wait: Distribution,
    /// Start to finish.
    pub execution: Distribution,
    /// Assign to arrival at the node, and the result's way back.
    pub transfer: Distribution,
    /// All of it.
    pub end_to_end: Distribution,
}

impl LatencySeries {
    /// Adds one sample to each series.
    #[inline]
    pub fn record(&mut self, parts: &Parts, end_to_end: Nanos) {
        self.scheduling.record(parts.scheduling);
        self.queue.record(parts.queue);
        self.wait.record(parts.wait());
        self.execution.record(parts.execution);
        self.transfer.record(parts.transfer);
        self.end_to_end.record(end_to_end);
    }

    /// Adds these samples, series by series.
    pub(crate) fn record_all(&mut self, rows: &[Row]) {
        self.scheduling.record_all(rows, |row| row.parts.scheduling);
        self.queue.record_all(rows, |row| row.parts.queue);
        self.wait.record_all(rows, |row| row.parts.wait());
        self.execution.record_all(rows, |row| row.parts.execution);
        self.transfer.record_all(rows, |row| row.parts.transfer);
        self.end_to_end.record_all(rows, |row| row.total);
    }

    /// Adds all samples of `other`.
    pub fn merge(&mut self, other: &LatencySeries) {
        self.scheduling.merge(&other.scheduling);
        self.queue.merge(&other.queue);
        self.wait.merge(&other.wait);
        self.execution.merge(&other.execution);
        self.transfer.merge(&other.transfer);
        self.end_to_end.merge(&other.end_to_end);
    }
}
