//! Experiment 1: what more nodes bring.
//!
//! The presets are a spec file like any other (`config/experiments/exp1.yaml`), a configuration
//! per number of nodes; `--nodes` makes others by the same rule (`rows`). What came out is
//! told as speed-up, efficiency and a law of scalability (`scaling`). Running, measuring and
//! writing is the harness's.

mod rows;
mod scaling;

use clap::Parser;
use harness::cli::ExperimentArgs;
use harness::preset::{About, Preset};
use harness::sched_core::Registry;
use harness::spec::Draft;
use harness::{Chapter, Error, Measured, Own};
use std::process::ExitCode;

/// A single node against many: speed-up, efficiency, and the law behind them.
///
/// Each row has 4 slots per node, 50 tasks per slot, and twice as many tasks in flight as slots, three
/// times over. The single node runs fifo, the others load_aware_spread.
#[derive(Parser, Debug)]
#[command(name = "exp1", version)]
struct Args {
    /// Numbers of nodes; the first is what the others are measured by
    #[arg(long, num_args = 1.., value_name = "N", help_heading = "What to run")]
    #[arg(allow_negative_numbers = true)]
    nodes: Vec<String>,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

impl Preset for Args {
    const ABOUT: About = About {
        name: "exp1",
        title: "exp1: a single node against many",
        folder: "experiments/exp1_single_vs_multi",
    };

    fn flags(&self) -> &ExperimentArgs {
        &self.experiment
    }

    fn draft(&self) -> Result<Draft, Error> {
        rows::draft(self)
    }
}

impl Own for Args {
    fn chapters(&self, runs: &[Measured]) -> Result<Vec<Chapter>, Error> {
        Ok(vec![scaling::chapter(Args::ABOUT.title, runs)?])
    }
}

/// Runs the experiment as the command line says, with the policies of `registry`.
pub fn run(registry: &Registry) -> ExitCode {
    harness::preset::run::<Args>(registry)
}
