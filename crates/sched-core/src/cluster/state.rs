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
use super::share::{Held, Shares};
use super::{ClusterSpec, Group, GroupSet, NodeId, QueueLimit};
use crate::engine::Bind;
use crate::index::IdTable;
use crate::resources::Resources;
use crate::task::{Task, TaskId};

/// The account. Read by placements, changed by the engine.
#[derive(Clone, Debug)]
pub struct Cluster {
    spec: ClusterSpec,
    kinds: Vec<Kind>, // by group
    nodes: Vec<Node>,
    backlogs: Vec<Held>, // by node: what its queued calls demand
    calls: Vec<Call>,
    vacant: u32, // head of the list of unused calls
    held: IdTable,
    changes: u64, // of integer loads, over all nodes
}

/// What the nodes of a group have in common.
#[derive(Clone, Debug)]
struct Kind {
    capacity: Resources,
    shares: Shares,
    queue_limit: u64, // after binding; above every count if there is none
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
        let kind = |group: &Group| Kind {
            capacity: group.capacity,
            shares: Shares::of(&group.capacity),
            queue_limit: match (bind, group.queue_limit) {
                (Bind::Late, _) => 0,
                (Bind::Early, QueueLimit::AtMost(limit)) => u64::from(limit),
                (Bind::Early, QueueLimit::Unbounded) => u64::MAX,
            },
        };
        let mut nodes = Vec::with_capacity(spec.node_count());
        for (index, group) in (0..).zip(spec.groups()) {
            nodes.extend((0..group.count).map(|_| Node::empty(group.capacity, index)));
        }
        for (since, node) in (0..).zip(&mut nodes) {
            node.since = since;
        }
        Cluster {
            kinds: spec.groups().iter().map(kind).collect(),
            changes: nodes.len() as u64,
            spec: spec.clone(),
            backlogs: vec![Held::default(); nodes.len()],
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

    /// Whether there is such a node.
    #[inline(always)]
    pub(crate) fn declares(&self, node: NodeId) -> bool {
        node.index() < self.nodes.len()
    }

    /// Whether the node takes calls.
    pub fn state(&self, node: NodeId) -> NodeState {
        self.nodes[node.index()].state
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
        self.nodes[node.index()].since
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
        self.nodes[node.index()].queued
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
        self.ready(node).is_some_and(|free| demand.fits(&free))
    }

    /// Whether the node is up and its queue takes one more.
    #[inline(always)]
    pub fn has_queue_room(&self, node: NodeId) -> bool {
        let node = &self.nodes[node.index()];
        node.state == NodeState::Up
            && u64::from(node.queued) < self.kinds[usize::from(node.group)].queue_limit
    }

    /// Whether the node may be given a call of this demand now: it would start at once,
    /// or the queue has room and the node could hold it when empty.
    #[inline(always)]
    pub fn accepts(&self, node: NodeId, demand: &Resources) -> bool {
        self.can_start(node, demand)
            || (self.has_queue_room(node) && demand.fits(&self.capacity(node)))
    }

    /// Whether a call of this id is held by some node.
    pub fn holds(&self, task: TaskId) -> bool {
        self.slot_of(task).is_some()
    }

    /// Calls held by nodes, running and queued.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The highest load at which a node of `group`, dominated by `resource` and without a queue, can
    /// still have `demand` free. `None` if the demand is above the capacity.
    ///
    /// With `u` held of capacity `c`, `u + d ≤ c` gives `u/c ≤ (c − d)/c`, and rounding down keeps
    /// the order, so a higher load rules the node out.
    #[inline(always)]
    pub(crate) fn load_bound(
        &self,
        group: usize,
        resource: Dominant,
        demand: &Resources,
    ) -> Option<u64> {
        let kind = &self.kinds[group];
        let mut left = kind.capacity;
        demand.fits(&left).then(|| {
            left.take(demand);
            kind.shares.of_resource(resource, &left)
        })
    }

    /// Gives a call to a node: it runs if it fits and nothing is queued, else it queues.
    /// The caller has asked [`accepts`](Self::accepts).
    #[inline(always)]
    pub fn assign(&mut self, task: &Task, node: NodeId) {
        let at = &mut self.nodes[node.index()];
        let prev = at.last;
        let starts = at.ready().is_some_and(|free| task.demand.fits(&free));
        let slot = new_slot(&mut self.calls, &mut self.vacant);
        self.calls[slot as usize] =
            Call { task: task.id, demand: task.demand, node, queued: !starts, next: NIL, prev };
        match self.calls.get_mut(prev as usize) {
            Some(last) => last.next = slot,
            None => at.first = slot,
        }
        at.last = slot;
        if starts {
            at.free.take(&task.demand);
        } else {
            at.queued += 1;
            if at.next_up == NIL {
                at.next_up = slot;
            }
            self.backlogs[node.index()].add(&task.demand);
        }
        let calls = &self.calls;
        self.held.insert(task.id, slot, |slot| calls[slot as usize].task);
        let kind = &self.kinds[usize::from(at.group)];
        at.reload(kind, &self.backlogs, node, &mut self.changes);
    }

    /// Takes a call off its node and starts what its queue now can. False, and nothing
    /// changes, if that node does not hold that call: a late answer of an old attempt.
    #[inline(always)]
    pub fn finish(&mut self, task: TaskId, node: NodeId) -> bool {
        let Some(slot) = self.slot_of(task) else { return false };
        let call = &mut self.calls[slot as usize];
        if call.node != node {
            return false;
        }
        let Call { demand, queued, next, prev, .. } = *call;
        call.next = std::mem::replace(&mut self.vacant, slot);
        self.held.remove(task, slot);
        let at = &mut self.nodes[node.index()];
        match self.calls.get_mut(prev as usize) {
            Some(prev) => prev.next = next,
            None => at.first = next,
        }
        match self.calls.get_mut(next as usize) {
            Some(next) => next.prev = prev,
            None => at.last = prev,
        }
        if queued {
            self.backlogs[node.index()].sub(&demand); // its start was not known here yet
            at.queued -= 1;
            if at.next_up == slot {
                at.next_up = next;
            }
        } else {
            at.free = at.free.plus(demand);
        }
        if at.next_up != NIL {
            at.start_queued(&mut self.calls, &mut self.backlogs[node.index()]);
        }
        let kind = &self.kinds[usize::from(at.group)];
        at.reload(kind, &self.backlogs, node, &mut self.changes);
        true
    }

    /// The node is gone; its calls are forgotten.
    pub fn node_down(&mut self, node: NodeId) {
        let Node { first, load, since, group, .. } = self.nodes[node.index()];
        let mut call = first;
        while call != NIL {
            let at = &mut self.calls[call as usize];
            let next = std::mem::replace(&mut at.next, self.vacant);
            self.held.remove(at.task, call);
            self.vacant = call;
            call = next;
        }
        let empty = Node::empty(self.capacity(node), group);
        self.nodes[node.index()] = Node { state: NodeState::Down, load, since, ..empty };
        self.backlogs[node.index()] = Held::default();
        let (at, kind) = (&mut self.nodes[node.index()], &self.kinds[usize::from(group)]);
        at.reload(kind, &self.backlogs, node, &mut self.changes);
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

    #[inline(always)]
    fn slot_of(&self, task: TaskId) -> Option<u32> {
        self.held.get(task, |slot| self.calls[slot as usize].task)
    }
}

impl Node {
    /// What a call sent here now could start with at once.
    #[inline(always)]
    fn ready(&self) -> Option<Resources> {
        (self.state == NodeState::Up && self.queued == 0).then_some(self.free)
    }

    /// Starts queued calls, in order, while the next one fits.
    fn start_queued(&mut self, calls: &mut [Call], backlog: &mut Held) {
        while let Some(call) = calls.get_mut(self.next_up as usize) {
            if !call.demand.fits(&self.free) {
                return;
            }
            call.queued = false;
            self.free.take(&call.demand);
            backlog.sub(&call.demand);
            self.queued -= 1;
            self.next_up = call.next;
        }
    }

    /// Takes down the load that the node now has.
    #[inline(always)]
    fn reload(&mut self, kind: &Kind, backlogs: &[Held], node: NodeId, changes: &mut u64) {
        let mut held = Held::between(&self.free, &kind.capacity);
        if self.queued > 0 {
            held = held.plus(&backlogs[node.index()]);
        }
        let (load, dominant) = kind.shares.dominant(&held);
        self.dominant = dominant;
        if load != self.load {
            self.load = load;
            self.since = *changes;
            *changes += 1;
        }
    }
}

/// A slot that no call is in.
#[inline(always)]
fn new_slot(calls: &mut Vec<Call>, vacant: &mut u32) -> u32 {
    if let Some(call) = calls.get(*vacant as usize) {
        return std::mem::replace(vacant, call.next);
    }
    let id = TaskId { index: 0, stage: 0 };
    let (demand, node) = (Resources::NONE, NodeId(0));
    calls.push(Call { task: id, demand, node, queued: false, next: NIL, prev: NIL });
    (calls.len() - 1) as u32
}
