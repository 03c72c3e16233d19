//! The engine that runs two halves as a scheduler.
//!
//! It alone keeps the waiting calls and reserves and releases capacity; a placement
//! only points at a node. A poll asks for the heads of the lanes in the policy's order
//! until no head has a group left: at most one refusal per lane, then one question per
//! call that is placed.

use super::halves::{Bind, Candidates, Order, Placement};
use super::lanes::Lanes;
use super::unseen::Unseen;
use crate::checked::{Rule, Violation};
use crate::cluster::{Cluster, ClusterSpec, Group, GroupSet, NodeId};
use crate::event::{Decision, Event, Infeasible};
use crate::scheduler::Scheduler;
use crate::task::{Task, TaskId};
use crate::time::Time;

/// A scheduler made of an order and a placement.
#[derive(Debug)]
pub struct ListScheduler<O, P> {
    order: O,
    placement: P,
    cluster: Cluster,
    lanes: Lanes,
    unseen: Unseen,
    gained: GroupSet,
    rejected: Vec<(TaskId, Infeasible)>,
    fault: Option<Violation>,
}

impl<O: Order, P: Placement> ListScheduler<O, P> {
    /// The policy that `order` and `placement` make, bound by `bind`, on an empty cluster.
    pub fn new(spec: &ClusterSpec, bind: Bind, order: O, mut placement: P) -> Self {
        let cluster = Cluster::new(spec, bind);
        placement.attach(&cluster);
        ListScheduler {
            order,
            placement,
            cluster,
            lanes: Lanes::new(),
            unseen: Unseen::default(),
            gained: GroupSet::NONE,
            rejected: Vec::new(),
            fault: None,
        }
    }

    /// The account of the cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Calls that wait for a node.
    pub fn waiting(&self) -> usize {
        self.lanes.waiting()
    }

    #[inline(always)]
    fn submit(&mut self, task: &Task) {
        let rank = self.order.rank(task);
        if !self.lanes.push(self.cluster.spec(), rank, task) {
            self.rejected.push((task.id, infeasible(self.cluster.spec(), task)));
        }
    }

    #[inline(always)]
    fn finished(&mut self, task: TaskId, node: NodeId) {
        if self.is_declared(node) && self.cluster.finish(task, node) {
            self.node_changed(node);
        }
    }

    /// Enters the assigns that were hidden so far: a fact about nodes may be about them.
    #[cold]
    fn show_own(&mut self) {
        for (task, node) in self.unseen.take() {
            self.cluster.assign(&task, node);
            self.placement.changed(node, &self.cluster);
        }
    }

    #[cold]
    fn reject(&mut self, out: &mut Vec<Decision>) {
        let rejected = self.rejected.drain(..);
        out.extend(rejected.map(|(task, reason)| Decision::Reject { task, reason }));
    }

    #[cold]
    fn node_event(&mut self, node: NodeId, event: Event) {
        match event {
            Event::NodeUp(_) => {
                self.cluster.node_up(node);
                self.node_changed(node);
                return;
            }
            Event::NodeDown(_) => self.cluster.node_down(node),
            Event::NodeDrain(_) => self.cluster.node_drain(node),
            Event::Submit(_) | Event::Finished { .. } | Event::Refresh => return,
        }
        self.placement.changed(node, &self.cluster);
    }

    /// Tells the placement, and notes that calls waiting for the node's group are worth asking again.
    #[inline(always)]
    fn node_changed(&mut self, node: NodeId) {
        self.placement.changed(node, &self.cluster);
        self.gained = self.gained.union(GroupSet::only(self.cluster.group(node)));
    }

    #[inline(always)]
    fn is_declared(&self, node: NodeId) -> bool {
        self.cluster.declares(node)
    }
}

impl<O: Order, P: Placement> Scheduler for ListScheduler<O, P> {
    fn on_event(&mut self, _now: Time, event: Event) {
        if !self.unseen.is_empty() && !matches!(event, Event::Submit(_)) {
            self.show_own();
        }
        match &event {
            Event::Submit(task) => self.submit(task),
            Event::Finished { task, node } => self.finished(*task, *node),
            Event::NodeUp(node) | Event::NodeDown(node) | Event::NodeDrain(node) => {
                if self.is_declared(*node) {
                    self.node_event(*node, event);
                }
            }
            Event::Refresh => self.unseen.hide(),
        }
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        if !self.rejected.is_empty() {
            self.reject(out);
        }
        self.lanes.gained(std::mem::replace(&mut self.gained, GroupSet::NONE));
        let mut kept = GroupSet::NONE;
        while let Some(next) = self.lanes.next(&mut kept) {
            let Some((task, eligible)) = self.lanes.head(next) else { return };
            let candidates = Candidates::new(&self.cluster, task, eligible, kept, now);
            let choice = self.placement.place(task, &candidates);
            match choice {
                Some(node) if candidates.contains(node) => {
                    out.push(Decision::Assign { task: task.id, node });
                    let shows = !self.unseen.keep(task, node);
                    if shows {
                        self.cluster.assign(task, node);
                    }
                    self.lanes.pop(next);
                    if shows {
                        self.placement.changed(node, &self.cluster);
                    }
                }
                refused => {
                    if let Some(node) = refused {
                        let rule = Rule::NoCandidate;
                        let fault = Violation { task: Some(task.id), node: Some(node), rule };
                        self.fault.get_or_insert(fault);
                    }
                    kept = kept.union(self.lanes.refuse(next));
                }
            }
        }
    }

    fn health(&self) -> Result<(), &Violation> {
        self.fault.as_ref().map_or(Ok(()), Err)
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
