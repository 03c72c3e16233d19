//! `sage validate`: whether virtual and real time agree.
//!
//! Each run of a spec is run in virtual time, in real time in this process and in real time on worker
//! processes, with the same seeds and so with the same arrivals and service times, and its measures are put
//! side by side. Throughput and mean latency have a tolerance. What is left between them is what a simulation
//! leaves out: the cost of the dispatcher, timers, sockets, other processes of the machine. Nothing is written
//! unless a folder is named.

use crate::interrupt::stop_on_signals;
use crate::output::{Folder, plan_output, write_file};
use crate::progress::Progress;
use crate::provenance::Circumstances;
use crate::report::number;
use crate::report::table::{Table, wrapped};
use crate::run::workers::strategy;
use crate::run::{Context, Measured, Running, Serving, measure, require_sound};
use crate::spec::{Environment, RunSpec, Spec, Work};
use crate::{Error, Exit, Experiment, Options, Workers};
use metrics::report::{Measures, SCHEMA_VERSION};
use pipeline::model::ServiceLaw;
use sched_core::Span;
use serde_json::{Value, json};
use std::io::{self, ErrorKind, Write as _};
use std::sync::Arc;

/// Columns of a page.
const PAGE: usize = 100;
/// Relative distance that is allowed between the two throughputs.
const THROUGHPUT: f64 = 0.03;
/// The same of mean end-to-end latencies.
const LATENCY: f64 = 0.05;

type Take = fn(&Measures) -> Option<f64>;

/// What is put side by side: key, name, tolerance, value.
const MEASURES: [(&str, &str, Option<f64>, Take); 8] = [
    ("throughput_tasks_per_sec", "tasks/s", Some(THROUGHPUT), |m| m.throughput_tasks_per_sec),
    ("avg_latency_ms", "mean latency, ms", Some(LATENCY), |m| m.avg_latency_ms),
    ("p50_latency_ms", "p50, ms", None, |m| m.p50_latency_ms),
    ("p95_latency_ms", "p95, ms", None, |m| m.p95_latency_ms),
    ("p99_latency_ms", "p99, ms", None, |m| m.p99_latency_ms),
    ("avg_wait_ms", "mean wait, ms", None, |m| m.latency_ms.wait.mean),
    ("avg_execution_latency_ms", "mean execution, ms", None, |m| m.avg_execution_latency_ms),
    ("node_utilization", "utilisation", None, |m| m.node_utilization),
];

/// One measure in virtual time and in each real one.
#[derive(Clone, PartialEq, Debug)]
struct Line {
    key: &'static str,
    name: &'static str,
    tolerance: Option<f64>,
    sim: Option<f64>,
    real: Vec<Option<f64>>,
}

/// A run in all of them.
#[derive(Clone, PartialEq, Debug)]
struct Agreement {
    run: String,
    partial: bool,
    real: Vec<Environment>,
    lines: Vec<Line>,
}

/// Runs a spec in virtual time and in these real ones, and compares each with the first. [`Exit::Failed`] if
/// a measure is outside of its tolerance.
///
/// # Errors
/// With nothing run or written, when the spec has something that only one of them has, workers are not
/// there, or the folder cannot be used; else when a run breaks off, contradicts itself, or a file cannot be
/// written.
pub fn validate(
    experiment: &Experiment,
    spec: &Spec,
    real: &[Environment],
    options: &Options,
) -> Result<Exit, Error> {
    let runs = spec.runs();
    runs.iter().try_for_each(possible)?;
    for environment in real {
        let all: Vec<RunSpec> = runs.iter().map(|run| run_in(run, *environment)).collect();
        options.workers.check(&all, false)?;
    }
    let folder = match options.output.as_deref() {
        Some(path) => {
            let plan = plan_output(Some(path), &experiment.home)?;
            let yaml = spec.to_yaml().map_err(|error| Error::Usage(error.to_string()))?;
            Some(plan.claim(&yaml)?)
        }
        None => None,
    };
    let running = Arc::new(Running::default());
    stop_on_signals(Arc::clone(&running))?;
    let circumstances = Circumstances::of_this_process();
    if let Some(warning) = circumstances.build().warning() {
        eprintln!("{warning}");
    }
    let agreements = measure_all(&runs, real, &circumstances, &running, &options.workers)?;
    let text = text(&agreements);
    let document = document(&spec.name, &agreements);
    if let Some(folder) = folder {
        write(&folder, &spec.name, &text, &document)?;
    }
    print(if options.json { &document } else { &text });
    Ok(match (running.stopped(), agreements.iter().all(Agreement::holds)) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Done,
        (false, false) => Exit::Failed,
    })
}

fn run_in(run: &RunSpec, environment: Environment) -> RunSpec {
    let mut run = run.clone();
    run.setup.environment = environment;
    run
}

/// Whether a run can be in all of them.
fn possible(run: &RunSpec) -> Result<(), Error> {
    let setup = &run.setup;
    let what = if setup.work() != Work::Emulated {
        "does real work, which virtual time cannot hold; let its stages emulate"
    } else if !setup.faults.is_none() {
        "has `faults`, which no node in this process can have; remove them"
    } else if setup.cluster.network != ServiceLaw::Constant(Span::ZERO) {
        "has a `network`, which exists in virtual time only; remove it"
    } else if strategy(run).is_some() {
        "leaves the placement to Ray, which is not in all of them"
    } else {
        return Ok(());
    };
    Err(Error::Usage(format!("run `{}` {what}", run.name)))
}

/// As far as there is time for.
fn measure_all(
    runs: &[RunSpec],
    real: &[Environment],
    circumstances: &Circumstances,
    running: &Arc<Running>,
    workers: &Workers,
) -> Result<Vec<Agreement>, Error> {
    let progress = &Progress::start(running)?;
    let (most_rows, record) = (0, false);
    let (folder, watch, serving) = (None, None, &Serving::default());
    let with = Context {
        folder,
        circumstances,
        running,
        progress,
        most_rows,
        record,
        watch,
        workers,
        serving,
    };
    let mut agreements = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        if running.stopped() {
            break;
        }
        let timed = |environment: Environment| {
            let label = format!("[{}/{}] {} {environment}", i + 1, runs.len(), run.name);
            measure(&run_in(run, environment), &label, None, &with)
        };
        let all = [Environment::Sim].iter().chain(real).map(|environment| timed(*environment));
        // None of a run that was interrupted.
        let Some(all) = all.collect::<Result<Option<Vec<Measured>>, Error>>()? else { break };
        if let Some(error) = all.iter().find_map(Measured::broken_off) {
            return Err(error);
        }
        require_sound(&all)?;
        let agreement = Agreement::of(&all, real);
        progress.finished(&format!("[{}/{}] {}", i + 1, runs.len(), run.name));
        agreements.push(agreement);
    }
    Ok(agreements)
}

impl Agreement {
    /// `all`: first in virtual time, then in each of `real`.
    fn of(all: &[Measured], real: &[Environment]) -> Agreement {
        let line = |&(key, name, tolerance, take): &(_, _, _, Take)| {
            let mut values = all.iter().map(|run| take(&run.report.metrics));
            let sim = values.next().flatten();
            Line { key, name, tolerance, sim, real: values.collect() }
        };
        Agreement {
            run: all.first().map(|run| run.report.name.clone()).unwrap_or_default(),
            partial: all.iter().any(|run| run.report.metrics.partial),
            real: real.to_vec(),
            lines: MEASURES.iter().map(line).collect(),
        }
    }

    fn holds(&self) -> bool {
        self.lines.iter().all(Line::holds)
    }
}

impl Line {
    /// How far the simulated value is from a real one, relative to that.
    fn gap(&self, real: Option<f64>) -> Option<f64> {
        let (sim, real) = (self.sim?, real?);
        (real > 0.0).then(|| sim / real - 1.0)
    }

    /// Whether it is within its tolerance of this one. What was not measured cannot be.
    fn within(&self, real: Option<f64>) -> bool {
        let within = |tolerance| self.gap(real).is_some_and(|gap| gap.abs() <= tolerance);
        self.tolerance.is_none_or(within)
    }

    fn holds(&self) -> bool {
        self.real.iter().all(|real| self.within(*real))
    }
}

fn text(agreements: &[Agreement]) -> String {
    let percent = |share: f64| format!("{} %", number::fixed(Some(share * 100.0), 2));
    let mut text = String::from("Virtual against real time\n");
    for agreement in agreements {
        let names: Vec<String> = agreement.real.iter().map(ToString::to_string).collect();
        let mut head = vec![agreement.run.as_str(), "sim"];
        names.iter().for_each(|name| head.extend([name.as_str(), "gap"]));
        head.extend(["allowed", ""]);
        let mut table = Table::new(&head);
        for line in &agreement.lines {
            let mut row = vec![line.name.to_owned(), number::digits_of(line.sim, 4)];
            for real in &line.real {
                row.push(number::digits_of(*real, 4));
                row.push(line.gap(*real).map_or("-".to_owned(), percent));
            }
            row.push(line.tolerance.map_or_else(String::new, |it| format!("±{}", percent(it))));
            let outside = names.iter().zip(&line.real).filter(|(_, real)| !line.within(**real));
            let outside: Vec<&str> = outside.map(|(name, _)| name.as_str()).collect();
            row.push(match outside[..] {
                [] => String::new(),
                _ => format!("OUTSIDE: {}", outside.join(", ")),
            });
            table.row(row);
        }
        text.push_str(&format!("\n{}", table.render(PAGE)));
        if agreement.partial {
            text.push_str("PARTIAL: interrupted\n");
        }
    }
    let within = agreements.iter().filter(|agreement| agreement.holds()).count();
    let verdict = format!(
        "{within} of {} runs agree within the tolerances. gap: sim ÷ the value before it − 1; the same \
         arrivals and service times everywhere.",
        agreements.len()
    );
    format!("{text}\n{}", wrapped(&verdict, PAGE, ""))
}

fn document(name: &str, agreements: &[Agreement]) -> String {
    let measure = |agreement: &Agreement, line: &Line| {
        let mut measure = json!({
            "measure": line.key,
            "sim": line.sim,
            "tolerance": line.tolerance,
            "within": line.tolerance.map(|_| line.holds()),
        });
        for (environment, real) in agreement.real.iter().zip(&line.real) {
            measure[environment.to_string()] = json!({ "value": real, "gap": line.gap(*real) });
        }
        measure
    };
    let runs: Vec<Value> = agreements
        .iter()
        .map(|it| {
            json!({
                "name": it.run,
                "within": it.holds(),
                "partial": it.partial,
                "measures": it.lines.iter().map(|line| measure(it, line)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let all = json!({ "schema_version": SCHEMA_VERSION, "experiment": name, "runs": runs });
    format!("{all:#}\n")
}

fn write(folder: &Folder, name: &str, text: &str, document: &str) -> Result<(), Error> {
    write_file(&folder.file(&format!("{name}_validation.txt")), text.as_bytes())?;
    write_file(&folder.file(&format!("{name}_validation.json")), document.as_bytes())
}

fn print(text: &str) {
    if let Err(error) = io::stdout().write_all(text.as_bytes())
        && error.kind() != ErrorKind::BrokenPipe
    {
        eprintln!("cannot print the results: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(tolerance: Option<f64>, sim: Option<f64>, real: &[Option<f64>]) -> Line {
        Line { key: "k", name: "n", tolerance, sim, real: real.to_vec() }
    }

    #[test]
    fn a_gap_is_held_against_its_tolerance() {
        let within = |sim, local| line(Some(0.03), sim, &[Some(sim.unwrap_or(1.0)), local]).holds();
        assert!(within(Some(102.9), Some(100.0)) && within(Some(97.1), Some(100.0)));
        assert!(!within(Some(103.1), Some(100.0)) && !within(Some(96.9), Some(100.0)));
        assert!(!within(None, Some(100.0)) && !within(Some(1.0), None));
        assert!(line(None, Some(1.0), &[Some(9.0)]).holds(), "no tolerance, no judgement");
    }

    #[test]
    fn what_is_outside_is_named_in_text_and_document() {
        let lines = vec![line(Some(0.03), Some(2.0), &[Some(2.0), Some(1.0)])];
        let real = vec![Environment::Local, Environment::Cluster];
        let outside = Agreement { run: "fifo".into(), partial: false, real, lines };
        let text = text(std::slice::from_ref(&outside));
        assert!(text.contains("100.00 %  ±3.00 %  OUTSIDE: cluster\n"), "{text}");
        assert!(text.contains("0 of 1 runs agree"), "{text}");
        let document: Value = serde_json::from_str(&document("x", &[outside])).unwrap();
        let measure = &document["runs"][0]["measures"][0];
        assert_eq!((&measure["within"], &measure["sim"]), (&false.into(), &2.0.into()));
        assert_eq!(
            (&measure["local"]["gap"], &measure["cluster"]["gap"]),
            (&0.0.into(), &1.0.into())
        );
    }
}
