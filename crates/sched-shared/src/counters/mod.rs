//! Placement without a lock, for policies that need no order among calls.
//!
//! A node is one atomic word on cache lines of its own (`word.rs`); a rule reads a few of them and takes
//! one (`rule.rs`). Only calls that have to wait meet a lock (`queue.rs`), and whoever frees something
//! looks whether there are any (`notice.rs`).
//!
//! It needs clusters of which cpu is the only limited resource, because that fits a word.

mod live;
mod notice;
mod queue;
mod rule;
mod share;
mod stripes;
mod word;

use crate::call::{Call, Refusal};
use crate::padded::Padded;
use crate::seat::Ticket;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::waiter::Waiter;
use live::Live;
use notice::Notice;
use queue::Queue;
use rule::Rule;
use sched_core::{
    Bind, ClusterSpec, GroupSet, Infeasible, NodeId, QueueLimit, Resources, Unordered,
};
use share::Share;
use std::hint::select_unpredictable;
use std::sync::Arc;
use std::task::Waker;
use word::{MOST, Seen, Word};

pub(crate) use queue::Place;

/// The handle behind `round_robin`, `random` and `power_of_two`.
#[derive(Debug)]
pub(crate) struct Counters {
    nodes: Nodes,
    live: Live,
    rule: Rule,
    notice: Notice, // changes under the queue's lock
    queue: Mutex<Queue>,
    churn: Mutex<()>, // states and lists of live nodes change one at a time
}

/// The nodes, and what was declared of them.
#[derive(Debug)]
pub(crate) struct Nodes {
    spec: ClusterSpec,
    groups: Box<[(u64, u32)]>, // those that have nodes: mask and thousandths of a CPU
    nodes: Box<[Padded<Node>]>,
}

#[derive(Debug)]
struct Node {
    word: Word,
    most: u64, // that may be held: the capacity if bound late
    share: Share,
    group: u8,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    demand: u64,
    eligible: GroupSet,
    groups: GroupSet, // eligible and not kept
}

/// A node that could take the call when it was looked at.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    node: NodeId,
    at: &'a Node,
    seen: Seen,
}

impl Candidate<'_> {
    /// The load that was seen, ⌊2¹⁶ × held ÷ capacity⌋ as in sched-core.
    #[inline(always)]
    fn load(&self) -> u64 {
        self.at.share.load(self.seen.held())
    }

    /// This one if its load is the lower one, else the other. Which it is nobody can predict, and a wrong guess throws
    /// away what the processor has begun of the next call. Both are at hand, so this is a selection, not a branch.
    #[inline(always)]
    fn if_lower(self, other: Self) -> Self {
        let lower = self.load() < other.load();
        Candidate {
            node: select_unpredictable(lower, self.node, other.node),
            at: select_unpredictable(lower, self.at, other.at),
            seen: select_unpredictable(lower, self.seen, other.seen),
        }
    }

    /// Takes it: the node, and its generation.
    #[inline(always)]
    fn take(&self, want: &Want) -> Option<(NodeId, u32)> {
        let generation = self.at.word.take(self.seen, want.demand, self.at.most)?;
        Some((self.node, generation))
    }
}

impl Nodes {
    /// A node, if it can take the call.
    #[inline(always)]
    fn candidate(&self, node: NodeId, want: &Want) -> Option<Candidate<'_>> {
        let at = self.nodes.get(node.index())?;
        let seen = at.word.see();
        seen.accepts(want.demand, at.most).then_some(Candidate { node, at, seen })
    }

    /// The eligible set, as [`ClusterSpec::eligible`] without what no node here has.
    #[inline(always)]
    fn eligible(&self, call: &Call) -> GroupSet {
        let holds = |&&(_, capacity): &&(u64, u32)| call.demand.cpu() <= capacity;
        let holding = self.groups.iter().filter(holds).fold(0, |mask, (group, _)| mask | group);
        let cpu_only = if call.demand.gpu() == 0 { holding } else { 0 };
        call.on.intersection(GroupSet::from_bits(cpu_only))
    }

    fn of(&self, groups: GroupSet) -> impl Iterator<Item = NodeId> {
        self.of_from(groups, NodeId(0))
    }

    #[inline(always)]
    fn of_from(&self, groups: GroupSet, from: NodeId) -> impl Iterator<Item = NodeId> {
        rule::ids(&self.spec, groups, from)
    }
}

impl Counters {
    /// Whether words can hold all there is to know: cpu is the only limited resource, and node queues are
    /// absent or unbounded.
    pub(crate) fn suit(spec: &ClusterSpec, bind: Bind) -> bool {
        spec.groups().iter().all(|group| {
            group.capacity.gpu() == 0
                && group.capacity.memory() == Resources::UNLIMITED_MEMORY
                && (bind == Bind::Late || group.queue_limit == QueueLimit::Unbounded)
        })
    }

    /// The rule on an empty cluster that [suits](Self::suit).
    pub(crate) fn new(spec: &ClusterSpec, bind: Bind, rule: Unordered, seed: u64) -> Counters {
        let node = |(group, capacity): (u8, u32)| {
            let most = if bind == Bind::Late { u64::from(capacity) } else { MOST };
            Padded(Node { word: Word::new(), most, share: Share::of(capacity), group })
        };
        let groups = (0..).zip(spec.groups());
        let all = groups.flat_map(|(index, group)| {
            std::iter::repeat_n((index, group.capacity.cpu()), group.count as usize)
        });
        let with_nodes = (0..).zip(spec.groups()).filter(|(_, group)| group.count > 0);
        let groups = with_nodes.map(|(index, group)| (1 << index, group.capacity.cpu())).collect();
        Counters {
            nodes: Nodes { nodes: all.map(node).collect(), groups, spec: spec.clone() },
            live: Live::all(spec),
            rule: Rule::new(rule, seed),
            notice: Notice::new(),
            queue: Mutex::new(Queue::default()),
            churn: Mutex::new(()),
        }
    }

    /// A node now, or why not. No lock.
    #[inline(always)]
    pub(crate) fn try_place(&self, call: &Call) -> Result<Ticket, Refusal> {
        let want = self.want(call)?;
        self.take(&want, self.notice.kept()).ok_or(Refusal::NotNow)
    }

    /// A node now, or a place in the queue for `waiter`.
    pub(crate) fn place(&self, call: &Call, waiter: &Arc<Waiter>) -> Result<Place, Refusal> {
        let want = self.want(call)?;
        if let Some(ticket) = self.take(&want, self.notice.kept()) {
            return Ok(Place::Seat(ticket));
        }
        let mut queue = lock(&self.queue);
        // Say it before looking again: whoever frees a node from here on sees it.
        let kept = queue.kept();
        self.notice.say(kept | want.eligible.bits());
        match self.take(&want, kept) {
            Some(ticket) => {
                self.notice.put(kept);
                Ok(Place::Seat(ticket))
            }
            None => Ok(queue.push(want.eligible, want.demand, Arc::clone(waiter))),
        }
    }

    /// Gives back what a ticket stands for. False if its node was lost since.
    #[inline]
    pub(crate) fn done(&self, ticket: &Ticket) -> bool {
        let Some(at) = self.nodes.nodes.get(ticket.node.index()) else { return false };
        let freed = at.word.give(ticket.what, ticket.generation);
        if freed && self.notice.is_waited_for(at.group) {
            self.serve(lock(&self.queue));
        }
        freed
    }

    /// The call at that place waits no longer.
    pub(crate) fn leave(&self, set: GroupSet, number: u64) {
        let mut queue = lock(&self.queue);
        if queue.remove(set, number) {
            self.serve(queue); // those behind it may have waited for it only
        }
    }

    pub(crate) fn node_up(&self, node: NodeId) {
        self.change(node, Word::raise);
        self.serve(lock(&self.queue));
    }

    pub(crate) fn node_down(&self, node: NodeId) {
        self.change(node, Word::lose);
    }

    pub(crate) fn node_drain(&self, node: NodeId) {
        self.change(node, Word::drain);
    }

    fn change(&self, node: NodeId, change: impl Fn(&Word)) {
        let Some(at) = self.nodes.nodes.get(node.index()) else { return };
        let guard = lock(&self.churn);
        change(&at.word);
        let of = self.nodes.spec.nodes_of(usize::from(at.group)).map(NodeId);
        let is_up = |node: &NodeId| self.nodes.nodes[node.index()].word.see().is_up();
        self.live.set(usize::from(at.group), of.filter(is_up));
        drop(guard);
    }

    #[inline(always)]
    fn want(&self, call: &Call) -> Result<Want, Refusal> {
        let eligible = self.nodes.eligible(call);
        if eligible.is_empty() {
            return Err(self.never(call));
        }
        Ok(Want { demand: u64::from(call.demand.cpu()), eligible, groups: eligible })
    }

    #[cold]
    fn never(&self, call: &Call) -> Refusal {
        Refusal::Never(Infeasible::explain(&self.nodes.spec, &call.task(0)))
    }

    /// Takes a node of the groups that are not kept.
    #[inline(always)]
    fn take(&self, want: &Want, kept: u64) -> Option<Ticket> {
        let kept: GroupSet = GroupSet::from_bits(kept);
        let want = Want { groups: want.eligible.minus(kept), ..*want };
        if want.groups.is_empty() {
            return None;
        }
        let (node, generation) = self.rule.take(&self.nodes, &self.live, &want)?;
        Some(Ticket { node, generation, what: want.demand })
    }

    /// Places those that wait, first come first served within what they may use, and wakes them when
    /// the lock is free again.
    fn serve(&self, mut queue: MutexGuard<'_, Queue>) {
        let mut woken: Vec<Waker> = Vec::new();
        let mut kept = GroupSet::NONE;
        while let Some((set, demand)) = queue.next(kept) {
            let want = Want { demand, eligible: set, groups: set };
            let Some(ticket) = self.take(&want, kept.bits()) else {
                kept = kept.union(set);
                continue;
            };
            match queue.pop(set).map(|waiter| waiter.give(Ok(ticket))) {
                Some(Ok(waker)) => woken.extend(waker),
                // It has left meanwhile: the node is for the next, of any set.
                Some(Err(_)) | None => {
                    let at = &self.nodes.nodes[ticket.node.index()];
                    at.word.give(demand, ticket.generation);
                    kept = GroupSet::NONE;
                }
            }
        }
        self.notice.put(queue.kept());
        drop(queue);
        woken.into_iter().for_each(Waker::wake);
    }
}
