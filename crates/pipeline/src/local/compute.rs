//! Calls that really do something, on tokio's blocking pool.
//!
//! One thread per call that holds a slot, up to [`MAX_THREADS`]: a node with four slots runs
//! four calls at once whether or not the machine has the cores for it, and then they share
//! them. A call that panics is caught here and fails alone.

use super::host::ToHost;
use super::mailbox::Mailbox;
use crate::clock::Clock;
use crate::drive::{Call, Failure};
use crate::model::{
    CallContext, ClusterSetup, CustomOperator, Luggage, Operator, SharedSteps, Stage,
};
use md5::{Digest, Md5};
use sched_core::Span;
use std::any::Any;
use std::hint::black_box;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::runtime::{Builder, Handle, Runtime};

/// The most worker threads. With more slots than this, calls wait for a thread and the wait
/// counts as queueing.
pub(super) const MAX_THREADS: u64 = 1024;

/// What a stage needs from this module.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Nothing: the host thread waits for it.
    Emulate,
    /// A worker.
    Burn(Burn),
}

/// What a worker does.
#[derive(Clone, Debug)]
pub(super) enum Burn {
    Rounds(u32),
    Custom(CustomOperator),
    Step(u8, Arc<Luggage>),
}

/// What each stage needs; stages that are steps share what they carry.
pub(super) fn work(stages: &[Stage], steps: Option<&SharedSteps>) -> Vec<Work> {
    let luggage = Luggage::new(steps, stages).map(Arc::new);
    let of = |stage: &Stage| match (&stage.operator, &luggage) {
        (Operator::Compute { rounds }, _) => Work::Burn(Burn::Rounds(*rounds)),
        (Operator::Custom(code), _) => Work::Burn(Burn::Custom(code.clone())),
        (Operator::Step(number), Some(luggage)) => {
            Work::Burn(Burn::Step(*number, Arc::clone(luggage)))
        }
        // A step without steps is refused before anything runs.
        (Operator::Emulate | Operator::Step(_), _) => Work::Emulate,
    };
    stages.iter().map(of).collect()
}

/// The pool. There is none where every stage is emulated.
#[derive(Debug)]
pub(super) struct Workers(Option<Runtime>);

/// Sends jobs to the pool.
#[derive(Clone, Debug)]
pub(super) struct WorkersHandle(Handle);

/// A call for a worker.
pub(super) struct Job {
    pub(super) running: u32,
    pub(super) call: Call,
    pub(super) service: Span, // at the speed of the node
    pub(super) speed: f64,
    pub(super) work: Burn,
    pub(super) clock: Clock,
    pub(super) inbox: Arc<Mailbox<ToHost>>,
}

impl Workers {
    /// A pool with a thread per slot. Threads start when they are needed.
    pub(super) fn start(cluster: &ClusterSetup, stages: &[Stage]) -> io::Result<Workers> {
        let burns = |stage: &Stage| stage.operator != Operator::Emulate;
        if !stages.iter().any(burns) {
            return Ok(Workers(None));
        }
        let threads = cluster.spec.total_slots().clamp(1, MAX_THREADS) as usize;
        // The blocking pool needs nobody to drive the runtime.
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(threads)
            .thread_name("local-worker")
            .build()?;
        Ok(Workers(Some(runtime)))
    }

    pub(super) fn handle(&self) -> Option<WorkersHandle> {
        self.0.as_ref().map(|runtime| WorkersHandle(runtime.handle().clone()))
    }

    /// Lets go of the pool without waiting for what runs in it: code that blocks for ever must not
    /// keep a stopped run from ending.
    pub(super) fn abandon(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl WorkersHandle {
    pub(super) fn run(&self, job: Job) {
        drop(self.0.spawn_blocking(move || job.run())); // the result comes by mail
    }
}

impl Job {
    fn run(self) {
        let (key, node, service) = (self.call.key, self.call.node, self.service);
        let context = CallContext { task: key.task, node, attempt: key.attempt, service };
        let started = self.clock.now();
        let failure = match &self.work {
            Burn::Rounds(rounds) => {
                burn(rounds_at(*rounds, self.speed), key.task.index);
                None
            }
            // The operator is not used again for this call, so a broken invariant in it is seen
            // only by its author's other calls.
            Burn::Custom(code) => match catch_unwind(AssertUnwindSafe(|| code.call(&context))) {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some(Failure::Failed(reason)),
                Err(panic) => Some(Failure::Panicked(message(&*panic))),
            },
            Burn::Step(number, luggage) => {
                luggage.carry_out(*number, &context).map(Failure::Failed)
            }
        };
        let (running, ended) = (self.running, self.clock.now());
        let failure = failure.map(Box::new);
        self.inbox.post_one(ToHost::Done { running, started, ended, failure });
    }
}

/// Burns CPU: chained MD5 rounds that start from the index of the task. Each hashes the digest before
/// it, so none can be skipped or overlapped.
pub fn burn(rounds: u64, index: u64) {
    let mut digest = Md5::digest(index.to_le_bytes());
    for _ in 0..rounds {
        digest = Md5::digest(digest);
    }
    black_box(digest);
}

/// Rounds of a call on a node of this speed.
pub fn rounds_at(rounds: u32, speed: f64) -> u64 {
    (f64::from(rounds) / speed).round() as u64
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
        .to_owned()
}
