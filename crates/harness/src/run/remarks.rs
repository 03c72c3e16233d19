//! What a reader of a run's numbers must know.
//!
//! Remarks are facts of this run in plain words. They go into the report itself, since
//! tables and pictures are copied without the text around them.

use super::ideal::Ideal;
use super::measure::{Context, rows};
use super::workers::Loss;
use crate::report::number;
use crate::spec::{Environment, RunSpec, Work};
use cluster::wire::Refusal;
use pipeline::Outcome;
use pipeline::drive::Executor as _;
use pipeline::model::Arrivals;
use pipeline::sim::Sim;

/// How the remark begins that is about files and no number.
pub(crate) const UNWRITTEN: &str = "The latencies of single tasks were not written";

pub(super) fn remarks(
    run: &RunSpec,
    ideal: Option<Ideal>,
    outcomes: &[Outcome],
    losses: &[Loss],
    with: &Context<'_>,
) -> Vec<String> {
    let mut remarks: Vec<String> = Vec::new();
    match run.setup.environment {
        Environment::Sim => remarks.push(virtual_time()),
        _ => {
            remarks.extend(with.circumstances.build().warning().map(str::to_owned));
            remarks.extend(hardware(run, with.circumstances.host().cores));
        }
    }
    remarks.extend(ideal.filter(|ideal| ideal.drain_limited).map(|ideal| {
        format!(
            "{} tasks are less than 50 per slot: start and drain matter. One shared queue without \
             any overhead reaches {} tasks/s with the same service times; another order of the calls can drain \
             sooner.",
            number::count(run.setup.workload.tasks),
            number::short(ideal.rate)
        )
    }));
    remarks.extend(with.serving.remarks(run));
    remarks.extend(one_history(run).map(str::to_owned));
    remarks.extend(missing(run, outcomes));
    remarks.extend(lost(losses));
    remarks.extend(refused(losses));
    if rows(run) > with.most_rows {
        remarks.push(format!(
            "{UNWRITTEN}, since they are many: {} rows. \
             `--all-latencies` writes them.",
            number::count(rows(run))
        ));
    }
    remarks
}

/// Repetitions of a trace do not vary what is in it, and an interval over them would look like
/// knowledge of other hours.
fn one_history(run: &RunSpec) -> Option<&'static str> {
    let setup = &run.setup;
    match setup.workload.arrivals {
        _ if setup.one_history() => Some(
            "The trace is one history, the same in every repetition: intervals and verdicts are from \
             batches of its tasks, and hold for traffic that goes on as it does. The throughput is \
             that of its arrivals and has no interval.",
        ),
        Arrivals::Trace(_) if setup.repetitions > 1 => Some(
            "The arrivals of a trace are the same in every repetition: intervals and verdicts hold for \
             these very arrivals.",
        ),
        _ => None,
    }
}

fn virtual_time() -> String {
    format!(
        "Virtual time: no machine has a part in these numbers, but for the cost of a decision, which \
         is measured at one in {} polls.",
        Sim::DECISION_SAMPLING
    )
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
        Work::Cpu | Work::Real => None,
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

/// Workers that were lost without having been meant to. Their calls ran elsewhere; the numbers are those of
/// a smaller cluster for a while.
fn lost(losses: &[Loss]) -> Option<String> {
    const SHOWN: usize = 4;
    let texts = losses.iter().take(SHOWN).map(|loss| loss.text.as_str());
    let mut text = texts.collect::<Vec<_>>().join(" ");
    if losses.len() > SHOWN {
        text += &format!(
            " And {} times more, attempts to reach them again included.",
            losses.len() - SHOWN
        );
    }
    (!losses.is_empty()).then_some(text)
}

/// Messages of workers that were no answers, by kind. Each has cost its worker the session, and nobody a task.
fn refused(losses: &[Loss]) -> Option<String> {
    let count = |kind| losses.iter().filter(|loss| loss.refused == Some(kind)).count();
    let kinds = Refusal::ALL.map(|kind| (count(kind), kind.name()));
    let counts = kinds.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, name)| format!("{count} {name}")).collect();
    let refused = || format!("Messages of workers that were refused: {}.", counts.join(", "));
    (!counts.is_empty()).then(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_and_refusals_counted() {
        let loss = |node: u32, refused| Loss { text: format!("node-{node} was lost."), refused };
        assert_eq!((lost(&[]), refused(&[])), (None, None));
        let kinds = [None, Some(Refusal::Replayed), Some(Refusal::Malformed)];
        let losses: Vec<Loss> = (0..6).map(|node| loss(node, kinds[node as usize % 3])).collect();
        let text = lost(&losses).unwrap();
        assert!(
            text.starts_with("node-0 was lost. node-1")
                && text.contains("And 2 times more, attempts")
        );
        let counted = "Messages of workers that were refused: 2 malformed, 2 replayed.";
        assert_eq!(refused(&losses).unwrap(), counted);
        assert_eq!(refused(&losses[..1]), None);
    }
}
