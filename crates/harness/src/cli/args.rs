//! The flags as they are typed: texts, nothing checked.
//!
//! Their checks are ours and not clap's, so that a wrong value on the command line and the same in a
//! spec file get the same message. What clap refuses by itself (an unknown flag, a missing
//! value) ends with the same exit code.

use crate::report::from_within;
use clap::Args;
use std::path::PathBuf;

/// Flags of everything that runs a spec.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
#[command(next_help_heading = "What to run")]
pub struct RunArgs {
    /// Policies, in order. Parameters follow a colon: `priority:aging=2s,bind=late`
    #[arg(long, num_args = 1.., value_name = "POLICY")]
    pub schedulers: Vec<String>,
    /// Where to run: `sim` (virtual time: deterministic, repetitions at once on all cores), `local`
    /// (real time, in this process) or `cluster` (real time, each node a process of its own)
    #[arg(long, value_name = "ENVIRONMENT")]
    pub env: Option<String>,
    /// Where the workers of `--env cluster` come from: a file like `config/cluster.yaml`, or the name of a
    /// cluster that `sage cluster start` has started. Default: a process of this host for each node
    #[arg(long, value_name = "FILE|NAME")]
    pub cluster: Option<PathBuf>,
    /// What stage calls do: `emulated` (wait for their service time), `cpu` (chained MD5 rounds, 1,000
    /// per nominal ms), or, with `--pipeline rag`, `llm` or `mixed`, `real` (ask models)
    #[arg(long, value_name = "KIND")]
    pub work: Option<String>,
    /// When tasks arrive: `closed:64` (always 64 in flight), `batch`, `poisson:30` and
    /// `uniform:30` (tasks/s), `load:0.8` (Poisson, at that share of what the cluster can do)
    #[arg(long, value_name = "LAW")]
    pub arrivals: Option<String>,
    /// Tasks of every run, whatever presets and files say
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub tasks: Option<String>,
    /// Seed of the first repetition; the next have the next numbers
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<String>,
    /// Repetitions.
    #[arg(long, value_name = "N", allow_negative_numbers = true,
        help = format!("Repetitions; {}", from_within()))]
    pub reps: Option<String>,
    /// Folder for the results; must not hold a run already
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Print one JSON document on stdout, everything else on stderr
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Draw no PNG; `report.html` draws its own charts and stays
    #[arg(long, help_heading = "Output")]
    pub no_plots: bool,
    /// Write the latencies of every task even above 1,000,000 rows per run
    #[arg(long, help_heading = "Output")]
    pub all_latencies: bool,
    /// Write a flight log of every repetition, `<run>_<repetition>.flight`, for `sage replay`
    #[arg(long, help_heading = "Output")]
    pub record: bool,
}

/// Flags of experiments, which have presets.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
#[command(next_help_heading = "What to run")]
pub struct ExperimentArgs {
    /// A small version: a quarter of the preset's tasks
    #[arg(long)]
    pub quick: bool,
    /// What the stages are: `compute`, or emulated requests of a recorded hour: `rag` (retrieve, rerank,
    /// prompt, generate), `llm` (prompt, generate), `mixed` (70 % compute, 20 % rag, 10 % llm); with
    /// `--work real` they ask models instead
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,
    /// A spec file, laid over the preset; its own `configurations`, or a cluster, take the place of the
    /// preset's. Flags override it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Flags of everything that runs a spec.
    #[command(flatten)]
    pub run: RunArgs,
}
