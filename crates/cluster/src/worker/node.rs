//! The node that a worker is: slots, a queue before them, and what runs in them.
//!
//! The same queues and deadlines as nodes in the driver's own process have. What ends in a round ends at
//! its instant, and what takes its place starts at it.

use super::burn::{Burner, Burnt};
use super::steps::Maker;
use crate::wire::{Answer, Ask};
use crate::{Error, WINDOW};
use pipeline::kit::{Clock, Deadlines, NodeQueues};
use pipeline::model::{CallContext, Stepped};
use sched_core::{ClusterSpec, Group, NodeId, QueueLimit, Resources, TaskId, Time};
use std::collections::BTreeMap;

/// It is the only one in its process.
const HERE: NodeId = NodeId(0);

/// A node with its calls.
#[derive(Debug)]
pub(super) struct Node {
    capacity: Resources,
    speed: f64,
    queue: NodeQueues<Queued>,
    deadlines: Deadlines,
    running: Vec<Running>,
    free: Vec<u32>, // unused entries of `running`
    starting: Vec<Queued>,
    steps: BTreeMap<u64, (u8, Vec<u8>)>, // of calls that have not started, by ticket
    maker: Maker,
    pub(super) burner: Burner,
}

#[derive(Clone, Copy, Debug)]
struct Queued {
    ask: Ask,
    arrived: Time,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    call: Queued,
    started: Time,
}

impl Node {
    /// A node of this size; `None` if there is no such node.
    pub(super) fn new(
        clock: Clock,
        capacity: Resources,
        speed: f64,
        maker: Maker,
    ) -> Result<Option<Node>, Error> {
        let name = "worker".to_owned();
        let group = Group { name, count: 1, capacity, queue_limit: QueueLimit::Unbounded };
        let Ok(cluster) = ClusterSpec::new(vec![group]) else { return Ok(None) };
        Ok(Some(Node {
            capacity,
            speed,
            queue: NodeQueues::new(&cluster),
            deadlines: Deadlines::default(),
            running: Vec::new(),
            free: Vec::new(),
            starting: Vec::new(),
            steps: BTreeMap::new(),
            maker,
            burner: Burner::new(clock)?,
        }))
    }

    /// Calls that start from now on run at this speed.
    pub(super) fn set_speed(&mut self, speed: f64) {
        self.speed = speed;
    }

    /// What its steps are to do from now on.
    pub(super) fn set_up(&mut self, setup: Vec<u8>) {
        self.maker.begin(setup);
    }

    /// A call that is about to come is a step. False if too many have been said to come.
    pub(super) fn announce(&mut self, ticket: u64, step: (u8, Vec<u8>)) -> bool {
        self.steps.insert(ticket, step);
        self.steps.len() <= WINDOW as usize
    }

    /// Whether it could hold the call when it is empty.
    pub(super) fn can_hold(&self, ask: &Ask) -> bool {
        ask.demand.fits(&self.capacity)
    }

    /// Calls that hold their slots.
    pub(super) fn running(&self) -> u32 {
        (self.running.len() - self.free.len()) as u32 // no more than may be outstanding
    }

    /// A call is here.
    pub(super) fn arrive(&mut self, ask: Ask, now: Time) -> Result<(), Error> {
        match self.queue.arrive(HERE, ask.demand, Queued { ask, arrived: now }) {
            Some(call) => self.start(call, now),
            None => Ok(()),
        }
    }

    /// The instant at which a call that only waits will end.
    pub(super) fn next_end(&self) -> Option<Time> {
        self.deadlines.next()
    }

    /// Ends what has ended by `now`, and hands out the answers in the order of their ends.
    pub(super) fn end(
        &mut self,
        now: Time,
        mut answer: impl FnMut(Answer, Option<Vec<u8>>),
    ) -> Result<(), Error> {
        while let Some(Burnt { running, started, ended, left }) = self.burner.take() {
            let mut ended = self.finish(running, started, ended, now)?;
            let data = left.map(|Stepped { data, failure }| {
                ended.failure = failure.map(String::into_boxed_str);
                data
            });
            answer(ended, data);
        }
        while let Some(running) = self.deadlines.expire(now) {
            let started = self.running[running as usize].started;
            answer(self.finish(running, started, now, now)?, None);
        }
        Ok(())
    }

    fn start(&mut self, call: Queued, now: Time) -> Result<(), Error> {
        let running = match self.free.pop() {
            Some(running) => {
                self.running[running as usize] = Running { call, started: now };
                running
            }
            None => {
                self.running.push(Running { call, started: now });
                (self.running.len() - 1) as u32
            }
        };
        let Ask { ticket, rounds, index, service, .. } = call.ask;
        if let Some(step) = self.steps.remove(&ticket) {
            let service = service.scaled(1.0 / self.speed);
            // The driver knows stage, node and attempt; none of them changes what a step does.
            let task = TaskId { index, stage: 0 };
            let context = CallContext { task, node: HERE, attempt: 1, service };
            return self.burner.step(running, step, context, self.maker.clone());
        }
        match rounds {
            0 => self.deadlines.set(now + service.scaled(1.0 / self.speed), running),
            rounds => self.burner.burn(running, rounds, self.speed, index)?,
        }
        Ok(())
    }

    /// A call has left its slot at `ended`; the slot is given on at `now`.
    fn finish(
        &mut self,
        running: u32,
        started: Time,
        ended: Time,
        now: Time,
    ) -> Result<Answer, Error> {
        let Queued { ask, arrived } = self.running[running as usize].call;
        self.free.push(running);
        let mut starting = std::mem::take(&mut self.starting);
        self.queue.leave(HERE, ask.demand, &mut starting);
        for call in starting.drain(..) {
            self.start(call, now)?;
        }
        self.starting = starting;
        Ok(Answer { ticket: ask.ticket, arrived, started, ended, failure: None })
    }
}
