//! The plainest possible account of who holds what.
//!
//! A `Vec` of calls per node, and every figure summed anew from it whenever it is
//! asked for. The fake host keeps one as the truth, the naive engine keeps one as its
//! oracle; neither shares a line with the engine's own account
//! ([`Cluster`](crate::Cluster)), which is what makes them worth comparing it with.

use crate::{
    Bind, Cluster, ClusterSpec, GroupSet, NodeId, NodeState, QueueLimit, Resources, Task, TaskId,
};

/// A call on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seat {
    /// The call.
    pub task: Task,
    /// Whether it runs; else it waits in the node's queue.
    pub running: bool,
}

/// The account of every node.
#[derive(Clone, Debug)]
pub struct Ledger {
    spec: ClusterSpec,
    nodes: Vec<Account>,
    changes: u64,
}

#[derive(Clone, Debug)]
struct Account {
    group: usize,
    capacity: Resources,
    limit: QueueLimit,
    state: NodeState,
    seats: Vec<Seat>, // in the order of assignment
    since: u64,
}

/// A sum of demands, wide enough never to overflow.
#[derive(Clone, Copy, Default)]
struct Sum {
    cpu: u128,
    gpu: u128,
    memory: u128,
}

impl Ledger {
    /// Every node up and empty.
    pub fn new(spec: &ClusterSpec, bind: Bind) -> Ledger {
        let mut nodes = Vec::new();
        for (index, group) in spec.groups().iter().enumerate() {
            for _ in 0..group.count {
                nodes.push(Account {
                    group: index,
                    capacity: group.capacity,
                    limit: match bind {
                        Bind::Late => QueueLimit::AtMost(0),
                        Bind::Early => group.queue_limit,
                    },
                    state: NodeState::Up,
                    seats: Vec::new(),
                    since: nodes.len() as u64,
                });
            }
        }
        Ledger { spec: spec.clone(), changes: nodes.len() as u64, nodes }
    }

    /// The declared cluster.
    pub fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// Every node, lowest first.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// Whether a node of this number is declared.
    pub fn declares(&self, node: NodeId) -> bool {
        node.index() < self.nodes.len()
    }

    /// The group of a node.
    pub fn group(&self, node: NodeId) -> usize {
        self.nodes[node.index()].group
    }

    /// Groups that the call may run on and whose nodes hold it when empty.
    pub fn eligible(&self, task: &Task) -> GroupSet {
        let holds = |account: &&Account| {
            task.on.contains(account.group) && task.demand.fits(&account.capacity)
        };
        self.nodes.iter().filter(holds).map(|account| account.group).collect()
    }

    /// Whether the node takes calls.
    pub fn state(&self, node: NodeId) -> NodeState {
        self.nodes[node.index()].state
    }

    /// The calls on a node, in the order of assignment.
    pub fn seats(&self, node: NodeId) -> &[Seat] {
        &self.nodes[node.index()].seats
    }

    /// How many calls wait in a node's queue.
    pub fn queued(&self, node: NodeId) -> u32 {
        self.nodes[node.index()].queued()
    }

    /// `⌊2¹⁶ × dominant share⌋` of running and queued demand.
    pub fn load(&self, node: NodeId) -> u64 {
        self.nodes[node.index()].load()
    }

    /// When the load last changed, counted in changes of any node's load; at first the node's id.
    pub fn since(&self, node: NodeId) -> u64 {
        self.nodes[node.index()].since
    }

    /// Whether the node's running calls leave room for `demand`.
    pub fn has_free(&self, node: NodeId, demand: &Resources) -> bool {
        let account = &self.nodes[node.index()];
        account.sum(|seat| seat.running).with(demand).fits(&account.capacity)
    }

    /// Whether the node would start a call of this demand at once.
    pub fn can_start(&self, node: NodeId, demand: &Resources) -> bool {
        let account = &self.nodes[node.index()];
        account.state == NodeState::Up && account.queued() == 0 && self.has_free(node, demand)
    }

    /// Whether the node is up and its queue takes one more.
    pub fn has_queue_room(&self, node: NodeId) -> bool {
        let account = &self.nodes[node.index()];
        account.state == NodeState::Up && account.limit.allows(account.queued())
    }

    /// Up nodes of `groups`, lowest first.
    pub fn live(&self, groups: GroupSet) -> Vec<NodeId> {
        let up = |node: &NodeId| {
            groups.contains(self.group(*node)) && self.state(*node) == NodeState::Up
        };
        self.nodes().filter(up).collect()
    }

    /// Up nodes of `groups` that start the call at once or have room for it in their queue,
    /// lowest first. `groups` must be eligible ones.
    pub fn candidates(&self, task: &Task, groups: GroupSet) -> Vec<NodeId> {
        let takes =
            |node: &NodeId| self.can_start(*node, &task.demand) || self.has_queue_room(*node);
        self.live(groups).into_iter().filter(takes).collect()
    }

    /// Sends a call to a node, which starts it if it can.
    pub fn assign(&mut self, task: Task, node: NodeId) {
        self.change(node, |account| account.seats.push(Seat { task, running: false }));
    }

    /// Takes a call off a node. False if it was not there.
    pub fn finish(&mut self, task: TaskId, node: NodeId) -> bool {
        let at = self.nodes[node.index()].seats.iter().position(|seat| seat.task.id == task);
        if let Some(at) = at {
            self.change(node, |account| {
                account.seats.remove(at);
            });
        }
        at.is_some()
    }

    /// Empties a node and takes it down; returns what was on it.
    pub fn down(&mut self, node: NodeId) -> Vec<Seat> {
        let mut lost = Vec::new();
        self.change(node, |account| {
            account.state = NodeState::Down;
            lost = std::mem::take(&mut account.seats);
        });
        lost
    }

    /// Brings a node up, or takes back its drain.
    pub fn up(&mut self, node: NodeId) {
        self.nodes[node.index()].state = NodeState::Up;
    }

    /// Lets a node take no more calls.
    pub fn drain(&mut self, node: NodeId) {
        let state = &mut self.nodes[node.index()].state;
        if *state == NodeState::Up {
            *state = NodeState::Draining;
        }
    }

    /// In what the engine's account differs from this one about a node, if in anything.
    pub fn difference(&self, node: NodeId, cluster: &Cluster) -> Option<String> {
        let account = &self.nodes[node.index()];
        let running = account.sum(|seat| seat.running);
        let mine = (account.state, account.load(), account.since, account.queued());
        let its =
            (cluster.state(node), cluster.load(node), cluster.since(node), cluster.queued(node));
        let free = cluster.free(node);
        let unlimited = account.capacity.memory() == Resources::UNLIMITED_MEMORY;
        let adds_up = running.cpu + u128::from(free.cpu()) == account.capacity.cpu().into()
            && running.gpu + u128::from(free.gpu()) == account.capacity.gpu().into()
            && (unlimited
                || running.memory + u128::from(free.memory()) == account.capacity.memory().into());
        if mine != its {
            return Some(format!("{node} has (state, load, since, queued) {its:?}, not {mine:?}"));
        }
        (!adds_up).then(|| format!("{node} has not {free} free, its calls are {:?}", account.seats))
    }

    fn change(&mut self, node: NodeId, change: impl FnOnce(&mut Account)) {
        let account = &mut self.nodes[node.index()];
        let before = account.load();
        change(account);
        account.start_queued();
        if account.load() != before {
            account.since = self.changes;
            self.changes += 1;
        }
    }
}

impl Account {
    fn sum(&self, which: impl Fn(&Seat) -> bool) -> Sum {
        let counted = self.seats.iter().filter(|seat| which(seat));
        counted.fold(Sum::default(), |sum, seat| sum.with(&seat.task.demand))
    }

    fn queued(&self) -> u32 {
        self.seats.iter().filter(|seat| !seat.running).count() as u32
    }

    fn load(&self) -> u64 {
        let held = self.sum(|_| true);
        let shares = [
            share(held.cpu, self.capacity.cpu().into()),
            share(held.gpu, self.capacity.gpu().into()),
            match self.capacity.memory() {
                Resources::UNLIMITED_MEMORY => 0,
                bytes => share(held.memory, bytes.into()),
            },
        ];
        shares.into_iter().fold(0, u64::max)
    }

    /// First in, first out; a head that does not fit blocks those behind it.
    fn start_queued(&mut self) {
        while let Some(head) = self.seats.iter().position(|seat| !seat.running) {
            let with_head = self.sum(|seat| seat.running).with(&self.seats[head].task.demand);
            if !with_head.fits(&self.capacity) {
                return;
            }
            self.seats[head].running = true;
        }
    }
}

impl Sum {
    fn with(self, demand: &Resources) -> Sum {
        Sum {
            cpu: self.cpu + u128::from(demand.cpu()),
            gpu: self.gpu + u128::from(demand.gpu()),
            memory: self.memory + u128::from(demand.memory()),
        }
    }

    fn fits(self, capacity: &Resources) -> bool {
        let memory = capacity.memory();
        self.cpu <= capacity.cpu().into()
            && self.gpu <= capacity.gpu().into()
            && (memory == Resources::UNLIMITED_MEMORY || self.memory <= memory.into())
    }
}

fn share(held: u128, capacity: u128) -> u64 {
    (held << 16).checked_div(capacity).map_or(0, |share| u64::try_from(share).unwrap_or(u64::MAX))
}
