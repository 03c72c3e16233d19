//! Who holds which call, and since when: the nodes as a host has them, on paper.
//!
//! A log tells assigns and finishes, not starts. But node queues are first in, first out, a
//! head that does not fit blocks, and demands and capacities are known: so the starts
//! follow. Ids and nodes come from a file and are not trusted to make sense; what makes
//! none (an undeclared node, a finish of a call that is elsewhere) changes nothing.

use sched_core::{ClusterSpec, NodeId, Resources, Task, TaskId, Time};
use std::collections::{BTreeMap, BTreeSet};

/// A call on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    pub(crate) task: Task,
    pub(crate) node: NodeId,
    pub(crate) assigned: Time,
    /// When it got what it needs; `None` while it queues.
    pub(crate) started: Option<Time>,
    seat: u64, // numbers assigns, over all nodes
}

struct Node {
    free: Resources,
    seats: BTreeMap<u64, TaskId>,
    queue: BTreeSet<u64>,
}

/// All nodes. Every change is O(log calls).
pub(crate) struct Account {
    capacity: Vec<Resources>,
    nodes: Vec<Node>,
    calls: BTreeMap<TaskId, Held>,
    seats: u64,
}

impl Account {
    /// Empty nodes.
    pub(crate) fn new(spec: &ClusterSpec) -> Account {
        let capacity: Vec<Resources> = spec.nodes().map(|node| spec.capacity(node)).collect();
        let nodes = capacity.iter().map(|&free| Node::empty(free)).collect();
        Account { capacity, nodes, calls: BTreeMap::new(), seats: 0 }
    }

    /// The node that holds a call.
    pub(crate) fn node_of(&self, id: TaskId) -> Option<NodeId> {
        self.calls.get(&id).map(|held| held.node)
    }

    /// A call goes to a node.
    pub(crate) fn assign(&mut self, task: &Task, node: NodeId, at: Time) {
        self.give_back(task.id, at); // a host that lets an id be used twice
        let Some(place) = self.nodes.get_mut(node.index()) else { return };
        self.seats += 1;
        let seat = self.seats;
        place.seats.insert(seat, task.id);
        place.queue.insert(seat);
        let held = Held { task: *task, node, assigned: at, started: None, seat };
        self.calls.insert(task.id, held);
        self.start(node, at);
    }

    /// A call leaves its node. `None`, and nothing changes, if that node does not hold it.
    pub(crate) fn finish(&mut self, id: TaskId, node: NodeId, at: Time) -> Option<Held> {
        let held = *self.calls.get(&id).filter(|held| held.node == node)?;
        self.calls.remove(&id);
        let place = self.nodes.get_mut(node.index())?;
        place.seats.remove(&held.seat);
        if !place.queue.remove(&held.seat) {
            place.free = place.free.plus(held.task.demand);
        }
        self.start(node, at);
        Some(held)
    }

    /// A call is submitted again: the node that it was sent to, if to any, was down already.
    pub(crate) fn give_back(&mut self, id: TaskId, at: Time) {
        if let Some(node) = self.node_of(id) {
            self.finish(id, node, at);
        }
    }

    /// A node is lost with all it has, which is returned in the order in which it was assigned.
    pub(crate) fn lose(&mut self, node: NodeId) -> Vec<Held> {
        let Some(place) = self.nodes.get_mut(node.index()) else { return Vec::new() };
        let free = self.capacity.get(node.index()).copied().unwrap_or_default();
        let lost = std::mem::replace(place, Node::empty(free));
        lost.seats.values().filter_map(|id| self.calls.remove(id)).collect()
    }

    /// Calls on nodes.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    fn start(&mut self, node: NodeId, at: Time) {
        let Some(place) = self.nodes.get_mut(node.index()) else { return };
        while let Some(&seat) = place.queue.first() {
            let call = place.seats.get(&seat).and_then(|id| self.calls.get_mut(id));
            let Some(call) = call else { return };
            let Some(free) = place.free.minus(call.task.demand) else { return };
            place.free = free;
            place.queue.pop_first();
            call.started = Some(at);
        }
    }
}

impl Node {
    fn empty(free: Resources) -> Node {
        Node { free, seats: BTreeMap::new(), queue: BTreeSet::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(index: u64, milli: u32) -> Task {
        Task::new(TaskId { index, stage: 0 }, Time::ZERO, Resources::milli_cpu(milli))
    }

    #[test]
    fn a_head_that_does_not_fit_blocks_and_starts_when_room_is_made() {
        let spec = ClusterSpec::uniform(1, 2).unwrap();
        let (node, at) = (NodeId(0), Time::from_nanos);
        let mut account = Account::new(&spec);
        for (index, milli) in [(0, 1000), (1, 2000), (2, 1000)] {
            account.assign(&task(index, milli), node, at(index));
        }
        let mut finish = |index, when| {
            let held = account.finish(TaskId { index, stage: 0 }, node, at(when)).unwrap();
            (held.assigned, held.started)
        };
        assert_eq!(finish(0, 10), (at(0), Some(at(0))));
        assert_eq!(finish(1, 25), (at(1), Some(at(10))));
        assert_eq!(finish(2, 30), (at(2), Some(at(25))));
        assert_eq!(account.len(), 0);
    }

    #[test]
    fn what_makes_no_sense_changes_nothing() {
        let spec = ClusterSpec::uniform(2, 1).unwrap();
        let mut account = Account::new(&spec);
        account.assign(&task(0, 1000), NodeId(9), Time::ZERO);
        assert_eq!(account.finish(TaskId { index: 0, stage: 0 }, NodeId(9), Time::ZERO), None);
        account.assign(&task(1, 1000), NodeId(0), Time::ZERO);
        assert_eq!(account.finish(TaskId { index: 1, stage: 0 }, NodeId(1), Time::ZERO), None);
        account.assign(&task(1, 1000), NodeId(1), Time::ZERO); // again, without a finish
        assert!(account.lose(NodeId(0)).is_empty());
        assert_eq!(account.lose(NodeId(1)).len(), 1);
        assert!(account.lose(NodeId(9)).is_empty());
    }
}
