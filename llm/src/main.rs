//! `sage-llm`: the command, found and started by `sage llm`.
//!
//! Only what an exit code needs is here: 0 ended, 1 failed, 2 bad usage, 130 interrupted. The rest is in
//! the library, `serve` and `args`.

use clap::Parser as _;
use sage_llm::args::{Command, What};
use sage_llm::serve::{self, Ended};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Command { what: What::Serve(flags) } = Command::parse();
    let ready = match flags.check().and_then(serve::prepare) {
        Ok(ready) => ready,
        Err(error) => return end(&error, 2),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return end(&error.into(), 1),
    };
    let ended = runtime.block_on(ready.serve());
    // Threads of models and the one that reads standard input are left to the system.
    runtime.shutdown_background();
    match ended {
        Ok(Ended::Asked) => ExitCode::SUCCESS,
        Ok(Ended::Interrupted) => ExitCode::from(130),
        Err(error) => end(&error, 1),
    }
}

fn end(error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(code)
}
