//! A host without a machine: it carries decisions out on paper, and checks each first.
//!
//! It owns what a real host owns: the nodes with their queues, the calls that run, and
//! the duty to submit a lost call again. It drives nothing by itself;
//! [`run`](super::run) moves steps into it and facts out of it.

use super::ledger::Ledger;
use super::op::{Op, Which};
use super::properties::{Broken, Property};
use crate::{Bind, ClusterSpec, Decision, Event, NodeId, NodeState, Task, TaskId, Time};
use std::collections::BTreeMap;

/// Where a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Waiting(Task),
    On(NodeId),
    Finished,
    Rejected,
}

/// The host.
#[derive(Clone, Debug)]
pub struct Host {
    ledger: Ledger,
    calls: BTreeMap<TaskId, Place>,
    now: Time,
}

impl Host {
    /// All nodes up, no calls, at the start of time.
    pub fn new(spec: &ClusterSpec, bind: Bind) -> Host {
        Host { ledger: Ledger::new(spec, bind), calls: BTreeMap::new(), now: Time::ZERO }
    }

    /// The instant.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Moves on to a later instant.
    pub fn advance(&mut self, to: Time) {
        self.now = self.now.max(to);
    }

    /// Who holds what.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Calls that wait in the scheduler, by id.
    pub fn waiting(&self) -> impl Iterator<Item = &Task> {
        self.calls.values().filter_map(|place| match place {
            Place::Waiting(task) => Some(task),
            _ => None,
        })
    }

    /// Calls that run, by node, then by assignment.
    pub fn running(&self) -> Vec<TaskId> {
        let seats = self.ledger.nodes().flat_map(|node| self.ledger.seats(node));
        seats.filter(|seat| seat.running).map(|seat| seat.task.id).collect()
    }

    /// Carries out a step; the facts that it makes go to `events`. Returns the step as it
    /// was, with the call that finished by name, or `None` if it did nothing.
    pub fn apply(&mut self, op: Op, events: &mut Vec<Event>) -> Option<Op> {
        let known = |node| self.ledger.declares(node).then(|| self.ledger.state(node));
        match op {
            Op::Wait(_) => return None, // time is the caller's
            Op::Submit(call) if self.calls.contains_key(&call.id) => return None,
            Op::Submit(call) => events.push(self.submit(call.task(self.now))),
            Op::Finish(which) => {
                let (task, node) = self.pick(which)?;
                self.ledger.finish(task, node);
                self.calls.insert(task, Place::Finished);
                events.push(Event::Finished { task, node });
                return Some(Op::Finish(Which::Call(task)));
            }
            Op::Up(node) => {
                known(node).filter(|state| *state != NodeState::Up)?;
                self.ledger.up(node);
                events.push(Event::NodeUp(node));
            }
            Op::Drain(node) => {
                known(node).filter(|state| *state == NodeState::Up)?;
                self.ledger.drain(node);
                events.push(Event::NodeDrain(node));
            }
            Op::Down(node) => {
                known(node).filter(|state| *state != NodeState::Down)?;
                events.push(Event::NodeDown(node));
                for seat in self.ledger.down(node) {
                    let attempt = seat.task.attempt + u32::from(seat.running);
                    events.push(self.submit(Task { attempt, ..seat.task }));
                }
            }
        }
        Some(op)
    }

    /// Checks a decision and carries it out.
    ///
    /// # Errors
    /// The rule it breaks; then nothing is carried out.
    pub fn carry_out(&mut self, decision: Decision) -> Result<(), Broken> {
        match decision {
            Decision::Assign { task, node } => {
                let task = self.waiting_call(task)?;
                self.check_node(&task, node)?;
                self.ledger.assign(task, node);
                self.calls.insert(task.id, Place::On(node));
            }
            Decision::Reject { task, .. } => {
                let task = self.waiting_call(task)?;
                if !self.ledger.eligible(&task).is_empty() {
                    let what = format!("{} was rejected, but a declared node can hold it", task.id);
                    return Err(Broken::new(Property::Rejection, what));
                }
                self.calls.insert(task.id, Place::Rejected);
            }
        }
        Ok(())
    }

    /// After a poll: no call that no declared node can hold may be left waiting.
    ///
    /// # Errors
    /// The first such call.
    pub fn check_rejected(&self) -> Result<(), Broken> {
        match self.waiting().find(|task| self.ledger.eligible(task).is_empty()) {
            None => Ok(()),
            Some(task) => {
                let what =
                    format!("no declared node can hold {}, yet it was left waiting", task.id);
                Err(Broken::new(Property::Rejection, what))
            }
        }
    }

    fn submit(&mut self, task: Task) -> Event {
        self.calls.insert(task.id, Place::Waiting(task));
        Event::Submit(task)
    }

    fn pick(&self, which: Which) -> Option<(TaskId, NodeId)> {
        let running = self.running();
        let task = match which {
            Which::Call(id) => *running.iter().find(|task| **task == id)?,
            Which::Nth(n) => *running.get((n as usize).checked_rem(running.len())?)?,
        };
        match self.calls.get(&task) {
            Some(Place::On(node)) => Some((task, *node)),
            _ => None,
        }
    }

    fn waiting_call(&self, id: TaskId) -> Result<Task, Broken> {
        let what = match self.calls.get(&id) {
            Some(Place::Waiting(task)) => return Ok(*task),
            Some(Place::On(node)) => format!("{id} was decided on again, while it is on {node}"),
            Some(Place::Finished) => format!("{id} was decided on again, after it had finished"),
            Some(Place::Rejected) => format!("{id} was decided on again, after it was rejected"),
            None => format!("{id} was decided on, but was never submitted"),
        };
        Err(Broken::new(Property::Once, what))
    }

    fn check_node(&self, task: &Task, node: NodeId) -> Result<(), Broken> {
        let Task { id, demand, .. } = task;
        let broken = |property, why: String| {
            Err(Broken::new(property, format!("{id} was sent to {node}, {why}")))
        };
        if !self.ledger.declares(node) {
            return broken(Property::Eligible, "which is not declared".to_owned());
        }
        match self.ledger.state(node) {
            NodeState::Up => {}
            NodeState::Draining => return broken(Property::Live, "which is draining".to_owned()),
            NodeState::Down => return broken(Property::Live, "which is down".to_owned()),
        }
        if !self.ledger.eligible(task).contains(self.ledger.group(node)) {
            let why = format!("which can never hold its demand ({demand}) or is not of its groups");
            return broken(Property::Eligible, why);
        }
        if self.ledger.can_start(node, demand) || self.ledger.has_queue_room(node) {
            return Ok(());
        }
        match self.ledger.queued(node) {
            0 => broken(
                Property::Capacity,
                format!("whose running calls leave no room for its demand ({demand})"),
            ),
            queued => broken(Property::QueueLimit, format!("whose queue is full with {queued}")),
        }
    }
}
