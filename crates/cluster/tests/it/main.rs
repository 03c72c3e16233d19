//! Tests of worker processes, in one binary.
//!
//! `conformance` is the arm of the body that all executors pass. `faults` kills, stops and restarts real
//! processes; `remote` speaks TCP to workers that listen, and cuts the connections; `worker` speaks the protocol to one, and holds its queue to the nanosecond of its own clock;
//! `steps` has stages that pass data on; `wire` is about the decoder.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod conformance;
mod faults;
mod remote;
mod steps;
mod wire;
mod worker;

use cluster::{Launcher, Program};

/// The worker process of this crate.
fn program() -> Launcher {
    Launcher::Process(Program::new(env!("CARGO_BIN_EXE_worker-process"), Vec::new()))
}
