//! Nodes as executors have them: capacity, and a queue before it.
//!
//! The queue is FIFO by assign, and a head that does not fit blocks those behind it, even if
//! they would fit: what a node does is then independent of sizes behind the head. The
//! payload `T` is whatever the executor needs to start the call. `S` is what else it keeps of a node and
//! looks at when it looks at the queue: with thousands of nodes each is far away, so both are in one
//! cache line if `S` has 16 bytes.

use sched_core::{ClusterSpec, NodeId, Resources};
use std::collections::VecDeque;

/// All nodes of a cluster.
#[derive(Debug)]
pub struct NodeQueues<T, S = ()> {
    nodes: Vec<Node<T, S>>,
    capacities: Vec<Resources>, // looked at when a node is lost, and so not in its line
}

#[derive(Debug)]
#[repr(align(64))]
struct Node<T, S> {
    free: Resources,
    state: S,
    waiting: VecDeque<(Resources, T)>,
}

impl<T> NodeQueues<T> {
    /// Empty nodes.
    pub fn new(cluster: &ClusterSpec) -> NodeQueues<T> {
        NodeQueues::with_state(cluster, |_| ())
    }
}

impl<T, S> NodeQueues<T, S> {
    /// Empty nodes, and what is kept of each.
    pub fn with_state(cluster: &ClusterSpec, state: impl Fn(NodeId) -> S) -> NodeQueues<T, S> {
        let capacities: Vec<Resources> =
            cluster.nodes().map(|node| cluster.capacity(node)).collect();
        let node = |(id, &free)| Node { free, state: state(NodeId(id)), waiting: VecDeque::new() };
        NodeQueues { nodes: (0..).zip(&capacities).map(node).collect(), capacities }
    }

    /// What is kept of a node.
    #[inline]
    pub fn state(&self, node: NodeId) -> &S {
        &self.nodes[node.index()].state
    }

    /// The same, to be changed.
    #[inline]
    pub fn state_mut(&mut self, node: NodeId) -> &mut S {
        &mut self.nodes[node.index()].state
    }

    /// A call arrives: gives it back if it starts at once, else keeps it in the queue. O(1).
    #[inline]
    pub fn arrive(&mut self, node: NodeId, demand: Resources, call: T) -> Option<T> {
        let node = &mut self.nodes[node.index()];
        match node.free.minus(demand) {
            Some(free) if node.waiting.is_empty() => {
                node.free = free;
                Some(call)
            }
            _ => {
                node.waiting.push_back((demand, call));
                None
            }
        }
    }

    /// The node is gone: its queue is forgotten, and all of it is free when it is there again.
    pub fn clear(&mut self, node: NodeId) {
        let capacity = self.capacities[node.index()];
        let node = &mut self.nodes[node.index()];
        node.free = capacity;
        node.waiting.clear();
    }

    /// A call that had started leaves: appends those that start in its place, in queue order.
    /// O(1) per call started.
    #[inline]
    pub fn leave(&mut self, node: NodeId, demand: Resources, starting: &mut Vec<T>) {
        let node = &mut self.nodes[node.index()];
        node.free = node.free.plus(demand);
        while let Some((demand, _)) = node.waiting.front() {
            let Some(free) = node.free.minus(*demand) else { break };
            node.free = free;
            starting.extend(node.waiting.pop_front().map(|(_, call)| call));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_does_not_fit_blocks() {
        let cluster = ClusterSpec::uniform(1, 2).unwrap();
        let mut nodes = NodeQueues::new(&cluster);
        let (node, slot) = (NodeId(0), Resources::milli_cpu);
        assert_eq!(nodes.arrive(node, slot(1000), 'a'), Some('a'));
        assert_eq!(nodes.arrive(node, slot(2000), 'b'), None); // half of it is free
        assert_eq!(nodes.arrive(node, slot(1000), 'c'), None); // would fit, but b is ahead
        assert_eq!(nodes.arrive(node, slot(1000), 'd'), None);
        let mut starting = Vec::new();
        nodes.leave(node, slot(1000), &mut starting);
        assert_eq!(starting, ['b']);
        starting.clear();
        nodes.leave(node, slot(2000), &mut starting);
        assert_eq!(starting, ['c', 'd']);
    }
}
