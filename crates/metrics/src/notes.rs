//! Remarks in plain words where a number is weak.
//!
//! The report says itself what must not be relied on: what its certificate found, and what else a
//! reader would not see in the numbers. Tables and pictures carry these remarks along.

use crate::report::Measures;

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
