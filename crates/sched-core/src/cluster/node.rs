//! One node in the account: what is free, what it holds, and the load that makes.
//!
//! Load is the dominant share in integers, so that equal situations compare as equal on
//! every machine. At 10,000 nodes a decision costs about as much as the cache lines it misses, so
//! a node is one line.

use crate::resources::Resources;

/// The end of a list of calls.
pub(super) const NIL: u32 = u32::MAX;

/// Whether a node takes calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeState {
    /// It does.
    Up,
    /// It finishes what it has and takes no more.
    Draining,
    /// It is gone, with all it had.
    Down,
}

/// Which resource the load of a node is the share of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dominant {
    /// Its cpu (also when it is idle and has cpu at all).
    Cpu = 0,
    /// Its gpu.
    Gpu = 1,
    /// Its memory.
    Memory = 2,
}

impl Dominant {
    /// Every resource, in the order in which equal shares go.
    pub const ALL: [Dominant; 3] = [Dominant::Cpu, Dominant::Gpu, Dominant::Memory];
}

/// What changes with every call, in one cache line. What equal nodes share is kept by group, and
/// what queued calls demand apart ([`Held`](super::share::Held)), because most nodes have no queue.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Node {
    pub(super) free: Resources,
    pub(super) load: u64,
    pub(super) since: u64,
    pub(super) head: u32, // ends of its queue, in which calls that left may still be
    pub(super) tail: u32,
    pub(super) queued: u32,
    pub(super) room: u32, // calls that may be queued; 0 unless it is up
    pub(super) term: u32, // how often it was lost; calls of an earlier term are gone
    pub(super) group: u8,
    pub(super) state: NodeState,
    pub(super) dominant: Dominant,
}

impl Node {
    /// A node that is up and empty.
    pub(super) fn empty(capacity: Resources, group: u8, room: u32) -> Node {
        Node {
            free: capacity,
            load: 0,
            since: 0,
            head: NIL,
            tail: NIL,
            queued: 0,
            room,
            term: 0,
            group,
            state: NodeState::Up,
            dominant: Dominant::Cpu,
        }
    }

    /// What a call sent here now could start with at once.
    #[inline(always)]
    pub(super) fn ready(&self) -> Option<Resources> {
        (self.state == NodeState::Up && self.queued == 0).then_some(self.free)
    }

    /// Whether a call of this demand, sent here now, would start at once.
    #[inline(always)]
    pub(super) fn can_start(&self, demand: &Resources) -> bool {
        self.state == NodeState::Up && self.queued == 0 && demand.fits(&self.free)
    }

    /// Whether the node is up and its queue takes one more.
    #[inline(always)]
    pub(super) fn has_queue_room(&self) -> bool {
        self.queued < self.room
    }
}
