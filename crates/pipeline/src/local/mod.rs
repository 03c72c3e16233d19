//! The executor of real time: nodes and slots inside this process.
//!
//! ```text
//!  loop thread ── calls ──►  host thread ── computing calls ──►  workers (tokio's blocking pool)
//!       ▲                    nodes, queues, timers  ◄── results ────┘
//!       └───────── facts ──────────┘
//! ```
//!
//! One host thread owns all node queues and one heap of deadlines, so nothing on a node needs a
//! lock, and every call, one that does nothing included, crosses to another thread and back.
//! Calls and facts cross in batches, in vectors that are swapped and used again.
//!
//! tokio's timer is not used for service times: it ticks in milliseconds, which makes a 25 ms
//! sleep take 26.2 ms and the whole run lose 4 %. The host thread sleeps with the timer slack
//! of the system turned off until 50 µs before the next deadline and spins only from there
//! (`timer`). tokio runs what computes or blocks.

pub(crate) mod compute;
mod host;
mod mailbox;
pub(crate) mod timer;

use crate::RunError;
use crate::clock::Clock;
use crate::drive::{Call, Executor, Fact, TimerUse};
use crate::model::{ClusterSetup, SharedSteps, Stage};
use compute::Workers;
use host::{Host, ToHost};
use mailbox::Mailbox;
use sched_core::{Span, Time};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread::{self, JoinHandle};
use timer::{PreciseSleep, doze};

/// Nodes and slots in this process. Its time starts when it is started.
#[derive(Debug)]
pub struct Local {
    clock: Clock,
    to_host: Arc<Mailbox<ToHost>>,
    facts: Arc<Mailbox<Fact>>,
    outbox: Vec<ToHost>,
    host: Option<JoinHandle<TimerUse>>,
    workers: Workers,
    _precise: PreciseSleep, // this thread waits for arrivals
}

impl Local {
    /// Starts the nodes. The calling thread is the one that will run the loop.
    ///
    /// # Errors
    /// [`RunError::Thread`] when the system refuses a thread.
    pub fn start(cluster: &ClusterSetup, stages: &[Stage]) -> Result<Local, RunError> {
        Local::with_steps(cluster, stages, None)
    }

    /// As [`Local::start`], for stages of which some are steps.
    ///
    /// # Errors
    /// As [`Local::start`].
    pub fn with_steps(
        cluster: &ClusterSetup,
        stages: &[Stage],
        steps: Option<&SharedSteps>,
    ) -> Result<Local, RunError> {
        let workers = Workers::start(cluster, stages).map_err(RunError::Thread)?;
        let (to_host, facts) = (Arc::new(Mailbox::new()), Arc::new(Mailbox::new()));
        facts.read_by(thread::current());
        let (ready, clock) = (Arc::new(Barrier::new(2)), Arc::new(OnceLock::new()));
        let work = compute::work(stages, steps);
        let parts = (cluster.clone(), work, workers.handle());
        let run = {
            let (inbox, facts) = (Arc::clone(&to_host), Arc::clone(&facts));
            let (ready, clock) = (Arc::clone(&ready), Arc::clone(&clock));
            move || {
                let _closed_at_the_end = facts.close_on_drop();
                let _precise = PreciseSleep::on_this_thread();
                inbox.read_by(thread::current());
                ready.wait();
                let (cluster, work, workers) = parts;
                Host::new(*clock.wait(), &cluster, work, workers, inbox, Arc::clone(&facts)).run()
            }
        };
        let spawned = thread::Builder::new().name("local-nodes".into()).spawn(run);
        let host = Some(spawned.map_err(RunError::Thread)?);
        // Zero is when everything is up: starting threads is no part of any latency.
        ready.wait();
        let clock = *clock.get_or_init(Clock::start);
        let _precise = PreciseSleep::on_this_thread();
        Ok(Local { clock, to_host, facts, outbox: Vec::new(), host, workers, _precise })
    }

    /// Stops the nodes, whatever still runs on them, and says what precise timing has cost.
    pub fn stop(mut self) -> Option<TimerUse> {
        self.end_host()
    }

    fn end_host(&mut self) -> Option<TimerUse> {
        self.workers.abandon();
        self.to_host.post_one(ToHost::Stop);
        self.host.take().and_then(|host| host.join().ok())
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.end_host();
    }
}

impl Executor for Local {
    const DECISION_SAMPLING: u64 = 1;

    fn now(&mut self) -> Time {
        self.clock.now()
    }

    fn send(&mut self, call: Call) {
        self.outbox.push(ToHost::Assign(call));
    }

    fn flush(&mut self) {
        self.to_host.post(&mut self.outbox);
    }

    fn wait(&mut self, deadline: Option<Time>, facts: &mut Vec<Fact>) -> Result<Time, RunError> {
        if !self.facts.has_mail() {
            match deadline.map(|at| at.since(self.clock.now())) {
                None => thread::park(),
                Some(Span::ZERO) => {}
                Some(left) => thread::park_timeout(doze(left).unwrap_or(left).into()),
            }
        }
        // The clock is read after the mail is taken: no fact is later than what is returned.
        if !self.facts.take(facts) && self.facts.is_closed() {
            return Err(RunError::HostLost);
        }
        Ok(self.clock.now())
    }
}
