//! All runs of a spec, in order, and everything that is written about them.
//!
//! A folder is claimed before the first run starts. Whatever ends the command early, an
//! interrupt or a run that breaks off, what was measured until then is written and marked
//! partial.

use super::certify::require_sound;
use super::chapter::{Chapter, write_chapters};
use super::measure::{Measured, rows};
use super::passes::{Passes, run_all};
use super::running::Running;
use super::serving::Serving;
use super::workers::Workers;
use crate::expect::{Verdict, judge};
use crate::interrupt::stop_on_signals;
use crate::output::{Folder, Home, plan_output, write_file};
use crate::provenance::Circumstances;
use crate::report::{Comparison, PAGE, columns, document, expectations};
use crate::spec::{RunSpec, Spec};
use crate::{Error, Exit};
use metrics::DEFAULT_ROW_LIMIT;
use metrics::report::RunReport;
use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use terminal_size::terminal_size_of;

/// What is common to all runs of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Experiment {
    /// What it is called for a person.
    pub title: String,
    /// How the program is started, as in `cargo run --release -p exp2 --`.
    pub command: String,
    /// The arguments that it was given.
    pub arguments: Vec<String>,
    /// Where results go if no folder is named.
    pub home: Home,
    /// Rows of latencies of single tasks that all runs together may write; `None`: each run up to a
    /// million.
    pub rows: Option<u64>,
}

/// What is written and printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The folder for the results.
    pub output: Option<PathBuf>,
    /// One JSON document on stdout, everything else on stderr.
    pub json: bool,
    /// Draw PNGs.
    pub plots: bool,
    /// Write the latencies of every task, however many there are.
    pub all_latencies: bool,
    /// Write a flight log of every repetition.
    pub record: bool,
    /// Where the workers of runs on a cluster come from.
    pub workers: Workers,
}

/// Runs all of a spec and writes the results.
///
/// # Errors
/// With nothing written: when the folder cannot be used. Else when a run breaks off or a file
/// cannot be written, and what was finished before is there, marked partial; or when the account of
/// a run contradicts itself, and everything is there, marked broken. An expectation that does
/// not hold is no error but [`Exit::Failed`].
pub fn execute(experiment: &Experiment, spec: &Spec, options: &Options) -> Result<Exit, Error> {
    execute_with(experiment, spec, options, &mut ())
}

/// What an experiment does of its own.
pub trait Own {
    /// Makes the spec that is run of the one that was asked for. `None` if it was stopped.
    ///
    /// # Errors
    /// When that cannot be; nothing has been written yet.
    fn prepare(&mut self, spec: &Spec, running: &Running) -> Result<Option<Spec>, Error> {
        let _ = running;
        Ok(Some(spec.clone()))
    }

    /// What it tells of its runs, beside what is told of all runs. Of an interrupted experiment, `runs`
    /// are those that there are.
    ///
    /// # Errors
    /// When a picture cannot be made.
    fn chapters(&self, runs: &[Measured]) -> Result<Vec<Chapter>, Error> {
        let _ = runs;
        Ok(Vec::new())
    }
}

/// Nothing.
impl Own for () {}

/// The same, with what the experiment does of its own.
///
/// # Errors
/// As [`execute`].
pub fn execute_with(
    experiment: &Experiment,
    spec: &Spec,
    options: &Options,
    own: &mut dyn Own,
) -> Result<Exit, Error> {
    let plan = plan_output(options.output.as_deref(), &experiment.home)?;
    options.workers.check(&spec.runs(), options.record)?;
    let running = Arc::new(Running::default());
    stop_on_signals(Arc::clone(&running))?;
    let circumstances = Circumstances::of_this_process();
    let Some(spec) = &own.prepare(spec, &running)? else {
        eprintln!("Nothing was measured, and nothing is written.");
        return Ok(Exit::Interrupted);
    };
    let Some(serving) = &Serving::start(&spec.runs(), &running)? else {
        eprintln!("Nothing was measured, and nothing is written.");
        return Ok(Exit::Interrupted);
    };
    let yaml = spec.to_yaml().map_err(|error| Error::Usage(error.to_string()))?;
    let folder = plan.claim(&yaml)?;
    if let Some(warning) = circumstances.build().warning() {
        eprintln!("{warning}");
    }
    let specs = spec.runs();
    let most_rows = most_rows(&specs, experiment, options);
    let Passes { runs, broken, cut } =
        run_all(&specs, (most_rows, options, serving), &circumstances, &running, &folder);
    let planned = specs.len();
    let judged = judge(&spec.expect, &runs);
    let chapters = if runs.is_empty() { Vec::new() } else { own.chapters(&runs)? };
    let comparison = Comparison {
        experiment: &spec.name,
        title: &experiment.title,
        runs: &runs,
        expectations: &judged,
        chapters: &chapters,
        incomplete: incomplete(&runs, planned, cut, broken.as_ref()),
        circumstances: &circumstances,
        spec: &yaml,
        command: experiment.command.clone(),
        arguments: experiment.arguments.clone(),
    };
    // Files about nothing would only look like a run; and where writing failed, the first failure is
    // the one to report.
    if !runs.is_empty() {
        let written = write_comparison(&comparison, &folder, options);
        print(&comparison, &folder, options);
        if broken.is_none() {
            written?;
        }
    } else if broken.is_none() {
        eprintln!("Nothing was measured; {} holds the spec alone.", folder.path().display());
    }
    match broken.map_or_else(|| require_sound(&runs), Err) {
        Err(error) => Err(error),
        Ok(()) if comparison.incomplete.is_some() => Ok(Exit::Interrupted),
        Ok(()) if judged.iter().any(|it| it.verdict != Verdict::Holds) => Ok(Exit::Failed),
        Ok(()) => Ok(Exit::Done),
    }
}

/// Rows above which a run's latencies of single tasks are not written. If all runs share a bound,
/// the small ones go first, and runs of one size are all written or none is.
fn most_rows(runs: &[RunSpec], experiment: &Experiment, options: &Options) -> u64 {
    let bound = match experiment.rows {
        _ if options.all_latencies => return u64::MAX,
        Some(bound) => bound,
        None => return DEFAULT_ROW_LIMIT,
    };
    let mut sizes: Vec<u64> = runs.iter().map(rows).collect();
    sizes.sort_unstable();
    let (mut sum, mut most) = (0_u64, 0);
    for size in sizes.chunk_by(|a, b| a == b) {
        sum = size.iter().fold(sum, |sum, rows| sum.saturating_add(*rows));
        if sum > bound {
            break;
        }
        most = size[0];
    }
    most.min(DEFAULT_ROW_LIMIT)
}

fn write_comparison(
    comparison: &Comparison<'_>,
    folder: &Folder,
    options: &Options,
) -> Result<(), Error> {
    let name = comparison.experiment;
    let file = |ending: &str| folder.file(&format!("{name}_comparison.{ending}"));
    write_file(&file("txt"), comparison.text(PAGE).as_bytes())?;
    write_file(&file("csv"), &comparison.csv()?)?;
    write_file(&file("json"), pretty(&comparison.json()).as_bytes())?;
    write_chapters(comparison, folder, options.plots)?;
    write_file(&folder.file("report.html"), comparison.page().as_bytes())?;
    write_file(&folder.file("trace.json"), &comparison.trace())?;
    if options.plots { draw(comparison, folder) } else { Ok(()) }
}

/// Draws in a folder beside, so that pictures too are whole or not there.
fn draw(comparison: &Comparison<'_>, folder: &Folder) -> Result<(), Error> {
    let aside = folder.file("pictures.part");
    fs::create_dir_all(&aside).map_err(|error| Error::write(&aside, error))?;
    let reports: Vec<RunReport> = comparison.runs.iter().map(|run| run.report.clone()).collect();
    let title = match comparison.incomplete {
        Some(_) => format!("{} (partial)", comparison.title),
        None => comparison.title.to_owned(),
    };
    let drawn = viz::render_all(&aside, comparison.experiment, &title, &reports);
    let placed = drawn.map_err(Error::from).and_then(|pictures| {
        for picture in pictures {
            let name = picture.file_name().unwrap_or_default();
            let place = folder.path().join(name);
            fs::rename(&picture, &place).map_err(|error| Error::write(&place, error))?;
        }
        Ok(())
    });
    let removed = fs::remove_dir_all(&aside).map_err(|error| Error::write(&aside, error));
    placed.and(removed)
}

fn print(comparison: &Comparison<'_>, folder: &Folder, options: &Options) {
    let place =
        format!("Results: {} (report.html tells them on one page)\n", folder.path().display());
    let text = if options.json {
        eprint!("{}{place}", expectations(comparison.expectations, PAGE));
        pretty(&document(comparison))
    } else {
        let terminal = terminal_size_of(io::stdout()).map(|(width, _)| width.0);
        format!("\n{}\n{place}", comparison.text(columns(terminal)))
    };
    if let Err(error) = io::stdout().write_all(text.as_bytes())
        && error.kind() != ErrorKind::BrokenPipe
    {
        eprintln!("cannot print the results: {error}");
    }
}

/// Why there is not everything that was asked for.
fn incomplete(
    runs: &[Measured],
    planned: usize,
    cut: bool,
    broken: Option<&Error>,
) -> Option<String> {
    let done = runs.iter().filter(|run| !run.report.metrics.partial).count();
    let why = match broken {
        Some(error) => error.to_string(),
        None if done < planned => "interrupted".to_owned(),
        None if cut => "interrupted before all were as precise as asked for".to_owned(),
        None => return None,
    };
    Some(format!("{done} of {planned} runs are complete; {why}"))
}

pub(super) fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sched_core::Registry;

    #[test]
    fn rows_in_common_go_to_the_small_runs_first() {
        let yaml = "cluster: {nodes: 1, slots: 1}\nworkload: {tasks: 10, arrivals: batch}\n\
                    pipeline: {stages: [{name: a, service: {constant: 1ms}}]}\nschedulers: [fifo]\n\
                    configurations:\n  a: {workload: {tasks: 600}}\n  b: {workload: {tasks: 30}}\n  \
                    c: {workload: {tasks: 300}, repetitions: 2}\n  d: {workload: {tasks: 7}}\n";
        let runs = Spec::parse(yaml, "test", &Registry::builtin()).unwrap().runs();
        let most = |bound: Option<u64>, all: bool| {
            let home = Home::Results { name: "x".into() };
            let (title, command) = (String::new(), String::new());
            let experiment = Experiment { title, command, arguments: vec![], home, rows: bound };
            let (output, json, plots, record) = (None, false, false, false);
            let workers = Workers::new(None).unwrap();
            let options = Options { output, json, plots, all_latencies: all, record, workers };
            most_rows(&runs, &experiment, &options)
        };
        assert_eq!(most(None, false), DEFAULT_ROW_LIMIT);
        assert_eq!(most(Some(5), true), u64::MAX);
        // 7, 30, and two runs of 600, of which both are written or none.
        let bounds = [6, 36, 37, 1_236, 1_237, 9_999_999];
        assert_eq!(bounds.map(|bound| most(Some(bound), false)), [0, 7, 30, 30, 600, 600]);
    }
}
