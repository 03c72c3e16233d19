//! Remarks in plain words where a number is weak.
//!
//! A reader compares p99s whether or not they mean something, so the report says itself
//! what must not be relied on. A quantile is weak if fewer than [`ENOUGH`] samples lie beyond it:
//! it is then an order statistic near the maximum, and differs much from run to run.

use crate::report::Measures;

/// Samples that must lie beyond a quantile.
const ENOUGH: u64 = 10;

/// The shown quantiles: thousandths, name.
const QUANTILES: [(u64, &str); 5] =
    [(500, "p50"), (900, "p90"), (950, "p95"), (990, "p99"), (999, "p99.9")];

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
    notes.extend(on_quantiles(measures.successful_tasks));
    notes.extend(on_levels(measures));
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

fn on_quantiles(samples: u64) -> Option<String> {
    let weak = weak_quantiles(samples);
    (samples > 0 && !weak.is_empty()).then(|| {
        format!(
            "{samples} successful tasks are few: fewer than {ENOUGH} lie beyond {}, which may \
             differ much from run to run.",
            listed(&weak)
        )
    })
}

/// Levels whose p99 is weak, where there are several; that of all tasks has its own note.
fn on_levels(measures: &Measures) -> Option<String> {
    let weak = |samples| weak_quantiles(samples).contains(&"p99");
    if measures.by_priority.len() < 2 || weak(measures.successful_tasks) {
        return None;
    }
    let levels = measures.by_priority.iter();
    let few = levels.filter(|(_, latencies)| weak(latencies.end_to_end.count));
    let names: Vec<_> = few.map(|(level, _)| level.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Few tasks have priority {}: fewer than {ENOUGH} lie beyond the p99.",
            listed(&names)
        )
    })
}

fn weak_quantiles(samples: u64) -> Vec<&'static str> {
    // Beyond the q-quantile, the sample of rank ⌈q × n⌉, are ⌊(1 − q) × n⌋.
    let beyond = |permille: u64| u128::from(samples) * u128::from(1000 - permille) / 1000;
    let weak = QUANTILES.iter().filter(|(permille, _)| beyond(*permille) < u128::from(ENOUGH));
    weak.map(|(_, name)| *name).collect()
}

/// `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_needs_ten_samples_beyond_it() {
        // Beyond p99 of 999 are 9 samples (rank 990), of 1000 are 10.
        assert_eq!(weak_quantiles(999), ["p99", "p99.9"]);
        assert_eq!(weak_quantiles(1_000), ["p99.9"]);
        assert_eq!(weak_quantiles(10_000), [""; 0]);
        // Beyond p90 of 50 are 5; beyond the median, 25.
        assert_eq!(weak_quantiles(50), ["p90", "p95", "p99", "p99.9"]);
        assert_eq!(weak_quantiles(19), ["p50", "p90", "p95", "p99", "p99.9"]);
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(listed(&["p99"]), "p99");
        assert_eq!(listed(&["p90", "p95", "p99"]), "p90, p95 and p99");
    }
}
