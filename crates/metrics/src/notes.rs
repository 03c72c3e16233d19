//! Remarks in plain words where a number is weak.
//!
//! The report says itself what must not be relied on: what its certificate found, and what else a
//! reader would not see in the numbers. Tables and pictures carry these remarks along.

use crate::report::{Interval, Measures};

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
    notes.extend(on_tasks(measures));
    notes.extend(measures.certificate.failed().map(|check| check.detail.clone()));
    for (name, times) in down {
        notes.push(format!(
            "{name} was down at the end of {times} of {} repetitions and is left out of the \
             balance there.",
            measures.repetitions
        ));
    }
    measures.notes.append(&mut notes);
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

fn on_tasks(measures: &Measures) -> Option<String> {
    let Measures { total_tasks, successful_tasks, failed_tasks, .. } = measures;
    match (*total_tasks, *successful_tasks, *failed_tasks) {
        (0, ..) => Some("No counted task ended: nothing was measured.".to_owned()),
        (_, 0, _) => Some("No task succeeded: there are no latencies.".to_owned()),
        (_, _, 0) => None,
        (total, _, failed) => Some(format!(
            "{failed} of {total} tasks failed; latencies and throughput are of the others only."
        )),
    }
}
