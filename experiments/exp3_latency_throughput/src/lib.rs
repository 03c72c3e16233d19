//! Experiment 3: how latency and throughput depend on the load, on the work, and on the scheduler.
//!
//! The presets are a spec file like any other (`config/experiments/exp3.yaml`); `rows` says which of
//! its configurations are run. What came out is told as a throughput–latency curve (`curve`), as the
//! parts of the latency at its quantiles (`breakdown`) and as the cost of decisions (`overhead`); `slo`
//! searches for the highest rate that meets an objective.
//! Running, measuring and writing is the harness's.

mod breakdown;
mod curve;
mod overhead;
mod rows;
mod slo;

use clap::Parser;
use harness::cli::ExperimentArgs;
use harness::metrics::report::RunConfig;
use harness::preset::{About, Preset};
use harness::sched_core::Registry;
use harness::slo::Found;
use harness::spec::{Draft, Spec};
use harness::{Chapter, Error, Measured, Own, Running};
use std::process::ExitCode;

/// Latency and throughput: concurrency, complexity, and what decisions cost.
///
/// 500 tasks on 4 nodes of 4 slots. Without --concurrency or --config all parts are run: 1 to 32 tasks
/// in flight; light, medium and heavy work (1, 10 and 100 ms per call) with 16 in flight; and every
/// policy once, for the time that it takes to decide. With --concurrency its part alone is run.
#[derive(Parser, Debug)]
#[command(name = "exp3", version)]
struct Args {
    /// Numbers of tasks in flight; runs this part alone
    #[arg(long, num_args = 1.., value_name = "N", help_heading = "What to run")]
    #[arg(allow_negative_numbers = true)]
    concurrency: Vec<String>,
    /// An objective of the end-to-end latency, as `p99:200ms`: searches for the highest rate of Poisson
    /// arrivals that meets it, in virtual time, with an interval; runs this part alone
    #[arg(long, value_name = "QUANTILE:TIME", help_heading = "What to run")]
    slo: Option<String>,
    /// What the search found, by run.
    #[arg(skip)]
    found: Vec<(String, Found)>,
    #[command(flatten)]
    experiment: ExperimentArgs,
}

impl Preset for Args {
    const ABOUT: About = About {
        name: "exp3",
        title: "exp3: latency and throughput",
        folder: "experiments/exp3_latency_throughput",
    };

    fn flags(&self) -> &ExperimentArgs {
        &self.experiment
    }

    fn draft(&self) -> Result<Draft, Error> {
        rows::draft(self)
    }
}

impl Own for Args {
    fn prepare(&mut self, spec: &Spec, running: &Running) -> Result<Option<Spec>, Error> {
        match &self.slo {
            Some(objective) => slo::prepare(objective, spec, running, &mut self.found),
            None => Ok(Some(spec.clone())),
        }
    }

    fn chapters(&self, runs: &[Measured]) -> Result<Vec<Chapter>, Error> {
        if self.slo.is_some() {
            return Ok(vec![slo::chapter(&self.found, runs)]);
        }
        let title = Args::ABOUT.title;
        Ok(vec![
            curve::chapter(title, &of_part(runs, &["concurrency"]))?,
            breakdown::chapter(&of_part(runs, &["concurrency", "complexity"])),
            overhead::chapter(&of_part(runs, &["scheduler overhead"])),
        ])
    }
}

/// The runs of these parts of the preset; all, where none is of them, as in a file of one's own.
fn of_part<'a>(runs: &'a [Measured], parts: &[&str]) -> Vec<&'a Measured> {
    let of = |run: &&Measured| parts.contains(&run.report().metrics.config.part.as_str());
    let found: Vec<&Measured> = runs.iter().filter(of).collect();
    if found.is_empty() { runs.iter().collect() } else { found }
}

/// What the runs of a table are called: by the first of configuration, policy, and policy with binding that
/// tells them apart; else by their whole names.
fn names(runs: &[&Measured]) -> Vec<String> {
    let kinds: [fn(&RunConfig) -> String; 3] = [
        |config| config.configuration.clone(),
        |config| config.policy.clone(),
        |config| format!("{} {}", config.policy, config.bind),
    ];
    let of = |kind: &fn(&RunConfig) -> String| {
        let names: Vec<String> =
            runs.iter().map(|run| kind(&run.report().metrics.config)).collect();
        let apart = (1..names.len()).all(|i| !names[..i].contains(&names[i]));
        (apart && names.iter().all(|name| !name.is_empty())).then_some(names)
    };
    let whole = || runs.iter().map(|run| run.report().name.clone()).collect();
    kinds.iter().find_map(of).unwrap_or_else(whole)
}

/// Runs the experiment as the command line says, with the policies of `registry`.
pub fn run(registry: &Registry) -> ExitCode {
    harness::preset::run::<Args>(registry)
}
