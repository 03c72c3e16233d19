//! Experiment 2 with a policy of your own:
//! `cargo run -p exp2 --example custom_policy -- --schedulers my_policy fifo`

mod policy;

use sched_core::PolicyError;
use std::process::ExitCode;

fn main() -> Result<ExitCode, PolicyError> {
    Ok(exp2::run(&policy::registry()?))
}
