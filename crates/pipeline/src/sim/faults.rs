//! Which nodes are up, how fast they are, and when they fail by themselves.
//!
//! The instants of given faults are the agenda's. When a node fails by itself is drawn from its own
//! streams, so that it is the same under every policy and whatever else is drawn.

use crate::model::Faults;
use sched_core::{NodeId, Span};

/// The state of all nodes.
#[derive(Debug)]
pub(super) struct Nodes {
    speeds: Vec<f64>,
    factors: Vec<f64>, // of service times: by how much it is slowed down ÷ its speed
    up: Vec<bool>,
    failures: Vec<u32>, // spontaneous ones so far
}

impl Nodes {
    pub(super) fn new(speeds: Vec<f64>) -> Nodes {
        let nodes = speeds.len();
        let factors = speeds.iter().map(|speed| 1.0 / speed).collect();
        Nodes { speeds, factors, up: vec![true; nodes], failures: vec![0; nodes] }
    }

    #[inline]
    pub(super) fn is_up(&self, node: NodeId) -> bool {
        self.up[node.index()]
    }

    /// False if it was down already.
    pub(super) fn set_down(&mut self, node: NodeId) -> bool {
        std::mem::replace(&mut self.up[node.index()], false)
    }

    pub(super) fn set_up(&mut self, node: NodeId) {
        self.up[node.index()] = true;
    }

    /// Calls that start from now on take `factor` times as long.
    pub(super) fn slow(&mut self, node: NodeId, factor: f64) {
        self.factors[node.index()] = factor / self.speeds[node.index()];
    }

    /// How long a call of this service time takes there now.
    #[inline]
    pub(super) fn service_on(&self, node: NodeId, service: Span) -> Span {
        service.scaled(self.factors[node.index()])
    }

    /// How long the node lives until it fails next. Times between failures and of repairs are
    /// exponential, one stream for each failure of each node.
    pub(super) fn next_spontaneous(&mut self, seed: u64, node: NodeId, faults: &Faults) -> Span {
        self.failures[node.index()] += 1;
        self.spontaneous(seed, node, faults).0
    }

    /// The life before, and the repair after, the present failure of the node.
    pub(super) fn spontaneous(&self, seed: u64, node: NodeId, faults: &Faults) -> (Span, Span) {
        faults.spontaneous_times(seed, node, self.failures[node.index()])
    }
}
