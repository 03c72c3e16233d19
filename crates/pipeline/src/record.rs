//! From the loop's reports to the `metrics` crate.
//!
//! The only place where the two vocabularies meet: instants of calls become parts of latency.
//! A writer that fails (a full disk) does not end the run: rows stop, the recorder goes on, and the
//! error is handed out at the end.

use crate::drive::{CallTimes, Failure, Observer, TaskEnd};
use crate::model::{ClusterSetup, Stage};
use metrics::{
    BatchPlan, BufferedRecorder, CallRecord, CallSpan, LatencyCsv, MetricsError, Nanos, Node,
    Parts, Recorder, Shape, TaskRecord, Timeline,
};
use sched_core::{NodeId, Span, TaskId, Time};
use std::io::Write;
use std::sync::Arc;

/// An observer that feeds a [`Recorder`] and, if there is one, a [`LatencyCsv`].
#[derive(Debug)]
pub struct Recording<'a, W: Write> {
    recorder: BufferedRecorder,
    rows: Option<(&'a mut LatencyCsv<W>, u32)>,
    calls: Vec<CallRecord>,
    written: Result<(), MetricsError>,
    watched: Option<Box<Watched>>,
}

/// What is kept of single calls, of a repetition that is looked at closely.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Load and waiting over time, of all counted calls that ended on a node.
    pub timeline: Timeline,
    /// The calls of the tasks that ended first.
    pub calls: Vec<CallSpan>,
    most_calls: usize,
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
            recorder: BufferedRecorder::new(Recorder::new(shape)),
            rows,
            calls: Vec::with_capacity(stages.len()),
            written: Ok(()),
            watched: None,
        }
    }

    /// Keeps batches of tasks too, for intervals from within this one repetition.
    #[must_use]
    pub fn with_batches(self, plan: BatchPlan) -> Recording<'a, W> {
        Recording { recorder: self.recorder.with_batches(plan), ..self }
    }

    /// Keeps a timeline too, and whole tasks until they have `most_calls` calls.
    #[must_use]
    pub fn watching(mut self, shape: &Shape, most_calls: usize) -> Recording<'a, W> {
        let (timeline, calls) = (Timeline::new(shape), Vec::new());
        self.watched = Some(Box::new(Watched { timeline, calls, most_calls }));
        self
    }

    /// What it was [`watching`](Self::watching), once.
    pub fn take_watched(&mut self) -> Option<Watched> {
        self.watched.take().map(|watched| *watched)
    }

    /// What was recorded, and whether every row could be written.
    pub fn finish(self) -> (Recorder, Result<(), MetricsError>) {
        (self.recorder.finish(), self.written)
    }

    #[inline]
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
            Some(failure) => self.recorder.recorder().task_failed(&record, &failure.to_string()),
        }
        if let Some(watched) = &mut self.watched {
            watched.task(task);
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

    fn call_finished(&mut self, stage: u32, call: &CallTimes) {
        let (execution, sojourn) = (nanos(call.execution()), nanos(call.total()));
        self.recorder.recorder().call_finished(call.node.0, call.cpu, execution, sojourn);
        if let Some(watched) = &mut self.watched {
            watched.timeline.call(&span(0, stage, call)); // whose call it is does not matter there
        }
    }

    fn retried(&mut self, _: TaskId) {
        self.recorder.recorder().retry();
    }

    fn node_changed(&mut self, node: NodeId, up: bool) {
        self.recorder.recorder().node_up(node.0, up);
    }

    fn decided(&mut self, cost: Span, decisions: u64) {
        self.recorder.recorder().decisions(nanos(cost), decisions);
    }
}

impl Watched {
    fn task(&mut self, task: &TaskEnd<'_>) {
        if self.calls.len() + task.calls.len() > self.most_calls {
            self.most_calls = 0; // a later task with fewer calls must not fill the gap
            return;
        }
        let spans = (0..).zip(task.calls).map(|(stage, call)| span(task.index, stage, call));
        self.calls.extend(spans);
    }
}

fn span(task: u64, stage: u32, call: &CallTimes) -> CallSpan {
    CallSpan {
        task,
        stage,
        node: call.node.0,
        milli_slots: call.cpu,
        submit: instant(call.submit),
        assign: instant(call.assign),
        arrived: instant(call.arrived),
        started: instant(call.started),
        ended: instant(call.ended),
        finish: instant(call.finish),
    }
}

#[inline]
fn call(times: &CallTimes) -> CallRecord {
    let parts = Parts {
        scheduling: nanos(times.scheduling()),
        queue: nanos(times.queueing()),
        execution: nanos(times.execution()),
        transfer: nanos(times.transfer()),
    };
    CallRecord { node: Some(times.node.0), parts }
}

#[inline]
fn nanos(span: Span) -> Nanos {
    Nanos::new(span.as_nanos())
}

#[inline]
fn instant(time: Time) -> Nanos {
    nanos(time.since(Time::ZERO))
}
