//! The executor of virtual time: it jumps to the next event.
//!
//! Deterministic from the seed: events have a total order (`agenda`), service times and delays are
//! drawn per item and purpose, and the loop above is the one that also runs in real
//! time. Nodes have the same queues as there. Memory grows with the calls in flight.
//!
//! At one instant, calls that reach a node start before anything is decided, and what ends then is
//! reported in the order in which it was to end. A call that takes no time ends at the
//! instant of its start, in a further turn of the loop at that instant.

mod agenda;
mod faults;
mod flight;

use self::agenda::{Agenda, Entry, Happening};
use self::faults::Nodes;
use self::flight::{Flights, Phase};
use crate::RunError;
use crate::drive::{Call, Executor, Fact};
use crate::model::{ClusterSetup, Fault, FaultKind, Faults, Purpose, Sampler, Streams};
use crate::nodes::NodeQueues;
use sched_core::{NodeId, Span, Time};

/// A cluster in virtual time.
#[derive(Debug)]
pub struct Sim {
    now: Time,
    agenda: Agenda,
    queues: NodeQueues<u32>,
    nodes: Nodes,
    flights: Flights,
    network: Sampler,
    faults: Faults,
    ways: Streams,
    seed: u64,
    starting: Vec<u32>,
    lost: Vec<Fact>, // calls that were sent to a node that is down
}

impl Sim {
    /// The cluster at instant 0, with all nodes up.
    pub fn new(cluster: &ClusterSetup, faults: &Faults, seed: u64) -> Sim {
        let mut sim = Sim {
            now: Time::ZERO,
            agenda: Agenda::default(),
            queues: NodeQueues::new(&cluster.spec),
            nodes: Nodes::new(cluster.node_speeds()),
            flights: Flights::default(),
            network: Sampler::new(&cluster.network),
            faults: faults.clone(),
            ways: Streams::new(seed, Purpose::Network),
            seed,
            starting: Vec::new(),
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

    fn handle(&mut self, entry: Entry, facts: &mut Vec<Fact>) {
        match entry.what {
            Happening::Arrival(flight) => self.arrive(flight, facts),
            Happening::End(flight) if self.flights.is_current(flight, entry.number) => {
                self.end(flight, facts);
            }
            Happening::End(_) => {} // of a call that was lost with its node
            Happening::Result(flight) => self.answer(flight, facts),
            Happening::Fault(number) => {
                let Fault { node, kind, .. } = self.faults.scheduled[number as usize];
                match kind {
                    FaultKind::Kill => self.kill(node, facts),
                    FaultKind::Restart => self.restart(node, facts),
                    FaultKind::Drain => self.drain(node, facts),
                    FaultKind::Slow { factor } => self.nodes.slow(node, factor),
                }
            }
            Happening::Failure(node) => {
                self.kill(NodeId(node), facts);
                let repair = self.nodes.spontaneous(self.seed, NodeId(node), &self.faults).1;
                self.agenda.enter(self.now + repair, Happening::Repair(node));
            }
            Happening::Repair(node) => {
                self.restart(NodeId(node), facts);
                self.enter_failure(node);
            }
        }
    }

    fn enter_failure(&mut self, node: u32) {
        let life = self.nodes.next_spontaneous(self.seed, NodeId(node), &self.faults);
        self.agenda.enter(self.now + life, Happening::Failure(node));
    }

    /// A call is at its node: it starts, or queues there, or is lost because the node is down.
    fn arrive(&mut self, flight: u32, facts: &mut Vec<Fact>) {
        let call = self.flights.arrived(flight, self.now);
        if !self.nodes.is_up(call.node) {
            self.flights.remove(flight);
            facts.push(Fact::Lost { key: call.key, node: call.node, started: false });
            return;
        }
        if let Some(flight) = self.queues.arrive(call.node, call.demand, flight) {
            self.start(flight);
        }
    }

    fn start(&mut self, flight: u32) {
        let call = *self.flights.call(flight);
        let service = self.nodes.service_on(call.node, call.service);
        let number = self.agenda.enter(self.now + service, Happening::End(flight));
        self.flights.started(flight, self.now, number);
    }

    /// A call leaves its slot: those queued behind it start, and its result sets out.
    fn end(&mut self, flight: u32, facts: &mut Vec<Fact>) {
        let call = self.flights.ended(flight, self.now);
        let mut starting = std::mem::take(&mut self.starting);
        self.queues.leave(call.node, call.demand, &mut starting);
        starting.drain(..).for_each(|flight| self.start(flight));
        self.starting = starting;
        match self.delay(&call, 1) {
            Span::ZERO => self.answer(flight, facts),
            back => drop(self.agenda.enter(self.now + back, Happening::Result(flight))),
        }
    }

    fn answer(&mut self, flight: u32, facts: &mut Vec<Fact>) {
        let flight = self.flights.remove(flight);
        facts.push(Fact::Finished {
            key: flight.call.key,
            node: flight.call.node,
            arrived: flight.arrived,
            started: flight.started,
            ended: flight.ended,
            at: self.now,
            failure: None,
        });
    }

    /// One way through the network: 0 there, 1 back.
    #[inline]
    fn delay(&self, call: &Call, way: u64) -> Span {
        if let Some(delay) = self.network.constant() {
            return delay;
        }
        let part = call.key.task.stage;
        let item = call.key.task.index << 1 | way;
        let mut stream = self.ways.stream(item, part);
        self.network.sample(&mut stream)
    }

    fn kill(&mut self, node: NodeId, facts: &mut Vec<Fact>) {
        if !self.nodes.set_down(node) {
            return;
        }
        facts.push(Fact::NodeDown(node));
        self.queues.clear(node);
        for (flight, phase) in self.flights.on(node) {
            let key = self.flights.remove(flight).call.key;
            facts.push(Fact::Lost { key, node, started: phase == Phase::Running });
        }
    }

    fn restart(&mut self, node: NodeId, facts: &mut Vec<Fact>) {
        self.nodes.set_up(node);
        facts.push(Fact::NodeUp(node));
    }

    fn drain(&mut self, node: NodeId, facts: &mut Vec<Fact>) {
        if self.nodes.is_up(node) {
            facts.push(Fact::NodeDrain(node));
        }
    }
}

impl Executor for Sim {
    const DECISION_SAMPLING: u64 = 128;

    fn now(&mut self) -> Time {
        self.now
    }

    fn assign(&mut self, calls: &mut Vec<Call>) {
        let mut lost = std::mem::take(&mut self.lost);
        for call in calls.drain(..) {
            let flight = self.flights.insert(call);
            match self.delay(&call, 0) {
                Span::ZERO => self.arrive(flight, &mut lost),
                there => drop(self.agenda.enter(self.now + there, Happening::Arrival(flight))),
            }
        }
        self.lost = lost;
    }

    fn wait(&mut self, deadline: Option<Time>, facts: &mut Vec<Fact>) -> Result<Time, RunError> {
        facts.append(&mut self.lost);
        while facts.is_empty() {
            let due = match (self.agenda.next_at(), deadline) {
                (Some(next), Some(deadline)) => next.min(deadline),
                (Some(at), None) | (None, Some(at)) => at,
                (None, None) => return Err(RunError::NothingToCome { at: self.now }),
            };
            self.now = self.now.max(due);
            while let Some(entry) = self.agenda.take_at(self.now) {
                self.handle(entry, facts);
            }
            if deadline.is_some_and(|at| at <= self.now) {
                break;
            }
        }
        Ok(self.now)
    }

    fn expects_facts(&self) -> bool {
        self.agenda.next_at().is_some() || !self.lost.is_empty()
    }
}
