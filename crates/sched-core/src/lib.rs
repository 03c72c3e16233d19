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
//! | write a policy | [`Placement`], [`Order`], the example below |
//! | test a policy | [`testkit::check_halves`], [`testkit::check`] |
//! | let it see the cluster late | [`StaleView`] |
//!
//! A policy of one's own, by name, in a host:
//!
//! ```
//! use sched_core::policies::Arrival;
//! use sched_core::{Bind, Candidates, ClusterSpec, NodeId, Placement, PolicyInfo, Registry, Task};
//! # use sched_core::{Event, Resources, Scheduler, TaskId, Time};
//!
//! /// The node with the fewest calls in its queue.
//! struct ShortestQueue;
//!
//! impl Placement for ShortestQueue {
//!     fn place(&mut self, _: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
//!         candidates.iter().min_by_key(|&node| candidates.cluster().queued(node))
//!     }
//! }
//!
//! let mut registry = Registry::builtin();
//! let build = |context: &sched_core::BuildContext<'_>| context.list(Arrival, ShortestQueue);
//! registry.register(PolicyInfo::new("shortest", "the shortest queue", Bind::Early, build))?;
//! // The seed is for policies that draw: another one in each instance of a service.
//! let mut scheduler = registry.build_seeded("shortest", &ClusterSpec::uniform(3, 2)?, 7)?;
//! # let now = Time::ZERO;
//! # let call = Task::new(TaskId { index: 0, stage: 0 }, now, Resources::milli_cpu(1000));
//! # let mut decisions = Vec::new();
//! # scheduler.on_event(now, Event::Submit(call));
//! # scheduler.poll(now, &mut decisions);
//! # assert_eq!(decisions.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
