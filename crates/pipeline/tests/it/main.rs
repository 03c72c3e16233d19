//! Tests of the pipeline crate, in one binary.
//!
//! `conformance` has an arm for each executor here. `faults` drives the loop over a scripted
//! executor on paper, and `sim` holds the executor of virtual time against it. `view` has runs behind
//! a stale view, by hand; `steps` stages that pass data on. The rest checks laws
//! and arrivals against closed forms and sums done by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod arrivals;
mod certificate;
mod conformance;
mod faults;
mod laws;
mod load;
mod local;
mod paper;
mod sim;
mod steps;
mod trace;
mod view;

use pipeline::testkit as support;
