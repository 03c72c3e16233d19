//! Set-up shared by the benches, the guard of the hot path and the test of its allocations.
//!
//! A *cycle* is what a service pays per call: submit, decide, finish. [`Steady`] and [`Vector`] keep a
//! constant number of calls on the nodes, finishing one for each new one, so that every cycle
//! meets the same situation and none runs on empty indexes. [`Alone`] is one placement without the
//! engine, for comparison with the structures of [`baseline`]; [`simulated`] are whole runs, and
//! [`Recorded`] is what they pay for their statistics.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

mod alone;
pub mod baseline;
mod recorded;
pub mod simulated;
mod steady;
pub mod threads;
mod vector;

pub use alone::Alone;
pub use recorded::Recorded;
pub use steady::{SLOTS, Steady};
pub use vector::Vector;
