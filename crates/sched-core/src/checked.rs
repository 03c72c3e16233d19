//! A guard around a scheduler that nobody has proved.
//!
//! [`Checked`] keeps its own account of the cluster and compares every decision with it.
//! An illegal decision is not passed on; the first one is kept, the host reads it from
//! [`Scheduler::health`] and ends the run with it, so a wrong policy gives an error that
//! names the call and the node, and never a wrong number.

use crate::cluster::{Cluster, ClusterSpec, NodeId};
use crate::engine::{Bind, Unseen};
use crate::event::{Decision, Event};
use crate::scheduler::Scheduler;
use crate::task::{Task, TaskId};
use crate::time::Time;
use std::collections::BTreeMap;
use std::fmt;

/// A rule that a decision broke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Rule {
    /// The call is not waiting: it is unknown, placed already, or done.
    NotWaiting,
    /// There is no such node.
    NoSuchNode,
    /// The node is not one that the call could be given at that instant: not eligible, not up, draining,
    /// full, or kept by a call ahead.
    NoCandidate,
    /// A call was rejected that a declared node could hold.
    RejectedFeasible,
    /// The next timeout is not after the poll that it follows: the host would spin.
    TimeoutInThePast,
}

/// The first illegal decision of a scheduler.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The call, if it is about one.
    pub task: Option<TaskId>,
    /// The node, if it is about one.
    pub node: Option<NodeId>,
    /// What was broken.
    pub rule: Rule,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the scheduler broke a rule: ")?;
        if let Some(task) = self.task {
            write!(f, "call {task}")?;
        }
        if let Some(node) = self.node {
            write!(f, " for {node}")?;
        }
        f.write_str(match self.rule {
            Rule::NotWaiting => " is not waiting",
            Rule::NoSuchNode => ": there is no such node",
            Rule::NoCandidate => {
                ": the node cannot take it now (not eligible, not up, draining, full, or kept by a call ahead)"
            }
            Rule::RejectedFeasible => " was rejected, but a declared node could hold it",
            Rule::TimeoutInThePast => "its next timeout is not after the poll",
        })
    }
}

impl std::error::Error for Violation {}

/// A scheduler whose decisions are checked.
#[derive(Debug)]
pub struct Checked<S> {
    inner: S,
    cluster: Cluster,
    waiting: BTreeMap<TaskId, Task>,
    unseen: Unseen,
    proposed: Vec<Decision>,
    last_poll: Time,
    fault: Option<Violation>,
}

impl<S: Scheduler> Checked<S> {
    /// Checks `inner`, which schedules an empty cluster with these queue limits.
    pub fn new(spec: &ClusterSpec, bind: Bind, inner: S) -> Checked<S> {
        Checked {
            inner,
            cluster: Cluster::new(spec, bind),
            waiting: BTreeMap::new(),
            unseen: Unseen::default(),
            proposed: Vec::new(),
            last_poll: Time::ZERO,
            fault: None,
        }
    }

    fn verify(&mut self, decision: Decision) -> Result<(), Violation> {
        let (task, node) = match decision {
            Decision::Assign { task, node } => (task, Some(node)),
            Decision::Reject { task, .. } => (task, None),
        };
        let broken = |rule| Violation { task: Some(task), node, rule };
        let call = *self.waiting.get(&task).ok_or_else(|| broken(Rule::NotWaiting))?;
        let eligible = self.cluster.spec().eligible(&call.demand, call.on);
        match node {
            None if !eligible.is_empty() => return Err(broken(Rule::RejectedFeasible)),
            None => {}
            Some(node) if node.index() >= self.cluster.spec().node_count() => {
                return Err(broken(Rule::NoSuchNode));
            }
            Some(node) => {
                if !eligible.contains(self.cluster.group(node))
                    || !self.cluster.accepts(node, &call.demand)
                {
                    return Err(broken(Rule::NoCandidate));
                }
                if self.unseen.hides() {
                    self.unseen.keep(&call, node);
                } else {
                    self.cluster.assign(&call, node);
                }
            }
        }
        self.waiting.remove(&task);
        Ok(())
    }
}

impl<S: Scheduler> Scheduler for Checked<S> {
    fn on_event(&mut self, now: Time, event: Event) {
        if !matches!(event, Event::Submit(_)) {
            let assigned = self.unseen.take();
            assigned.iter().for_each(|(task, node)| self.cluster.assign(task, *node));
        }
        let declared = |node: NodeId| node.index() < self.cluster.spec().node_count();
        match event {
            Event::Submit(task) => {
                self.waiting.insert(task.id, task);
            }
            Event::Finished { task, node } if declared(node) => {
                self.cluster.finish(task, node);
            }
            Event::NodeUp(node) if declared(node) => self.cluster.node_up(node),
            Event::NodeDown(node) if declared(node) => self.cluster.node_down(node),
            Event::NodeDrain(node) if declared(node) => self.cluster.node_drain(node),
            Event::Refresh => self.unseen.hide(),
            _ => {}
        }
        self.inner.on_event(now, event);
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        self.last_poll = now;
        let mut proposed = std::mem::take(&mut self.proposed);
        self.inner.poll(now, &mut proposed);
        for decision in proposed.drain(..) {
            match self.verify(decision) {
                Ok(()) => out.push(decision),
                Err(violation) => {
                    self.fault.get_or_insert(violation);
                }
            }
        }
        self.proposed = proposed;
        if self.inner.next_timeout().is_some_and(|at| at <= now) {
            let rule = Rule::TimeoutInThePast;
            self.fault.get_or_insert(Violation { task: None, node: None, rule });
        }
    }

    fn next_timeout(&self) -> Option<Time> {
        self.inner.next_timeout().map(|at| at.max(self.last_poll))
    }

    fn health(&self) -> Result<(), &Violation> {
        self.fault.as_ref().map_or_else(|| self.inner.health(), Err)
    }
}

impl<S: Scheduler + ?Sized> Scheduler for Box<S> {
    fn on_event(&mut self, now: Time, event: Event) {
        (**self).on_event(now, event);
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        (**self).poll(now, out);
    }

    fn next_timeout(&self) -> Option<Time> {
        (**self).next_timeout()
    }

    fn health(&self) -> Result<(), &Violation> {
        (**self).health()
    }

    fn decide(&mut self, now: Time, out: &mut Vec<Decision>) -> Result<Option<Time>, &Violation> {
        (**self).decide(now, out)
    }
}
