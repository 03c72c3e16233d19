//! What a reader of a run's numbers must know.
//!
//! Remarks are facts of this run in plain words. They go into the report itself, since
//! tables and pictures are copied without the text around them.

use super::ideal::Ideal;
use super::measure::Context;
use crate::report::number;
use crate::spec::{RunSpec, Work};
use metrics::DEFAULT_ROW_LIMIT;
use pipeline::Outcome;
use sched_core::Span;

/// Arrivals noticed later than this on average are worth a remark.
const WORTH_A_REMARK: Span = Span::from_millis(1);

pub(super) fn remarks(
    run: &RunSpec,
    ideal: Option<Ideal>,
    outcomes: &[Outcome],
    rows: u64,
    with: &Context<'_>,
) -> Vec<String> {
    let mut remarks: Vec<String> = Vec::new();
    remarks.extend(with.circumstances.build().warning().map(str::to_owned));
    remarks.extend(hardware(run, with.circumstances.host().cores));
    remarks.extend(ideal.filter(|ideal| ideal.drain_limited).map(|ideal| {
        format!(
            "{} tasks are less than 50 per slot: start and drain matter. One shared queue without \
             any overhead would reach {} tasks/s with the same service times.",
            number::count(run.setup.workload.tasks),
            number::short(ideal.rate)
        )
    }));
    remarks.extend(missing(run, outcomes));
    remarks.extend(lag(outcomes));
    if rows > DEFAULT_ROW_LIMIT && !with.all_latencies {
        remarks.push(format!(
            "The latencies of single tasks were not written: {} rows are above {}; \
             `--all-latencies` writes them.",
            number::count(rows),
            number::count(DEFAULT_ROW_LIMIT)
        ));
    }
    remarks
}

fn hardware(run: &RunSpec, cores: u32) -> Option<String> {
    let slots = run.setup.cluster.spec.total_slots();
    match run.setup.work() {
        Work::Emulated => Some(
            "Emulated work only waits: throughput over nodes shows the dispatcher, not hardware."
                .to_owned(),
        ),
        Work::Cpu if slots > u64::from(cores) => Some(format!(
            "{slots} slots share {cores} cores: calls slow each other down, and execution latency \
             shows the machine as much as the work."
        )),
        Work::Cpu => None,
    }
}

fn missing(run: &RunSpec, outcomes: &[Outcome]) -> Option<String> {
    let unfinished: u64 = outcomes.iter().map(|outcome| outcome.unfinished).sum();
    let planned = run.setup.repetitions as usize;
    let stopped = outcomes.iter().any(|outcome| outcome.partial);
    (stopped || outcomes.len() < planned).then(|| {
        format!(
            "Stopped in repetition {} of {planned}; {unfinished} tasks were on their way.",
            outcomes.len()
        )
    })
}

/// The load generator must not be what is measured.
fn lag(outcomes: &[Outcome]) -> Option<String> {
    let mean = outcomes.iter().filter_map(|outcome| outcome.lag.mean()).max()?;
    let max = outcomes.iter().map(|outcome| outcome.lag.max).max()?;
    (mean > WORTH_A_REMARK).then(|| {
        format!(
            "Arrivals were noticed {} late on average, {} at most: this machine, not the cluster \
             under test, was the limit.",
            ms(mean),
            ms(max)
        )
    })
}

fn ms(span: Span) -> String {
    format!("{} ms", number::short(span.as_secs_f64() * 1e3))
}
