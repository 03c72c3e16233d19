//! Experiment 2: what load, policy and depth of the pipeline do to a cluster under high load.
//!
//! The presets are a spec file like any other (`config/experiments/exp2.yaml`); flags choose
//! among its configurations (`matrix`). Running, measuring and writing is the harness's.
//! [`run`] takes the registry of policies, so that yours is in every table after being
//! registered.

mod matrix;

use clap::Parser;
use harness::cli::ExperimentArgs;
use harness::preset::{About, Preset};
use harness::sched_core::Registry;
use harness::spec::Draft;
use harness::{Error, Own};
use std::process::ExitCode;

/// High load: policies, load levels and pipeline depths.
///
/// Without --schedulers, --load-levels, --depths or --config all parts are run: the load levels
/// with load_aware_spread; five policies at the medium level, each with its own binding and with
/// late binding; pipelines of 2, 3 and 5 stages; and, unless --env, --work or --arrivals ask for
/// another setting, the policies once more in virtual time, where 10 repetitions of 20,000 tasks
/// tell them apart: on equal nodes and on nodes of two speeds, closed and open. With any of them, the product of what is named is
/// run, the rest being load_aware_spread, the medium level and 3 stages.
#[derive(Parser, Debug)]
#[command(name = "exp2", version)]
struct Args {
    /// Load levels: `low` (4 slots on 2 nodes, 100 tasks), `medium` (16, 4, 200), `high` (64, 8,
    /// 500), `extreme` (128, 16, 1000)
    #[arg(long, num_args = 1.., value_name = "LEVEL", help_heading = "What to run")]
    load_levels: Vec<String>,
    /// Depths of the pipeline: `shallow` (2 stages), `medium` (3), `deep` (5)
    #[arg(long, num_args = 1.., value_name = "DEPTH", help_heading = "What to run")]
    depths: Vec<String>,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

impl Preset for Args {
    const ABOUT: About = About {
        name: "exp2",
        title: "exp2: high load",
        folder: "experiments/exp2_high_load_parallel",
    };

    fn flags(&self) -> &ExperimentArgs {
        &self.experiment
    }

    fn draft(&self) -> Result<Draft, Error> {
        matrix::draft(self)
    }
}

impl Own for Args {}

/// Runs the experiment as the command line says, with the policies of `registry`.
pub fn run(registry: &Registry) -> ExitCode {
    harness::preset::run::<Args>(registry)
}
