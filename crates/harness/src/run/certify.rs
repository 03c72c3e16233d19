//! What is checked of every repetition, beside what `metrics` finds in the pooled numbers.
//!
//! The account of the loop is dropped here, as soon as it was held against the recorder:
//! memory must not grow with the number of repetitions.

use super::measure::Measured;
use crate::Error;
use crate::report::number;
use crate::spec::{Environment, RunSpec};
use metrics::report::{Check, CheckName, Verdict};
use metrics::{LATENCIES, Recorder, audit};
use pipeline::model::Arrivals;
use pipeline::{Outcome, Pace};
use sched_core::Span;

/// Mean lag of arrivals that matters, as a share of the mean latency.
const LAG: f64 = 0.01;

/// All that being late for an arrival is part of.
const LATE: [&str; 9] = [
    "avg_latency_ms",
    "p50_latency_ms",
    "p95_latency_ms",
    "p99_latency_ms",
    "avg_scheduling_latency_ms",
    "latency_ms.scheduling",
    "latency_ms.wait",
    "latency_ms.end_to_end",
    "latency_parts_ms",
];

/// Mean time by which emulated calls ran longer than drawn that matters, as a share of the drawn time.
const OVERRUN: f64 = 0.02;

/// What the time of a call is part of beside latencies: the throughput that it allows, and how busy nodes are.
const LONG: [&str; 3] =
    ["avg_execution_latency_ms", "throughput_tasks_per_sec", "node_utilization"];

/// Checks a repetition, and takes the account out of its outcome.
pub(super) fn checks(run: &RunSpec, recorder: &Recorder, outcome: &mut Outcome) -> Vec<Check> {
    let ledger = std::mem::take(&mut outcome.ledger);
    let mut checks = audit(&ledger, recorder);
    checks.push(generator_lag(run, recorder, outcome));
    checks.push(overrun(run, outcome.pace));
    checks
}

/// Whether tasks come by a clock, so that a system can be too slow for them.
pub(super) fn is_open(arrivals: &Arrivals) -> bool {
    !matches!(arrivals, Arrivals::Batch | Arrivals::Closed { .. })
}

/// The account of a run must not contradict itself.
///
/// # Errors
/// [`Error::Conservation`] says what does not add up.
pub(crate) fn require_sound<'a>(runs: impl IntoIterator<Item = &'a Measured>) -> Result<(), Error> {
    for run in runs {
        let certificate = &run.report.metrics.certificate;
        if certificate.verdict == Verdict::Broken {
            let broken = certificate.failed().filter(|check| check.name.is_law());
            let what: Vec<String> =
                broken.map(|check| format!("{}: {}", check.name.title(), check.detail)).collect();
            return Err(Error::Conservation { run: run.report.name.clone(), what: what.join(" ") });
        }
    }
    Ok(())
}

/// The load generator must not be what is measured.
fn generator_lag(run: &RunSpec, recorder: &Recorder, outcome: &Outcome) -> Check {
    let name = CheckName::GeneratorLag;
    if run.setup.environment == Environment::Sim {
        return Check::not_applicable(name, "In virtual time no arrival is late.");
    }
    let Some(lag) = outcome.lag.mean().filter(|_| is_open(&run.setup.workload.arrivals)) else {
        return Check::not_applicable(
            name,
            "Arrivals have no instants of their own to be late for.",
        );
    };
    let Some(latency) = mean_latency(recorder) else {
        return Check::not_applicable(
            name,
            "No task succeeded: there is no latency to compare with.",
        );
    };
    judge_lag(lag, outcome.lag.max, latency)
}

/// `latency` is the mean, in ns.
fn judge_lag(mean: Span, max: Span, latency: f64) -> Check {
    let share = mean.as_nanos() as f64 / latency;
    let found = format!(
        "Arrivals were noticed {} ms late on average, {} ms at most: {} % of the mean latency",
        ms(mean),
        ms(max),
        number::short(share * 100.0)
    );
    if share > LAG {
        let detail = format!("{found}. This machine, not the cluster under test, was the limit.");
        return Check::fails(CheckName::GeneratorLag, detail, &LATE);
    }
    Check::holds(CheckName::GeneratorLag, format!("{found}."))
}

/// Nor must the machine that emulates.
fn overrun(run: &RunSpec, pace: Option<Pace>) -> Check {
    match pace.and_then(|pace| Some((pace, pace.share()?))) {
        Some((pace, share)) => judge_pace(pace.longer(), pace.longest, share),
        None => {
            let why = match run.setup.environment {
                Environment::Sim => "In virtual time calls run as long as they are drawn to.",
                _ => "No call has a time of its own to run longer than, or nodes are slowed.",
            };
            Check::not_applicable(CheckName::Overrun, why)
        }
    }
}

/// `longer` is the mean over calls, in ns, and `share` that of the drawn time.
fn judge_pace(longer: f64, longest: Span, share: f64) -> Check {
    let found = format!(
        "Calls ran {} ms longer than drawn on average, {} ms at most: {} % of the drawn time",
        number::short(longer / 1e6),
        ms(longest),
        number::short(share * 100.0)
    );
    if share > OVERRUN {
        let detail = format!("{found}. This machine was too busy to emulate that cluster.");
        return Check::fails(CheckName::Overrun, detail, &[&LATENCIES[..], &LONG].concat());
    }
    Check::holds(CheckName::Overrun, format!("{found}."))
}

/// Of successful tasks, ns.
fn mean_latency(recorder: &Recorder) -> Option<f64> {
    let levels = recorder.by_priority().map(|(_, series)| &series.end_to_end);
    let (sum, count) =
        levels.fold((0, 0), |(sum, count), all| (sum + all.sum_ns(), count + all.count()));
    (count > 0 && sum > 0).then(|| sum as f64 / count as f64)
}

fn ms(span: Span) -> String {
    number::short(span.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Stopwatch, Timestamp};
    use crate::provenance::Circumstances;
    use crate::report::summary;
    use crate::run::config::config;
    use crate::run::measure::Detail;
    use crate::spec::Spec;
    use metrics::report::{Certificate, CheckVerdict, RunReport, SCHEMA_VERSION};
    use metrics::{Fold, Ledger, RunFacts};
    use pipeline::{Control, Recording, RunSetup, run_sim};
    use sched_core::Registry;

    /// A run of 40 tasks whose account was changed afterwards.
    fn measured(change: impl Fn(&mut Ledger)) -> Measured {
        let yaml = "cluster: {nodes: 2, slots: 1}\nworkload: {tasks: 40, arrivals: {load: 0.5}}\n\
                    pipeline: {stages: [{name: a, service: {exponential: {mean: 1ms}}}]}\n\
                    schedulers: [fifo]\n";
        let run = Spec::parse(yaml, "test", &Registry::builtin()).unwrap().runs().remove(0);
        let (cluster, workload) = (run.setup.cluster.clone(), run.setup.workload.clone());
        let shape = Recording::<Vec<u8>>::shape(&cluster, &workload.stages).unwrap();
        let mut recording = Recording::<Vec<u8>>::new(shape.clone(), &workload.stages, None);
        let mut scheduler = run.policy.build(&cluster.spec, 1);
        let setup = RunSetup::new(cluster, workload, 1);
        let (watch, control) = (Stopwatch::start(), Control::new());
        let mut outcome = run_sim(&setup, &mut *scheduler, &mut recording, &control).unwrap();
        let (recorder, _) = recording.finish();
        change(&mut outcome.ledger);
        let mut fold = Fold::new(shape);
        fold.add(&recorder).unwrap();
        fold.certify(checks(&run, &recorder, &mut outcome));
        assert_eq!(outcome.ledger, Ledger::default(), "it is not kept");
        let (partial, notes, open_arrivals) = (false, Vec::new(), true);
        let metrics = fold.finish(RunFacts { partial, notes, config: config(&run), open_arrivals });
        let report = RunReport {
            schema_version: SCHEMA_VERSION,
            name: run.name.clone(),
            provenance: Circumstances::of_this_process().of_run(&run, Timestamp::now()),
            metrics,
        };
        let (repetitions, took) = (Vec::new(), watch.elapsed());
        let (sections, one_history) = (None, false);
        Measured {
            report,
            repetitions,
            sections,
            one_history,
            ideal: None,
            timer_share: None,
            took,
            pace: 0.0,
            broken: None,
            detail: Detail::default(),
        }
    }

    #[test]
    fn calls_that_ran_longer_than_drawn_mark_all_that_time_is_part_of() {
        let measured = measured(|_| ());
        let mut checks = measured.report.metrics.certificate.checks.iter();
        let check = checks.find(|check| check.name == CheckName::Overrun).unwrap();
        assert_eq!(check.verdict, CheckVerdict::NotApplicable, "{check:?}");
        assert!(!judge_pace(3e4, Span::from_millis(6), 0.01).has_failed());
        let check = judge_pace(7.2e5, Span::from_millis(6), 0.241);
        let said = "Calls ran 0.72 ms longer than drawn on average, 6 ms at most: 24.1 % of";
        assert!(check.has_failed() && check.detail.starts_with(said), "{check:?}");
        let certificate = Certificate::new(vec![check]);
        for spoilt in ["p99_latency_ms", "stages.a.execution.mean", "throughput_tasks_per_sec"] {
            assert!(certificate.spoils(spoilt), "{spoilt}");
        }
        assert!(!certificate.spoils("jain_index"));
    }

    #[test]
    fn an_account_that_contradicts_itself_is_an_error_with_its_reason() {
        let sound = measured(|_| ());
        require_sound([&sound]).unwrap();
        let text = summary(&sound);
        assert!(text.contains("Certificate: marked") && text.contains("p99"), "{text}");
        assert!(text.contains("40 submitted = 40 completed + 0 failed"), "{text}");
        let broken = measured(|ledger| ledger.stages[0].area += 1);
        let error = require_sound([&sound, &broken]).unwrap_err();
        assert_eq!(error.exit().code(), 1);
        let error = error.to_string();
        assert!(error.contains("Little's law: latency of stage `a`"), "{error}");
        assert!(error.contains("(-1 ns)") && error.contains("cannot be trusted"), "{error}");
        let text = summary(&broken);
        assert!(text.contains("Certificate: BROKEN"), "{text}");
        let mean = text.lines().find(|line| line.starts_with("end to end")).unwrap();
        assert_eq!(mean.matches('!').count(), 7, "{mean}");
    }

    #[test]
    fn lag_matters_from_a_hundredth_of_the_latency_on() {
        let judge = |us| judge_lag(Span::from_micros(us), Span::from_millis(3), 10e6);
        assert_eq!(judge(100).verdict, CheckVerdict::Holds);
        let late = judge(150);
        assert_eq!(late.verdict, CheckVerdict::Fails);
        assert!(late.detail.contains("0.15 ms late on average, 3 ms at most: 1.5 %"), "{late:?}");
        assert!(late.spoils.iter().any(|name| name == "avg_latency_ms"));
    }
}
