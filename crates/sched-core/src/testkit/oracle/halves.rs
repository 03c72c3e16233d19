//! A user's two halves under the naive scheduler.
//!
//! A placement reads the engine's own account ([`Cluster`]), so one is kept for it here
//! too, changed fact by fact. After each change it is compared with the ledger: a wrong
//! figure in the account would otherwise mislead both engines alike.

use super::{Choose, Naive};
use crate::testkit::ledger::Ledger;
use crate::{
    Bind, Candidates, Cluster, ClusterSpec, Event, GroupSet, NodeId, Order, Placement, Task, Time,
};

/// The halves, and the account that they read.
#[derive(Debug)]
pub struct Halves<O, P> {
    order: O,
    placement: P,
    cluster: Cluster,
}

impl<O: Order, P: Placement> Halves<O, P> {
    /// The naive scheduler that runs these halves.
    pub fn on(spec: &ClusterSpec, bind: Bind, order: O, mut placement: P) -> Naive<Halves<O, P>> {
        let cluster = Cluster::new(spec, bind);
        placement.attach(&cluster);
        Naive::new(spec, bind, Halves { order, placement, cluster })
    }

    fn changed(&mut self, node: NodeId, ledger: &Ledger) {
        let wrong = ledger.difference(node, &self.cluster);
        assert!(
            wrong.is_none(),
            "the account of the cluster is wrong: {}",
            wrong.unwrap_or_default()
        );
        self.placement.changed(node, &self.cluster);
    }
}

impl<O: Order, P: Placement> Choose for Halves<O, P> {
    fn rank(&self, task: &Task) -> i128 {
        self.order.rank(task).into()
    }

    fn told(&mut self, event: &Event, ledger: &Ledger) {
        let node = match *event {
            Event::Submit(_) | Event::Refresh => return,
            Event::Finished { task, node } => {
                self.cluster.finish(task, node);
                node
            }
            Event::NodeUp(node) => {
                self.cluster.node_up(node);
                node
            }
            Event::NodeDown(node) => {
                self.cluster.node_down(node);
                node
            }
            Event::NodeDrain(node) => {
                self.cluster.node_drain(node);
                node
            }
        };
        self.changed(node, ledger);
    }

    fn choose(
        &mut self,
        task: &Task,
        groups: GroupSet,
        ledger: &Ledger,
        now: Time,
    ) -> Option<NodeId> {
        let eligible = ledger.eligible(task);
        let kept = eligible.minus(groups);
        let candidates = Candidates::new(&self.cluster, task, eligible, kept, now);
        let offered: Vec<NodeId> = candidates.iter().collect();
        assert_eq!(offered, ledger.candidates(task, groups), "the candidates offered are wrong");
        self.placement.place(task, &candidates).filter(|node| offered.contains(node))
    }

    fn placed(&mut self, task: &Task, node: NodeId, ledger: &Ledger) {
        self.cluster.assign(task, node);
        self.changed(node, ledger);
    }
}
