//! The queue of a node: who waits there, what they demand together, and whether it takes one more.
//!
//! First in, first out by assign; a head that does not fit blocks. The queue runs through the
//! slots of its calls ([`super::calls`]), so that nothing is allocated for it. It is touched only where
//! something waits, and not spread to whole cache lines: with thousands of queues small is faster.

use super::calls::{Calls, Place};
use super::node::{NIL, NodeState};
use super::share::Held;
use crate::resources::Resources;

/// The queue, and whether its node takes calls at all.
#[derive(Clone, Debug)]
pub(super) struct NodeQueue {
    pub(super) held: Held, // what its calls demand
    head: u32,             // ends of the list, in which calls that left may still be
    tail: u32,
    pub(super) queued: u32,
    room: u32, // calls that may be queued; 0 unless the node is up
    pub(super) state: NodeState,
}

impl NodeQueue {
    /// The queue of a node that is up, which takes so many calls.
    pub(super) fn empty(room: u32) -> NodeQueue {
        let (held, state) = (Held::default(), NodeState::Up);
        NodeQueue { held, head: NIL, tail: NIL, queued: 0, room, state }
    }

    /// Whether a call could start at its node without waiting for another one.
    #[inline(always)]
    pub(super) fn is_ready(&self) -> bool {
        self.state == NodeState::Up && self.queued == 0
    }

    /// Whether it takes one more.
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        self.queued < self.room
    }

    /// Its node is in another state; an upper bound on the calls that may be queued.
    pub(super) fn turn(&mut self, state: NodeState, room: u32) {
        (self.state, self.room) = (state, room);
    }

    /// Puts a call at the end.
    #[inline]
    pub(super) fn push(&mut self, slot: u32, demand: &Resources, calls: &mut Calls) {
        match calls.get_mut(self.tail) {
            Some(last) => last.next = slot,
            None => self.head = slot,
        }
        self.tail = slot;
        self.queued += 1;
        self.held.add(demand);
    }

    /// A call has left that was queued. Its slot stays until it comes by.
    #[inline]
    pub(super) fn leave(&mut self, demand: &Resources) {
        self.queued -= 1;
        self.held.sub(demand);
    }

    /// Starts calls, in order, while the next one fits into what is free.
    #[inline(never)]
    pub(super) fn start(&mut self, free: &mut Resources, calls: &mut Calls) {
        while let Some(call) = calls.get_mut(self.head) {
            let next = call.next;
            if call.place == Place::Left {
                calls.drop_left(self.head);
            } else if call.demand.fits(free) {
                call.place = Place::Running;
                free.take(&call.demand);
                self.held.sub(&call.demand);
                self.queued -= 1;
            } else {
                return;
            }
            self.head = next;
        }
        self.tail = NIL;
    }
}
