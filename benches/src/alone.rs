//! `load_aware_spread` without the engine: place a call, take it off again.
//!
//! The placement with the account of the cluster that it reads, called as the engine calls them.
//! What is left out: waiting calls, lanes, events.

use crate::SLOTS;
use sched_core::policies::load_aware_spread::Spread;
use sched_core::{
    Bind, Candidates, Cluster, ClusterSpec, GroupSet, NodeId, Placement, Resources, Task, TaskId,
    Time,
};
use std::collections::VecDeque;

/// One placement and its account, half of the slots busy.
pub struct Alone {
    cluster: Cluster,
    placement: Spread,
    running: VecDeque<(TaskId, NodeId)>,
    index: u64,
}

impl Alone {
    /// On so many equal nodes.
    ///
    /// # Panics
    /// If there is no node.
    pub fn spread(nodes: u32) -> Alone {
        let spec = ClusterSpec::uniform(nodes, SLOTS).expect("a valid cluster");
        let cluster = Cluster::new(&spec, Bind::Early);
        let mut placement = Spread::default();
        placement.attach(&cluster);
        let mut alone = Alone { cluster, placement, running: VecDeque::new(), index: 0 };
        for _ in 0..nodes * SLOTS / 2 {
            alone.place();
        }
        alone
    }

    /// Places a call, and takes off the one that has been on its node longest.
    #[inline]
    pub fn cycle(&mut self) {
        self.place();
        if let Some((task, node)) = self.running.pop_front() {
            self.cluster.finish(task, node);
            self.placement.changed(node, &self.cluster);
        }
    }

    #[inline]
    fn place(&mut self) {
        let id = TaskId { index: self.index, stage: 0 };
        self.index += 1;
        let task = Task::new(id, Time::ZERO, Resources::milli_cpu(Resources::MILLI_PER_SLOT));
        let (eligible, kept) = (GroupSet::only(0), GroupSet::NONE);
        let candidates = Candidates::new(&self.cluster, &task, eligible, kept, Time::ZERO);
        if let Some(node) = self.placement.place(&task, &candidates) {
            self.cluster.assign(&task, node);
            self.placement.changed(node, &self.cluster);
            self.running.push_back((id, node));
        }
    }
}
