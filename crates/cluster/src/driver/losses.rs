//! Nodes that go and come: losses, faults of the run, launches, and heartbeats.
//!
//! Whatever ends a worker, its calls are handed back to the loop in one go, those that had started told from
//! those that had not. A worker that nobody asked to end is launched again, after a pause that grows; one
//! that a fault of the run has killed waits for the fault that restarts it.

use super::agenda::Happening;
use super::node::{Node, State};
use super::{Cluster, Launcher, START};
use crate::wire::Refusal;
use crate::{Error, HEARTBEAT, Incident, SILENCE};
use pipeline::drive::Fact;
use pipeline::model::FaultKind;
use sched_core::{NodeId, Time};
use std::collections::BTreeMap;

/// Launches in vain, one after the other, after which a node is given up: after 7 s, or after a minute where
/// it is others who have to bring it back.
const MAX_FAILS: u32 = 10;
const MAX_REMOTE_FAILS: u32 = 36;

/// Why what a worker says ends its session.
pub(super) struct Ended {
    pub(super) what: String,
    pub(super) refused: Option<Refusal>,
}

impl Cluster {
    /// A node is lost without having been asked to.
    pub(super) fn incident(&mut self, at: usize, now: Time, why: Ended, facts: &mut Vec<Fact>) {
        let ended = self.lose(at, facts);
        let node = &mut self.nodes[at];
        let Ended { what, refused } = why;
        let what = if what.is_empty() { ended } else { what };
        self.incidents.push(Incident { at: now, node: node.id, what, refused });
        self.launch_later(at, now);
    }

    fn launch_later(&mut self, at: usize, now: Time) {
        let node = &mut self.nodes[at];
        let most = match self.launcher {
            Launcher::Process(_) => MAX_FAILS,
            Launcher::Static(_) | Launcher::Ray(_) => MAX_REMOTE_FAILS,
        };
        if self.begun
            && node.wanted
            && let Some(at) = node.next_launch(most, now)
        {
            self.agenda.enter(at, Happening::Launch(node.id));
        }
    }

    /// Launches workers again that are lost before the run has begun; `again` keeps when. One that has been
    /// there is lost by mishap; one that never was will not be there next time either, and whoever set it up
    /// should hear of it at once.
    pub(super) fn bring_back(
        &mut self,
        again: &mut BTreeMap<NodeId, Time>,
        now: Time,
    ) -> Result<(), Error> {
        for at in 0..self.nodes.len() {
            let node = &mut self.nodes[at];
            if node.state != State::Down {
                continue;
            }
            let id = node.id;
            match again.get(&id) {
                Some(&due) if due <= now => {
                    again.remove(&id);
                    self.launch_node(at, now)?;
                }
                Some(_) => {}
                None => {
                    match node.was_there().then(|| node.next_launch(MAX_FAILS, now)).flatten() {
                        Some(due) => drop(again.insert(id, due)),
                        None => return Err(self.not_there(id)),
                    }
                }
            }
        }
        Ok(())
    }

    fn not_there(&self, node: NodeId) -> Error {
        let what = self.incidents.iter().rfind(|incident| incident.node == node);
        let why = what.map_or_else(String::new, |incident| incident.what.clone());
        Error::NotThere { node, why }
    }

    /// What waits could run nowhere any more, and to fail would be no result of it.
    pub(super) fn require_hope(&self) -> Result<(), Error> {
        match self.nodes.iter().all(Node::is_given_up) {
            true => Err(Error::AllLost(
                self.incidents.last().map_or_else(String::new, |it| it.what.clone()),
            )),
            false => Ok(()),
        }
    }

    /// A node is gone, with all it had; says how its process ended.
    fn lose(&mut self, at: usize, facts: &mut Vec<Fact>) -> String {
        let node = &mut self.nodes[at];
        let (id, was_up) = (node.id, node.is_up());
        let ended = node.end();
        if was_up {
            facts.push(Fact::NodeDown(id));
            self.mirror.clear(id);
            for flight in self.flights.of(id) {
                let flight = self.flights.remove(flight);
                facts.push(Fact::Lost { key: flight.call.key, node: id, started: flight.started });
            }
        }
        ended
    }

    pub(super) fn happen(&mut self, happening: Happening, now: Time, facts: &mut Vec<Fact>) {
        match happening {
            Happening::Fault(node, FaultKind::Kill) => self.kill(node, facts),
            Happening::Fault(node, FaultKind::Restart) => self.restart(node, now, facts),
            Happening::Fault(node, FaultKind::Drain) => {
                if self.nodes[node.index()].is_up() {
                    facts.push(Fact::NodeDrain(node));
                }
            }
            Happening::Fault(node, FaultKind::Slow { factor }) => {
                self.nodes[node.index()].slow(factor);
            }
            Happening::Failure(node) => {
                self.kill(node, facts);
                self.agenda.enter_repair(node, now);
            }
            Happening::Repair(node) => {
                self.restart(node, now, facts);
                self.agenda.enter_failure(node, now);
            }
            Happening::Launch(node) => {
                let node = &self.nodes[node.index()];
                if node.wanted && node.state == State::Down {
                    self.launch(node.id, now);
                }
            }
        }
    }

    fn kill(&mut self, node: NodeId, facts: &mut Vec<Fact>) {
        self.nodes[node.index()].wanted = false;
        self.lose(node.index(), facts);
    }

    fn restart(&mut self, node: NodeId, now: Time, facts: &mut Vec<Fact>) {
        self.nodes[node.index()].wanted = true;
        match self.nodes[node.index()].state {
            State::Down => self.launch(node, now),
            State::Up => facts.push(Fact::NodeUp(node)), // it may have been draining
            State::Connecting | State::Greeting | State::Syncing { .. } => {}
        }
    }

    fn launch(&mut self, node: NodeId, now: Time) {
        let at = node.index();
        if let Err(error) = self.launch_node(at, now) {
            let what = error.to_string();
            self.incidents.push(Incident { at: now, node, what, refused: None });
            self.launch_later(at, now);
        }
    }

    /// Asks every worker whether it is there, and gives those up that have not answered.
    pub(super) fn beat(&mut self, now: Time, facts: &mut Vec<Fact>) {
        // If this process itself was stopped, nobody has listened.
        let absent = now.since(self.next_beat) > HEARTBEAT;
        self.next_beat = now + HEARTBEAT;
        for at in 0..self.nodes.len() {
            let node = &mut self.nodes[at];
            if absent {
                node.pardon(now);
            }
            let patience = if node.is_up() { SILENCE } else { START };
            if node.silent(now) > patience {
                let what = format!("it was ended, because it had been silent for {patience}");
                self.incident(at, now, Ended { what, refused: None }, facts);
            } else if node.is_up() {
                node.ping(now);
            }
        }
    }
}
