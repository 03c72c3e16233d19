//! A worker process and nothing else.
//!
//! Programs of ours start themselves as workers; this one is for what cannot: the tests of this crate,
//! and whoever embeds a cluster in a program of another kind. The hidden argument is not looked at.

use std::process::ExitCode;

fn main() -> ExitCode {
    match cluster::serve_parent() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker: {error}");
            ExitCode::FAILURE
        }
    }
}
