//! What goes wrong with nodes, and when.
//!
//! At given instants, or by themselves with exponential times between failures and of
//! repairs. Faults belong to the world, not to the scheduler: it is only told.

use super::{Purpose, Sampler, ServiceLaw, Stream};
use sched_core::{NodeId, Span, Time};

/// All faults of a run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Faults {
    /// At given instants; those of one instant happen in this order.
    pub scheduled: Vec<Fault>,
    /// By themselves, every node independently.
    pub spontaneous: Option<Spontaneous>,
}

/// A fault at a given instant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fault {
    /// When.
    pub at: Time,
    /// Where.
    pub node: NodeId,
    /// What.
    pub kind: FaultKind,
}

/// What happens to a node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum FaultKind {
    /// It is gone, with all it had.
    Kill,
    /// It is there again, empty; a node that drains takes calls again.
    Restart,
    /// It takes no more calls.
    Drain,
    /// Calls that start from now on take this many times as long; 1 is as before.
    Slow {
        /// Positive and finite.
        factor: f64,
    },
}

/// Failures and repairs of every node, exponential.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spontaneous {
    /// Mean time between a repair and the next failure.
    pub mtbf: Span,
    /// Mean time to repair.
    pub mttr: Span,
}

impl Faults {
    /// Whether nothing goes wrong.
    pub fn is_none(&self) -> bool {
        self.scheduled.is_empty() && self.spontaneous.is_none()
    }

    /// The life before, and the repair after, a failure of a node by itself; failures of a node are
    /// counted from 1. Without such failures, for ever.
    ///
    /// Drawn from a stream of their own, one for each failure of each node: they are the same under
    /// every policy and in every environment.
    pub fn spontaneous_times(&self, seed: u64, node: NodeId, failure: u32) -> (Span, Span) {
        let Some(law) = &self.spontaneous else { return (Span::MAX, Span::MAX) };
        let mut stream = Stream::new(seed, Purpose::Failure, u64::from(node.0), failure);
        let mut draw = |mean| Sampler::new(&ServiceLaw::Exponential { mean }).sample(&mut stream);
        (draw(law.mtbf), draw(law.mttr))
    }
}
