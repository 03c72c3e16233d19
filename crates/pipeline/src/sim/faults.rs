//! Whether a node is up, how fast it is, and when it fails by itself.
//!
//! The instants of given faults are the agenda's. When a node fails by itself is drawn from its own
//! streams, so that it is the same under every policy and whatever else is drawn.

use crate::model::Faults;
use sched_core::{NodeId, Span};

/// What a call meets at a node, kept with the node's queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    factor: f64, // of service times: by how much the node is slowed down ÷ its speed
    up: bool,
}

impl Pace {
    /// A node that is up.
    pub(super) fn of_speed(speed: f64) -> Pace {
        Pace { factor: 1.0 / speed, up: true }
    }

    #[inline]
    pub(super) fn is_up(&self) -> bool {
        self.up
    }

    /// False if it was so already.
    pub(super) fn set_up(&mut self, up: bool) -> bool {
        std::mem::replace(&mut self.up, up) != up
    }

    /// Calls that start from now on take `factor` times as long.
    pub(super) fn slow(&mut self, speed: f64, factor: f64) {
        self.factor = factor / speed;
    }

    /// How long a call of this service time takes there now.
    #[inline]
    pub(super) fn service(&self, service: Span) -> Span {
        service.scaled(self.factor)
    }
}

/// Spontaneous failures so far, by node.
#[derive(Debug)]
pub(super) struct Failures(Vec<u32>);

impl Failures {
    pub(super) fn new(nodes: usize) -> Failures {
        Failures(vec![0; nodes])
    }

    /// How long the node lives until it fails next. Times between failures and of repairs are
    /// exponential, one stream for each failure of each node.
    pub(super) fn next_spontaneous(&mut self, seed: u64, node: NodeId, faults: &Faults) -> Span {
        self.0[node.index()] += 1;
        self.spontaneous(seed, node, faults).0
    }

    /// The life before, and the repair after, the present failure of the node.
    pub(super) fn spontaneous(&self, seed: u64, node: NodeId, faults: &Faults) -> (Span, Span) {
        faults.spontaneous_times(seed, node, self.0[node.index()])
    }
}
