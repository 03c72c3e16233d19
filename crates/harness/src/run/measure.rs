//! One run: its repetitions, one after the other, folded into a report.
//!
//! Repetition `i` has seed `seed + i`; arrivals and service times follow from it, and are
//! the same under every policy. A policy that is not built in runs behind `Checked`: a
//! wrong one gives an error that names the call, never a wrong number.

use super::config::config;
use super::ideal::{Ideal, ideal};
use super::remarks;
use crate::clock::Timestamp;
use crate::output::{Folder, LatencyFile};
use crate::provenance::Circumstances;
use crate::spec::RunSpec;
use crate::{Error, progress::Progress};
use metrics::report::{RunReport, SCHEMA_VERSION};
use metrics::{DEFAULT_ROW_LIMIT, Fold, Recorder, RunFacts};
use pipeline::model::{Purpose, Stream};
use pipeline::{Control, Outcome, Recording, RunSetup, run_local};
use sched_core::{Checked, Registry, Scheduler};
use std::fs::File;
use std::io::BufWriter;

/// A run that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// What goes into its `metrics.json`.
    pub(crate) report: RunReport,
    /// Its repetitions on their own, for paired comparisons.
    pub(crate) repetitions: Vec<Repetition>,
    /// The best that it could have reached.
    pub(crate) ideal: Option<Ideal>,
    /// What precise timing cost, as a share of a core: the largest of the repetitions.
    pub(crate) timer_share: Option<f64>,
}

/// What is compared between runs, of one repetition.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Repetition {
    /// Its seed.
    pub(crate) seed: u64,
    /// Successful tasks per second.
    pub(crate) throughput: Option<f64>,
    /// Mean end-to-end latency, ms.
    pub(crate) mean_ms: Option<f64>,
    /// 99th percentile of the end-to-end latency, ms.
    pub(crate) p99_ms: Option<f64>,
    /// Whether it was interrupted.
    pub(crate) partial: bool,
}

/// What all runs of a command share.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) circumstances: &'a Circumstances,
    pub(crate) control: &'a Control,
    pub(crate) progress: &'a Progress,
    /// Write the latencies of every task, however many there are.
    pub(crate) all_latencies: bool,
}

/// Runs all repetitions of a run, or as many as there is time for before `control` is stopped.
///
/// # Errors
/// When a run breaks off, contradicts itself, or its latencies cannot be written.
pub(crate) fn measure(run: &RunSpec, label: &str, with: &Context<'_>) -> Result<Measured, Error> {
    let failed = |source| Error::Report { run: run.name.clone(), source };
    let setup = &run.setup;
    let started = Timestamp::now();
    let counted = setup.workload.tasks - setup.workload.warmup;
    let rows = counted.saturating_mul(u64::from(setup.repetitions));
    let mut file = match rows <= DEFAULT_ROW_LIMIT || with.all_latencies {
        true => {
            let path = with.folder.file(&format!("{}_latencies.csv", run.name));
            Some(LatencyFile::create(path)?)
        }
        false => None,
    };
    let shape = Recording::<BufWriter<File>>::shape(&setup.cluster, &setup.workload.stages)
        .map_err(failed)?;
    let mut fold = Fold::new(shape.clone());
    let (mut repetitions, mut outcomes) = (Vec::new(), Vec::new());
    for repetition in 0..setup.repetitions {
        if with.control.stopped() {
            break;
        }
        with.progress.begin(match setup.repetitions {
            1 => label.to_owned(),
            n => format!("{label} rep {}/{n}", repetition + 1),
        });
        let seed = setup.seed + u64::from(repetition);
        let rows = file.as_mut().map(|file| (file.csv(), repetition));
        let mut recording = Recording::new(shape.clone(), &setup.workload.stages, rows);
        let outcome = repeat(run, seed, &mut recording, with.control)
            .map_err(|source| Error::Run { run: run.name.clone(), source })?;
        let (recorder, written) = recording.finish();
        if let (Some(file), Err(error)) = (&file, written) {
            return Err(file.error(error));
        }
        conserved(run, &recorder, &outcome, counted)?;
        fold.add(&recorder).map_err(failed)?;
        repetitions.push(summary(seed, &recorder, &outcome));
        outcomes.push(outcome);
    }
    if let Some(file) = file {
        file.finish()?;
    }
    let missing = setup.repetitions as usize - outcomes.len();
    let ideal = ideal(setup);
    let facts = RunFacts {
        partial: missing > 0 || outcomes.iter().any(|outcome| outcome.partial),
        notes: remarks::remarks(run, ideal, &outcomes, rows, with),
        config: config(run),
    };
    let report = RunReport {
        schema_version: SCHEMA_VERSION,
        name: run.name.clone(),
        provenance: with.circumstances.of_run(run, started),
        metrics: fold.finish(facts),
    };
    let shares = outcomes.iter().filter_map(|outcome| outcome.timer?.share());
    let timer_share = shares.max_by(f64::total_cmp);
    Ok(Measured { report, repetitions, ideal, timer_share })
}

fn repeat(
    run: &RunSpec,
    seed: u64,
    recording: &mut Recording<'_, BufWriter<File>>,
    control: &Control,
) -> Result<Outcome, pipeline::RunError> {
    let cluster = &run.setup.cluster;
    // A stream of its own: a policy that draws must not see the numbers that made its workload.
    let policy_seed = Stream::new(seed, Purpose::Policy, 0, 0).next_u64();
    let mut scheduler = run.policy.build(&cluster.spec, policy_seed);
    if !is_built_in(run) {
        scheduler = Box::new(Checked::new(&cluster.spec, run.policy.bind(), scheduler))
            as Box<dyn Scheduler>;
    }
    let setup = RunSetup::new(cluster.clone(), run.setup.workload.clone(), seed);
    run_local(&setup, &mut *scheduler, recording, control)
}

/// Built-in policies are proved by the tests of their crate, and are spared the cost of a check.
fn is_built_in(run: &RunSpec) -> bool {
    let registry = Registry::builtin();
    let built_in = registry.get(run.policy.name());
    built_in.is_some_and(|info| info.summary() == run.policy.info().summary())
}

fn conserved(
    run: &RunSpec,
    recorder: &Recorder,
    outcome: &Outcome,
    counted: u64,
) -> Result<(), Error> {
    let ended = recorder.successful_tasks() + recorder.failed_tasks();
    let what = if recorder.contradictions() > 0 {
        format!("{} records contradict themselves", recorder.contradictions())
    } else if ended > counted || (!outcome.partial && ended < counted) {
        format!("{ended} tasks ended of {counted}")
    } else {
        return Ok(());
    };
    Err(Error::Conservation { run: run.name.clone(), what })
}

fn summary(seed: u64, recorder: &Recorder, outcome: &Outcome) -> Repetition {
    let latency = recorder.latencies().end_to_end;
    Repetition {
        seed,
        throughput: recorder.throughput(),
        mean_ms: latency.mean_ns().map(|ns| ns / 1e6),
        p99_ms: latency.quantiles([990]).map(|[p99]| p99.as_millis_f64()),
        partial: outcome.partial,
    }
}
