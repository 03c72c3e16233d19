//! Operators that pass data from stage to stage.
//!
//! A [`Operator::Step`](super::Operator::Step) is a number; what it does is in the [`Steps`] of the run. So a
//! stage is plain data, and a worker process does the same as this one by being told the setup of its steps
//! and, with each call, the data of its task. The data of a task is what its last step left; executors keep
//! it ([`Luggage`]), from the first step to the last, and nobody but the steps knows what it says.

use super::{CallContext, Operator, Stage};
use sched_core::TaskId;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// The most bytes of a task's data, and of a setup.
pub const MAX_DATA: usize = 16 << 10;

/// What the steps of a run do. Called on many threads at once.
pub trait Steps: Send + Sync {
    /// The data of a task before its first step.
    fn first(&self, index: u64) -> Vec<u8>;

    /// Carries out step `number`; may block, may fail, may panic, and costs its own task only.
    fn run(&self, number: u8, call: &CallContext, data: &[u8]) -> Stepped;

    /// A step has ended, and this is what it left. Called where the run is driven, once for each call that
    /// ends on its node.
    fn ended(&self, task: TaskId, end: &Stepped);

    /// What another process needs to do the same, at most [`MAX_DATA`] bytes.
    fn setup(&self) -> Vec<u8>;
}

/// What came of a step.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stepped {
    /// The data for the next step, at most [`MAX_DATA`] bytes.
    pub data: Vec<u8>,
    /// Why it failed, if so. That fails the task.
    pub failure: Option<String>,
}

/// The steps of a run, shared.
#[derive(Clone)]
pub struct SharedSteps(Arc<dyn Steps>);

impl SharedSteps {
    /// Shares them.
    pub fn new(steps: impl Steps + 'static) -> SharedSteps {
        SharedSteps(Arc::new(steps))
    }

    /// Carries a step out; a panic is a failure, and so is more data than may be.
    pub fn carry_out(&self, number: u8, call: &CallContext, data: &[u8]) -> Stepped {
        let failed = |why: String| Stepped { data: data.to_vec(), failure: Some(why) };
        // The data is only read, so a step that broke off leaves nothing broken.
        match catch_unwind(AssertUnwindSafe(|| self.0.run(number, call, data))) {
            Ok(end) if end.data.len() <= MAX_DATA => end,
            Ok(_) => failed(format!("a step left more than {MAX_DATA} bytes")),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().copied();
                let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                failed(format!("panic: {}", text.unwrap_or("(no message)")))
            }
        }
    }
}

impl Deref for SharedSteps {
    type Target = dyn Steps;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for SharedSteps {
    /// Code has no equality; the same object is the same steps.
    fn eq(&self, other: &SharedSteps) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for SharedSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("steps")
    }
}

/// The data of the tasks in flight, where a run is driven.
#[derive(Debug)]
pub struct Luggage {
    steps: SharedSteps,
    last: u32, // stage with a step
    data: Mutex<BTreeMap<u64, Vec<u8>>>,
}

impl Luggage {
    /// For a run through these stages; `None` if none of them is a step.
    pub fn new(steps: Option<&SharedSteps>, stages: &[Stage]) -> Option<Luggage> {
        let is_step = |stage: &Stage| matches!(stage.operator, Operator::Step(_));
        let last = stages.iter().rposition(is_step)? as u32;
        Some(Luggage { steps: steps?.clone(), last, data: Mutex::default() })
    }

    /// The data that the next step of a task begins with. It stays here: the call may be lost with its node.
    pub fn of(&self, task: TaskId) -> Vec<u8> {
        let known = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&task.index).cloned().unwrap_or_else(|| self.steps.first(task.index))
    }

    /// A step of a task has ended; gives back why it failed, if so. Nothing is kept of a task whose last step it
    /// was.
    pub fn ended(&self, task: TaskId, end: Stepped) -> Option<String> {
        self.steps.ended(task, &end);
        let mut known = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        if end.failure.is_some() || task.stage >= self.last {
            known.remove(&task.index);
        } else {
            known.insert(task.index, end.data);
        }
        end.failure
    }

    /// Carries a step out here.
    pub fn carry_out(&self, number: u8, call: &CallContext) -> Option<String> {
        let data = self.of(call.task);
        self.ended(call.task, self.steps.carry_out(number, call, &data))
    }
}
