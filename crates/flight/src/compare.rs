//! Where another policy would have differed, told the same facts.
//!
//! After the first decision that differs, the recorded facts are no longer those that the other
//! policy would have caused, so a rule is needed. Here it is the one that invents least: the
//! other policy hears of every fact at its recorded instant, translated to where *it* put the call.
//!
//! - A call that finished then finishes now, on the node where the other policy has it. If it
//!   still waits, it finishes at the first recorded instant after it was placed.
//! - A node that is lost takes the other policy's calls with it; they come back at once. A
//!   call that came back in the record, and that the other policy has elsewhere, stays there.
//! - A call that the other policy sends to a lost node, of which it cannot know yet behind a
//!   [`StaleView`](sched_core::StaleView), comes back at once too.
//!
//! This tells which choices differ, how early they do and which nodes they favour. It does not tell
//! what would have been faster: a call ends when it ended, whatever queue it was put into. The
//! other policy is polled at the recorded instants only, so one that asks for timeouts is asked late.

use crate::account::Account;
use crate::{Log, LogError, Record};
use sched_core::{Decision, Event, NodeId, Scheduler, Task, TaskId, Time};
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::io::Read;

/// Two policies over the same facts. A decision of one is compared with the next that the
/// other takes on the same call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    /// Same node at the same instant, or rejected by both.
    pub same: u64,
    /// Another node.
    pub other_node: u64,
    /// The same node at another instant.
    pub other_instant: u64,
    /// Placed by one, rejected by the other.
    pub other_answer: u64,
    /// Decided on in the record alone, as where the other policy still waits at the end.
    pub only_recorded: u64,
    /// Decided on by the other policy alone.
    pub only_other: u64,
    /// The first calls that differ, as they were found.
    pub first: Vec<Departure>,
    /// Calls placed on each node, by id.
    pub nodes: Vec<Placed>,
    /// Finishes that came before the other policy had placed the call.
    pub early_finishes: u64,
    /// Calls that only one of the two lost with a node.
    pub lost_by_one: u64,
}

/// Calls that a node was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Placed {
    /// In the record.
    pub recorded: u64,
    /// By the other policy.
    pub other: u64,
}

/// A call on which the two differ. `None`: no decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Departure {
    /// The call.
    pub task: TaskId,
    /// When, and what, in the record.
    pub recorded: Option<(Time, Decision)>,
    /// When, and what, by the other policy.
    pub other: Option<(Time, Decision)>,
}

impl Comparison {
    /// Calls on which the two differ.
    pub fn different(&self) -> u64 {
        self.other_node
            + self.other_instant
            + self.other_answer
            + self.only_recorded
            + self.only_other
    }
}

/// Plays the rest of a log to another scheduler, on the cluster of its header, and keeps the first
/// `keep` differences. Memory follows the calls that have not finished.
///
/// # Errors
/// When the log cannot be read on.
pub fn compare<R: Read>(
    log: &mut Log<R>,
    other: &mut dyn Scheduler,
    keep: usize,
) -> Result<Comparison, LogError> {
    let cluster = log.header().cluster.clone();
    let mut pairs = Pairs::new(cluster.node_count(), keep);
    let mut record = Side { waiting: BTreeMap::new(), account: Account::new(&cluster) };
    let mut world = World {
        side: Side { waiting: BTreeMap::new(), account: Account::new(&cluster) },
        other,
        down: BTreeSet::new(),
        bounced: Vec::new(),
        over: BTreeSet::new(),
        due: Vec::new(),
    };
    let mut last = Time::ZERO;
    let mut decisions = Vec::new();
    for entry in &mut *log {
        match entry? {
            Record::Event { at, event } => {
                world.settle(at);
                last = at;
                match event {
                    Event::Submit(task) => {
                        record.account.give_back(task.id, at);
                        record.waiting.insert(task.id, task);
                        world.submit(at, task, &mut pairs.told);
                    }
                    Event::Finished { task, node } => {
                        // An answer of an attempt that was given up is nobody's.
                        if record.account.finish(task, node, at).is_some() {
                            world.finish(at, task, &mut pairs.told);
                        }
                    }
                    Event::NodeDown(node) => {
                        let lost = record.account.lose(node);
                        let lost: BTreeSet<TaskId> = lost.iter().map(|held| held.task.id).collect();
                        world.lose(at, node, &lost, &mut pairs.told);
                    }
                    event => {
                        if let Event::NodeUp(node) = event {
                            world.down.remove(&node);
                        }
                        world.other.on_event(at, event);
                    }
                }
            }
            Record::Poll { at } => {
                world.settle(at);
                last = at;
                world.other.poll(at, &mut decisions);
                for decision in decisions.drain(..) {
                    world.carry_out(at, decision);
                    pairs.note(at, decision, false);
                }
            }
            Record::Decision(decision) => {
                record.carry_out(last, decision);
                pairs.note(last, decision, true);
            }
        }
    }
    Ok(pairs.finish())
}

/// What one of the two knows of its calls.
struct Side {
    waiting: BTreeMap<TaskId, Task>,
    account: Account,
}

impl Side {
    fn carry_out(&mut self, at: Time, decision: Decision) {
        let Some(id) = call_of(&decision) else { return };
        let task = self.waiting.remove(&id);
        if let (Some(task), Decision::Assign { node, .. }) = (task, decision) {
            self.account.assign(&task, node, at);
        }
    }
}

/// The other policy in a world where every call ends when it ended.
struct World<'a> {
    side: Side,
    other: &'a mut dyn Scheduler,
    down: BTreeSet<NodeId>,
    bounced: Vec<Task>,     // sent to a node that is down
    over: BTreeSet<TaskId>, // finished in the record, not yet here
    due: Vec<TaskId>,       // of those, what was placed since
}

impl World<'_> {
    /// Gives back what was sent to lost nodes, and finishes what was placed after its recorded finish.
    fn settle(&mut self, at: Time) {
        for task in self.bounced.drain(..) {
            self.side.waiting.insert(task.id, task);
            self.other.on_event(at, Event::Submit(task));
        }
        for id in self.due.drain(..) {
            // It may have been lost with its node since; then it is due again once it is placed.
            if let Some(node) = self.side.account.node_of(id) {
                self.over.remove(&id);
                self.side.account.finish(id, node, at);
                self.other.on_event(at, Event::Finished { task: id, node });
            }
        }
    }

    fn submit(&mut self, at: Time, task: Task, told: &mut Comparison) {
        if self.side.account.node_of(task.id).is_some() {
            told.lost_by_one += 1; // it came back there, and runs on here
        } else if let Entry::Vacant(free) = self.side.waiting.entry(task.id) {
            free.insert(task);
            self.other.on_event(at, Event::Submit(task));
        }
    }

    fn finish(&mut self, at: Time, task: TaskId, told: &mut Comparison) {
        if let Some(node) = self.side.account.node_of(task) {
            self.side.account.finish(task, node, at);
            self.other.on_event(at, Event::Finished { task, node });
        } else if self.side.waiting.contains_key(&task) {
            told.early_finishes += 1;
            self.over.insert(task);
        }
    }

    fn lose(
        &mut self,
        at: Time,
        node: NodeId,
        lost_there: &BTreeSet<TaskId>,
        told: &mut Comparison,
    ) {
        self.down.insert(node);
        self.other.on_event(at, Event::NodeDown(node));
        for held in self.side.account.lose(node) {
            told.lost_by_one += u64::from(!lost_there.contains(&held.task.id));
            let attempt = held.task.attempt.saturating_add(u32::from(held.started.is_some()));
            let task = Task { attempt, ..held.task };
            self.side.waiting.insert(task.id, task);
            self.other.on_event(at, Event::Submit(task));
        }
    }

    fn carry_out(&mut self, at: Time, decision: Decision) {
        if let Decision::Assign { task, node } = decision
            && self.down.contains(&node)
        {
            return self.bounced.extend(self.side.waiting.remove(&task));
        }
        self.side.carry_out(at, decision);
        if let Some(id) = call_of(&decision).filter(|id| self.over.contains(id)) {
            self.due.push(id);
        }
    }
}

/// Decisions that wait for that of the other side on the same call.
struct Pairs {
    told: Comparison,
    keep: usize,
    open: BTreeMap<TaskId, (Time, Decision, bool)>,
}

impl Pairs {
    fn new(nodes: usize, keep: usize) -> Pairs {
        let told = Comparison { nodes: vec![Placed::default(); nodes], ..Comparison::default() };
        Pairs { told, keep, open: BTreeMap::new() }
    }

    fn note(&mut self, at: Time, decision: Decision, recorded: bool) {
        let Some(task) = call_of(&decision) else { return };
        if let Decision::Assign { node, .. } = decision
            && let Some(placed) = self.told.nodes.get_mut(node.index())
        {
            *(if recorded { &mut placed.recorded } else { &mut placed.other }) += 1;
        }
        match self.open.remove(&task) {
            Some((then, first, side)) if side != recorded => {
                let (one, two) = ((then, first), (at, decision));
                let (recorded, other) = if side { (one, two) } else { (two, one) };
                self.pair(task, recorded, other);
            }
            before => {
                // Decided on again, with nothing from the other side: as after a loss that it did not have.
                before.into_iter().for_each(|alone| self.alone(task, alone));
                self.open.insert(task, (at, decision, recorded));
            }
        }
    }

    fn pair(&mut self, task: TaskId, recorded: (Time, Decision), other: (Time, Decision)) {
        use Decision::{Assign, Reject};
        let count = match (recorded.1, other.1) {
            (Assign { node: a, .. }, Assign { node: b, .. }) if a != b => &mut self.told.other_node,
            (Assign { .. }, Assign { .. }) if recorded.0 != other.0 => &mut self.told.other_instant,
            (Assign { .. }, Assign { .. }) | (Reject { .. }, Reject { .. }) => {
                self.told.same += 1;
                return;
            }
            _ => &mut self.told.other_answer,
        };
        *count += 1;
        self.keep(Departure { task, recorded: Some(recorded), other: Some(other) });
    }

    fn alone(&mut self, task: TaskId, (at, decision, recorded): (Time, Decision, bool)) {
        let told = Some((at, decision));
        let (recorded, other) = if recorded { (told, None) } else { (None, told) };
        self.told.only_recorded += u64::from(recorded.is_some());
        self.told.only_other += u64::from(other.is_some());
        self.keep(Departure { task, recorded, other });
    }

    fn keep(&mut self, departure: Departure) {
        if self.told.first.len() < self.keep {
            self.told.first.push(departure);
        }
    }

    fn finish(mut self) -> Comparison {
        for (task, alone) in std::mem::take(&mut self.open) {
            self.alone(task, alone);
        }
        self.told
    }
}

/// The call that a decision is about; `None` for a kind of decision that a later version may add.
fn call_of(decision: &Decision) -> Option<TaskId> {
    match *decision {
        Decision::Assign { task, .. } | Decision::Reject { task, .. } => Some(task),
        _ => None,
    }
}
