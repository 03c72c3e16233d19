//! Set-up shared by the benches, the guard of the hot path and the test of its allocations.
//!
//! A *cycle* is what a service pays per call: submit, decide, finish. [`Steady`] and [`Vector`] keep a
//! constant number of calls on the nodes, finishing one for each new one, so that every cycle
//! meets the same situation and none runs on empty indexes. [`Alone`] is one placement without the
//! engine, for comparison with the structures of [`baseline`]; [`simulated`] are whole runs.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

mod alone;
pub mod baseline;
pub mod simulated;
mod steady;
mod vector;

pub use alone::Alone;
pub use steady::{SLOTS, Steady};
pub use vector::Vector;
