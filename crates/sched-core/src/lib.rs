//! Scheduling policies as deterministic state machines.
//!
//! A [`Scheduler`] is told facts and answers with decisions; it has no clock, no I/O and
//! no thread, so the same object runs in a simulator, in real time, on a cluster, and
//! inside a service. Most policies are two halves, an [`Order`] (which call next) and a
//! [`Placement`] (which node), run by the one [`ListScheduler`].
//!
//! This crate depends on the standard library alone: whoever embeds a scheduler takes
//! on nothing else.
//!
//! | to | start at |
//! |---|---|
//! | use a policy | [`Registry::builtin`], [`Scheduler`] |
//! | write a policy | [`Placement`], [`Order`], `examples/custom_policy.rs` |
//! | test a policy | [`testkit::check`] |
//! | let it see the cluster late | [`StaleView`] |

mod checked;
mod cluster;
mod engine;
mod event;
pub mod index;
pub mod policies;
mod registry;
mod resources;
pub mod rng;
mod scheduler;
mod task;
pub mod testkit;
mod time;
mod view;

pub use checked::{Checked, Rule, Violation};
pub use cluster::{
    Cluster, ClusterError, ClusterSpec, Dominant, Group, GroupSet, NodeId, NodeState, QueueLimit,
};
pub use engine::{Bind, Candidates, ListScheduler, Order, Placement};
pub use event::{Decision, Event, Infeasible, PROTOCOL_VERSION};
pub use registry::{
    BuildContext, ParamInfo, ParamKind, PolicyError, PolicyInfo, PolicySpec, Registry,
    ResolvedPolicy, SEED, Unordered, Value,
};
pub use resources::Resources;
pub use scheduler::Scheduler;
pub use task::{Level, Task, TaskId};
pub use time::{ParseSpanError, Span, Time};
pub use view::{StaleView, View};
