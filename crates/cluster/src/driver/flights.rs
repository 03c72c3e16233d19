//! Calls that are at a worker, or on their way there and back.
//!
//! Slots are used again, so memory follows the calls in flight. A ticket names slot and use, so that an
//! answer to anything but a call in flight at that very node is known for what it is.

use pipeline::drive::Call;
use sched_core::{NodeId, Time};

/// A call in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) call: Call,
    /// When it was sent; not yet while its node has its hands full.
    pub(super) sent: Option<Time>,
    /// Whether it must have its slot, by what the node was sent and has answered.
    pub(super) started: bool,
    in_flight: bool,
    uses: u32,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Flights {
    flights: Vec<Flight>,
    free: Vec<u32>,
}

impl Flights {
    /// A call sets out.
    pub(super) fn insert(&mut self, call: Call) -> u32 {
        let flight = |uses| Flight { call, sent: None, started: false, in_flight: true, uses };
        match self.free.pop() {
            Some(at) => {
                let slot = &mut self.flights[at as usize];
                *slot = flight(slot.uses.wrapping_add(1));
                at
            }
            None => {
                self.flights.push(flight(0));
                (self.flights.len() - 1) as u32
            }
        }
    }

    pub(super) fn get_mut(&mut self, at: u32) -> &mut Flight {
        &mut self.flights[at as usize]
    }

    /// What the call is called on the wire.
    pub(super) fn ticket(&self, at: u32) -> u64 {
        u64::from(self.flights[at as usize].uses) << 32 | u64::from(at)
    }

    /// The call that `node` may answer with this ticket.
    pub(super) fn answered(&self, ticket: u64, node: NodeId) -> Option<u32> {
        let (at, uses) = (ticket as u32, (ticket >> 32) as u32);
        let flight = self.flights.get(at as usize)?;
        let runs = flight.in_flight && flight.sent.is_some() && flight.started;
        (runs && flight.uses == uses && flight.call.node == node).then_some(at)
    }

    /// The call is done, or lost.
    pub(super) fn remove(&mut self, at: u32) -> Flight {
        self.free.push(at);
        let flight = &mut self.flights[at as usize];
        flight.in_flight = false;
        *flight
    }

    /// The calls of a node, in the order of their ids. O(calls in flight).
    pub(super) fn of(&self, node: NodeId) -> Vec<u32> {
        let here = |flight: &Flight| flight.in_flight && flight.call.node == node;
        let all = (0..).zip(&self.flights);
        let mut found: Vec<_> = all.filter(|(_, flight)| here(flight)).collect();
        found.sort_unstable_by_key(|(_, flight)| flight.call.key.task);
        found.into_iter().map(|(at, _)| at).collect()
    }
}
