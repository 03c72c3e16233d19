//! Tests of worker processes, in one binary.
//!
//! `conformance` is the arm of the body that all executors pass. `faults` kills, stops and restarts real
//! processes, and `sabotage` such as listen; `remote` speaks TCP to workers that listen, and cuts the
//! connections, and `tls` the same encrypted; `worker` speaks the protocol to one, and holds its queue to the
//! nanosecond of its own clock; `steps` has stages that pass data on; `wire` is about the decoder, with the
//! property that the fuzz target has too, and `noise` about what noise does to a worker; `ray` runs against a
//! script that stands for Ray.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod conformance;
mod faults;
mod noise;
#[path = "../../fuzz/src/property.rs"]
mod property;
mod ray;
mod remote;
mod sabotage;
mod steps;
mod tls;
mod wire;
mod worker;

use cluster::{Launcher, Program};

/// The worker process of this crate.
fn program() -> Launcher {
    Launcher::Process(Program::new(env!("CARGO_BIN_EXE_worker-process"), Vec::new()))
}
