//! `sage`: the command.
//!
//! `run` does what a spec file says, `validate` does it in virtual and in real time, `cluster` keeps workers up, `replay` plays
//! a flight log again, `policies` lists what a spec can name, `llm` is another program. Everything
//! else is the harness's; here is only what is laid over what.

mod llm;

use clap::{CommandFactory as _, Parser, Subcommand};
use harness::cli::{self, Flags, RunArgs};
use harness::replay::{ReplayArgs, replay};
use harness::sched_core::Registry;
use harness::spec::{Draft, Environment, Spec};
use harness::{
    ClusterCommand, Error, Exit, Experiment, Home, Options, WorkerArgs, cluster, execute, validate,
    with_ray, worker,
};
use std::ffi::OsString;
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
    /// Run what a spec file says in virtual time, in this process and on worker processes, and compare
    ///
    /// Exit code 1 unless throughput is within 3 % and mean latency within 5 % in each run. `--env local` or
    /// `--env cluster` compares with that one alone. Writes nothing unless `--output` names a folder.
    Validate {
        /// The spec file, YAML or JSON
        spec: PathBuf,
        #[command(flatten)]
        flags: Box<RunArgs>,
    },
    /// Play a flight log again: every decision must be reproduced
    ///
    /// With `--policy`, also where that one would have differed and, in simulation, what it would have
    /// changed. Exit code 1 unless the log is reproduced.
    Replay(ReplayArgs),
    /// Be a worker: wait for drivers that run with `--env cluster --cluster FILE`
    Worker(WorkerArgs),
    /// Keep workers up between runs, see how they are, and make keys for several hosts
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Start the local model server: `sage llm serve`, `sage llm serve --help`
    ///
    /// A program of its own, `sage-llm`. `scripts/fetch-models.sh` fetches its default models.
    #[command(disable_help_flag = true)]
    Llm {
        /// What that program is told
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// List the policies, their parameters and their default binding
    Policies,
}

fn main() -> ExitCode {
    let registry = with_ray(&Registry::builtin());
    let arguments: Vec<String> = std::env::args().collect();
    let help = cli::policies_help(&registry);
    let command = Args::command().mut_subcommand("run", |run| run.after_help(help.clone()));
    match cli::parse::<Args>(command, &arguments) {
        Ok(Args { command: Command::Run { spec, flags } }) => {
            cli::end(run(&spec, *flags, &arguments, &registry, execute))
        }
        Ok(Args { command: Command::Validate { spec, flags } }) => {
            let done = real_times(flags.env.as_deref()).and_then(|real| {
                run(&spec, *flags, &arguments, &registry, |experiment, spec, options| {
                    validate_fixed(experiment, spec, &real, options)
                })
            });
            cli::end(done)
        }
        Ok(Args { command: Command::Replay(args) }) => {
            cli::end(replay(&args, &Registry::builtin()))
        }
        Ok(Args { command: Command::Worker(args) }) => cli::end(worker(&args)),
        Ok(Args { command: Command::Cluster(command) }) => cli::end(cluster(&command)),
        Ok(Args { command: Command::Llm { arguments } }) => cli::end(Err(llm::exec(&arguments))),
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
    command: impl FnOnce(&Experiment, &Spec, &Options) -> Result<Exit, Error>,
) -> Result<Exit, Error> {
    let flags = Flags::check(flags, registry)?;
    let spec = flags.apply(Draft::read(path)?, registry)?;
    let (program, rest) = arguments.split_first().map_or(("sage", &[][..]), |(p, r)| (p, r));
    let experiment = Experiment {
        title: spec.name.clone(),
        command: cli::cargo_command("sage", program),
        arguments: rest.to_vec(),
        home: Home::Results { name: spec.name.clone() },
        rows: None,
    };
    command(&experiment, &spec, flags.options())
}

/// What is put beside virtual time: all that this system has, or the one that was named.
fn real_times(env: Option<&str>) -> Result<Vec<Environment>, Error> {
    match env {
        None if cfg!(unix) => Ok(vec![Environment::Local, Environment::Cluster]),
        None | Some("local") => Ok(vec![Environment::Local]),
        Some("cluster") => Ok(vec![Environment::Cluster]),
        Some(_) => Err(Error::Usage(
            "--env: `sage validate` compares `sim` with `local` and `cluster`; name one of these two, or \
             leave it away for both"
                .to_owned(),
        )),
    }
}

/// What is run in real time too needs a number of repetitions.
fn validate_fixed(
    experiment: &Experiment,
    spec: &Spec,
    real: &[Environment],
    options: &Options,
) -> Result<Exit, Error> {
    match spec.configurations.iter().any(|configuration| configuration.setup.until.is_some()) {
        true => Err(Error::Usage(
            "`repetitions: {until: …}` exists in virtual time only: `sage validate` needs `--reps N`"
                .to_owned(),
        )),
        false => validate(experiment, spec, real, options),
    }
}
