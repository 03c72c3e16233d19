//! The cluster that a run has: what the scheduler knows of it, and what it does not.
//!
//! Speeds are kept beside the [`ClusterSpec`] because no scheduler sees them: a policy
//! that should know which node is faster has to learn it from what finishes.

use super::ServiceLaw;
use sched_core::{ClusterSpec, Span};

/// A cluster with the speed of its nodes.
#[derive(Clone, PartialEq, Debug)]
pub struct ClusterSetup {
    /// Groups of nodes.
    pub spec: ClusterSpec,
    /// Of each group: a call of service time `s` takes `s ÷ speed`. Positive and finite.
    pub speeds: Vec<f64>,
    /// Time of one way between scheduler and node, drawn for each way of each call. Only virtual
    /// time has such a network; where time is real, the real one is measured.
    pub network: ServiceLaw,
}

impl ClusterSetup {
    /// This cluster, with every node at speed 1 and a network that takes no time.
    pub fn of_equal_speed(spec: ClusterSpec) -> ClusterSetup {
        let speeds = vec![1.0; spec.groups().len()];
        ClusterSetup { spec, speeds, network: ServiceLaw::Constant(Span::ZERO) }
    }

    /// The speed of every node, in node order.
    pub fn node_speeds(&self) -> Vec<f64> {
        let counts = self.spec.groups().iter().map(|group| group.count as usize);
        self.speeds.iter().zip(counts).flat_map(|(&s, n)| std::iter::repeat_n(s, n)).collect()
    }
}
