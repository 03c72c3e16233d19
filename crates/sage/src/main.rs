//! `sage`: the command.
//!
//! `run` repeats what a spec file says; `policies` lists what can be named in one. Everything
//! is the harness's; here is only what is laid over what.

use clap::{CommandFactory as _, Parser, Subcommand};
use harness::cli::{self, Flags, RunArgs};
use harness::sched_core::Registry;
use harness::spec::Draft;
use harness::{Error, Exit, Experiment, Home, execute};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Choose, write and ship scheduling policies for distributed dataflow pipelines.
#[derive(Parser, Debug)]
#[command(name = "sage", version, subcommand_required = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run what a spec file says
    ///
    /// Each folder of results holds the spec that it came from: `sage run DIR/spec.yaml` repeats it.
    Run {
        /// The spec file, YAML or JSON
        spec: PathBuf,
        #[command(flatten)]
        flags: Box<RunArgs>,
    },
    /// List the policies, their parameters and their default binding
    Policies,
}

fn main() -> ExitCode {
    let registry = Registry::builtin();
    let arguments: Vec<String> = std::env::args().collect();
    let help = cli::policies_help(&registry);
    let command = Args::command().mut_subcommand("run", |run| run.after_help(help.clone()));
    match cli::parse::<Args>(command, &arguments) {
        Ok(Args { command: Command::Run { spec, flags } }) => {
            cli::end(run(&spec, *flags, &arguments, &registry))
        }
        Ok(Args { command: Command::Policies }) => {
            print!("{help}");
            Exit::Done.into()
        }
        Err(exit) => exit.into(),
    }
}

fn run(
    path: &Path,
    flags: RunArgs,
    arguments: &[String],
    registry: &Registry,
) -> Result<Exit, Error> {
    let flags = Flags::check(flags, registry)?;
    let spec = flags.apply(Draft::read(path)?, registry)?;
    let (program, rest) = arguments.split_first().map_or(("sage", &[][..]), |(p, r)| (p, r));
    let experiment = Experiment {
        title: spec.name.clone(),
        command: cli::cargo_command("sage", program),
        arguments: rest.to_vec(),
        home: Home::Results { name: spec.name.clone() },
    };
    execute(&experiment, &spec, flags.options())
}
