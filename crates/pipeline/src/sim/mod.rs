//! The executor of virtual time: it jumps to the next event.
//!
//! Deterministic from the seed: events have a total order (`agenda`), service times and delays are
//! drawn per item and purpose, and the loop above is the one that also runs in real
//! time. Nodes have the same queues as there. Memory grows with the tasks in flight.
//!
//! At one instant, calls that reach a node start before anything is decided, and what ends then is
//! reported in the order in which it was to end. A call that takes no time ends at the
//! instant of its start, in a further turn of the loop at that instant.

mod agenda;
mod faults;
mod flight;
mod heap;
mod near;
mod wheel;

use self::agenda::{Agenda, Happening};
use self::faults::{Failures, Pace};
use self::flight::{Flights, Lost};
use crate::RunError;
use crate::drive::{Call, Executor, Fact};
use crate::model::{ClusterSetup, Fault, FaultKind, Faults, Purpose, Sampler, Streams};
use crate::nodes::NodeQueues;
use sched_core::{NodeId, Span, TaskId, Time};
use std::collections::BTreeSet;
use std::hint::black_box;

/// A cluster in virtual time.
#[derive(Debug)]
pub struct Sim {
    now: Time,
    agenda: Agenda,
    nodes: NodeQueues<u32, Pace>,
    speeds: Vec<f64>,
    failures: Failures,
    flights: Flights,
    network: Sampler,
    delay: Option<Span>, // of a network in which it is always the same
    faults: Faults,
    ways: Streams,
    seed: u64,
    starting: Vec<u32>,
    soon: Vec<u32>,  // calls that end soon
    lost: Vec<Fact>, // calls that were sent to a node that is down
}

impl Sim {
    /// The cluster at instant 0, with all nodes up.
    pub fn new(cluster: &ClusterSetup, faults: &Faults, seed: u64) -> Sim {
        let network = Sampler::new(&cluster.network);
        let speeds = cluster.node_speeds();
        let mut sim = Sim {
            delay: network.constant(),
            network,
            now: Time::ZERO,
            agenda: Agenda::default(),
            nodes: NodeQueues::with_state(&cluster.spec, |node| {
                Pace::of_speed(speeds[node.index()])
            }),
            failures: Failures::new(speeds.len()),
            speeds,
            flights: Flights::default(),
            faults: faults.clone(),
            ways: Streams::new(seed, Purpose::Network),
            seed,
            starting: Vec::new(),
            soon: Vec::new(),
            lost: Vec::new(),
        };
        for (number, fault) in sim.faults.scheduled.iter().enumerate() {
            sim.agenda.enter(fault.at, Happening::Fault(number as u32));
        }
        if sim.faults.spontaneous.is_some() {
            (0..cluster.spec.node_count() as u32).for_each(|node| sim.enter_failure(node));
        }
        sim
    }

    #[inline]
    fn handle(&mut self, what: Happening, facts: &mut Vec<Fact>) {
        match what {
            Happening::End(slot) => self.end(slot, facts),
            Happening::Arrival(slot) => {
                if !self.arrive(slot) {
                    facts.push(self.lose(slot));
                }
            }
            Happening::Result(slot) => facts.push(self.flights.answered(slot, self.now)),
            _ => self.handle_rare(what, facts),
        }
    }

    #[cold]
    fn handle_rare(&mut self, what: Happening, facts: &mut Vec<Fact>) {
        match what {
            Happening::End(_) | Happening::Arrival(_) | Happening::Result(_) | Happening::Void => {}
            Happening::Fault(number) => {
                let Fault { node, kind, .. } = self.faults.scheduled[number as usize];
                match kind {
                    FaultKind::Kill => self.kill(node, facts),
                    FaultKind::Restart => self.restart(node, facts),
                    FaultKind::Drain => self.drain(node, facts),
                    FaultKind::Slow { factor } => {
                        let speed = self.speeds[node.index()];
                        self.nodes.state_mut(node).slow(speed, factor);
                    }
                }
            }
            Happening::Failure(node) => {
                self.kill(NodeId(node), facts);
                let repair = self.failures.spontaneous(self.seed, NodeId(node), &self.faults).1;
                self.agenda.enter(self.now + repair, Happening::Repair(node));
            }
            Happening::Repair(node) => {
                self.restart(NodeId(node), facts);
                self.enter_failure(node);
            }
        }
    }

    fn enter_failure(&mut self, node: u32) {
        let life = self.failures.next_spontaneous(self.seed, NodeId(node), &self.faults);
        self.agenda.enter(self.now + life, Happening::Failure(node));
    }

    /// A call is at its node: it starts, or queues there. False if it is lost, because the node is down.
    #[inline]
    fn arrive(&mut self, slot: u32) -> bool {
        let (node, demand) = self.flights.arrived(slot, self.now);
        if !self.nodes.state(node).is_up() {
            return false;
        }
        if let Some(slot) = self.nodes.arrive(node, demand, slot) {
            self.start(slot);
        }
        true
    }

    #[cold]
    fn lose(&mut self, slot: u32) -> Fact {
        let (key, node) = self.flights.remove(slot);
        Fact::Lost { key, node, started: false }
    }

    #[inline]
    fn start(&mut self, slot: u32) {
        let (node, service) = self.flights.started(slot, self.now);
        let service = self.nodes.state(node).service(service);
        self.agenda.enter(self.now + service, Happening::End(slot));
    }

    /// A call leaves its slot: those queued behind it start, and its result sets out.
    #[inline]
    fn end(&mut self, slot: u32, facts: &mut Vec<Fact>) {
        let (task, node, demand) = self.flights.ended(slot, self.now);
        self.nodes.leave(node, demand, &mut self.starting);
        if !self.starting.is_empty() {
            for next in 0..self.starting.len() {
                self.start(self.starting[next]);
            }
            self.starting.clear();
        }
        match self.delay(task, 1) {
            Span::ZERO => facts.push(self.flights.answered(slot, self.now)),
            back => self.agenda.enter(self.now + back, Happening::Result(slot)),
        }
    }

    /// One way of a call through the network: 0 there, 1 back.
    #[inline(always)]
    fn delay(&self, task: TaskId, way: u64) -> Span {
        self.delay.unwrap_or_else(|| self.draw_delay(task, way))
    }

    fn draw_delay(&self, task: TaskId, way: u64) -> Span {
        let mut stream = self.ways.stream(task.index << 1 | way, task.stage);
        self.network.sample(&mut stream)
    }

    /// Names the calls that end soon, and reads what is known of them here: see `drive/fetch.rs`.
    #[cold]
    #[inline(never)]
    fn fetch(&mut self) {
        self.soon.clear();
        self.soon.extend(self.agenda.near().filter_map(|what| match what {
            Happening::End(slot) => Some(slot),
            _ => None,
        }));
        let nodes = || self.soon.iter().map(|&slot| self.flights.node(slot));
        // First what names the nodes, then the nodes.
        black_box(nodes().fold(0, |seen, node| seen ^ node.0));
        black_box(nodes().fold(false, |seen, node| seen ^ self.nodes.state(node).is_up()));
    }

    fn kill(&mut self, node: NodeId, facts: &mut Vec<Fact>) {
        if !self.nodes.state_mut(node).set_up(false) {
            return;
        }
        facts.push(Fact::NodeDown(node));
        self.nodes.clear(node);
        let lost = self.flights.lose(node);
        let running: BTreeSet<u32> =
            lost.iter().filter(|call| call.started).map(|call| call.slot).collect();
        self.agenda.void_ends(|slot| running.contains(&slot));
        let fact = |Lost { key, started, .. }: Lost| Fact::Lost { key, node, started };
        facts.extend(lost.into_iter().map(fact));
    }

    fn restart(&mut self, node: NodeId, facts: &mut Vec<Fact>) {
        self.nodes.state_mut(node).set_up(true);
        facts.push(Fact::NodeUp(node));
    }

    fn drain(&mut self, node: NodeId, facts: &mut Vec<Fact>) {
        if self.nodes.state(node).is_up() {
            facts.push(Fact::NodeDrain(node));
        }
    }
}

impl Executor for Sim {
    const DECISION_SAMPLING: u64 = 128;

    fn now(&mut self) -> Time {
        self.now
    }

    // Each is called from one place: registers saved for a call would be a twentieth of the turn.
    #[inline(always)]
    fn send(&mut self, call: Call) {
        self.flights.insert(&call);
        let slot = call.key.slot;
        match self.delay(call.key.task, 0) {
            Span::ZERO => {
                if !self.arrive(slot) {
                    let fact = self.lose(slot);
                    self.lost.push(fact);
                }
            }
            there => self.agenda.enter(self.now + there, Happening::Arrival(slot)),
        }
    }

    #[inline(always)]
    fn wait(&mut self, deadline: Option<Time>, facts: &mut Vec<Fact>) -> Result<Time, RunError> {
        if !self.lost.is_empty() {
            facts.append(&mut self.lost);
        }
        while facts.is_empty() {
            let due = match (self.agenda.next_at(), deadline) {
                (Some(next), Some(deadline)) => next.min(deadline),
                (Some(at), None) | (None, Some(at)) => at,
                (None, None) => return Err(RunError::NothingToCome { at: self.now }),
            };
            self.now = self.now.max(due);
            while let Some(what) = self.agenda.take_at(self.now) {
                self.handle(what, facts);
                if self.agenda.has_turned() {
                    self.fetch();
                }
            }
            if deadline.is_some_and(|at| at <= self.now) {
                break;
            }
        }
        Ok(self.now)
    }

    #[inline]
    fn soon(&mut self) -> Option<&mut Vec<u32>> {
        (!self.soon.is_empty()).then_some(&mut self.soon)
    }

    fn expects_facts(&self) -> bool {
        self.agenda.next_at().is_some() || !self.lost.is_empty()
    }
}
