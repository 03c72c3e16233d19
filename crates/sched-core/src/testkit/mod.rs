//! Tests for policies, ours and yours.
//!
//! One line in a test of your own:
//!
//! | you have | write |
//! |---|---|
//! | two halves | [`check_halves`]`(Bind::Late, \|\| MyOrder, \|\| MyPlacement::new())` |
//! | a whole [`Scheduler`] | [`check`]`(Bind::Late, \|cluster\| Box::new(MyScheduler::new(cluster)))` |
//! | a name in a [`Registry`] | [`check_policy`]`(&registry, "mine")` |
//!
//! Each runs named tricky histories and some hundred random ones (nodes lost, drained
//! and back; mixed demands; queues of every length) on a paper [`host`], and panics with
//! the broken [`Property`] and the shortest history found that breaks it. Halves and
//! built-in policies are compared decision by decision with a [naive](oracle) scheduler as
//! well. [`Check`] has the knobs; [`script`] runs decision logs derived by hand.
//!
//! Nothing here is taken from the engine, except where it says so: two programs that
//! share a line share its mistakes.

mod check;
mod conformance;
pub mod history;
pub mod host;
mod ledger;
pub mod op;
pub mod oracle;
mod parse;
mod policy;
mod properties;
pub mod run;
pub mod script;
mod shrink;

pub use check::{Build, Check, Failure};
pub use conformance::histories as named_histories;
pub use ledger::{Ledger, Seat};
pub use policy::{check_policy, check_spec};
pub use properties::{Broken, Promises, Property, Rank};
pub use shrink::shrink;

#[cfg(doc)]
use crate::Registry;
use crate::{Bind, ClusterSpec, Order, Placement, Scheduler};

/// Checks a scheduler that binds like this and is work-conserving; see [`Check`] for others.
///
/// # Panics
/// With the broken property and a short history that breaks it.
///
/// ```
/// use sched_core::policies::{Arrival, load_aware_spread::Spread};
/// use sched_core::{Bind, ListScheduler, testkit};
///
/// testkit::check(Bind::Late, |cluster| {
///     Box::new(ListScheduler::new(cluster, Bind::Late, Arrival, Spread::default()))
/// });
/// ```
pub fn check(bind: Bind, build: impl Fn(&ClusterSpec) -> Box<dyn Scheduler>) {
    Check::new(bind).scheduler(build);
}

/// Checks two halves, in the engine and beside the naive list scheduler.
///
/// # Panics
/// With the broken property and a short history that breaks it.
///
/// ```
/// use sched_core::{Bind, Candidates, NodeId, Placement, Task, policies::Arrival, testkit};
///
/// struct HighestId;
/// impl Placement for HighestId {
///     fn place(&mut self, _: &Task, candidates: &Candidates<'_>) -> Option<NodeId> {
///         candidates.iter().last()
///     }
/// }
/// testkit::check_halves(Bind::Early, || Arrival, || HighestId);
/// ```
pub fn check_halves<O, P>(bind: Bind, order: impl Fn() -> O, placement: impl Fn() -> P)
where
    O: Order + Sync + 'static,
    P: Placement + 'static,
{
    Check::new(bind).halves(order, placement);
}
