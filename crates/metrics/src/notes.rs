//! Remarks in plain words where a number is weak.
//!
//! The report says itself what must not be relied on: what its certificate found, and what else a
//! reader would not see in the numbers. Tables and pictures carry these remarks along.

use crate::report::{Check, CheckName, Interval, Measures};
use crate::words::{count, listed, plural};
use std::cmp::Reverse;

/// Reasons of failures that are told.
const REASONS: usize = 3;
/// Nodes that are named one by one.
const NAMED: usize = 6;

/// Appends what is to be said of these measures. `down` names nodes that were down at the end,
/// each with the number of repetitions.
pub(crate) fn append(measures: &mut Measures, contradictions: u64, down: &[(&str, u32)]) {
    let mut notes = Vec::new();
    if measures.partial {
        notes.push("Interrupted: only what had finished by then is counted.".to_owned());
    }
    if contradictions > 0 {
        notes.push(format!(
            "{contradictions} records contradict themselves (parts that do not add up to the \
             end-to-end latency, a missing stage, an unknown node): do not trust these numbers."
        ));
    }
    notes.extend(on_intervals(measures));
    notes.extend(on_failures(measures).or_else(|| on_nothing(measures)));
    // That nothing succeeded is said by now.
    let said = |check: &&Check| measures.successful_tasks == 0 && check.name == CheckName::Samples;
    let failed = measures.certificate.failed().filter(|check| !said(check));
    notes.extend(failed.map(|check| check.detail.clone()));
    notes.extend(on_nodes(down, measures.repetitions));
    measures.notes.append(&mut notes);
}

/// One note for all nodes that were down at the end.
fn on_nodes(down: &[(&str, u32)], repetitions: u32) -> Option<String> {
    let names: Vec<&str> = down.iter().map(|(name, _)| *name).collect();
    let times = || down.iter().map(|(_, times)| *times);
    let (least, most) = (times().min()?, times().max()?);
    let who = match names.len() {
        n if n > NAMED => plural(n as u64, "node"),
        _ => listed(&names),
    };
    let (were, are) = if names.len() == 1 { ("was", "is") } else { ("were", "are") };
    let often = match (repetitions, least == most) {
        (1, _) => {
            return Some(format!(
                "{who} {were} down at the end and {are} left out of the balance."
            ));
        }
        (_, true) => most.to_string(),
        (_, false) => format!("{least} to {most}"),
    };
    Some(format!(
        "{who} {were} down at the end of {often} of {repetitions} repetitions and {are} left out of the \
         balance there."
    ))
}

/// Where intervals are too narrow, or not there although they were wanted.
fn on_intervals(measures: &Measures) -> Option<String> {
    let Interval { method, n, lag1, lower_bound, .. } = measures.interval;
    match (method, lag1) {
        (Some(_), Some(lag1)) if lower_bound => Some(format!(
            "Neighbouring batches correlate (by {lag1:.2}) even if there are only {n}, as in a run that \
             is not stationary: the intervals are a lower bound, too narrow by an unknown amount."
        )),
        (None, _) if measures.repetitions > 1 && measures.successful_tasks > 0 => Some(
            "There are no intervals: the repetitions are one history, and one too short to be cut into \
             batches."
                .to_owned(),
        ),
        _ => None,
    }
}

/// That tasks failed, how many and why; none if none failed. It is a note of the report already, and is what
/// a reader has to know first.
pub fn on_failures(measures: &Measures) -> Option<String> {
    let &Measures { total_tasks, successful_tasks, failed_tasks, ref failures, .. } = measures;
    if failed_tasks == 0 {
        return None;
    }
    let mut reasons: Vec<(&String, &u64)> = failures.iter().collect();
    reasons.sort_by_key(|(_, times)| Reverse(**times)); // stable: by name where equal
    let told = reasons.iter().take(REASONS).map(|(why, times)| match reasons.len() {
        1 => (*why).clone(),
        _ => format!("{} × {why}", count(**times)),
    });
    let mut why = told.collect::<Vec<_>>().join("; ");
    if let rest @ 1.. = reasons.len().saturating_sub(REASONS) {
        why += &format!("; and {rest} reasons more");
    }
    let others = match successful_tasks {
        0 => "no latency and no throughput was measured",
        _ => "latencies and throughput are of the others only",
    };
    let (failed, total) = (count(failed_tasks), count(total_tasks));
    Some(format!("{failed} of {total} tasks failed ({why}); {others}."))
}

fn on_nothing(measures: &Measures) -> Option<String> {
    (measures.total_tasks == 0).then(|| "No counted task ended: nothing was measured.".to_owned())
}
