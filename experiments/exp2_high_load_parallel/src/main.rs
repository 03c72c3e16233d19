//! `exp2`: policies, load levels and pipeline depths under high load.
//!
//! Everything is in the library beside, so that a program with policies of its own
//! (`examples/custom_policy`) is the same experiment.

use harness::sched_core::Registry;
use std::process::ExitCode;

fn main() -> ExitCode {
    exp2::run(&Registry::builtin())
}
