//! `sage validate`: whether virtual and real time agree.
//!
//! Each run of a spec is run in both, with the same seeds and so with the same arrivals and service
//! times, and its measures are put side by side. Throughput and mean latency have a
//! tolerance. What is left between the two is what a simulation leaves out: the cost of the
//! dispatcher, timers, other processes of the machine. Nothing is written unless a folder is
//! named.

use crate::interrupt::stop_on_signals;
use crate::output::{Folder, plan_output, write_file};
use crate::progress::Progress;
use crate::provenance::Circumstances;
use crate::report::number;
use crate::report::table::{Table, wrapped};
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

/// One measure in both times.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Pair {
    key: &'static str,
    name: &'static str,
    tolerance: Option<f64>,
    sim: Option<f64>,
    local: Option<f64>,
}

/// A run in both times.
#[derive(Clone, PartialEq, Debug)]
struct Agreement {
    run: String,
    partial: bool,
    pairs: Vec<Pair>,
}

/// Runs a spec in virtual and in real time and compares the two. [`Exit::Failed`] if a measure is
/// outside of its tolerance.
///
/// # Errors
/// With nothing run or written, when the spec has something that only one of the two has, or the
/// folder cannot be used; else when a run breaks off, contradicts itself, or a file cannot be
/// written.
pub fn validate(experiment: &Experiment, spec: &Spec, options: &Options) -> Result<Exit, Error> {
    let runs = spec.runs();
    runs.iter().try_for_each(possible)?;
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
    let agreements = measure_all(&runs, &circumstances, &running, &options.workers)?;
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

/// Whether a run can be in both times.
fn possible(run: &RunSpec) -> Result<(), Error> {
    let setup = &run.setup;
    let what = if setup.work() != Work::Emulated {
        "does real work, which virtual time cannot hold; let its stages emulate"
    } else if !setup.faults.is_none() {
        "has `faults`, which exist in virtual time only; remove them"
    } else if setup.cluster.network != ServiceLaw::Constant(Span::ZERO) {
        "has a `network`, which exists in virtual time only; remove it"
    } else {
        return Ok(());
    };
    Err(Error::Usage(format!("run `{}` {what}", run.name)))
}

/// As far as there is time for.
fn measure_all(
    runs: &[RunSpec],
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
            let mut run = run.clone();
            run.setup.environment = environment;
            let label = format!("[{}/{}] {} {environment}", i + 1, runs.len(), run.name);
            measure(&run, &label, None, &with)
        };
        let (Some(sim), Some(local)) = (timed(Environment::Sim)?, timed(Environment::Local)?)
        else {
            break;
        };
        require_sound([&sim, &local])?;
        let agreement = Agreement::of(&sim, &local);
        progress.finished(&format!("[{}/{}] {}", i + 1, runs.len(), run.name));
        agreements.push(agreement);
    }
    Ok(agreements)
}

impl Agreement {
    fn of(sim: &Measured, local: &Measured) -> Agreement {
        let [sim, local] = [sim, local].map(|run| &run.report);
        let pair = |&(key, name, tolerance, take): &(_, _, _, Take)| {
            let (sim, local) = (take(&sim.metrics), take(&local.metrics));
            Pair { key, name, tolerance, sim, local }
        };
        Agreement {
            run: sim.name.clone(),
            partial: sim.metrics.partial || local.metrics.partial,
            pairs: MEASURES.iter().map(pair).collect(),
        }
    }

    fn holds(&self) -> bool {
        self.pairs.iter().all(Pair::holds)
    }
}

impl Pair {
    /// How far the simulated value is from the real one, relative to that.
    fn gap(&self) -> Option<f64> {
        let (sim, local) = (self.sim?, self.local?);
        (local > 0.0).then(|| sim / local - 1.0)
    }

    /// Whether it is within its tolerance. What was not measured cannot be.
    fn holds(&self) -> bool {
        let within = |tolerance| self.gap().is_some_and(|gap| gap.abs() <= tolerance);
        self.tolerance.is_none_or(within)
    }
}

fn text(agreements: &[Agreement]) -> String {
    let percent = |share: f64| format!("{} %", number::fixed(Some(share * 100.0), 2));
    let mut text = String::from("Virtual against real time\n");
    for agreement in agreements {
        let mut table = Table::new(&[&agreement.run, "sim", "local", "gap", "allowed", ""]);
        for pair in &agreement.pairs {
            table.row(vec![
                pair.name.to_owned(),
                number::digits_of(pair.sim, 4),
                number::digits_of(pair.local, 4),
                pair.gap().map_or("-".to_owned(), percent),
                pair.tolerance.map_or_else(String::new, |allowed| format!("±{}", percent(allowed))),
                if pair.holds() { String::new() } else { "OUTSIDE".to_owned() },
            ]);
        }
        text.push_str(&format!("\n{}", table.render(PAGE)));
        if agreement.partial {
            text.push_str("PARTIAL: interrupted\n");
        }
    }
    let within = agreements.iter().filter(|agreement| agreement.holds()).count();
    let verdict = format!(
        "{within} of {} runs agree within the tolerances. gap: sim ÷ local − 1; the same arrivals \
         and service times in both.",
        agreements.len()
    );
    format!("{text}\n{}", wrapped(&verdict, PAGE, ""))
}

fn document(name: &str, agreements: &[Agreement]) -> String {
    let pair = |pair: &Pair| {
        json!({
            "measure": pair.key,
            "sim": pair.sim,
            "local": pair.local,
            "gap": pair.gap(),
            "tolerance": pair.tolerance,
            "within": pair.tolerance.map(|_| pair.holds()),
        })
    };
    let runs: Vec<Value> = agreements
        .iter()
        .map(|it| {
            json!({
                "name": it.run,
                "within": it.holds(),
                "partial": it.partial,
                "measures": it.pairs.iter().map(pair).collect::<Vec<_>>(),
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

    fn pair(tolerance: Option<f64>, sim: Option<f64>, local: Option<f64>) -> Pair {
        Pair { key: "k", name: "n", tolerance, sim, local }
    }

    #[test]
    fn a_gap_is_held_against_its_tolerance() {
        let within = |sim, local| pair(Some(0.03), sim, local).holds();
        assert!(within(Some(102.9), Some(100.0)) && within(Some(97.1), Some(100.0)));
        assert!(!within(Some(103.1), Some(100.0)) && !within(Some(96.9), Some(100.0)));
        assert!(!within(None, Some(100.0)) && !within(Some(1.0), None));
        assert!(pair(None, Some(1.0), Some(9.0)).holds(), "no tolerance, no judgement");
    }

    #[test]
    fn what_is_outside_is_named_in_text_and_document() {
        let pairs = vec![pair(Some(0.03), Some(2.0), Some(1.0))];
        let outside = Agreement { run: "fifo".into(), partial: false, pairs };
        let text = text(std::slice::from_ref(&outside));
        assert!(text.contains("100.00 %  ±3.00 %  OUTSIDE"), "{text}");
        assert!(text.contains("0 of 1 runs agree"), "{text}");
        let document: Value = serde_json::from_str(&document("x", &[outside])).unwrap();
        assert_eq!(document["runs"][0]["within"], false);
        assert_eq!(document["runs"][0]["measures"][0]["gap"], 1.0);
    }
}
