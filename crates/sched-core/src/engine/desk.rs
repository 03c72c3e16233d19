//! Where calls get their nodes: a placement, the account that it looks at, and the rule between them.
//!
//! The list scheduler ([`super::list`]) says which call is next and keeps those that wait; here one is
//! offered to the placement, and what comes of it, or of a fact about a node, is entered in the account.
//! The two are apart because a call is offered where it lies, in a queue that must not move meanwhile.

use super::halves::{Bind, Candidates, Placement};
use super::unseen::Unseen;
use crate::checked::{Rule, Violation};
use crate::cluster::{Cluster, ClusterSpec, GroupSet, NodeId};
use crate::event::{Decision, Event};
use crate::task::{Task, TaskId};
use crate::time::Time;

/// The placement, and what it decides about.
#[derive(Debug)]
pub(super) struct Desk<P> {
    placement: P,
    cluster: Cluster,
    unseen: Unseen,
    fault: Option<Violation>,
}

impl<P: Placement> Desk<P> {
    pub(super) fn new(spec: &ClusterSpec, bind: Bind, mut placement: P) -> Desk<P> {
        let cluster = Cluster::new(spec, bind);
        placement.attach(&cluster);
        Desk { placement, cluster, unseen: Unseen::default(), fault: None }
    }

    /// The account.
    #[inline]
    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The first answer of the placement that was no candidate.
    pub(super) fn fault(&self) -> Option<&Violation> {
        self.fault.as_ref()
    }

    /// Asks for a node for a call, and assigns it. False if the call is refused.
    #[inline(always)]
    pub(super) fn offer(
        &mut self,
        task: &Task,
        (eligible, kept): (GroupSet, GroupSet),
        now: Time,
        out: &mut Vec<Decision>,
    ) -> bool {
        let candidates = Candidates::new(&self.cluster, task, eligible, kept, now);
        let Some(node) = self.placement.place(task, &candidates) else { return false };
        if self.unseen.hides() {
            if !candidates.contains(node) {
                return self.not_a_candidate(task.id, node);
            }
            self.unseen.keep(task, node);
        } else {
            let groups = candidates.groups();
            if !self.cluster.offer(task, node, groups) {
                return self.not_a_candidate(task.id, node);
            }
            self.placement.changed(node, &self.cluster);
        }
        out.push(Decision::Assign { task: task.id, node });
        true
    }

    /// Takes down that the placement broke its rule. That is a refusal: false.
    #[cold]
    #[inline(never)]
    fn not_a_candidate(&mut self, task: TaskId, node: NodeId) -> bool {
        let fault = Violation { task: Some(task), node: Some(node), rule: Rule::NoCandidate };
        self.fault.get_or_insert(fault);
        false
    }

    /// A call has left its node. The groups that have gained something.
    #[inline(always)]
    pub(super) fn finished(&mut self, task: TaskId, node: NodeId) -> GroupSet {
        self.show_own();
        let Some(group) = self.cluster.release(task, node) else { return GroupSet::NONE };
        self.placement.changed(node, &self.cluster);
        GroupSet::only(group)
    }

    /// Any other fact about a node, or a refresh. The groups that have gained something.
    #[cold]
    pub(super) fn churn(&mut self, event: &Event) -> GroupSet {
        self.show_own();
        let node = match *event {
            Event::Refresh => {
                self.unseen.hide();
                return GroupSet::NONE;
            }
            Event::NodeUp(node) | Event::NodeDown(node) | Event::NodeDrain(node) => node,
            Event::Submit(_) | Event::Finished { .. } => return GroupSet::NONE,
        };
        if !self.cluster.declares(node) {
            return GroupSet::NONE;
        }
        let mut gained = GroupSet::NONE;
        match event {
            Event::NodeUp(_) => {
                self.cluster.node_up(node);
                gained = GroupSet::only(self.cluster.group(node));
            }
            Event::NodeDown(_) => self.cluster.node_down(node),
            _ => self.cluster.node_drain(node),
        }
        self.placement.changed(node, &self.cluster);
        gained
    }

    /// Enters the assigns that were hidden so far: a fact about nodes may be about them.
    #[inline(always)]
    fn show_own(&mut self) {
        if !self.unseen.is_empty() {
            self.enter_unseen();
        }
    }

    #[cold]
    #[inline(never)]
    fn enter_unseen(&mut self) {
        for (task, node) in self.unseen.take() {
            self.cluster.assign(&task, node);
            self.placement.changed(node, &self.cluster);
        }
    }
}
