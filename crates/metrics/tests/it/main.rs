//! Tests of the crate from outside, in one binary.
//!
//! What can be counted is compared with a naive account that keeps every sample (`oracle.rs`),
//! what follows a formula with values worked out by hand beside the test.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic like the test")]

mod batches;
mod csv_rows;
mod distribution;
mod fold;
mod notes;
mod oracle;
mod ratio;
mod recorder;
mod schema;
mod stationary;
mod support;
