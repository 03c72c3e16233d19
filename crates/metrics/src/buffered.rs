//! A recorder with a small buffer before its histograms.
//!
//! A latency is an increment somewhere in a histogram of up to some hundred KiB, which is rarely in the
//! nearest cache. Recorded task by task, the processor waits for each of them, a dozen per task; taken
//! together, one histogram after another, it fetches many at once. So the latencies of successful
//! tasks wait here until there are [`ROOM`] of a level or of a stage. Everything else is recorded as
//! it comes, by [`recorder`](BufferedRecorder::recorder). Sums and counts do not know their
//! order, so what [`finish`](BufferedRecorder::finish) gives is what a bare recorder would hold.

use crate::latencies::Row;
use crate::{BatchPlan, Recorder, TaskRecord};

/// Samples that are recorded together. More gain nothing, and would crowd the nearest cache.
const ROOM: usize = 64;

/// A recorder, for hosts that report many tasks. Only the finished recorder can be read.
#[derive(Clone, Debug)]
pub struct BufferedRecorder {
    recorder: Recorder,
    levels: Vec<Vec<Row>>, // by level; of one that was not seen yet, without room
    stages: Vec<Vec<Row>>,
}

impl BufferedRecorder {
    /// Records into `recorder`.
    pub fn new(recorder: Recorder) -> BufferedRecorder {
        let stages = recorder.by_stage().iter().map(|_| Vec::with_capacity(ROOM)).collect();
        BufferedRecorder { recorder, levels: Vec::new(), stages }
    }

    /// As [`Recorder::with_batches`].
    #[must_use]
    pub fn with_batches(self, plan: BatchPlan) -> BufferedRecorder {
        BufferedRecorder { recorder: self.recorder.with_batches(plan), ..self }
    }

    /// The recorder, for all but [`task_succeeded`](Self::task_succeeded). It lacks what is still
    /// buffered here.
    #[inline]
    pub fn recorder(&mut self) -> &mut Recorder {
        &mut self.recorder
    }

    /// As [`Recorder::task_succeeded`]. O(stages), amortised.
    #[inline]
    pub fn task_succeeded(&mut self, task: &TaskRecord<'_>) {
        let (parts, end_to_end) = (task.parts(), task.end_to_end());
        for (stage, (rows, call)) in self.stages.iter_mut().zip(task.calls).enumerate() {
            rows.push(Row { parts: call.parts, total: call.parts.total() });
            if rows.len() == ROOM {
                self.recorder.stage_latencies(stage, rows);
                rows.clear();
            }
        }
        let level = usize::from(task.priority);
        if level >= self.levels.len() {
            self.levels.resize(level + 1, Vec::new());
        }
        let rows = &mut self.levels[level];
        rows.push(Row { parts, total: end_to_end });
        if rows.len() == ROOM {
            self.recorder.level_latencies(task.priority, rows);
            rows.clear();
        }
        self.recorder.succeeded(task, &parts, end_to_end);
    }

    /// The recorder, with all that was reported.
    pub fn finish(mut self) -> Recorder {
        for (stage, rows) in self.stages.iter().enumerate() {
            self.recorder.stage_latencies(stage, rows);
        }
        for (level, rows) in (0..).zip(&self.levels).filter(|(_, rows)| !rows.is_empty()) {
            self.recorder.level_latencies(level, rows);
        }
        self.recorder
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallRecord, Nanos, Node, Parts, Shape};
    use std::sync::Arc;

    /// Whatever was left in a buffer, the two hold the same; all fields are compared. Tasks have two calls,
    /// or one, or one with parts that contradict their end.
    #[test]
    fn holds_what_a_bare_recorder_holds() {
        let node = Node { name: "node-0".into(), slots: 1 };
        for stages in [1, 2] {
            let names = ["a", "b"][..stages].iter().map(ToString::to_string).collect();
            let shape = Arc::new(Shape::new(names, vec![node.clone()]).unwrap());
            for tasks in [0, 1, 63, 64, 65, 1_000] {
                let mut bare = Recorder::new(Arc::clone(&shape));
                let mut buffered = BufferedRecorder::new(Recorder::new(Arc::clone(&shape)));
                for index in 0..tasks {
                    let part =
                        |n: u64| Nanos::new(u64::wrapping_mul(index, n) % (1_u64 << (index % 40)));
                    let call = |n| {
                        let (scheduling, queue) = (part(n), part(n + 2));
                        let (execution, transfer) = (part(n + 4), part(n + 6));
                        let parts = Parts { scheduling, queue, execution, transfer };
                        CallRecord { node: Some(0), parts }
                    };
                    let calls = [call(0x9E37_79B9), call(0x85EB_CA6B)];
                    let calls = &calls[..if index % 7 == 0 { 1 } else { stages }];
                    let total: Nanos = calls.iter().map(|call| call.parts.total()).sum();
                    let record = TaskRecord {
                        index,
                        intended_arrival: Nanos::new(index),
                        finish: Nanos::new(index + total.get() + u64::from(index % 11 == 0)),
                        priority: (index % 3) as u8 * 4,
                        calls,
                    };
                    bare.task_succeeded(&record);
                    buffered.task_succeeded(&record);
                }
                let (held, wanted) = (format!("{:?}", buffered.finish()), format!("{bare:?}"));
                assert_eq!(held, wanted, "{tasks} tasks of {stages} stages");
            }
        }
    }
}
