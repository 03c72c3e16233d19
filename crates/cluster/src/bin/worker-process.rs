//! A worker process and nothing else.
//!
//! Programs of ours start themselves as workers; this one is for what cannot: the tests of this crate,
//! and whoever embeds a cluster in a program of another kind. The hidden argument is not looked at.

use pipeline::model::{CallContext, SharedSteps, Stepped, Steps};
use sched_core::TaskId;
use std::process::ExitCode;

/// Steps for tests: each appends its number to the data, and 255 fails.
struct Counting(Vec<u8>);

impl Steps for Counting {
    fn first(&self, _: u64) -> Vec<u8> {
        Vec::new()
    }

    fn run(&self, number: u8, call: &CallContext, data: &[u8]) -> Stepped {
        let failure = (number == 255).then(|| format!("task {} ends here", call.task.index));
        Stepped { data: [data, &self.0, &[number]].concat(), failure }
    }

    fn ended(&self, _: TaskId, _: &Stepped) {}

    fn setup(&self) -> Vec<u8> {
        self.0.clone()
    }
}

fn counting(setup: &[u8]) -> Result<SharedSteps, String> {
    match setup {
        b"wrong" => Err("the setup is wrong".to_owned()),
        _ => Ok(SharedSteps::new(Counting(setup.to_vec()))),
    }
}

fn main() -> ExitCode {
    match cluster::serve_parent(counting) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker: {error}");
            ExitCode::FAILURE
        }
    }
}
