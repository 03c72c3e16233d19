//! One run: its repetitions, folded into a report.
//!
//! Repetition `i` has seed `seed + i`; arrivals and service times follow from it, and are
//! the same under every policy. In virtual time repetitions run at once on all cores; in real time
//! one after the other, since they would disturb each other. They are folded in the order
//! of their seeds, so the number of cores shows in no result. A policy that is not built in runs
//! behind `Checked`: a wrong one gives an error that names the call, never a wrong number.

use super::certify::{checks, is_open};
use super::config::config;
use super::ideal::Ideal;
use super::in_order::in_order;
use super::remarks;
use super::repetition::{Measure, Repetition};
use super::running::Running;
use super::serving::{Errands, Serving};
use super::theory::{Theory, theory};
use super::workers::{Loss, Workers, strategy};
use crate::clock::{Stopwatch, Timestamp};
use crate::output::{Folder, LatencyFile, LatencyPart};
use crate::provenance::Circumstances;
use crate::report::{marked, number};
use crate::spec::{Environment, RunSpec};
use crate::{Error, progress::Progress, replay, replay::Header};
use metrics::report::{Check, RunReport, SCHEMA_VERSION};
use metrics::{
    BatchPlan, CallSpan, CurvePoint, Fold, LoadSeries, Recorder, RunFacts, SectionsOfRun,
    ServiceRecorder, Shape,
};
use pipeline::model::{Purpose, SharedSteps, Stream};
use pipeline::{
    Control, Observer, Outcome, Recording, RunError, RunSetup, Watched, run_local, run_sim,
};
use sched_core::{Checked, Registry, Scheduler, Span, StaleView};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
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
    /// Whether it is not as precise as its spec asks for, after the most repetitions.
    pub(crate) imprecise: bool,
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

    /// A cell of a table, marked where its certificate says that this measure must not be relied on. Measures
    /// are called as in the report: `latency_ms.end_to_end.p999`.
    pub fn marked(&self, cell: String, measure: &str) -> String {
        marked(cell, &self.report.metrics, measure)
    }

    /// Its ideal as tables show it, with a `*` where start and drain lower it.
    pub fn ideal_cell(&self) -> String {
        self.ideal.map_or("-".to_owned(), |ideal| {
            format!("{}{}", number::short(ideal.rate), if ideal.drain_limited { "*" } else { "" })
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
    rows: Option<LatencyPart>,
    watched: Option<Watched>,
}

/// Runs all repetitions of a run, or as many as there is time for before it is stopped; none is no
/// run. `ideal` is what it could reach.
///
/// # Errors
/// When a run breaks off, or its latencies cannot be written. One whose account contradicts itself is
/// measured too; its certificate says so.
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
    let mut detail = Detail { theory: theory(run), ..Detail::default() };
    with.running.begin(setup.workload.tasks.saturating_mul(u64::from(setup.repetitions)));
    with.progress.begin(match setup.repetitions {
        1 => label.to_owned(),
        n => format!("{label} {n} reps"),
    });
    in_order(
        setup.repetitions,
        threads(run, with),
        || !with.running.stopped(),
        || with.running.give_up(),
        |repetition| {
            let control = with.running.repetition();
            let log = with.folder.filter(|_| with.record);
            let log = log.map(|log| log.file(&format!("{}_{repetition}.flight", run.name)));
            let watch = with.watch.filter(|_| repetition == 0);
            let at = (&*control, with.workers, with.serving);
            repeat(run, repetition, &shape, (folder, log.as_deref()), watch, at)
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
        imprecise: false,
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
    let mut outcome = run_once(run, (seed, steps), log, &mut recording, control, at)?;
    let services = errands.as_ref().map(Errands::recorded);
    let watched = recording.take_watched();
    let (recorder, written) = recording.finish();
    if let (Some(part), Err(error)) = (&part, written) {
        return Err(part.error(error));
    }
    let checks = checks(run, &recorder, &mut outcome);
    Ok(Ended { seed, recorder, outcome, checks, services, losses, rows: part, watched })
}

/// A quantile, in thousandths, of the end-to-end latency in the repetition of this seed; a task that did
/// not succeed is none that was in time. `None` if it was stopped.
///
/// # Errors
/// When the run breaks off.
pub(crate) fn end_to_end(
    run: &RunSpec,
    seed: u64,
    permille: u16,
    running: &Running,
) -> Result<Option<Span>, Error> {
    let failed = |source| Error::Report { run: run.name.clone(), source };
    let stages = &run.setup.workload.stages;
    let shape = Recording::<Vec<u8>>::shape(&run.setup.cluster, stages).map_err(failed)?;
    let mut recording = Recording::<Vec<u8>>::new(shape, stages, None);
    let outcome = run_once(run, (seed, None), None, &mut recording, &running.repetition(), None)?;
    let (recorder, _) = recording.finish();
    if outcome.partial {
        return Ok(None);
    }
    let quantile = recorder.latencies().end_to_end.quantiles([permille]);
    let late = recorder.failed_tasks() > 0;
    let found = quantile.filter(|_| !late).map(|[latency]| Span::from_nanos(latency.get()));
    Ok(Some(found.unwrap_or(Span::MAX)))
}

/// Runs one repetition where it is to run, and writes its flight log, if it is to have one. `workers` are
/// those of a cluster, with where the loss of one is told; who searches in virtual time has none.
fn run_once(
    run: &RunSpec,
    (seed, steps): (u64, Option<SharedSteps>),
    log: Option<&Path>,
    observer: &mut dyn Observer,
    control: &Control,
    mut workers: Option<(&Workers, &mut Vec<Loss>)>,
) -> Result<Outcome, Error> {
    let cluster = &run.setup.cluster;
    // A stream of its own: a policy that draws must not see the numbers that made its workload.
    let policy_seed = Stream::new(seed, Purpose::Policy, 0, 0).next_u64();
    let mut scheduler = run.policy.build(&cluster.spec, policy_seed);
    let ray = strategy(run);
    // Where Ray places the calls, the nodes of decisions are none to be checked.
    if !is_built_in(run) && ray.is_none() {
        scheduler = Box::new(Checked::new(&cluster.spec, run.policy.bind(), scheduler))
            as Box<dyn Scheduler>;
    }
    let faults = run.setup.faults.clone();
    let setup = RunSetup::new(cluster.clone(), run.setup.workload.clone(), seed);
    let setup = RunSetup { faults, steps, ..setup };
    let mut execute = |scheduler: &mut dyn Scheduler| {
        let outcome = match run.setup.environment {
            Environment::Sim | Environment::Local if ray.is_some() => {
                Err(RunError::Setup("there is no Ray here".to_owned()))
            }
            Environment::Sim => run_sim(&setup, scheduler, observer, control),
            Environment::Local => run_local(&setup, scheduler, observer, control),
            Environment::Cluster => match &mut workers {
                Some((workers, losses)) => {
                    workers.run((&setup, ray), scheduler, observer, control, losses)
                }
                None => Err(RunError::Setup("there are no workers here".to_owned())),
            },
        };
        outcome.map_err(|source| Error::Run { run: run.name.clone(), source })
    };
    // A guard judges inside of the view, by what the policy can know; a log is written outside, of what is true.
    let view = run.setup.view;
    let mut scheduler = StaleView::over(scheduler, view);
    let Some(path) = log else { return execute(&mut *scheduler) };
    let note = format!("{} of {}, seed {seed}", run.name, run.experiment);
    let header = Header::of(&run.policy, &cluster.spec, policy_seed, &note).with_view(view);
    let mut recorder = replay::record(path, scheduler, &header)?;
    let outcome = execute(&mut recorder);
    replay::finish(path, recorder)?;
    outcome
}

/// Built-in policies are proved by the tests of their crate, and are spared the cost of a check.
pub(super) fn is_built_in(run: &RunSpec) -> bool {
    let registry = Registry::builtin();
    let built_in = registry.get(run.policy.name());
    built_in.is_some_and(|info| info.summary() == run.policy.info().summary())
}
