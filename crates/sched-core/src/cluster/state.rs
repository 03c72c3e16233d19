//! The running account of a cluster: who is up, what is held, what waits in node queues.
//!
//! The engine keeps one, and it alone changes it. Node queues live at the nodes; this
//! is their mirror. It needs no word from the nodes but the finishes, because a node's
//! rule is fixed: first in, first out by assign, and a head that does not fit blocks.
//!
//! Every change is O(1) in the number of nodes and of calls, the loss of a node included (its calls
//! are dropped later, see [`super::calls`]), and nothing is allocated once there are slots for the most
//! calls ever held.

use super::calls::{Calls, Place};
use super::node::{Dominant, Node, NodeState};
use super::queue::NodeQueue;
use super::share::{Held, Shares};
use super::{ClusterSpec, Group, GroupSet, NodeId, QueueLimit};
use crate::engine::Bind;
use crate::resources::Resources;
use crate::task::{Task, TaskId};

/// The account. Read by placements, changed by the engine.
#[derive(Clone, Debug)]
pub struct Cluster {
    spec: ClusterSpec,
    kinds: Vec<Kind>, // by group
    nodes: Vec<Node>,
    queues: Vec<NodeQueue>, // by node
    since: Vec<u64>,        // by node
    calls: Calls,
    changes: u64, // of integer loads, over all nodes
}

/// What the nodes of a group have in common.
#[derive(Clone, Debug)]
struct Kind {
    capacity: Resources,
    shares: Shares,
    room: u32, // in the queue of each, after binding
}

impl Cluster {
    /// All nodes up and empty. `bind` decides the queue limits: [`Bind::Late`] sets them to 0.
    pub fn new(spec: &ClusterSpec, bind: Bind) -> Cluster {
        let kind = |group: &Group| Kind {
            capacity: group.capacity,
            shares: Shares::of(&group.capacity),
            room: match (bind, group.queue_limit) {
                (Bind::Late, _) => 0,
                (Bind::Early, QueueLimit::AtMost(limit)) => limit,
                (Bind::Early, QueueLimit::Unbounded) => u32::MAX, // more than calls can be held
            },
        };
        let kinds: Vec<Kind> = spec.groups().iter().map(kind).collect();
        let (mut nodes, mut queues) = (Vec::new(), Vec::new());
        for (index, (group, kind)) in (0..).zip(spec.groups().iter().zip(&kinds)) {
            let queue = NodeQueue::empty(kind.room);
            let node = Node::empty(group.capacity, index, &queue);
            nodes.extend((0..group.count).map(|_| node.clone()));
            queues.extend((0..group.count).map(|_| queue.clone()));
        }
        Cluster {
            kinds,
            changes: nodes.len() as u64,
            spec: spec.clone(),
            since: (0..nodes.len() as u64).collect(),
            nodes,
            queues,
            calls: Calls::default(),
        }
    }

    /// What was declared.
    pub fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// Whether there is such a node.
    #[inline(always)]
    pub(crate) fn declares(&self, node: NodeId) -> bool {
        node.index() < self.nodes.len()
    }

    /// Whether the node takes calls.
    pub fn state(&self, node: NodeId) -> NodeState {
        self.queues[node.index()].state
    }

    /// `⌊2¹⁶ × dominant share⌋`: the largest, over cpu, gpu and memory, of (running + queued
    /// demand) ÷ capacity. Above 2¹⁶ when more waits than the node can hold.
    #[inline(always)]
    pub fn load(&self, node: NodeId) -> u64 {
        self.nodes[node.index()].load
    }

    /// The resource that [`load`](Self::load) is the share of; the first of equal ones.
    #[inline(always)]
    pub fn dominant(&self, node: NodeId) -> Dominant {
        self.nodes[node.index()].dominant
    }

    /// Sequence number, over all nodes, of the last change of this node's load; at the
    /// start the node's id. The least one of equal loads has been at that load longest.
    #[inline(always)]
    pub fn since(&self, node: NodeId) -> u64 {
        self.since[node.index()]
    }

    /// What the node has.
    #[inline(always)]
    pub fn capacity(&self, node: NodeId) -> Resources {
        self.kinds[self.group(node)].capacity
    }

    /// What running calls leave free.
    #[inline(always)]
    pub fn free(&self, node: NodeId) -> Resources {
        self.nodes[node.index()].free
    }

    /// Calls that wait in the node's queue.
    #[inline(always)]
    pub fn queued(&self, node: NodeId) -> u32 {
        self.queues[node.index()].queued
    }

    /// The node's group.
    #[inline(always)]
    pub fn group(&self, node: NodeId) -> usize {
        usize::from(self.nodes[node.index()].group)
    }

    /// What a call sent there now could start with at once: `None` if the node is not up or has a queue.
    #[inline(always)]
    pub fn ready(&self, node: NodeId) -> Option<Resources> {
        self.nodes[node.index()].ready()
    }

    /// Whether a call of this demand, sent there now, would start at once.
    #[inline(always)]
    pub fn can_start(&self, node: NodeId, demand: &Resources) -> bool {
        self.nodes[node.index()].can_start(demand)
    }

    /// Whether the node is up and its queue takes one more.
    #[inline(always)]
    pub fn has_queue_room(&self, node: NodeId) -> bool {
        self.nodes[node.index()].is_open
    }

    /// Whether any node can ever have a queue.
    pub(crate) fn has_queues(&self) -> bool {
        self.kinds.iter().any(|kind| kind.room > 0)
    }

    /// Whether the node may be given a call of this demand now: it would start at once,
    /// or the queue has room and the node could hold it when empty.
    #[inline(always)]
    pub fn accepts(&self, node: NodeId, demand: &Resources) -> bool {
        let at = &self.nodes[node.index()];
        at.can_start(demand)
            || (at.is_open && demand.fits(&self.kinds[usize::from(at.group)].capacity))
    }

    /// The same for a node of an eligible group, which could hold the demand when empty.
    #[inline(always)]
    pub(crate) fn takes(&self, node: NodeId, demand: &Resources) -> bool {
        let at = &self.nodes[node.index()];
        at.is_open || at.can_start(demand)
    }

    /// Whether a call of this id is held by some node.
    pub fn holds(&self, task: TaskId) -> bool {
        self.calls.holds(task, &self.nodes)
    }

    /// Calls held by nodes, running and queued. Scans; for tests.
    pub fn held(&self) -> usize {
        self.calls.held(&self.nodes)
    }

    /// The highest load at which a node of `group`, dominated by `resource` and without a queue, can
    /// still have `demand` free; 0 if the demand is above the capacity.
    ///
    /// With `u` held of capacity `c`, `u + d ≤ c` gives `u/c ≤ (c − d)/c`, and rounding down keeps
    /// the order, so a higher load rules the node out.
    #[inline(always)]
    pub(crate) fn load_bound(&self, group: usize, resource: Dominant, demand: &Resources) -> u64 {
        let kind = &self.kinds[group];
        kind.shares.of_resource(resource, &kind.capacity.without(demand))
    }

    /// Gives a call to a node: it runs if it fits and nothing is queued, else it queues.
    /// The caller has asked [`accepts`](Self::accepts).
    #[inline]
    pub fn assign(&mut self, task: &Task, node: NodeId) {
        let starts = self.can_start(node, &task.demand);
        self.enter(task, node, starts);
    }

    /// Gives a call to a node if that is of one of these groups, all eligible, and accepts it. False
    /// if not.
    #[inline(always)]
    pub(crate) fn offer(&mut self, task: &Task, node: NodeId, groups: GroupSet) -> bool {
        let Some(at) = self.nodes.get(node.index()) else { return false };
        if !groups.contains(usize::from(at.group)) {
            return false;
        }
        let starts = at.can_start(&task.demand);
        if !starts && !at.is_open {
            return false;
        }
        self.enter(task, node, starts);
        true
    }

    #[inline(always)]
    fn enter(&mut self, task: &Task, node: NodeId, starts: bool) {
        self.calls.make_room(&self.nodes);
        let at = &mut self.nodes[node.index()];
        if starts {
            self.calls.insert(task, (node, at.term), Place::Running);
            at.free.take(&task.demand);
        } else {
            let slot = self.calls.insert(task, (node, at.term), Place::Queued);
            let queue = &mut self.queues[node.index()];
            queue.push(slot, &task.demand, &mut self.calls);
            at.follow(queue);
        }
        let kind = &self.kinds[usize::from(at.group)];
        at.reload(kind, (&self.queues, &mut self.since), node, &mut self.changes);
    }

    /// Takes a call off its node and starts what its queue now can. False, and nothing
    /// changes, if that node does not hold that call: a late answer of an old attempt.
    #[inline(always)]
    pub fn finish(&mut self, task: TaskId, node: NodeId) -> bool {
        self.release(task, node).is_some()
    }

    /// The same for a node that may not be declared. The group of the node, or `None` where nothing changed.
    #[inline(always)]
    pub(crate) fn release(&mut self, task: TaskId, node: NodeId) -> Option<usize> {
        let at = self.nodes.get_mut(node.index())?;
        let (demand, place) = self.calls.take(task, node, at.term)?;
        if place == Place::Running {
            at.free.give_back(demand);
        } else {
            self.queues[node.index()].leave(demand); // its start was not known here yet
        }
        if !at.is_ready {
            let queue = &mut self.queues[node.index()];
            queue.start(&mut at.free, &mut self.calls);
            at.follow(queue);
        }
        let group = usize::from(at.group);
        let kind = &self.kinds[group];
        at.reload(kind, (&self.queues, &mut self.since), node, &mut self.changes);
        Some(group)
    }

    /// The node is gone; its calls are forgotten.
    pub fn node_down(&mut self, node: NodeId) {
        let queue = &mut self.queues[node.index()];
        *queue = NodeQueue::empty(0);
        queue.turn(NodeState::Down, 0);
        let at = &mut self.nodes[node.index()];
        at.term = at.term.wrapping_add(1);
        at.free = self.kinds[usize::from(at.group)].capacity;
        at.follow(queue);
        let kind = &self.kinds[usize::from(at.group)];
        at.reload(kind, (&self.queues, &mut self.since), node, &mut self.changes);
    }

    /// The node is there and takes calls: empty after it was down, as it was after a drain.
    pub fn node_up(&mut self, node: NodeId) {
        let room = self.kinds[self.group(node)].room;
        self.turn(node, NodeState::Up, room);
    }

    /// The node takes no more calls. A node that is down stays down.
    pub fn node_drain(&mut self, node: NodeId) {
        if self.state(node) == NodeState::Up {
            self.turn(node, NodeState::Draining, 0);
        }
    }

    fn turn(&mut self, node: NodeId, state: NodeState, room: u32) {
        let queue = &mut self.queues[node.index()];
        queue.turn(state, room);
        self.nodes[node.index()].follow(queue);
    }

    /// The groups among `groups` that have a node which accepts the demand. Scans; for tests.
    pub fn accepting(&self, groups: GroupSet, demand: &Resources) -> Vec<NodeId> {
        let of = |group| self.spec.nodes_of(group).map(NodeId);
        let declared = groups.intersection(GroupSet::first(self.spec.groups().len()));
        declared.iter().flat_map(of).filter(|&node| self.accepts(node, demand)).collect()
    }
}

impl Node {
    /// Takes down the load that the node now has; `since` is where it says since when.
    #[inline(always)]
    fn reload(
        &mut self,
        kind: &Kind,
        (queues, since): (&[NodeQueue], &mut [u64]),
        node: NodeId,
        changes: &mut u64,
    ) {
        let (load, dominant) = if self.is_ready {
            kind.shares.dominant_without(&self.free, &kind.capacity)
        } else {
            let running = Held::between(&self.free, &kind.capacity);
            kind.shares.dominant(&running.plus(&queues[node.index()].held))
        };
        self.dominant = dominant;
        if load != self.load {
            self.load = load;
            since[node.index()] = *changes;
            *changes += 1;
        }
    }
}
