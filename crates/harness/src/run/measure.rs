//! One run: its repetitions, folded into a report.
//!
//! Repetition `i` has seed `seed + i`; arrivals and service times follow from it, and are
//! the same under every policy. In virtual time repetitions run at once on all cores; in real time
//! one after the other, since they would disturb each other. They are folded in the order
//! of their seeds, so the number of cores shows in no result. How one is run is `once`'s.

use super::certify::{checks, is_open};
use super::config::config;
use super::ideal::Ideal;
use super::in_order::in_order;
use super::once::run_once;
use super::remarks;
use super::repetition::{Measure, Repetition};
use super::running::Running;
use super::serving::{Errands, Serving};
use super::theory::{Theory, theory};
use super::workers::{Loss, Workers};
use crate::clock::{Stopwatch, Timestamp};
use crate::output::{Folder, LatencyFile, LatencyPart};
use crate::provenance::Circumstances;
use crate::report::{marked, number};
use crate::spec::{Environment, RunSpec, Work, seconds_per_task};
use crate::{Error, progress::Progress};
use metrics::report::{Check, RunReport, SCHEMA_VERSION};
use metrics::{
    BatchPlan, CallSpan, CurvePoint, Fold, LoadSeries, Recorder, RunFacts, SectionsOfRun,
    ServiceRecorder, Shape,
};
use pipeline::{Control, Outcome, Recording, RunError, Watched};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A run that was measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What goes into its `metrics.json`.
    pub(crate) report: RunReport,
    /// Its repetitions on their own, for paired comparisons.
    pub(crate) repetitions: Vec<Repetition>,
    /// The run in sections, if its intervals are to come from within: of one repetition, or of several
    /// that are one history.
    pub(crate) sections: Option<SectionsOfRun>,
    /// Whether all repetitions are one history.
    pub(crate) one_history: bool,
    /// The best that it could have reached.
    pub(crate) ideal: Option<Ideal>,
    /// What precise timing cost, as a share of a core: the largest of the repetitions.
    pub(crate) timer_share: Option<f64>,
    /// How long it took, in real time.
    pub(crate) took: Duration,
    /// Seconds per task of a long run, by what its spec says; 0 where that does not.
    pub(crate) pace: f64,
    /// Why it broke off, if it did.
    pub(crate) broken: Option<String>,
    /// What its report has no room for.
    pub(crate) detail: Detail,
}

/// What a page and a trace show of a run beyond its report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    /// End-to-end latencies, all repetitions pooled.
    pub(crate) curve: Vec<CurvePoint>,
    /// Load over time, of the first repetition.
    pub(crate) load: Option<LoadSeries>,
    /// Single calls of the first repetition.
    pub(crate) calls: Vec<CallSpan>,
    /// What queueing theory says of it.
    pub(crate) theory: Option<Theory>,
}

impl Measured {
    /// What was measured.
    pub fn report(&self) -> &RunReport {
        &self.report
    }

    /// The tasks per second that its slots and service times allow, and whether start and drain lower
    /// them; none where something else sets the throughput.
    pub fn ideal(&self) -> Option<(f64, bool)> {
        self.ideal.map(|ideal| (ideal.rate, ideal.drain_limited))
    }

    /// An object with what a program must know of a run beside any of its measures, and the keys of `own`
    /// behind it.
    pub fn json(&self, own: &Value) -> Value {
        let report = &self.report;
        let config = &report.metrics.config;
        let mut whole = json!({
            "run": report.name,
            "part": config.part,
            "policy": config.policy,
            "bind": config.bind,
            "environment": config.environment,
            "nodes": config.nodes,
            "parallelism": config.parallelism,
            "tasks": config.tasks,
            "arrivals": config.arrivals,
            "repetitions": report.metrics.repetitions,
            "partial": report.metrics.partial,
        });
        if let (Some(whole), Some(own)) = (whole.as_object_mut(), own.as_object()) {
            whole.extend(own.clone());
        }
        whole
    }

    /// The error of a run that broke off.
    pub(crate) fn broken_off(&self) -> Option<Error> {
        let source = RunError::Executor(self.broken.clone()?.into());
        Some(Error::Run { run: self.report.name.clone(), source })
    }

    /// A cell of a table, marked where its certificate says that this measure must not be relied on. Measures
    /// are called as in the report: `latency_ms.end_to_end.p999`.
    pub fn marked(&self, cell: String, measure: &str) -> String {
        marked(cell, &self.report.metrics, measure)
    }

    /// Its ideal as tables show it, with a `*` where start and drain lower it.
    pub fn ideal_cell(&self) -> String {
        self.ideal.map_or("-".to_owned(), |ideal| {
            format!("{}{}", number::rate(ideal.rate), if ideal.drain_limited { "*" } else { "" })
        })
    }

    /// Seed and throughput of each repetition that has one.
    pub fn throughputs(&self) -> Vec<(u64, f64)> {
        let rate = |it: &Repetition| Some((it.seed, it.value(Measure::Throughput)?));
        self.repetitions.iter().filter_map(rate).collect()
    }
}

/// What all runs of a command share.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// Where latencies of single tasks go.
    pub(crate) folder: Option<&'a Folder>,
    pub(crate) circumstances: &'a Circumstances,
    pub(crate) running: &'a Running,
    pub(crate) progress: &'a Progress,
    /// Rows above which the latencies of single tasks of a run are not written.
    pub(crate) most_rows: u64,
    /// Write a flight log of every repetition into the folder.
    pub(crate) record: bool,
    /// Look closely at the first repetition, and keep so many of its calls.
    pub(crate) watch: Option<usize>,
    /// Where the workers of runs on a cluster come from.
    pub(crate) workers: &'a Workers,
    /// Whom stages ask that do real work.
    pub(crate) serving: &'a Serving,
}

/// A repetition that has ended.
struct Ended {
    seed: u64,
    recorder: Recorder,
    outcome: Outcome,
    checks: Vec<Check>,
    services: Option<ServiceRecorder>,
    losses: Vec<Loss>, // of worker processes
    broken: Option<String>,
    rows: Option<LatencyPart>,
    watched: Option<Watched>,
}

/// Runs all repetitions of a run, or as many as there is time for before it is stopped; none is no
/// run. `ideal` is what it could reach.
///
/// # Errors
/// When a run breaks off before its first task has ended, or its latencies cannot be written. One that breaks
/// off later is measured as far as it came, and one whose account contradicts itself too; its certificate says
/// so.
pub(crate) fn measure(
    run: &RunSpec,
    label: &str,
    ideal: Option<Ideal>,
    with: &Context<'_>,
) -> Result<Option<Measured>, Error> {
    let failed = |source| Error::Report { run: run.name.clone(), source };
    let setup = &run.setup;
    let (started, watch) = (Timestamp::now(), Stopwatch::start());
    let folder = with.folder.filter(|_| rows(run) <= with.most_rows);
    let path = folder.map(|folder| folder.file(&format!("{}_latencies.csv", run.name)));
    let mut file = path.map(LatencyFile::create).transpose()?;
    let shape = Recording::<Vec<u8>>::shape(&setup.cluster, &setup.workload.stages);
    let shape = shape.map_err(failed)?;
    let mut fold = Fold::new(Arc::clone(&shape));
    let (mut repetitions, mut outcomes, mut losses) = (Vec::new(), Vec::new(), Vec::new());
    let (mut broken, whole) = (None, AtomicBool::new(true));
    let mut detail = Detail { theory: theory(run), ..Detail::default() };
    with.running.begin(setup.workload.tasks.saturating_mul(u64::from(setup.repetitions)));
    with.progress.begin(match setup.repetitions {
        1 => label.to_owned(),
        n => format!("{label} {n} reps"),
    });
    in_order(
        setup.repetitions,
        threads(run, with),
        || !with.running.stopped() && whole.load(Ordering::Relaxed),
        || with.running.give_up(),
        |repetition| {
            let control = with.running.repetition();
            let log = with.folder.filter(|_| with.record);
            let log = log.map(|log| log.file(&format!("{}_{repetition}.flight", run.name)));
            let watch = with.watch.filter(|_| repetition == 0);
            let at = (&*control, with.workers, with.serving);
            let ended = repeat(run, repetition, &shape, (folder, log.as_deref()), watch, at)?;
            whole.fetch_and(ended.broken.is_none(), Ordering::Relaxed);
            Ok(ended)
        },
        |ended: Ended| {
            if let (Some(file), Some(rows)) = (&mut file, ended.rows) {
                file.append(rows)?;
            }
            fold.add(&ended.recorder).map_err(failed)?;
            fold.certify(ended.checks);
            if let Some(calls) = &ended.services {
                fold.add_services(calls);
            }
            if let Some(watched) = ended.watched {
                detail.load = Some(watched.timeline.series());
                detail.calls = watched.calls;
            }
            repetitions.push(Repetition::new(ended.seed, &ended.recorder, &ended.outcome));
            outcomes.push(ended.outcome);
            losses.extend(ended.losses);
            broken = broken.take().or(ended.broken);
            Ok(())
        },
    )?;
    if outcomes.is_empty() {
        return Ok(None);
    }
    file.map_or(Ok(()), LatencyFile::finish)?;
    detail.curve = fold.curve();
    let missing = setup.repetitions as usize - outcomes.len();
    let facts = RunFacts {
        partial: missing > 0 || outcomes.iter().any(|outcome| outcome.partial),
        notes: remarks::remarks(run, ideal, &outcomes, &losses, with),
        config: config(run),
        open_arrivals: is_open(&run.setup.workload.arrivals),
    };
    let sections = fold.sections();
    let report = RunReport {
        schema_version: SCHEMA_VERSION,
        name: run.name.clone(),
        provenance: with.circumstances.of_run(run, started),
        metrics: fold.finish(facts),
    };
    let shares = outcomes.iter().filter_map(|outcome| outcome.timer?.share());
    let timer_share = shares.max_by(f64::total_cmp);
    Ok(Some(Measured {
        report,
        repetitions,
        sections,
        one_history: setup.one_history(),
        ideal,
        timer_share,
        took: watch.elapsed(),
        pace: match setup.work() {
            Work::Emulated => seconds_per_task(&setup.workload, &setup.cluster),
            _ => 0.0,
        },
        broken,
        detail,
    }))
}

/// Rows of latencies that a run has, over all repetitions.
pub(super) fn rows(run: &RunSpec) -> u64 {
    let counted = run.setup.workload.tasks - run.setup.workload.warmup;
    counted.saturating_mul(u64::from(run.setup.repetitions))
}

/// How a run is cut for intervals from within. Several repetitions that differ give better ones, and
/// are spared the cost.
fn batches(run: &RunSpec) -> Option<BatchPlan> {
    let setup = &run.setup;
    (setup.repetitions == 1 || setup.one_history()).then(|| BatchPlan {
        first: setup.workload.warmup,
        tasks: setup.workload.tasks - setup.workload.warmup,
        throughput: !is_open(&setup.workload.arrivals),
    })
}

/// Repetitions that run at once.
fn threads(run: &RunSpec, with: &Context<'_>) -> u32 {
    match run.setup.environment {
        Environment::Sim => with.circumstances.host().cores,
        Environment::Local | Environment::Cluster => 1,
    }
}

fn repeat(
    run: &RunSpec,
    repetition: u32,
    shape: &Arc<Shape>,
    (folder, log): (Option<&Folder>, Option<&Path>),
    watch: Option<usize>,
    (control, workers, serving): (&Control, &Workers, &Serving),
) -> Result<Ended, Error> {
    let seed = run.setup.seed + u64::from(repetition);
    let path = |folder: &Folder| folder.file(&format!("{}_{repetition}_latencies.csv", run.name));
    let mut part = folder.map(path).map(LatencyPart::create).transpose()?;
    let rows = part.as_mut().map(|part| (part.csv(), repetition));
    let mut recording = Recording::new(Arc::clone(shape), &run.setup.workload.stages, rows);
    if let Some(plan) = batches(run) {
        recording = recording.with_batches(plan);
    }
    if let Some(calls) = watch {
        recording = recording.watching(shape, calls);
    }
    let mut losses = Vec::new();
    let at = Some((workers, &mut losses));
    let errands = serving.errands(run, seed);
    let steps = errands.as_ref().map(Errands::steps);
    let (mut outcome, broken) = match run_once(run, (seed, steps), log, &mut recording, control, at)
    {
        Ok(outcome) => (outcome, None),
        Err(Error::Run { source: RunError::BrokenOff { source, outcome }, .. })
            if outcome.ended > 0 =>
        {
            (*outcome, Some(source.to_string()))
        }
        Err(error) => return Err(error),
    };
    let services = errands.as_ref().map(Errands::recorded);
    let watched = recording.take_watched();
    let (recorder, written) = recording.finish();
    if let (Some(part), Err(error)) = (&part, written) {
        return Err(part.error(error));
    }
    let checks = checks(run, &recorder, &mut outcome);
    Ok(Ended { seed, recorder, outcome, checks, services, losses, broken, rows: part, watched })
}
