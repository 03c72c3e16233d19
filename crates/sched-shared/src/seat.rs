//! What a placed call holds: a seat, which gives itself back, or the bare ticket under it.
//!
//! A seat borrows the handle or shares it (`Arc`), so it can live in a function, in a future, or in a
//! table. Hosts that keep calls in a table of their own take the ticket out and bring it back.

use crate::Shared;
use sched_core::NodeId;
use std::ops::Deref;

/// A claim on part of a node. Plain data: whoever has taken it out of its [`Seat`] must bring it back to
/// [`Shared::done`] once, or what it holds stays taken until the node is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "what it holds stays taken until `Shared::done`"]
pub struct Ticket {
    pub(crate) node: NodeId,
    pub(crate) generation: u32,
    pub(crate) what: u64, // counters: the demand; combiner: the number of the call
}

impl Ticket {
    /// The node.
    pub fn node(&self) -> NodeId {
        self.node
    }
}

/// A call's place on a node, given back when it is dropped.
#[derive(Debug)]
#[must_use = "dropping it gives the place back"]
pub struct Seat<H: Deref<Target = Shared>> {
    host: H,
    ticket: Option<Ticket>, // none only while it is taken apart
    node: NodeId,
}

impl<H: Deref<Target = Shared>> Seat<H> {
    pub(crate) fn new(host: H, ticket: Ticket) -> Seat<H> {
        Seat { host, node: ticket.node, ticket: Some(ticket) }
    }

    /// The node to send the call to.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Gives the place back, as dropping it does, and says whether there was something to give back:
    /// false if the node was lost meanwhile.
    pub fn done(mut self) -> bool {
        self.ticket.take().is_some_and(|ticket| self.host.done(ticket))
    }

    /// The bare ticket, to be brought back to [`Shared::done`]. It cannot give itself back.
    pub fn into_ticket(mut self) -> Ticket {
        let empty = Ticket { node: self.node, generation: u32::MAX, what: 0 };
        self.ticket.take().unwrap_or(empty)
    }
}

impl<H: Deref<Target = Shared>> Drop for Seat<H> {
    #[inline]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.host.done(ticket);
        }
    }
}
