//! The turns of the loop.
//!
//! Order within a turn matters twice. All events of an instant reach the scheduler before its one
//! poll, so that a finish and an arrival of the same instant are decided together. And calls
//! are sent out before anything is reported, so that writing a result down is not on the path
//! of a call.

use super::account::Account;
use super::executor::{Call, CallKey, Executor, Fact};
use super::items::{Item, Items, Place};
use super::observe::{CallTimes, Failure, Observer};
use super::outcome::Outcome;
use super::plan::Plan;
use super::report::{Ended, Finished};
use crate::clock::Stopwatch;
use crate::model::ArrivalProcess;
use crate::{Control, RunError};
use sched_core::{Decision, Event, NodeId, Scheduler, Span, Task, TaskId, Time, Violation};
use std::collections::BTreeSet;

pub(super) struct Loop<'a, E> {
    pub(super) plan: &'a Plan,
    pub(super) executor: &'a mut E,
    scheduler: &'a mut dyn Scheduler,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) control: &'a Control,
    arrivals: ArrivalProcess,
    pub(super) items: Items,
    services: [Span; TOGETHER], // of the first calls of the tasks that arrived last and are to arrive next
    bound: u64,                 // calls on nodes
    pub(super) down: BTreeSet<NodeId>,
    pub(super) outcome: Outcome,
    pub(super) account: Account,
    cost: Cost,
    pub(super) decided: Option<(Span, u64)>, // cost and number of the counted decisions of this turn
    timeout: Option<Time>,                   // the scheduler's next
    // Lists of one turn, kept for their memory.
    events: Vec<Event>,
    pub(super) finished: Vec<Finished>,
    pub(super) ended: Vec<Ended>,
    pub(super) ended_calls: Vec<CallTimes>, // of the task that is being reported
}

/// Tasks whose first service times are drawn together.
const TOGETHER: usize = 8;

/// What the scheduler's code has cost and no decision has been charged with.
#[derive(Default)]
struct Cost {
    polls: u64,
    open: Span,
    measured: bool, // in this turn
}

impl<'a, E: Executor> Loop<'a, E> {
    pub(super) fn new(
        plan: &'a Plan,
        executor: &'a mut E,
        scheduler: &'a mut dyn Scheduler,
        observer: &'a mut dyn Observer,
        control: &'a Control,
    ) -> Loop<'a, E> {
        let timeout = scheduler.next_timeout();
        Loop {
            plan,
            executor,
            scheduler,
            observer,
            control,
            timeout,
            arrivals: plan.arrivals.clone(),
            items: Items::new(plan.stages.len()),
            services: [Span::ZERO; TOGETHER],
            bound: 0,
            down: BTreeSet::new(),
            outcome: Outcome::default(),
            account: Account::new(plan.warmup, plan.stages.len(), plan.nodes()),
            cost: Cost::default(),
            decided: None,
            events: Vec::new(),
            finished: Vec::new(),
            ended: Vec::new(),
            ended_calls: Vec::with_capacity(plan.stages.len()),
        }
    }

    /// Turns until nothing is left, or the run is stopped.
    pub(super) fn turns(&mut self) -> Result<(), RunError> {
        // Not of the loop itself, because what goes through them changes it.
        let (mut facts, mut decisions) = (Vec::new(), Vec::new());
        while self.items.len() > 0 || self.arrivals.left() > 0 {
            if self.control.stopped() {
                self.outcome.partial = true;
                break;
            }
            let deadline = earliest(self.arrivals.due(), self.timeout);
            if deadline.is_none() && self.bound == 0 && !self.executor.expects_facts() {
                self.give_up_waiting()?;
                continue;
            }
            let now = self.executor.wait(deadline, &mut facts)?;
            if self.executor.soon().is_some() {
                self.fetch();
            }
            if facts.is_empty() && deadline.is_none_or(|at| now < at) {
                continue; // woken for nothing, or to be stopped
            }
            self.cost.measured = self.cost.polls.is_multiple_of(E::DECISION_SAMPLING);
            if !facts.is_empty() {
                self.note_facts(now, &mut facts);
            }
            self.note_arrivals(now);
            self.decide(now, &mut decisions)?;
            self.carry_out(now, &mut decisions)?;
            self.report();
        }
        Ok(())
    }

    fn note_facts(&mut self, now: Time, facts: &mut Vec<Fact>) {
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
                    self.account.finished(key.task.index, key.task.stage, &times);
                    let counted = key.task.index >= self.plan.warmup;
                    self.finished.push(Finished { times, stage: key.task.stage, counted });
                    self.bound -= 1;
                    self.tell(now, Event::Finished { task: key.task, node });
                    self.pass_stage(now, key, &times, failure);
                }
                Fact::NodeDown(node) => {
                    self.down.insert(node);
                    self.observer.node_changed(node, false);
                    self.tell(now, Event::NodeDown(node));
                }
                Fact::Moved { key, from, to } => {
                    if let Some(item) = self.items.bound(&key, from) {
                        item.place = Place::Bound(to);
                        self.account.moved(key.task.index, from, to);
                    }
                }
                Fact::Lost { key, node, started } => self.lose(now, key, node, started),
                Fact::NodeUp(node) => {
                    if self.down.remove(&node) {
                        self.observer.node_changed(node, true);
                    }
                    self.tell(now, Event::NodeUp(node));
                }
                Fact::NodeDrain(node) => self.tell(now, Event::NodeDrain(node)),
            }
        }
    }

    /// A call has ended: on to the next stage, or to the end of the task.
    #[inline]
    fn pass_stage(
        &mut self,
        now: Time,
        key: CallKey,
        times: &CallTimes,
        failure: Option<Box<Failure>>,
    ) {
        let at = times.finish;
        if failure.is_some() || key.task.stage as usize + 1 == self.plan.stages.len() {
            let finished = Some(self.finished.len() as u32 - 1);
            self.end(Ended { slot: key.slot, finished, finish: at, unplaced: None, failure });
            return;
        }
        self.account.passed(key.task.index, key.task.stage, at);
        self.items.note(key.slot, key.task.stage, times);
        let (index, stage) = (key.task.index, key.task.stage + 1);
        let service = self.plan.service(TaskId { index, stage });
        let item = self.items.get_mut(key.slot);
        *item = Item { stage, submit: at, service, attempt: 1, ..*item };
        self.submit(now, key.slot);
    }

    /// A call is gone with its node. One that had not started is the same attempt still.
    #[cold]
    fn lose(&mut self, now: Time, key: CallKey, node: NodeId, started: bool) {
        let Some(item) = self.items.bound(&key, node) else { return };
        self.bound -= 1;
        self.account.lost(key.task.index, node);
        if started && item.attempt == self.plan.max_attempts {
            let failure = Some(Box::new(Failure::Lost(item.attempt)));
            let finish = self.executor.now();
            return self.end_unplaced(key.slot, finish, failure);
        }
        item.attempt += u32::from(started);
        self.submit(now, key.slot);
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
            if index.is_multiple_of(TOGETHER as u64) {
                self.services = self.plan.first_services(index);
            }
            let slot = self.items.insert(Item {
                index,
                intended,
                submit: intended,
                assigned: intended,
                service: self.services[index as usize % TOGETHER],
                stage: 0,
                attempt: 1,
                priority: self.plan.priority(index),
                place: Place::Waiting,
            });
            self.submit(now, slot);
        }
    }

    /// The present call of a task waits: tells the scheduler.
    #[inline(always)]
    fn submit(&mut self, now: Time, slot: u32) {
        self.items.wait(slot);
        let item = self.items.get(slot);
        let stage = &self.plan.stages[item.stage as usize];
        let task = Task {
            id: item.id(),
            submit: item.submit,
            demand: self.plan.demand(item.id()),
            on: stage.on,
            priority: item.priority,
            attempt: item.attempt,
        };
        self.tell(now, Event::Submit(task));
    }

    /// Tells the scheduler: at once, or when a clock runs that measures what it costs.
    #[inline(always)]
    fn tell(&mut self, now: Time, event: Event) {
        if self.cost.measured {
            self.events.push(event);
        } else {
            self.scheduler.on_event(now, event);
        }
    }

    fn decide(&mut self, now: Time, decisions: &mut Vec<Decision>) -> Result<(), RunError> {
        self.cost.polls += 1;
        if self.cost.measured {
            return self.decide_measured(now, decisions);
        }
        let next = self.scheduler.decide(now, decisions);
        self.timeout = after(now, next)?;
        Ok(())
    }

    /// Tells all that was kept back, and polls, by a clock.
    #[inline(never)]
    fn decide_measured(
        &mut self,
        now: Time,
        decisions: &mut Vec<Decision>,
    ) -> Result<(), RunError> {
        let watch = Stopwatch::start();
        for event in &self.events {
            self.scheduler.on_event(now, *event);
        }
        let next = self.scheduler.decide(now, decisions);
        let cost = watch.elapsed();
        self.timeout = after(now, next)?;
        self.charge(cost, decisions);
        self.events.clear();
        Ok(())
    }

    /// Charges the decisions with the cost of this poll and of those before it that decided
    /// nothing. Those on warm-up tasks bear their share, and are not reported.
    #[cold]
    fn charge(&mut self, cost: Span, decisions: &[Decision]) {
        self.cost.open += cost;
        let warmup = self.plan.warmup;
        let counted = decisions.iter().filter(|d| task_of(d).index >= warmup).count() as u64;
        let total = u128::from(self.cost.open.as_nanos()) * u128::from(counted);
        if let Some(share) = total.checked_div(decisions.len() as u128) {
            self.decided = Some((Span::from_nanos(share as u64), counted));
            self.cost.open = Span::ZERO;
        }
    }

    fn carry_out(&mut self, now: Time, decisions: &mut Vec<Decision>) -> Result<(), RunError> {
        if decisions.is_empty() {
            self.items.settle();
            return Ok(());
        }
        self.outcome.decisions += decisions.len() as u64;
        let assigned = self.executor.now();
        for decision in decisions.iter() {
            let refuse = |why| RunError::Decision { decision: *decision, why };
            match *decision {
                Decision::Assign { task, node } => {
                    let slot = self.take_waiting(task).map_err(refuse)?;
                    let item = self.items.get_mut(slot);
                    let key = CallKey { task, slot, attempt: item.attempt };
                    item.place = Place::Bound(node);
                    item.assigned = assigned;
                    let service = item.service;
                    self.bound += 1;
                    self.account.assigned(task.index, node);
                    let demand = self.plan.demand_on(task, node).map_err(refuse)?;
                    self.executor.send(Call { key, node, demand, service, assigned });
                }
                Decision::Reject { task, reason } => {
                    let slot = self.take_waiting(task).map_err(refuse)?;
                    let failure = Some(Box::new(Failure::Infeasible(reason)));
                    self.end_unplaced(slot, now, failure);
                }
                _ => return Err(refuse("this host does not know such a decision")),
            }
        }
        decisions.clear();
        self.items.settle();
        self.executor.flush();
        Ok(())
    }

    /// The slot of a call that a decision is about, which waits no longer.
    #[inline(always)]
    fn take_waiting(&mut self, task: TaskId) -> Result<u32, &'static str> {
        self.items.take_waiting(task).ok_or_else(|| match self.items.exists(task) {
            true => "the call is not waiting",
            false => "there is no such call",
        })
    }

    /// The task ends without its present call having ended on a node.
    #[cold]
    pub(super) fn end_unplaced(&mut self, slot: u32, finish: Time, failure: Option<Box<Failure>>) {
        let item = self.items.get(slot);
        let unplaced = Some(finish.since(item.submit));
        self.end(Ended { slot, finished: None, finish, unplaced, failure });
    }

    #[inline(always)]
    fn end(&mut self, ended: Ended) {
        let item = self.items.get_mut(ended.slot);
        item.place = Place::Ended;
        self.account.ended(item.index, item.stage, ended.finish, ended.failure.is_some());
        self.arrivals.ended(ended.finish);
        self.ended.push(ended);
    }
}

fn task_of(decision: &Decision) -> TaskId {
    match *decision {
        Decision::Assign { task, .. } | Decision::Reject { task, .. } => task,
        // A decision of a later version names no call here, so the loop refuses it.
        _ => TaskId { index: u64::MAX, stage: u32::MAX },
    }
}

/// When the scheduler wants to be asked next, if that is after `now`, and nothing is wrong with it.
#[inline]
fn after(now: Time, next: Result<Option<Time>, &Violation>) -> Result<Option<Time>, RunError> {
    match next {
        Ok(Some(timeout)) if timeout <= now => Err(RunError::Timeout { now, timeout }),
        Ok(next) => Ok(next),
        Err(violation) => Err(RunError::Scheduler(violation.clone())),
    }
}

fn earliest(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
