//! From the loop's reports to the `metrics` crate.
//!
//! The only place where the two vocabularies meet: instants of calls become parts of latency.
//! A writer that fails (a full disk) does not end the run: rows stop, the recorder goes on, and the
//! error is handed out at the end.

use crate::drive::{CallTimes, Failure, Observer, TaskEnd};
use crate::model::{ClusterSetup, Stage};
use metrics::{
    BatchPlan, CallRecord, LatencyCsv, MetricsError, Nanos, Node, Parts, Recorder, Shape,
    TaskRecord,
};
use sched_core::{NodeId, Span, TaskId, Time};
use std::io::Write;
use std::sync::Arc;

/// An observer that feeds a [`Recorder`] and, if there is one, a [`LatencyCsv`].
#[derive(Debug)]
pub struct Recording<'a, W: Write> {
    recorder: Recorder,
    rows: Option<(&'a mut LatencyCsv<W>, u32)>,
    calls: Vec<CallRecord>,
    written: Result<(), MetricsError>,
}

impl<'a, W: Write> Recording<'a, W> {
    /// The stages and nodes of a run, as a [`Recorder`] wants to know them.
    ///
    /// # Errors
    /// When two stages have one name.
    pub fn shape(cluster: &ClusterSetup, stages: &[Stage]) -> Result<Arc<Shape>, MetricsError> {
        let nodes = cluster.spec.nodes().map(|id| Node {
            name: id.to_string(),
            slots: cluster.spec.capacity(id).whole_slots(),
        });
        let names = stages.iter().map(|stage| stage.name.clone()).collect();
        Shape::new(names, nodes.collect()).map(Arc::new)
    }

    /// Records one repetition of these stages; with `rows`, its tasks are rows of that repetition.
    pub fn new(
        shape: Arc<Shape>,
        stages: &[Stage],
        rows: Option<(&'a mut LatencyCsv<W>, u32)>,
    ) -> Recording<'a, W> {
        Recording {
            recorder: Recorder::new(shape),
            rows,
            calls: Vec::with_capacity(stages.len()),
            written: Ok(()),
        }
    }

    /// Keeps batches of tasks too, for intervals from within this one repetition.
    #[must_use]
    pub fn with_batches(self, plan: BatchPlan) -> Recording<'a, W> {
        Recording { recorder: self.recorder.with_batches(plan), ..self }
    }

    /// What was recorded, and whether every row could be written.
    pub fn finish(self) -> (Recorder, Result<(), MetricsError>) {
        (self.recorder, self.written)
    }

    fn task(&mut self, task: &TaskEnd<'_>, failure: Option<&Failure>) {
        self.calls.clear();
        self.calls.extend(task.calls.iter().map(call));
        self.calls.extend(task.unplaced.map(|waited| {
            let parts = Parts { scheduling: nanos(waited), ..Parts::default() };
            CallRecord { node: None, parts }
        }));
        let record = TaskRecord {
            index: task.index,
            intended_arrival: instant(task.intended),
            finish: instant(task.finish),
            priority: task.priority.get(),
            calls: &self.calls,
        };
        match failure {
            None => self.recorder.task_succeeded(&record),
            Some(failure) => self.recorder.task_failed(&record, &failure.to_string()),
        }
        if let (Some((rows, repetition)), Ok(())) = (&mut self.rows, &self.written) {
            self.written = rows.task(*repetition, &record, failure.is_none());
        }
    }
}

impl<W: Write> Observer for Recording<'_, W> {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.task(task, None);
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        self.task(task, Some(failure));
    }

    fn call_finished(&mut self, _: u32, call: &CallTimes) {
        let (execution, sojourn) = (nanos(call.execution()), nanos(call.total()));
        self.recorder.call_finished(call.node.0, call.cpu, execution, sojourn);
    }

    fn retried(&mut self, _: TaskId) {
        self.recorder.retry();
    }

    fn node_changed(&mut self, node: NodeId, up: bool) {
        self.recorder.node_up(node.0, up);
    }

    fn decided(&mut self, cost: Span, decisions: u64) {
        self.recorder.decisions(nanos(cost), decisions);
    }
}

fn call(times: &CallTimes) -> CallRecord {
    let parts = Parts {
        scheduling: nanos(times.scheduling()),
        queue: nanos(times.queueing()),
        execution: nanos(times.execution()),
        transfer: nanos(times.transfer()),
    };
    CallRecord { node: Some(times.node.0), parts }
}

fn nanos(span: Span) -> Nanos {
    Nanos::new(span.as_nanos())
}

fn instant(time: Time) -> Nanos {
    nanos(time.since(Time::ZERO))
}
