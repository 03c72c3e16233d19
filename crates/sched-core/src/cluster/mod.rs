//! The cluster as a scheduler knows it.
//!
//! [`ClusterSpec`] is what is declared and never changes; [`Cluster`] is the engine's
//! running account of it: what is reserved, what waits in node queues, who is up.

mod calls;
mod node;
mod queue;
mod share;
mod spec;
mod state;

pub use node::{Dominant, NodeState};
pub use spec::{ClusterError, ClusterSpec, Group, GroupSet, NodeId, QueueLimit};
pub use state::Cluster;
