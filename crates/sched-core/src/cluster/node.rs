//! One node in the account: what it has, what it holds, and the load that makes.
//!
//! Load is the dominant share in integers, so that equal situations compare as equal on
//! every machine. Held demand counts in 64 bits, because a queue may sum to more than a
//! node can ever run; what is free counts running calls only.

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

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) capacity: Resources,
    pub(super) free: Resources,
    pub(super) cpu: u64, // running and queued demand; a queue may sum to more than a node can have
    pub(super) gpu: u64,
    pub(super) memory: u64,
    pub(super) load: u64,
    pub(super) since: u64,
    pub(super) group: u32,
    pub(super) queued: u32,
    pub(super) running: u32, // heads and tail of lists through the calls
    pub(super) queue_head: u32,
    pub(super) queue_tail: u32,
    pub(super) state: NodeState,
    pub(super) dominant: Dominant,
}

impl Node {
    pub(super) fn empty(capacity: Resources, group: u32) -> Node {
        Node {
            capacity,
            free: capacity,
            cpu: 0,
            gpu: 0,
            memory: 0,
            load: 0,
            since: 0,
            group,
            queued: 0,
            running: NIL,
            queue_head: NIL,
            queue_tail: NIL,
            state: NodeState::Up,
            dominant: Dominant::Cpu,
        }
    }

    pub(super) fn add(&mut self, demand: &Resources) {
        self.cpu += u64::from(demand.cpu);
        self.gpu += u64::from(demand.gpu);
        if self.capacity.memory != Resources::UNLIMITED_MEMORY {
            self.memory = self.memory.wrapping_add(demand.memory); // exact again below 16 EiB
        }
    }

    pub(super) fn sub(&mut self, demand: &Resources) {
        self.cpu -= u64::from(demand.cpu);
        self.gpu -= u64::from(demand.gpu);
        if self.capacity.memory != Resources::UNLIMITED_MEMORY {
            self.memory = self.memory.wrapping_sub(demand.memory);
        }
    }

    pub(super) fn dominant_share(&self) -> (u64, Dominant) {
        let mut most = (share(self.cpu, u64::from(self.capacity.cpu)), Dominant::Cpu);
        for (held, capacity, resource) in [
            (self.gpu, u64::from(self.capacity.gpu), Dominant::Gpu),
            (self.memory, self.capacity.memory, Dominant::Memory),
        ] {
            let share = share(held, capacity);
            if share > most.0 {
                most = (share, resource);
            }
        }
        most
    }
}

/// `⌊2¹⁶ × held ÷ capacity⌋`; 0 of a resource that the node does not have.
#[inline]
pub(crate) fn share(held: u64, capacity: u64) -> u64 {
    if held == 0 || capacity == 0 {
        0
    } else if held < 1 << 48 {
        (held << 16) / capacity
    } else {
        u64::try_from((u128::from(held) << 16) / u128::from(capacity)).unwrap_or(u64::MAX - 1)
    }
}
