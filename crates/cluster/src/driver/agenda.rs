//! What is to happen to nodes, and when: faults of the run, and launches after a loss.
//!
//! One list, in the order of instants; what falls on one instant happens in the order in which it was
//! entered, as in virtual time.

use pipeline::model::{Fault, FaultKind, Faults};
use sched_core::{NodeId, Time};
use std::collections::BTreeMap;

/// Something that is to happen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Happening {
    /// A fault that the run was given.
    Fault(NodeId, FaultKind),
    /// The node fails by itself.
    Failure(NodeId),
    /// It is repaired.
    Repair(NodeId),
    /// It was lost, and is to be launched again.
    Launch(NodeId),
}

/// All of it.
#[derive(Debug)]
pub(super) struct Agenda {
    seed: u64,
    faults: Faults,
    failures: Vec<u32>, // spontaneous ones so far, by node
    entries: BTreeMap<(Time, u64), Happening>,
    entered: u64,
}

impl Agenda {
    pub(super) fn new(faults: &Faults, nodes: usize, seed: u64) -> Agenda {
        let failures = vec![0; nodes];
        let mut agenda =
            Agenda { seed, faults: faults.clone(), failures, entries: BTreeMap::new(), entered: 0 };
        for Fault { at, node, kind } in &faults.scheduled {
            agenda.enter(*at, Happening::Fault(*node, *kind));
        }
        if faults.spontaneous.is_some() {
            (0..nodes as u32).for_each(|node| agenda.enter_failure(NodeId(node), Time::ZERO));
        }
        agenda
    }

    pub(super) fn enter(&mut self, at: Time, what: Happening) {
        self.entries.insert((at, self.entered), what);
        self.entered += 1;
    }

    /// The node lives from `now` on; when it fails next is drawn as in virtual time.
    pub(super) fn enter_failure(&mut self, node: NodeId, now: Time) {
        let failure = &mut self.failures[node.index()];
        *failure += 1;
        let (life, _) = self.faults.spontaneous_times(self.seed, node, *failure);
        self.enter(now + life, Happening::Failure(node));
    }

    /// The node has failed; when it is repaired is drawn too.
    pub(super) fn enter_repair(&mut self, node: NodeId, now: Time) {
        let failure = self.failures[node.index()];
        let (_, repair) = self.faults.spontaneous_times(self.seed, node, failure);
        self.enter(now + repair, Happening::Repair(node));
    }

    pub(super) fn next(&self) -> Option<Time> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes what is due first, if it is due.
    pub(super) fn take(&mut self, now: Time) -> Option<Happening> {
        let first = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(first.remove())
    }
}
