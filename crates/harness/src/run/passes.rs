//! The runs of a spec in their order, each as often as it is to be repeated.
//!
//! Where a precision decides how often, the runs of a configuration are repeated together, so that
//! they have the same seeds and can be paired: a pass with as many repetitions as the next look
//! needs, and another one until all are precise. A pass begins anew; looks that would come far too
//! early are passed over, and so it seldom costs more than the last pass alone.

use super::experiment::Options;
use super::ideal::{Ideal, ideal};
use super::measure::{Context, Measured, measure};
use super::running::Running;
use super::serving::Serving;
use crate::Error;
use crate::expect::needed;
use crate::output::{Folder, write_file};
use crate::progress::Progress;
use crate::provenance::Circumstances;
use crate::report::{number, summary};
use crate::spec::{RunSpec, Until};
use metrics::report::RunReport;
use std::fs;
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// Calls in a trace, over all runs: some 5 MB, which a viewer opens at once.
const TRACED_CALLS: usize = 20_000;

/// What came of the runs of a spec.
#[derive(Debug, Default)]
pub(super) struct Passes {
    /// In the order of the spec; a run that broke off or was not begun is missing.
    pub(super) runs: Vec<Measured>,
    /// What ended it before all were done.
    pub(super) broken: Option<Error>,
    /// Whether an interrupt left runs that would have been repeated more often.
    pub(super) cut: bool,
}

/// Runs until the end, an interrupt, or an error, and writes what is about one run alone.
pub(super) fn run_all(
    runs: &[RunSpec],
    (most_rows, options, serving): (u64, &Options, &Serving),
    circumstances: &Circumstances,
    running: &Arc<Running>,
    folder: &Folder,
) -> Passes {
    let mut passes = Passes::default();
    let progress = match Progress::start(running) {
        Ok(progress) => progress,
        Err(error) => return Passes { broken: Some(error), ..passes },
    };
    let progress = &progress;
    // All runs together have one trace, so that its size does not follow their number.
    let watch = Some(TRACED_CALLS / runs.len().max(1));
    let with = Context {
        folder: Some(folder),
        circumstances,
        running,
        progress,
        most_rows,
        record: options.record,
        watch,
        workers: &options.workers,
        serving,
    };
    // Policies of one configuration have one ideal.
    let mut known: Option<(&RunSpec, Option<Ideal>)> = None;
    let together = runs.chunk_by(|one, other| one.configuration == other.configuration);
    for (begun, runs_of) in together.scan(0, |begun, of| {
        *begun += of.len();
        Some((*begun - of.len(), of))
    }) {
        if running.stopped() {
            break;
        }
        let best = match known.filter(|(before, _)| before.setup == runs_of[0].setup) {
            Some((_, best)) => best,
            None => ideal(&runs_of[0].setup),
        };
        known = Some((&runs_of[0], best));
        let label = |i: usize| format!("[{}/{}] {}", begun + i + 1, runs.len(), runs_of[i].name);
        let done = configuration(runs_of, best, label, &with, folder);
        passes.runs.extend(done.runs);
        passes.cut |= done.cut;
        if done.broken.is_some() {
            return Passes { broken: done.broken, ..passes };
        }
    }
    passes
}

/// The runs of one configuration, repeated together.
fn configuration(
    runs: &[RunSpec],
    ideal: Option<Ideal>,
    label: impl Fn(usize) -> String,
    with: &Context<'_>,
    folder: &Folder,
) -> Passes {
    let until = runs[0].setup.until;
    let mut repetitions = until.map_or(runs[0].setup.repetitions, |until| until.first());
    let mut before: Vec<Measured> = Vec::new();
    loop {
        let mut pass = Vec::with_capacity(runs.len());
        let mut broken = None;
        for (i, run) in runs.iter().enumerate() {
            if with.running.stopped() {
                break;
            }
            let mut run = run.clone();
            run.setup.repetitions = repetitions;
            match one(&run, &label(i), ideal, with, folder) {
                Ok(Some(run)) => {
                    broken = run.broken_off();
                    pass.push(run);
                    if broken.is_some() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
        let ended = pass.len() < runs.len() || pass.iter().any(|run| run.report.metrics.partial);
        if ended {
            // What was not repeated once more is there as it was.
            let cut = broken.is_none() && !before.is_empty();
            pass.extend(before.into_iter().skip(pass.len()));
            return Passes { runs: pass, broken, cut };
        }
        match until.and_then(|until| more(&pass, until, repetitions)) {
            None => {
                let broken = until.and_then(|until| imprecise(&mut pass, until, folder).err());
                return Passes { runs: pass, broken, cut: false };
            }
            Some(_) if with.running.stopped() => {
                return Passes { runs: pass, broken: None, cut: true };
            }
            Some(next) => (repetitions, before) = (next, pass),
        }
    }
}

/// The repetitions of the next pass; none if all runs are precise, or there were the most.
fn more(pass: &[Measured], until: Until, done: u32) -> Option<u32> {
    let looks = pass.iter().map(|run| needed(&run.report.metrics, done, until.percent));
    let open: Vec<f64> = looks.filter_map(Result::err).collect();
    let most = open.iter().copied().fold(f64::NAN, f64::max); // of NaN and a number the number
    if open.is_empty() { None } else { until.next(done, most) }
}

/// Notes in the runs that are not precise enough after the most repetitions that they are not.
fn imprecise(pass: &mut [Measured], until: Until, folder: &Folder) -> Result<(), Error> {
    for run in pass {
        let metrics = &mut run.report.metrics;
        let done = metrics.repetitions;
        let Err(wanted) = needed(metrics, done, until.percent) else { continue };
        let enough = match wanted.is_finite() {
            true => format!(": about {} would be needed", number::count(wanted.ceil() as u64)),
            false => String::new(),
        };
        metrics.notes.push(format!(
            "Not as precise as asked for: after {done} repetitions, the most allowed, the 95 % intervals \
             of throughput, mean latency and p99 are not all within ± {} %{enough}.",
            until.percent
        ));
        write_run(run, folder)?;
    }
    Ok(())
}

/// Measures one run and writes its files; none if it was stopped before its first repetition.
fn one(
    run: &RunSpec,
    label: &str,
    ideal: Option<Ideal>,
    with: &Context<'_>,
    folder: &Folder,
) -> Result<Option<Measured>, Error> {
    // Of a pass with fewer repetitions: this one may have too many to write them.
    let rows = folder.file(&format!("{}_latencies.csv", run.name));
    match fs::remove_file(&rows) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Error::write(&rows, error));
        }
        _ => {}
    }
    let Some(measured) = measure(run, label, ideal, with)? else { return Ok(None) };
    write_run(&measured, folder)?;
    with.progress.finished(&finished(label, &measured.report));
    Ok(Some(measured))
}

fn write_run(run: &Measured, folder: &Folder) -> Result<(), Error> {
    let name = &run.report.name;
    let path = folder.file(&format!("{name}_metrics.json"));
    let json = serde_json::to_value(&run.report)
        .map_err(|error| Error::write(&path, io::Error::other(error)))?;
    write_file(&path, format!("{json:#}\n").as_bytes())?;
    write_file(&folder.file(&format!("{name}_summary.txt")), summary(run).as_bytes())
}

/// `[3/14] policies_fifo: 200 of 200 tasks, 512.3 tasks/s`
fn finished(label: &str, report: &RunReport) -> String {
    let metrics = &report.metrics;
    let rate = metrics.throughput_tasks_per_sec.map_or("-".to_owned(), number::short);
    format!(
        "{label}: {} of {} tasks, {rate} tasks/s{}",
        number::count(metrics.successful_tasks),
        number::count(metrics.total_tasks),
        if metrics.partial { " (partial)" } else { "" }
    )
}
