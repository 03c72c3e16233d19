//! The cluster that a run has: what the scheduler knows of it, and what it does not.
//!
//! Speeds are kept beside the [`ClusterSpec`] because no scheduler sees them: a policy
//! that should know which node is faster has to learn it from what finishes.

use sched_core::ClusterSpec;

/// A cluster with the speed of its nodes.
#[derive(Clone, PartialEq, Debug)]
pub struct ClusterSetup {
    /// Groups of nodes.
    pub spec: ClusterSpec,
    /// Of each group: a call of service time `s` takes `s ÷ speed`. Positive and finite.
    pub speeds: Vec<f64>,
}

impl ClusterSetup {
    /// This cluster, with every node at speed 1.
    pub fn of_equal_speed(spec: ClusterSpec) -> ClusterSetup {
        let speeds = vec![1.0; spec.groups().len()];
        ClusterSetup { spec, speeds }
    }

    /// The speed of every node, in node order.
    pub fn node_speeds(&self) -> Vec<f64> {
        let counts = self.spec.groups().iter().map(|group| group.count as usize);
        self.speeds.iter().zip(counts).flat_map(|(&s, n)| std::iter::repeat_n(s, n)).collect()
    }
}
