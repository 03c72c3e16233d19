//! The host thread: all nodes, their queues, and the deadlines of emulated calls.
//!
//! It reads the clock once per round. What ends in a round ends at that instant, and what takes
//! its place starts at it, so a slot is never counted idle while a call waits for it; how late
//! the round was shows as execution time, where it belongs.

use super::compute::{Job, Work, WorkersHandle};
use super::mailbox::Mailbox;
use super::timer::{Deadlines, SPIN, doze};
use crate::clock::{Clock, thread_cpu_time};
use crate::drive::{Call, Fact, Failure, TimerUse};
use crate::model::ClusterSetup;
use crate::nodes::NodeQueues;
use sched_core::Time;
use std::hint;
use std::sync::Arc;
use std::thread;

/// What the host thread is told.
#[derive(Debug)]
pub(super) enum ToHost {
    /// A call for a node.
    Assign(Call),
    /// A worker has carried a call out.
    Done {
        /// Where the host keeps the call.
        running: u32,
        /// When the worker began.
        started: Time,
        /// When it ended.
        ended: Time,
        /// What went wrong.
        failure: Option<Box<Failure>>,
    },
    /// Enough.
    Stop,
}

/// State of the host thread.
pub(super) struct Host {
    clock: Clock,
    speeds: Vec<f64>,
    work: Vec<Work>, // of each stage
    workers: Option<WorkersHandle>,
    inbox: Arc<Mailbox<ToHost>>,
    facts: Arc<Mailbox<Fact>>,
    nodes: NodeQueues<Call>,
    deadlines: Deadlines,
    running: Vec<(Call, Time)>, // with the start of emulated ones
    free: Vec<u32>,             // unused entries of `running`
    starting: Vec<Call>,
    news: Vec<Fact>,
}

impl Host {
    pub(super) fn new(
        clock: Clock,
        cluster: &ClusterSetup,
        work: Vec<Work>,
        workers: Option<WorkersHandle>,
        inbox: Arc<Mailbox<ToHost>>,
        facts: Arc<Mailbox<Fact>>,
    ) -> Host {
        Host {
            clock,
            speeds: cluster.node_speeds(),
            work,
            workers,
            inbox,
            facts,
            nodes: NodeQueues::new(&cluster.spec),
            deadlines: Deadlines::default(),
            running: Vec::new(),
            free: Vec::new(),
            starting: Vec::new(),
            news: Vec::new(),
        }
    }

    /// Runs until it is told to stop.
    pub(super) fn run(mut self) -> TimerUse {
        let mut letters = Vec::new();
        loop {
            self.inbox.take(&mut letters);
            let now = self.clock.now();
            for letter in letters.drain(..) {
                match letter {
                    ToHost::Assign(call) => {
                        let started = self.nodes.arrive(call.node, call.demand, call);
                        started.into_iter().for_each(|call| self.begin(call, now));
                    }
                    ToHost::Done { running, started, ended, failure } => {
                        self.finish(running, started, ended, failure, now);
                    }
                    ToHost::Stop => {
                        let wall = now.since(Time::ZERO);
                        return TimerUse { cpu: thread_cpu_time(), wall };
                    }
                }
            }
            while let Some(running) = self.deadlines.expire(now) {
                let started = self.running[running as usize].1;
                self.finish(running, started, now, None, now);
            }
            self.facts.post(&mut self.news);
            self.wait(now);
        }
    }

    /// A call has its slot.
    fn begin(&mut self, call: Call, now: Time) {
        let running = match self.free.pop() {
            Some(running) => {
                self.running[running as usize] = (call, now);
                running
            }
            None => {
                self.running.push((call, now));
                (self.running.len() - 1) as u32
            }
        };
        let speed = self.speeds[call.node.index()];
        let service = call.service.scaled(1.0 / speed);
        match (&self.work[call.key.task.stage as usize], &self.workers) {
            (Work::Burn(work), Some(workers)) => {
                let (inbox, work) = (Arc::clone(&self.inbox), work.clone());
                workers.run(Job { running, call, service, speed, work, clock: self.clock, inbox });
            }
            _ => self.deadlines.set(now + service, running),
        }
    }

    /// A call has left its slot at `ended`; the slot is given on at `now`.
    fn finish(
        &mut self,
        running: u32,
        started: Time,
        ended: Time,
        failure: Option<Box<Failure>>,
        now: Time,
    ) {
        let call = self.running[running as usize].0;
        self.free.push(running);
        let (key, node, arrived) = (call.key, call.node, call.assigned);
        self.news.push(Fact::Finished { key, node, arrived, started, ended, at: ended, failure });
        let mut starting = std::mem::take(&mut self.starting);
        self.nodes.leave(node, call.demand, &mut starting);
        starting.drain(..).for_each(|call| self.begin(call, now));
        self.starting = starting;
    }

    /// Sleeps until there is mail or the next deadline is near, then spins.
    fn wait(&self, now: Time) {
        match self.deadlines.next() {
            None if self.inbox.has_mail() => {}
            None => thread::park(),
            Some(at) if at.since(now) > SPIN => {
                if !self.inbox.has_mail() {
                    let left = at.since(now);
                    thread::park_timeout(doze(left).unwrap_or(left - SPIN).into());
                }
            }
            Some(at) => {
                while !self.inbox.has_mail() && self.clock.now() < at {
                    hint::spin_loop();
                }
            }
        }
    }
}
