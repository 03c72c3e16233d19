//! Calls between their assign and their result.
//!
//! Slots are used again, so memory follows the calls in flight. A call's end is entered in the
//! agenda when it starts; if its node is lost before, the entry stays there and is known by
//! its number to be void.

use crate::drive::Call;
use sched_core::{NodeId, Time};

/// How far a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// On its way to the node.
    There,
    /// At the node, in its queue.
    Queued,
    /// In a slot.
    Running,
    /// Its result is on its way.
    Back,
    /// The slot of the table is free.
    Unused,
}

/// A call in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) call: Call,
    pub(super) arrived: Time,
    pub(super) started: Time,
    pub(super) ended: Time,
    phase: Phase,
    end: u64, // number of the entry of its end
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Flights {
    flights: Vec<Flight>,
    free: Vec<u32>,
}

impl Flights {
    /// A call sets out.
    #[inline]
    pub(super) fn insert(&mut self, call: Call) -> u32 {
        let (arrived, started, ended) = (Time::ZERO, Time::ZERO, Time::ZERO);
        let flight = Flight { call, arrived, started, ended, phase: Phase::There, end: 0 };
        match self.free.pop() {
            Some(at) => {
                self.flights[at as usize] = flight;
                at
            }
            None => {
                self.flights.push(flight);
                (self.flights.len() - 1) as u32
            }
        }
    }

    #[inline]
    pub(super) fn call(&self, flight: u32) -> &Call {
        &self.flights[flight as usize].call
    }

    /// Whether `entry` is the end of the call that is in this slot of the table now.
    #[inline]
    pub(super) fn is_current(&self, flight: u32, entry: u64) -> bool {
        let flight = &self.flights[flight as usize];
        flight.phase == Phase::Running && flight.end == entry
    }

    #[inline]
    pub(super) fn arrived(&mut self, flight: u32, now: Time) -> Call {
        let flight = &mut self.flights[flight as usize];
        (flight.arrived, flight.phase) = (now, Phase::Queued);
        flight.call
    }

    #[inline]
    pub(super) fn started(&mut self, flight: u32, now: Time, end: u64) {
        let flight = &mut self.flights[flight as usize];
        (flight.started, flight.end, flight.phase) = (now, end, Phase::Running);
    }

    #[inline]
    pub(super) fn ended(&mut self, flight: u32, now: Time) -> Call {
        let flight = &mut self.flights[flight as usize];
        (flight.ended, flight.phase) = (now, Phase::Back);
        flight.call
    }

    /// The call is done, or lost.
    #[inline]
    pub(super) fn remove(&mut self, flight: u32) -> Flight {
        self.free.push(flight);
        let flight = &mut self.flights[flight as usize];
        flight.phase = Phase::Unused;
        *flight
    }

    /// The calls queued or running at a node, in the order of their ids. O(calls in flight).
    pub(super) fn on(&self, node: NodeId) -> Vec<(u32, Phase)> {
        let all = (0..).zip(&self.flights);
        let here = all.filter(|(_, flight)| {
            flight.call.node == node && matches!(flight.phase, Phase::Queued | Phase::Running)
        });
        let mut found: Vec<_> =
            here.map(|(at, flight)| (flight.call.key.task, at, flight.phase)).collect();
        found.sort_unstable_by_key(|&(task, ..)| task);
        found.into_iter().map(|(_, at, phase)| (at, phase)).collect()
    }
}
