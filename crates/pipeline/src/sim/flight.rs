//! Calls between their assign and their result.
//!
//! A call is kept at the slot that the loop has for its task, which has one call at a time; so memory
//! follows the tasks in flight, and no slot has to be found. With many nodes each of these is far
//! away when its time comes, hence one cache line per call.

use crate::drive::{Call, CallKey, Fact};
use sched_core::{NodeId, Resources, Span, TaskId, Time};

/// How far a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// On its way to the node.
    There,
    /// At the node, in its queue.
    Queued,
    /// In a slot.
    Running,
    /// Its result is on its way.
    Back,
    /// There is no call.
    Unused,
}

/// A call in flight.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Flight {
    demand: Resources,
    index: u64,
    arrived: Time,
    started: Time,
    ended: Ended,
    stage: u32,
    attempt: u32,
    node: NodeId,
    phase: Phase,
}

/// Before the start of a call its service time, after its end the instant of that: one word for both.
#[derive(Clone, Copy, Debug)]
struct Ended(u64);

/// A call that is lost with its node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lost {
    pub(super) slot: u32,
    pub(super) key: CallKey,
    pub(super) started: bool,
}

/// All of them, by slot.
#[derive(Debug, Default)]
pub(super) struct Flights(Vec<Flight>);

impl Flights {
    /// A call sets out.
    #[inline]
    pub(super) fn insert(&mut self, call: &Call) {
        let flight = Flight {
            demand: call.demand,
            index: call.key.task.index,
            arrived: Time::ZERO,
            started: Time::ZERO,
            ended: Ended(call.service.as_nanos()),
            stage: call.key.task.stage,
            attempt: call.key.attempt,
            node: call.node,
            phase: Phase::There,
        };
        let slot = call.key.slot as usize;
        if slot >= self.0.len() {
            self.0.resize(slot + 1, Flight { phase: Phase::Unused, ..flight });
        }
        self.0[slot] = flight;
    }

    /// It is at its node: where, and what it asks for.
    #[inline]
    pub(super) fn arrived(&mut self, slot: u32, now: Time) -> (NodeId, Resources) {
        let flight = &mut self.0[slot as usize];
        (flight.arrived, flight.phase) = (now, Phase::Queued);
        (flight.node, flight.demand)
    }

    /// It has its slot: where, and how long it runs on a node of speed 1.
    #[inline]
    pub(super) fn started(&mut self, slot: u32, now: Time) -> (NodeId, Span) {
        let flight = &mut self.0[slot as usize];
        (flight.started, flight.phase) = (now, Phase::Running);
        (flight.node, Span::from_nanos(flight.ended.0))
    }

    /// Where it is.
    #[inline]
    pub(super) fn node(&self, slot: u32) -> NodeId {
        self.0[slot as usize].node
    }

    /// It has run: whose it was, where, and what it gives back.
    #[inline]
    pub(super) fn ended(&mut self, slot: u32, now: Time) -> (TaskId, NodeId, Resources) {
        let flight = &mut self.0[slot as usize];
        (flight.ended, flight.phase) = (Ended(now.as_nanos()), Phase::Back);
        (flight.task(), flight.node, flight.demand)
    }

    /// Its result is back.
    #[inline]
    pub(super) fn answered(&mut self, slot: u32, now: Time) -> Fact {
        let flight = &mut self.0[slot as usize];
        flight.phase = Phase::Unused;
        Fact::Finished {
            key: flight.key(slot),
            node: flight.node,
            arrived: flight.arrived,
            started: flight.started,
            ended: Time::from_nanos(flight.ended.0),
            at: now,
            failure: None,
        }
    }

    /// It is lost on its way.
    pub(super) fn remove(&mut self, slot: u32) -> (CallKey, NodeId) {
        let flight = &mut self.0[slot as usize];
        flight.phase = Phase::Unused;
        (flight.key(slot), flight.node)
    }

    /// Takes out the calls that are queued or run at a node, in the order of their ids. O(tasks in flight).
    pub(super) fn lose(&mut self, node: NodeId) -> Vec<Lost> {
        let mut lost = Vec::new();
        for (slot, flight) in (0..).zip(&mut self.0) {
            if flight.node == node && matches!(flight.phase, Phase::Queued | Phase::Running) {
                let started = flight.phase == Phase::Running;
                flight.phase = Phase::Unused;
                lost.push(Lost { slot, key: flight.key(slot), started });
            }
        }
        lost.sort_unstable_by_key(|lost| lost.key.task);
        lost
    }
}

impl Flight {
    #[inline]
    fn task(&self) -> TaskId {
        TaskId { index: self.index, stage: self.stage }
    }

    #[inline]
    fn key(&self, slot: u32) -> CallKey {
        CallKey { task: self.task(), slot, attempt: self.attempt }
    }
}
