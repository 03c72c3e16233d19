//! `exp1`: a single node against many.
//!
//! Everything is in the library beside, so that a program with policies of its own is the
//! same experiment.

use harness::sched_core::Registry;
use std::process::ExitCode;

fn main() -> ExitCode {
    exp1::run(&Registry::builtin())
}
