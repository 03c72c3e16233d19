//! `exp3`: latency and throughput.
//!
//! Everything is in the library beside, so that a program with policies of its own is the
//! same experiment.

use harness::sched_core::Registry;
use std::process::ExitCode;

fn main() -> ExitCode {
    exp3::run(&Registry::builtin())
}
