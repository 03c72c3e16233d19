//! What a turn of the loop reports, once its calls are on their way.
//!
//! Kept in lists until then: writing a result down is not on the path of a call. A task that ends is
//! reported with all its calls, of which the last one is still among those that finished in this turn.

use super::executor::Executor;
use super::observe::{CallTimes, Failure, TaskEnd};
use super::turn::Loop;
use sched_core::{Span, Time};
use std::slice;

/// A call that has ended on its node and is to be reported.
pub(super) struct Finished {
    pub(super) times: CallTimes,
    pub(super) stage: u32,
    pub(super) counted: bool, // not of a warm-up task
}

/// A task that has ended and is to be reported.
pub(super) struct Ended {
    pub(super) slot: u32,
    pub(super) finished: Option<u32>, // its present call among those finished, if that ended on a node
    pub(super) finish: Time,
    pub(super) unplaced: Option<Span>,
    pub(super) failure: Option<Box<Failure>>,
}

impl<E: Executor> Loop<'_, E> {
    /// Tells the observer what ended in this turn.
    #[inline(always)]
    pub(super) fn report(&mut self) {
        if self.decided.is_some() {
            self.report_decided();
        }
        if !self.finished.is_empty() || !self.ended.is_empty() {
            self.report_ended();
        }
    }

    #[cold]
    #[inline(never)]
    fn report_decided(&mut self) {
        if let Some((cost, counted @ 1..)) = self.decided.take() {
            self.observer.decided(cost, counted);
        }
    }

    #[inline(always)]
    fn report_ended(&mut self) {
        for call in self.finished.iter().filter(|call| call.counted) {
            self.observer.call_finished(call.stage, &call.times);
        }
        for ended in &mut self.ended {
            let item = self.items.get(ended.slot);
            if item.index >= self.plan.warmup {
                let (finish, unplaced) = (ended.finish, ended.unplaced);
                self.outcome.last_finish = self.outcome.last_finish.max(Some(finish));
                let (index, intended, priority) = (item.index, item.intended, item.priority);
                let earlier = self.items.times(ended.slot, item.stage as usize);
                let last = match ended.finished {
                    Some(last) => slice::from_ref(&self.finished[last as usize].times),
                    None => &[],
                };
                let calls = match earlier {
                    [] => last,
                    _ => {
                        self.ended_calls.clear();
                        self.ended_calls.extend_from_slice(earlier);
                        self.ended_calls.extend_from_slice(last);
                        &self.ended_calls
                    }
                };
                let task = TaskEnd { index, intended, finish, priority, calls, unplaced };
                match ended.failure.take() {
                    None => self.observer.task_succeeded(&task),
                    Some(failure) => self.observer.task_failed(&task, &failure),
                }
            }
            self.items.remove(ended.slot);
        }
        self.outcome.ended += self.ended.len() as u64;
        self.ended.clear();
        self.finished.clear();
        self.control.set_done(self.outcome.ended);
    }
}
