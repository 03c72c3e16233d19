//! What a host tells of a task that has ended.
//!
//! Borrowed and flat: the host fills one buffer of calls again and again, and nothing
//! is allocated per task. The same record goes to the [`Recorder`](crate::Recorder) and to
//! the [`LatencyCsv`](crate::LatencyCsv), so the two cannot disagree.

use crate::Nanos;

/// Where the time of a call, or of a task over all its calls, went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parts {
    /// Submit to assign.
    pub scheduling: Nanos,
    /// Arrival at the node to start.
    pub queue: Nanos,
    /// Start to finish, as measured.
    pub execution: Nanos,
    /// Assign to arrival at the node, and the result's way back.
    pub transfer: Nanos,
}

impl Parts {
    /// Scheduling + queue.
    #[inline]
    pub fn wait(&self) -> Nanos {
        self.scheduling + self.queue
    }

    /// All four.
    #[inline]
    pub fn total(&self) -> Nanos {
        self.wait() + self.execution + self.transfer
    }

    /// Part by part, the sum with `other`.
    #[inline]
    #[must_use]
    pub fn plus(&self, other: &Parts) -> Parts {
        Parts {
            scheduling: self.scheduling + other.scheduling,
            queue: self.queue + other.queue,
            execution: self.execution + other.execution,
            transfer: self.transfer + other.transfer,
        }
    }
}

/// One stage call of a task. Its stage is its place in [`TaskRecord::calls`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallRecord {
    /// Index of the node that ran it; with retries the last one. `None` for a call that never
    /// reached a node.
    pub node: Option<u32>,
    /// Its parts. With retries, scheduling lasts until the last assign.
    pub parts: Parts,
}

/// The instants of a stage call that ended on a node, each at or after the one before. With
/// retries, `assign` and all after it are the last attempt's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallSpan {
    /// Index of its task, warm-up included, from 0.
    pub task: u64,
    /// Index of its stage.
    pub stage: u32,
    /// Index of the node that ran it.
    pub node: u32,
    /// Thousandths of a slot that it held there.
    pub milli_slots: u32,
    /// When it was ready.
    pub submit: Nanos,
    /// When it was sent to the node.
    pub assign: Nanos,
    /// When it reached the node.
    pub arrived: Nanos,
    /// When it started.
    pub started: Nanos,
    /// When it ended on the node.
    pub ended: Nanos,
    /// When its result was back.
    pub finish: Nanos,
}

/// A task that has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskRecord<'a> {
    /// Index of the task in its repetition, warm-up included, from 0.
    pub index: u64,
    /// When it was to arrive, whether or not the system was ready for it.
    pub intended_arrival: Nanos,
    /// When it was through: finish of the last stage, the result's way back included. Of a failed
    /// task: when it failed.
    pub finish: Nanos,
    /// Its priority level.
    pub priority: u8,
    /// Its calls in stage order. Of a failed task: those it made, the failed one last, with its
    /// parts up to the failure.
    pub calls: &'a [CallRecord],
}

impl TaskRecord<'_> {
    /// Intended arrival to finish.
    #[inline]
    pub fn end_to_end(&self) -> Nanos {
        self.finish.since(self.intended_arrival)
    }

    /// The parts of its calls, summed. Their total is [`end_to_end`](Self::end_to_end), to the
    /// nanosecond, if the host hands every instant of the task to exactly one part.
    #[inline]
    pub fn parts(&self) -> Parts {
        let Some((first, others)) = self.calls.split_first() else { return Parts::default() };
        others.iter().fold(first.parts, |sum, call| sum.plus(&call.parts))
    }
}
