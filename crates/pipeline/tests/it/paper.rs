//! An executor on paper: virtual time, naive node queues, and a script of lost nodes.
//!
//! Written without the crate's own node queues, so that the two can disagree.

use pipeline::drive::{Call, CallKey, Fact, drive};
use pipeline::model::ClusterSetup;
use pipeline::{Control, Executor, Observer, Outcome, RunError, RunSetup};
use sched_core::{NodeId, Resources, Scheduler, Span, Time};
use std::collections::BTreeMap;

/// Something that befalls a node.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Down(u32),
    Up(u32),
    Drain(u32),
}

enum Event {
    End(NodeId, CallKey, Time),
    Bounce(NodeId, CallKey),
    Fault(Fault),
}

#[derive(Clone)]
struct Node {
    up: bool,
    speed: f64,
    capacity: Resources,
    queue: Vec<Call>,
    running: Vec<(Call, Time)>,
}

pub(crate) struct Paper {
    now: Time,
    events: BTreeMap<(Time, u64), Event>, // equal instants in the order they were made
    made: u64,
    nodes: Vec<Node>,
    faults_left: usize,
    /// Whether lost calls answer all the same, late.
    pub(crate) ghosts: bool,
    /// Whether every answer comes twice.
    pub(crate) stutters: bool,
}

impl Paper {
    pub(crate) fn new(cluster: &ClusterSetup, faults: &[(u64, Fault)]) -> Paper {
        let speeds = cluster.node_speeds();
        let node = |id: NodeId| Node {
            up: true,
            speed: speeds[id.index()],
            capacity: cluster.spec.capacity(id),
            queue: Vec::new(),
            running: Vec::new(),
        };
        let nodes = cluster.spec.nodes().map(node).collect();
        let (now, events, made) = (Time::ZERO, BTreeMap::new(), 0);
        let faults_left = faults.len();
        let mut paper =
            Paper { now, events, made, nodes, faults_left, ghosts: false, stutters: false };
        for &(ms, fault) in faults {
            paper.add(Time::ZERO + Span::from_millis(ms), Event::Fault(fault));
        }
        paper
    }

    pub(crate) fn run(
        mut self,
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError> {
        drive(&setup.plan()?, &mut self, scheduler, observer, control)
    }

    fn add(&mut self, at: Time, event: Event) {
        self.events.insert((at, self.made), event);
        self.made += 1;
    }

    fn start_what_fits(&mut self, id: NodeId) {
        let node = &self.nodes[id.index()];
        let held = node.running.iter().fold(Resources::NONE, |sum, (c, _)| sum.plus(c.demand));
        let head = node.queue.first().copied();
        if let Some(call) = head.filter(|call| held.plus(call.demand).fits(&node.capacity)) {
            let took = Span::from_secs_f64(call.service.as_secs_f64() / node.speed);
            let node = &mut self.nodes[id.index()];
            node.queue.remove(0);
            node.running.push((call, self.now));
            self.add(self.now + took, Event::End(id, call.key, self.now));
            self.start_what_fits(id);
        }
    }

    fn end(&mut self, id: NodeId, key: CallKey, started: Time, facts: &mut Vec<Fact>) {
        let node = &mut self.nodes[id.index()];
        let found = node.running.iter().position(|&(c, at)| c.key == key && at == started);
        let arrived = found.map_or(started, |i| node.running.remove(i).0.assigned);
        if found.is_some() || self.ghosts {
            let (node, ended, at) = (id, self.now, self.now);
            for _ in 0..1 + u8::from(self.stutters) {
                facts.push(Fact::Finished {
                    key,
                    node,
                    arrived,
                    started,
                    ended,
                    at,
                    failure: None,
                });
            }
            self.start_what_fits(id);
        }
    }

    fn befall(&mut self, fault: Fault, facts: &mut Vec<Fact>) {
        self.faults_left -= 1;
        match fault {
            Fault::Down(n) => {
                let (node, id) = (&mut self.nodes[n as usize], NodeId(n));
                node.up = false;
                facts.push(Fact::NodeDown(id));
                let lost = |key, started| Fact::Lost { key, node: id, started };
                facts.extend(node.running.drain(..).map(|(call, _)| lost(call.key, true)));
                facts.extend(node.queue.drain(..).map(|call| lost(call.key, false)));
            }
            Fault::Up(n) => {
                self.nodes[n as usize].up = true;
                facts.push(Fact::NodeUp(NodeId(n)));
            }
            Fault::Drain(n) => facts.push(Fact::NodeDrain(NodeId(n))),
        }
    }
}

impl Executor for Paper {
    const DECISION_SAMPLING: u64 = 3;

    fn now(&mut self) -> Time {
        self.now
    }

    fn send(&mut self, call: Call) {
        assert_eq!(call.assigned, self.now);
        if self.nodes[call.node.index()].up {
            self.nodes[call.node.index()].queue.push(call);
            self.start_what_fits(call.node);
        } else {
            self.add(self.now, Event::Bounce(call.node, call.key));
        }
    }

    fn wait(&mut self, deadline: Option<Time>, facts: &mut Vec<Fact>) -> Result<Time, RunError> {
        let first = self.events.first_key_value().map(|((at, _), _)| *at);
        let until = first.into_iter().chain(deadline).min();
        self.now = until.expect("the loop waits only for what will come").max(self.now);
        while let Some(entry) = self.events.first_entry().filter(|e| e.key().0 <= self.now) {
            match entry.remove() {
                Event::End(node, key, started) => self.end(node, key, started, facts),
                Event::Bounce(node, key) => facts.push(Fact::Lost { key, node, started: false }),
                Event::Fault(fault) => self.befall(fault, facts),
            }
        }
        Ok(self.now)
    }

    fn expects_facts(&self) -> bool {
        self.faults_left > 0
    }
}
