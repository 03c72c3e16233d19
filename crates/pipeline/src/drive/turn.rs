//! The turns of the loop.
//!
//! Order within a turn matters twice. All events of an instant reach the scheduler before its one
//! poll, so that a finish and an arrival of the same instant are decided together. And calls
//! are sent out before anything is reported, so that writing a result down is not on the path
//! of a call.

use super::account::Account;
use super::executor::{Call, CallKey, Executor, Fact};
use super::items::{Item, Items, Place};
use super::observe::{CallTimes, Failure, Observer, TaskEnd};
use super::outcome::Outcome;
use super::plan::Plan;
use crate::clock::Stopwatch;
use crate::model::ArrivalProcess;
use crate::{Control, RunError};
use sched_core::{Decision, Event, NodeId, Scheduler, Span, Task, TaskId, Time};
use std::collections::BTreeSet;

pub(super) struct Loop<'a, E> {
    plan: &'a Plan,
    executor: &'a mut E,
    scheduler: &'a mut dyn Scheduler,
    observer: &'a mut dyn Observer,
    control: &'a Control,
    arrivals: ArrivalProcess,
    items: Items,
    bound: u64, // calls on nodes
    down: BTreeSet<NodeId>,
    outcome: Outcome,
    account: Account,
    cost: Cost,
    // Lists of one turn, kept for their memory.
    facts: Vec<Fact>,
    events: Vec<Event>,
    decisions: Vec<Decision>,
    calls: Vec<Call>,
    finished: Vec<(u32, u32)>, // slot and stage
    ended: Vec<Ended>,
}

/// A task that has ended and is to be reported.
struct Ended {
    slot: u32,
    finish: Time,
    calls: usize, // that ended on a node
    unplaced: Option<Span>,
    failure: Option<Box<Failure>>,
}

/// What the scheduler's code has cost and no decision has been charged with.
#[derive(Default)]
struct Cost {
    polls: u64,
    open: Span,
    decided: Option<(Span, u64)>, // of the counted decisions of this turn, and their number
}

impl<'a, E: Executor> Loop<'a, E> {
    pub(super) fn new(
        plan: &'a Plan,
        executor: &'a mut E,
        scheduler: &'a mut dyn Scheduler,
        observer: &'a mut dyn Observer,
        control: &'a Control,
    ) -> Loop<'a, E> {
        Loop {
            plan,
            executor,
            scheduler,
            observer,
            control,
            arrivals: plan.arrivals.clone(),
            items: Items::new(plan.stages.len()),
            bound: 0,
            down: BTreeSet::new(),
            outcome: Outcome::default(),
            account: Account::new(plan.warmup, plan.stages.len(), plan.nodes()),
            cost: Cost::default(),
            facts: Vec::new(),
            events: Vec::new(),
            decisions: Vec::new(),
            calls: Vec::new(),
            finished: Vec::new(),
            ended: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Outcome, RunError> {
        while self.items.len() > 0 || self.arrivals.left() > 0 {
            if self.control.stopped() {
                self.outcome.partial = true;
                break;
            }
            let deadline = earliest(self.arrivals.due(), self.scheduler.next_timeout());
            if deadline.is_none() && self.bound == 0 && !self.executor.expects_facts() {
                self.give_up_waiting()?;
                continue;
            }
            let now = self.executor.wait(deadline, &mut self.facts)?;
            if self.facts.is_empty() && deadline.is_none_or(|at| now < at) {
                continue; // woken for nothing, or to be stopped
            }
            self.note_facts();
            self.note_arrivals(now);
            self.decide(now)?;
            self.carry_out(now)?;
            self.report();
        }
        let planned = (!self.outcome.partial).then_some(self.plan.tasks - self.plan.warmup);
        let unfinished = self.items.len() as u64;
        let ledger = self.account.close(&self.items, planned);
        Ok(Outcome { unfinished, ledger, ..self.outcome })
    }

    fn note_facts(&mut self) {
        let mut facts = std::mem::take(&mut self.facts);
        for fact in facts.drain(..) {
            match fact {
                Fact::Finished { key, node, arrived, started, ended, at, failure } => {
                    let Some(item) = self.items.bound(&key, node) else {
                        self.outcome.late_answers += 1;
                        continue;
                    };
                    let (submit, assign) = (item.submit, item.assigned);
                    let cpu = self.plan.demand(key.task).cpu();
                    let finish = at;
                    let times =
                        CallTimes { node, cpu, submit, assign, arrived, started, ended, finish };
                    self.items.note(key.slot, key.task.stage, times);
                    self.account.finished(key.task.index, key.task.stage, &times);
                    self.finished.push((key.slot, key.task.stage));
                    self.bound -= 1;
                    self.events.push(Event::Finished { task: key.task, node });
                    self.pass_stage(key, at, failure);
                }
                Fact::NodeDown(node) => {
                    self.down.insert(node);
                    self.observer.node_changed(node, false);
                    self.events.push(Event::NodeDown(node));
                }
                Fact::Moved { key, from, to } => {
                    if let Some(item) = self.items.bound(&key, from) {
                        item.place = Place::Bound(to);
                        self.account.moved(key.task.index, from, to);
                    }
                }
                Fact::Lost { key, node, started } => self.lose(key, node, started),
                Fact::NodeUp(node) => {
                    if self.down.remove(&node) {
                        self.observer.node_changed(node, true);
                    }
                    self.events.push(Event::NodeUp(node));
                }
                Fact::NodeDrain(node) => self.events.push(Event::NodeDrain(node)),
            }
        }
        self.facts = facts;
    }

    /// A call has ended at `at`: on to the next stage, or to the end of the task.
    fn pass_stage(&mut self, key: CallKey, at: Time, failure: Option<Box<Failure>>) {
        let passed = key.task.stage as usize + 1;
        if failure.is_some() || passed == self.plan.stages.len() {
            self.end(Ended { slot: key.slot, finish: at, calls: passed, unplaced: None, failure });
            return;
        }
        self.account.passed(key.task.index, key.task.stage, at);
        let item = self.items.get_mut(key.slot);
        *item =
            Item { stage: item.stage + 1, submit: at, attempt: 1, place: Place::Waiting, ..*item };
        self.submit(key.slot);
    }

    /// A call is gone with its node. One that had not started is the same attempt still.
    fn lose(&mut self, key: CallKey, node: NodeId, started: bool) {
        let Some(item) = self.items.bound(&key, node) else { return };
        self.bound -= 1;
        self.account.lost(key.task.index, node);
        if started && item.attempt == self.plan.max_attempts {
            let failure = Some(Box::new(Failure::Lost(item.attempt)));
            let finish = self.executor.now();
            return self.end_unplaced(key.slot, finish, failure);
        }
        item.place = Place::Waiting;
        item.attempt += u32::from(started);
        self.submit(key.slot);
        if started && key.task.index >= self.plan.warmup {
            self.account.retried(key.task.index);
            self.observer.retried(key.task);
        }
    }

    fn note_arrivals(&mut self, now: Time) {
        while let Some((index, intended)) = self.arrivals.take(now) {
            if index == self.plan.warmup {
                self.outcome.first_arrival = Some(intended);
            }
            self.account.arrived(index, intended);
            if index >= self.plan.warmup && self.arrivals.is_open() {
                self.outcome.lag.note(now.since(intended));
            }
            let slot = self.items.insert(Item {
                index,
                intended,
                submit: intended,
                assigned: intended,
                stage: 0,
                attempt: 1,
                priority: self.plan.priority(index),
                place: Place::Waiting,
            });
            self.submit(slot);
        }
    }

    fn submit(&mut self, slot: u32) {
        let item = self.items.get(slot);
        let stage = &self.plan.stages[item.stage as usize];
        self.events.push(Event::Submit(Task {
            id: item.id(),
            submit: item.submit,
            demand: self.plan.demand(item.id()),
            on: stage.on,
            priority: item.priority,
            attempt: item.attempt,
        }));
    }

    fn decide(&mut self, now: Time) -> Result<(), RunError> {
        let measured = self.cost.polls.is_multiple_of(E::DECISION_SAMPLING);
        self.cost.polls += 1;
        let watch = measured.then(Stopwatch::start);
        for event in self.events.drain(..) {
            self.scheduler.on_event(now, event);
        }
        self.scheduler.poll(now, &mut self.decisions);
        if let Some(watch) = watch {
            self.charge(watch.elapsed());
        }
        if let Err(violation) = self.scheduler.health() {
            return Err(RunError::Scheduler(violation.clone()));
        }
        match self.scheduler.next_timeout() {
            Some(timeout) if timeout <= now => Err(RunError::Timeout { now, timeout }),
            _ => Ok(()),
        }
    }

    /// Charges the decisions with the cost of this poll and of those before it that decided
    /// nothing. Those on warm-up tasks bear their share, and are not reported.
    fn charge(&mut self, cost: Span) {
        self.cost.open += cost;
        let warmup = self.plan.warmup;
        let counted = self.decisions.iter().filter(|d| task_of(d).index >= warmup).count() as u64;
        let total = u128::from(self.cost.open.as_nanos()) * u128::from(counted);
        if let Some(share) = total.checked_div(self.decisions.len() as u128) {
            self.cost.decided = Some((Span::from_nanos(share as u64), counted));
            self.cost.open = Span::ZERO;
        }
    }

    fn carry_out(&mut self, now: Time) -> Result<(), RunError> {
        if self.decisions.is_empty() {
            return Ok(());
        }
        self.outcome.decisions += self.decisions.len() as u64;
        let assigned = self.executor.now();
        let mut decisions = std::mem::take(&mut self.decisions);
        for decision in decisions.drain(..) {
            let refuse = |why| RunError::Decision { decision, why };
            let found = self.items.find(task_of(&decision));
            let slot = found.ok_or_else(|| refuse("there is no such call"))?;
            let item = self.items.get_mut(slot);
            if item.place != Place::Waiting {
                return Err(refuse("the call is not waiting"));
            }
            match decision {
                Decision::Assign { task, node } => {
                    let key = CallKey { task, slot, attempt: item.attempt };
                    item.place = Place::Bound(node);
                    item.assigned = assigned;
                    self.bound += 1;
                    self.account.assigned(task.index, node);
                    self.calls.push(self.plan.call(key, node, assigned).map_err(refuse)?);
                }
                Decision::Reject { reason, .. } => {
                    let failure = Some(Box::new(Failure::Infeasible(reason)));
                    self.end_unplaced(slot, now, failure);
                }
                _ => return Err(refuse("this host does not know such a decision")),
            }
        }
        self.decisions = decisions;
        self.executor.assign(&mut self.calls);
        Ok(())
    }

    /// The task ends without its present call having ended on a node.
    fn end_unplaced(&mut self, slot: u32, finish: Time, failure: Option<Box<Failure>>) {
        let item = self.items.get(slot);
        let (calls, unplaced) = (item.stage as usize, Some(finish.since(item.submit)));
        self.end(Ended { slot, finish, calls, unplaced, failure });
    }

    fn end(&mut self, ended: Ended) {
        let item = self.items.get_mut(ended.slot);
        item.place = Place::Ended;
        self.account.ended(item.index, item.stage, ended.finish, ended.failure.is_some());
        self.arrivals.ended(ended.finish);
        self.ended.push(ended);
    }

    /// Nothing runs and nothing is to come. If nodes are down for good, what waits for them has
    /// failed; else the scheduler has.
    fn give_up_waiting(&mut self) -> Result<(), RunError> {
        let (at, waiting) = (self.executor.now(), self.items.waiting());
        if self.down.is_empty() || waiting.is_empty() {
            return Err(RunError::Stuck { at, waiting: waiting.len() as u64 });
        }
        for slot in waiting {
            self.end_unplaced(slot, at, Some(Box::new(Failure::NoNode)));
        }
        self.report();
        Ok(())
    }

    fn report(&mut self) {
        if let Some((cost, counted @ 1..)) = self.cost.decided.take() {
            self.observer.decided(cost, counted);
        }
        for (slot, stage) in self.finished.drain(..) {
            if self.items.get(slot).index >= self.plan.warmup {
                let times = self.items.times(slot, stage as usize + 1);
                self.observer.call_finished(stage, &times[stage as usize]);
            }
        }
        for Ended { slot, finish, calls, unplaced, failure } in self.ended.drain(..) {
            let item = self.items.get(slot);
            if item.index >= self.plan.warmup {
                self.outcome.last_finish = self.outcome.last_finish.max(Some(finish));
                let (index, intended, priority) = (item.index, item.intended, item.priority);
                let calls = self.items.times(slot, calls);
                let task = TaskEnd { index, intended, finish, priority, calls, unplaced };
                match failure {
                    None => self.observer.task_succeeded(&task),
                    Some(failure) => self.observer.task_failed(&task, &failure),
                }
            }
            self.items.remove(slot);
            self.outcome.ended += 1;
        }
        self.control.set_done(self.outcome.ended);
    }
}

fn task_of(decision: &Decision) -> TaskId {
    match *decision {
        Decision::Assign { task, .. } | Decision::Reject { task, .. } => task,
        // A decision of a later version names no call here, so the loop refuses it.
        _ => TaskId { index: u64::MAX, stage: u32::MAX },
    }
}

fn earliest(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
