//! `sage-llm`: the command, found and started by `sage llm`.
//!
//! Only what an exit code needs is here: 0 ended, 1 failed, 2 bad usage, 130 interrupted. The rest is in
//! the library, `serve` and `args`.

use clap::Parser as _;
use sage_llm::args::{Command, What};
use sage_llm::serve::{self, Ended};
use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Command { what: What::Serve(flags) } = Command::parse();
    if let Err(error) = with_threads(flags.threads()) {
        return end(&error, 1);
    }
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

/// Starts this program again, in its place, with the number of threads in the variables from which candle
/// and rayon take it when they first compute. They offer no other way before that.
fn with_threads(threads: usize) -> anyhow::Result<()> {
    const VARIABLES: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];
    let wanted = threads.max(1).to_string();
    if VARIABLES.iter().all(|name| std::env::var(name).is_ok_and(|value| value == wanted)) {
        return Ok(());
    }
    let mut again = std::process::Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1)).envs(VARIABLES.map(|name| (name, &wanted)));
    Err(again.exec().into())
}

fn end(error: &anyhow::Error, code: u8) -> ExitCode {
    // candle's errors go on with a trace of calls.
    let text = format!("{error:#}");
    eprintln!("error: {}", text.lines().next().unwrap_or_default());
    ExitCode::from(code)
}
