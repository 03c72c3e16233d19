//! The list scheduler: one engine under every policy made of two halves.
//!
//! [`halves`] says what a user writes, [`list`] runs it: [`lanes`] keeps the waiting calls,
//! [`run_queue`] orders them, and a [`desk`] gets them their nodes; [`unseen`] holds assigns that do not show yet.

mod desk;
mod halves;
mod lanes;
mod list;
mod ring;
mod run_queue;
mod unseen;

pub use halves::{Bind, Candidates, Order, Placement};
pub use list::ListScheduler;
pub(crate) use list::infeasible;
pub(crate) use unseen::Unseen;
