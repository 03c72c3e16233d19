//! The running account of a cluster: who is up, what is held, what waits in node queues.
//!
//! The engine keeps one, and it alone changes it. Node queues live at the nodes; this
//! is their mirror. It needs no word from the nodes but the finishes, because a node's
//! rule is fixed: first in, first out by assign, and a head that does not fit blocks.
//!
//! Every change is O(1) in the number of nodes and of calls (a lost node costs the
//! number of calls that it had). The lists of a node run through the slab of calls, so
//! that nothing is allocated once the slab has grown to the most calls ever held.

use super::node::{Dominant, NIL, Node, NodeState};
use super::{ClusterSpec, GroupSet, NodeId, QueueLimit};
use crate::engine::Bind;
use crate::index::IdTable;
use crate::resources::Resources;
use crate::task::{Task, TaskId};

/// The account. Read by placements, changed by the engine.
#[derive(Clone, Debug)]
pub struct Cluster {
    spec: ClusterSpec,
    limits: Vec<QueueLimit>, // by group, after binding
    nodes: Vec<Node>,
    calls: Vec<Call>,
    vacant: u32, // head of the list of unused calls
    held: IdTable,
    changes: u64, // of integer loads, over all nodes
}

#[derive(Clone, Debug)]
struct Call {
    task: TaskId,
    demand: Resources,
    node: NodeId,
    queued: bool,
    next: u32,
    prev: u32,
}

impl Cluster {
    /// All nodes up and empty. `bind` decides the queue limits: [`Bind::Late`] sets them to 0.
    pub fn new(spec: &ClusterSpec, bind: Bind) -> Cluster {
        let limit = |limit| if bind == Bind::Late { QueueLimit::AtMost(0) } else { limit };
        let mut nodes = Vec::with_capacity(spec.node_count());
        for (index, group) in spec.groups().iter().enumerate() {
            nodes.extend((0..group.count).map(|_| Node::empty(group.capacity, index as u32)));
        }
        for (since, node) in (0..).zip(&mut nodes) {
            node.since = since;
        }
        Cluster {
            limits: spec.groups().iter().map(|group| limit(group.queue_limit)).collect(),
            changes: nodes.len() as u64,
            spec: spec.clone(),
            nodes,
            calls: Vec::new(),
            vacant: NIL,
            held: IdTable::default(),
        }
    }

    /// What was declared.
    pub fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// Whether the node takes calls.
    pub fn state(&self, node: NodeId) -> NodeState {
        self.nodes[node.index()].state
    }

    /// `⌊2¹⁶ × dominant share⌋`: the largest, over cpu, gpu and memory, of (running + queued
    /// demand) ÷ capacity. Above 2¹⁶ when more waits than the node can hold.
    #[inline]
    pub fn load(&self, node: NodeId) -> u64 {
        self.nodes[node.index()].load
    }

    /// The resource that [`load`](Self::load) is the share of; the first of equal ones.
    #[inline]
    pub fn dominant(&self, node: NodeId) -> Dominant {
        self.nodes[node.index()].dominant
    }

    /// Sequence number, over all nodes, of the last change of this node's load; at the
    /// start the node's id. The least one of equal loads has been at that load longest.
    #[inline]
    pub fn since(&self, node: NodeId) -> u64 {
        self.nodes[node.index()].since
    }

    /// What the node has.
    #[inline]
    pub fn capacity(&self, node: NodeId) -> Resources {
        self.nodes[node.index()].capacity
    }

    /// What running calls leave free.
    #[inline]
    pub fn free(&self, node: NodeId) -> Resources {
        self.nodes[node.index()].free
    }

    /// Calls that wait in the node's queue.
    #[inline]
    pub fn queued(&self, node: NodeId) -> u32 {
        self.nodes[node.index()].queued
    }

    /// The node's group.
    #[inline]
    pub fn group(&self, node: NodeId) -> usize {
        self.nodes[node.index()].group as usize
    }

    /// What a call sent there now could start with at once: `None` if the node is not up or has a queue.
    #[inline]
    pub fn ready(&self, node: NodeId) -> Option<Resources> {
        let node = &self.nodes[node.index()];
        (node.state == NodeState::Up && node.queued == 0).then_some(node.free)
    }

    /// Whether a call of this demand, sent there now, would start at once.
    #[inline]
    pub fn can_start(&self, node: NodeId, demand: &Resources) -> bool {
        self.ready(node).is_some_and(|free| demand.fits(&free))
    }

    /// Whether the node is up and its queue takes one more.
    #[inline]
    pub fn has_queue_room(&self, node: NodeId) -> bool {
        let node = &self.nodes[node.index()];
        node.state == NodeState::Up && self.limits[node.group as usize].allows(node.queued)
    }

    /// Whether the node may be given a call of this demand now: it would start at once,
    /// or the queue has room and the node could hold it when empty.
    #[inline]
    pub fn accepts(&self, node: NodeId, demand: &Resources) -> bool {
        self.can_start(node, demand)
            || (self.has_queue_room(node) && demand.fits(&self.nodes[node.index()].capacity))
    }

    /// Whether a call of this id is held by some node.
    pub fn holds(&self, task: TaskId) -> bool {
        self.slot_of(task).is_some()
    }

    /// Calls held by nodes, running and queued.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Gives a call to a node: it runs if it fits and nothing is queued, else it queues.
    /// The caller has asked [`accepts`](Self::accepts).
    pub fn assign(&mut self, task: &Task, node: NodeId) {
        let call = self.new_call(task, node);
        let starts = self.can_start(node, &task.demand);
        self.held.insert(task.id, call, |slot| self.calls[slot as usize].task);
        let at = &mut self.nodes[node.index()];
        at.add(&task.demand);
        if starts {
            self.run(call);
        } else {
            self.enqueue(call);
        }
        self.reload(node);
    }

    /// Takes a call off its node and starts what its queue now can. False, and nothing
    /// changes, if that node does not hold that call: a late answer of an old attempt.
    pub fn finish(&mut self, task: TaskId, node: NodeId) -> bool {
        let Some(call) = self.slot_of(task) else { return false };
        if self.calls[call as usize].node != node {
            return false;
        }
        self.held.remove(task, call);
        self.unlink(call);
        let Call { demand, queued, .. } = self.calls[call as usize];
        let at = &mut self.nodes[node.index()];
        at.sub(&demand);
        if queued {
            at.queued -= 1; // its start was not known here yet
        } else {
            at.free = at.free.plus(demand);
        }
        self.release(call);
        self.start_queued(node);
        self.reload(node);
        true
    }

    /// The node is gone; its calls are forgotten.
    pub fn node_down(&mut self, node: NodeId) {
        for head in [self.nodes[node.index()].running, self.nodes[node.index()].queue_head] {
            let mut call = head;
            while call != NIL {
                let next = self.calls[call as usize].next;
                self.held.remove(self.calls[call as usize].task, call);
                self.release(call);
                call = next;
            }
        }
        let at = &mut self.nodes[node.index()];
        *at = Node {
            state: NodeState::Down,
            load: at.load,
            since: at.since,
            ..Node::empty(at.capacity, at.group)
        };
        self.reload(node);
    }

    /// The node is there and takes calls: empty after it was down, as it was after a drain.
    pub fn node_up(&mut self, node: NodeId) {
        self.nodes[node.index()].state = NodeState::Up;
    }

    /// The node takes no more calls. A node that is down stays down.
    pub fn node_drain(&mut self, node: NodeId) {
        let at = &mut self.nodes[node.index()];
        if at.state == NodeState::Up {
            at.state = NodeState::Draining;
        }
    }

    /// The groups among `groups` that have a node which accepts the demand. Scans; for tests.
    pub fn accepting(&self, groups: GroupSet, demand: &Resources) -> Vec<NodeId> {
        let of = |group| self.spec.nodes_of(group).map(NodeId);
        let declared = groups.intersection(GroupSet::first(self.spec.groups().len()));
        declared.iter().flat_map(of).filter(|&node| self.accepts(node, demand)).collect()
    }

    #[inline]
    fn slot_of(&self, task: TaskId) -> Option<u32> {
        self.held.get(task, |slot| self.calls[slot as usize].task)
    }

    fn new_call(&mut self, task: &Task, node: NodeId) -> u32 {
        let call =
            Call { task: task.id, demand: task.demand, node, queued: false, next: NIL, prev: NIL };
        if self.vacant == NIL {
            self.calls.push(call);
            return (self.calls.len() - 1) as u32;
        }
        let at = self.vacant;
        self.vacant = self.calls[at as usize].next;
        self.calls[at as usize] = call;
        at
    }

    fn release(&mut self, call: u32) {
        self.calls[call as usize].next = self.vacant;
        self.vacant = call;
    }

    /// Puts a call that is in no list among the running ones.
    fn run(&mut self, call: u32) {
        let Call { demand, node, .. } = self.calls[call as usize];
        let at = &mut self.nodes[node.index()];
        let head = std::mem::replace(&mut at.running, call);
        at.free = at.free.minus(demand).unwrap_or(Resources::NONE); // the caller has seen that it fits
        let this = &mut self.calls[call as usize];
        (this.queued, this.next, this.prev) = (false, head, NIL);
        if head != NIL {
            self.calls[head as usize].prev = call;
        }
    }

    fn enqueue(&mut self, call: u32) {
        let at = &mut self.nodes[self.calls[call as usize].node.index()];
        let tail = std::mem::replace(&mut at.queue_tail, call);
        at.queued += 1;
        if tail == NIL {
            at.queue_head = call;
        } else {
            self.calls[tail as usize].next = call;
        }
        let this = &mut self.calls[call as usize];
        (this.queued, this.next, this.prev) = (true, NIL, tail);
    }

    fn unlink(&mut self, call: u32) {
        let Call { next, prev, node, queued, .. } = self.calls[call as usize];
        let at = &mut self.nodes[node.index()];
        match (prev, queued) {
            (NIL, true) => at.queue_head = next,
            (NIL, false) => at.running = next,
            _ => self.calls[prev as usize].next = next,
        }
        if next != NIL {
            self.calls[next as usize].prev = prev;
        } else if queued {
            at.queue_tail = prev;
        }
    }

    fn start_queued(&mut self, node: NodeId) {
        loop {
            let at = &self.nodes[node.index()];
            let head = at.queue_head;
            if head == NIL || !self.calls[head as usize].demand.fits(&at.free) {
                return;
            }
            self.unlink(head);
            self.nodes[node.index()].queued -= 1;
            self.run(head);
        }
    }

    fn reload(&mut self, node: NodeId) {
        let at = &mut self.nodes[node.index()];
        let (load, dominant) = at.dominant_share();
        at.dominant = dominant;
        if load != at.load {
            at.load = load;
            at.since = self.changes;
            self.changes += 1;
        }
    }
}
