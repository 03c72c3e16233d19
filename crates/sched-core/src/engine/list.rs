//! The engine that runs two halves as a scheduler.
//!
//! It alone keeps the waiting calls and reserves and releases capacity; a placement
//! only points at a node. A poll asks for the heads of the lanes in the policy's order
//! until no head has a group left: at most one refusal per lane, then one question per
//! call that is placed.

use super::desk::Desk;
use super::halves::{Bind, Order, Placement};
use super::lanes::Lanes;
use crate::checked::Violation;
use crate::cluster::{Cluster, ClusterSpec, Group, GroupSet, NodeId};
use crate::event::{Decision, Event, Infeasible};
use crate::scheduler::Scheduler;
use crate::task::{Task, TaskId};
use crate::time::Time;

/// A scheduler made of an order and a placement.
#[derive(Debug)]
pub struct ListScheduler<O, P> {
    order: O,
    desk: Desk<P>,
    lanes: Lanes,
    gained: GroupSet, // since the last poll
    rejected: Vec<(TaskId, Infeasible)>,
}

impl<O: Order, P: Placement> ListScheduler<O, P> {
    /// The policy that `order` and `placement` make, bound by `bind`, on an empty cluster.
    pub fn new(spec: &ClusterSpec, bind: Bind, order: O, placement: P) -> Self {
        ListScheduler {
            order,
            desk: Desk::new(spec, bind, placement),
            lanes: Lanes::new(),
            gained: GroupSet::NONE,
            rejected: Vec::new(),
        }
    }

    /// The account of the cluster.
    pub fn cluster(&self) -> &Cluster {
        self.desk.cluster()
    }

    /// Calls that wait for a node.
    pub fn waiting(&self) -> usize {
        self.lanes.waiting()
    }

    // What the kinds of events do is apart, so that none saves registers for another.

    #[inline(never)]
    fn submit(&mut self, task: &Task) {
        let rank = self.order.rank(task);
        if !self.lanes.push(self.desk.cluster().spec(), rank, task) {
            self.reject(task);
        }
    }

    #[inline(never)]
    fn finished(&mut self, task: TaskId, node: NodeId) {
        self.gained = self.gained.union(self.desk.finished(task, node));
    }

    #[cold]
    fn churn(&mut self, event: &Event) {
        self.gained = self.gained.union(self.desk.churn(event));
    }

    #[cold]
    #[inline(never)]
    fn reject(&mut self, task: &Task) {
        self.rejected.push((task.id, infeasible(self.desk.cluster().spec(), task)));
    }

    #[cold]
    #[inline(never)]
    fn tell_rejected(&mut self, out: &mut Vec<Decision>) {
        let rejected = self.rejected.drain(..);
        out.extend(rejected.map(|(task, reason)| Decision::Reject { task, reason }));
    }

    /// Asks for whoever may be next.
    #[inline(always)]
    fn ask(&mut self, now: Time, out: &mut Vec<Decision>) {
        if !self.rejected.is_empty() {
            self.tell_rejected(out);
        }
        let gained = std::mem::replace(&mut self.gained, GroupSet::NONE);
        if let Some((task, eligible)) = self.lanes.newcomer() {
            if self.desk.offer(task, (eligible, GroupSet::NONE), now, out) {
                self.lanes.pop_newcomer();
            } else {
                self.lanes.refuse_newcomer();
            }
        } else if self.lanes.waiting() > 0 {
            self.lanes.gained(gained);
            self.ask_heads(now, out);
        }
    }

    /// Asks for the heads of the lanes, in order.
    #[inline(never)]
    fn ask_heads(&mut self, now: Time, out: &mut Vec<Decision>) {
        let mut kept = GroupSet::NONE;
        while let Some(next) = self.lanes.next(&mut kept) {
            let Some((task, eligible)) = self.lanes.head(next) else { return };
            if self.desk.offer(task, (eligible, kept), now, out) {
                self.lanes.pop(next);
            } else {
                kept = kept.union(self.lanes.refuse(next));
            }
        }
    }
}

impl<O: Order, P: Placement> Scheduler for ListScheduler<O, P> {
    fn on_event(&mut self, _now: Time, event: Event) {
        match &event {
            Event::Submit(task) => self.submit(task),
            Event::Finished { task, node } => self.finished(*task, *node),
            _ => self.churn(&event),
        }
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        self.ask(now, out);
    }

    fn health(&self) -> Result<(), &Violation> {
        self.desk.fault().map_or(Ok(()), Err)
    }

    fn decide(&mut self, now: Time, out: &mut Vec<Decision>) -> Result<Option<Time>, &Violation> {
        self.ask(now, out);
        self.desk.fault().map_or(Ok(None), Err)
    }
}

/// Why no declared node could ever run the call.
pub(crate) fn infeasible(spec: &ClusterSpec, task: &Task) -> Infeasible {
    let allowed = |(i, group): &(usize, &Group)| group.count > 0 && task.on.contains(*i);
    let groups = || spec.groups().iter().enumerate().filter(allowed);
    let most = |of: fn(&crate::Resources) -> u64| {
        groups().map(|(_, group)| of(&group.capacity)).max().unwrap_or(0)
    };
    if groups().next().is_none() {
        return Infeasible::NoGroup;
    }
    let largest = crate::Resources::milli_cpu(most(|c| u64::from(c.cpu())) as u32)
        .with_milli_gpu(most(|c| u64::from(c.gpu())) as u32)
        .with_memory(most(crate::Resources::memory));
    Infeasible::TooLarge { demand: task.demand, largest }
}
