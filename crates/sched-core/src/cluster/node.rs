//! One node in the account: what is free, and the load that makes.
//!
//! Load is the dominant share in integers, so that equal situations compare as equal on
//! every machine. With thousands of nodes a decision costs about as much as the memory that it
//! waits for, so a node is half a cache line, and twice as many stay near. What only nodes
//! with a queue need lies apart ([`NodeQueue`](super::queue::NodeQueue)), since most have none; of it
//! a node knows two answers.

use super::queue::NodeQueue;
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

/// What changes with every call. What equal nodes share is kept by group.
#[derive(Clone, Debug)]
#[repr(align(32))]
pub(super) struct Node {
    pub(super) free: Resources,
    pub(super) load: u64,
    pub(super) term: u32, // how often it was lost; calls of an earlier term are gone
    pub(super) group: u8,
    pub(super) dominant: Dominant,
    pub(super) is_ready: bool, // up, and nothing queued
    pub(super) is_open: bool,  // up, and its queue takes one more
}

const _: () = assert!(size_of::<Node>() == 32);

impl Node {
    /// A node that is empty, with so much free and such a queue.
    pub(super) fn empty(capacity: Resources, group: u8, queue: &NodeQueue) -> Node {
        let (load, dominant) = (0, Dominant::Cpu);
        let (is_ready, is_open) = (queue.is_ready(), queue.is_open());
        Node { free: capacity, load, term: 0, group, dominant, is_ready, is_open }
    }

    /// Takes down what its queue or its state has come to.
    #[inline(always)]
    pub(super) fn follow(&mut self, queue: &NodeQueue) {
        (self.is_ready, self.is_open) = (queue.is_ready(), queue.is_open());
    }

    /// What a call sent here now could start with at once.
    #[inline(always)]
    pub(super) fn ready(&self) -> Option<Resources> {
        self.is_ready.then_some(self.free)
    }

    /// Whether a call of this demand, sent here now, would start at once.
    #[inline(always)]
    pub(super) fn can_start(&self, demand: &Resources) -> bool {
        self.is_ready && demand.fits(&self.free)
    }
}
