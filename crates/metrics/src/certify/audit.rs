//! The engine's account held against the recorder's, to the nanosecond.
//!
//! Each law compares numbers that came about apart: instants summed where calls enter and leave,
//! and latencies summed where samples were recorded. Nothing is rounded, so one sample in a million
//! that is missing, or wrong by a nanosecond, shows, and where.

use super::ledger::{Ledger, NodeLedger, StageLedger, TaskLedger};
use crate::recorder::{MILLI_PER_SLOT, NodeTotals, StageSums};
use crate::report::{Check, CheckName};
use crate::words::{count, plural, short};
use crate::{LatencySeries, Nanos, Recorder};

/// Differences that are told one by one.
const TOLD: usize = 3;

/// What a lost or doubled task or call spoils.
const COUNTS: [&str; 12] = [
    "total_tasks",
    "successful_tasks",
    "failed_tasks",
    "throughput_tasks_per_sec",
    "node_distribution",
    "node_balance_score",
    "jain_index",
    "nodes",
    "retries",
    "latency_ms",
    "stages",
    "by_priority",
];
/// What a wrong instant spoils: all that latency, or a part of it that is no execution alone, goes into.
pub const LATENCIES: [&str; 10] = [
    "avg_latency_ms",
    "p50_latency_ms",
    "p95_latency_ms",
    "p99_latency_ms",
    "avg_scheduling_latency_ms",
    "avg_queue_latency_ms",
    "latency_ms",
    "latency_parts_ms",
    "stages",
    "by_priority",
];
/// What a wrong busy time spoils.
const EXECUTION: [&str; 5] = [
    "node_utilization",
    "nodes",
    "avg_execution_latency_ms",
    "latency_ms.execution",
    "stages.*.execution",
];

/// Checks the four laws of accounting on a repetition: conservation, Little's law, the utilisation
/// law, end-to-end latency as the sum of its parts. O(stages + nodes + levels).
pub fn audit(ledger: &Ledger, recorder: &Recorder) -> Vec<Check> {
    vec![
        conservation(ledger, recorder),
        littles_law(ledger, recorder),
        utilisation_law(ledger, recorder),
        end_to_end(recorder),
    ]
}

/// What does not agree, as clauses.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    /// `what` by the engine and by the recorder must be one number.
    fn same(&mut self, what: impl FnOnce() -> String, engine: i128, recorder: i128, unit: &str) {
        if engine != recorder {
            let (what, off) = (what(), recorder - engine);
            self.0.push(format!(
                "{what}: {engine}{unit} by the engine's counters, {recorder}{unit} recorded \
                 ({off:+}{unit})"
            ));
        }
    }

    /// A balance of the engine's own counters must be even.
    fn even(&mut self, what: impl FnOnce() -> String, left: u64, right: &[u64]) {
        let sum: u128 = right.iter().map(|n| u128::from(*n)).sum();
        if u128::from(left) != sum {
            let right: Vec<String> = right.iter().map(u64::to_string).collect();
            self.0.push(format!("{}: {left} is not {}", what(), right.join(" + ")));
        }
    }

    fn check(self, name: CheckName, spoils: &[&str], holds: impl FnOnce() -> String) -> Check {
        if self.0.is_empty() {
            return Check::holds(name, holds());
        }
        let more = match self.0.len().saturating_sub(TOLD) {
            0 => String::new(),
            n => format!("; and {n} more"),
        };
        let told = self.0[..self.0.len().min(TOLD)].join("; ");
        Check::fails(name, format!("{told}{more}."), spoils)
    }
}

fn conservation(ledger: &Ledger, recorder: &Recorder) -> Check {
    let mut found = Differences::default();
    let tasks = &ledger.tasks;
    if let Some(planned) = tasks.planned {
        found.even(|| "tasks submitted of those planned".to_owned(), tasks.submitted, &[planned]);
        found.even(|| "tasks in flight after the end".to_owned(), tasks.in_flight, &[0]);
    }
    let ended = [tasks.completed, tasks.failed, tasks.in_flight];
    let what = || "tasks submitted, and completed + failed + in flight".to_owned();
    found.even(what, tasks.submitted, &ended);
    let text = |text: &'static str| move || text.to_owned();
    let pairs = [
        ("completed tasks", tasks.completed, recorder.successful_tasks()),
        ("failed tasks", tasks.failed, recorder.failed_tasks()),
        ("calls begun again", ledger.retries, recorder.retries()),
    ];
    for (what, engine, recorded) in pairs {
        found.same(text(what), engine.into(), recorded.into(), "");
    }
    shapes(&mut found, ledger, recorder);
    for (name, stage, recorded) in stages(ledger, recorder) {
        let what = || format!("calls that entered stage `{name}`, and left + are inside");
        found.even(what, stage.entered, &[stage.left, stage.inside]);
        let engine = i128::from(stage.left) - i128::from(stage.unended.calls);
        found.same(|| format!("calls of stage `{name}`"), engine, recorded.calls.into(), "");
    }
    let inside: u64 = ledger.stages.iter().map(|stage| stage.inside).sum();
    found.even(text("tasks in flight, and calls in stages"), tasks.in_flight, &[inside]);
    for (name, node, recorded) in nodes(ledger, recorder) {
        let what = || format!("calls sent to {name}, and finished + lost + on it");
        found.even(what, node.assigned, &[node.finished, node.lost, node.bound]);
        let what = || format!("calls that finished on {name}");
        found.same(what, node.finished.into(), recorded.calls.into(), "");
    }
    found.check(CheckName::Conservation, &COUNTS, || {
        let TaskLedger { submitted, completed, failed, in_flight, .. } = ledger.tasks;
        let [submitted, completed, failed, in_flight] =
            [submitted, completed, failed, in_flight].map(count);
        let (stages, nodes) = (ledger.stages.len(), ledger.nodes.len());
        format!(
            "{submitted} submitted = {completed} completed + {failed} failed + {in_flight} in \
             flight; so at {} and {} too.",
            plural(stages as u64, "stage"),
            plural(nodes as u64, "node")
        )
    })
}

/// The account of another pipeline or cluster would be compared with nothing.
fn shapes(found: &mut Differences, ledger: &Ledger, recorder: &Recorder) {
    let shape = recorder.shape();
    let [stages, nodes] = [ledger.stages.len(), ledger.nodes.len()].map(|n| n as u64);
    found.even(|| "stages".to_owned(), stages, &[shape.stages().len() as u64]);
    found.even(|| "nodes".to_owned(), nodes, &[shape.nodes().len() as u64]);
}

/// By name, what was counted and what was recorded.
fn stages<'a>(
    ledger: &'a Ledger,
    recorder: &'a Recorder,
) -> impl Iterator<Item = (&'a str, &'a StageLedger, StageSums)> {
    let named = recorder.shape().stages().iter().map(String::as_str).zip(&ledger.stages);
    named.zip(recorder.stage_sums()).map(|((name, stage), recorded)| (name, stage, recorded))
}

/// By name, what was counted and what was recorded.
fn nodes<'a>(
    ledger: &'a Ledger,
    recorder: &'a Recorder,
) -> impl Iterator<Item = (&'a str, &'a NodeLedger, &'a NodeTotals)> {
    let named = recorder.shape().nodes().iter().map(|node| node.name.as_str()).zip(&ledger.nodes);
    named.zip(recorder.nodes()).map(|((name, node), recorded)| (name, node, recorded))
}

fn littles_law(ledger: &Ledger, recorder: &Recorder) -> Check {
    let mut found = Differences::default();
    let tasks = &ledger.tasks;
    let (succeeded, failed) = (all_end_to_end(recorder), recorder.failed_after.sum_ns());
    let latencies = signed(succeeded + failed);
    found.same(|| "latency of all tasks".to_owned(), tasks.area, latencies, " ns");
    for (name, stage, recorded) in stages(ledger, recorder) {
        let (engine, recorded) = (stage.area - stage.unended.area, signed(recorded.sojourn));
        found.same(|| format!("latency of stage `{name}`"), engine, recorded, " ns");
    }
    for (name, node, recorded) in nodes(ledger, recorder) {
        let (engine, recorded) = (signed(node.sojourn), signed(recorded.sojourn));
        let what = || format!("latency of the calls of {name}");
        found.same(what, engine, recorded, " ns");
    }
    found.check(CheckName::LittlesLaw, &LATENCIES, || {
        let ended = tasks.completed + tasks.failed;
        let seconds = recorder.duration().map_or(0.0, Nanos::as_secs_f64);
        if ended == 0 || seconds <= 0.0 {
            return "L·T = ΣW to the nanosecond: nothing was inside for any time.".to_owned();
        }
        let area = tasks.area as f64 / 1e9;
        format!(
            "L·T = ΣW to the nanosecond: {} tasks inside on average = {} tasks/s × {} ms; so at {} \
             and {} too.",
            short(area / seconds),
            short(ended as f64 / seconds),
            short(area * 1e3 / ended as f64),
            plural(ledger.stages.len() as u64, "stage"),
            plural(ledger.nodes.len() as u64, "node")
        )
    })
}

fn utilisation_law(ledger: &Ledger, recorder: &Recorder) -> Check {
    let mut found = Differences::default();
    for (name, stage, recorded) in stages(ledger, recorder) {
        let (engine, recorded) =
            (stage.running - stage.unended.running, signed(recorded.execution));
        found.same(|| format!("running time of stage `{name}`"), engine, recorded, " ns");
    }
    for (name, node, recorded) in nodes(ledger, recorder) {
        let (engine, recorded) = (signed(node.busy), signed(recorded.busy));
        let what = || format!("busy time of {name}");
        found.same(what, engine, recorded, " thousandths of a slot × ns");
    }
    found.check(CheckName::UtilisationLaw, &EXECUTION, || {
        let busy: u128 = ledger.nodes.iter().map(|node| node.busy).sum();
        let calls: u64 = ledger.nodes.iter().map(|node| node.finished).sum();
        let seconds = recorder.duration().map_or(0.0, Nanos::as_secs_f64);
        if calls == 0 || seconds <= 0.0 {
            return "Busy time = Σ execution to the nanosecond: nothing ran for any time."
                .to_owned();
        }
        let slot_seconds = busy as f64 / (f64::from(MILLI_PER_SLOT) * 1e9);
        format!(
            "Busy time = Σ execution to the nanosecond: {} slots busy on average = {} calls/s × {} \
             ms; so at {} and {}.",
            short(slot_seconds / seconds),
            short(calls as f64 / seconds),
            short(slot_seconds * 1e3 / calls as f64),
            plural(ledger.stages.len() as u64, "stage"),
            plural(ledger.nodes.len() as u64, "node")
        )
    })
}

/// The sum of one of the series, in ns.
type SumOf = fn(&LatencySeries) -> u128;

/// Within the recorder alone: of each task, and of the sums of all series.
fn end_to_end(recorder: &Recorder) -> Check {
    let mut found = Differences::default();
    let contradictions = recorder.contradictions();
    if contradictions > 0 {
        found.0.push(format!(
            "{contradictions} records contradict themselves (parts that do not add up to the \
             end-to-end latency, a missing stage, an unknown node)"
        ));
    }
    let mut same = |what: &str, whole: u128, parts: u128| {
        if whole != parts {
            found.0.push(format!("{what}: {whole} ns is not {parts} ns"));
        }
    };
    let sums = |of: SumOf| {
        let levels = recorder.by_priority().map(|(_, series)| of(series)).sum::<u128>();
        (levels, recorder.by_stage().iter().map(of).sum::<u128>())
    };
    let (whole, calls) = sums(|series| series.end_to_end.sum_ns());
    same("end to end, and the calls of all stages", whole, calls);
    let parts: [(&str, SumOf); 4] = [
        ("scheduling", |series| series.scheduling.sum_ns()),
        ("queueing", |series| series.queue.sum_ns()),
        ("execution", |series| series.execution.sum_ns()),
        ("transfer", |series| series.transfer.sum_ns()),
    ];
    let mut sum = 0;
    for (name, of) in parts {
        let (tasks, calls) = sums(of);
        same(&format!("{name} of all tasks, and of the calls of all stages"), tasks, calls);
        sum += tasks;
    }
    same("end to end, and scheduling + queueing + execution + transfer", whole, sum);
    let failed: u128 = recorder.failed_calls().iter().map(|stage| stage.sojourn).sum();
    same("failed tasks, and their calls", recorder.failed_after.sum_ns(), failed);
    found.check(CheckName::EndToEnd, &LATENCIES, || {
        "End to end = scheduling + queueing + execution + transfer, task by task and in sum, to the \
         nanosecond."
            .to_owned()
    })
}

/// The sum over all levels; their histograms are not needed.
fn all_end_to_end(recorder: &Recorder) -> u128 {
    recorder.by_priority().map(|(_, series)| series.end_to_end.sum_ns()).sum()
}

/// What any run can hold is far below 2¹²⁷.
fn signed(ns: u128) -> i128 {
    i128::try_from(ns).unwrap_or(i128::MAX)
}
