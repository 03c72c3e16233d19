//! Which method the intervals of a run have, and those from batches in their places.
//!
//! Repetitions are independent and need no test, so they are what an interval is made of as long as
//! there are several that differ. A single one, or several that repeat one recorded history, is cut
//! into batches instead; then nothing is left of intervals across repetitions, which would have no
//! width.

use crate::report::{Interval, Latencies, Measures, Method, Summary};
use crate::sections::{Sectioning, Sections, SectionsOfRun};

/// Intervals across repetitions.
pub(crate) fn across(repetitions: u32) -> Interval {
    match repetitions {
        0 | 1 => NONE,
        n => Interval { method: Some(Method::Repetitions), n, ..NONE },
    }
}

/// Puts the intervals from batches in the place of those across repetitions.
pub(crate) fn from_batches(measures: &mut Measures, of: &SectionsOfRun) {
    let sectioning = of.sectioning();
    let n = sectioning.map_or(0, |it| it.sections);
    measures.interval = sectioning.map_or(NONE, |it| interval(&it, of.plan.tasks));
    measures.throughput_ci95 = own(of.throughput.as_ref(), n);
    let series = measures.by_priority.values_mut().chain(measures.stages.values_mut());
    series.flat_map(parts).for_each(|summary| set(summary, n, None, None));
    set(&mut measures.failed_after_ms, n, None, None);
    let means = [&of.scheduling, &of.queue, &of.wait, &of.execution, &of.transfer, &of.end_to_end];
    for (summary, mean) in parts(&mut measures.latency_ms).into_iter().zip(means) {
        set(summary, n, mean.as_ref(), None);
    }
    let Latencies { wait, end_to_end, .. } = &mut measures.latency_ms;
    set(wait, n, of.wait.as_ref(), Some(&of.wait_quantiles));
    set(end_to_end, n, of.end_to_end.as_ref(), Some(&of.end_to_end_quantiles));
}

const NONE: Interval =
    Interval { method: None, n: 0, batch_tasks: None, lag1: None, lower_bound: false };

fn interval(it: &Sectioning, tasks: u64) -> Interval {
    let n = it.sections as u64;
    Interval {
        method: Some(Method::BatchMeans),
        n: it.sections as u32,
        batch_tasks: Some((tasks + n / 2) / n),
        lag1: Some(it.lag1),
        lower_bound: it.correlated,
    }
}

fn set(
    summary: &mut Summary,
    n: usize,
    mean: Option<&Sections>,
    quantiles: Option<&[Option<Sections>; 3]>,
) {
    let quantile = |at: usize| own(quantiles.and_then(|all| all[at].as_ref()), n);
    summary.ci95 = own(mean, n);
    [summary.p50_ci95, summary.p95_ci95, summary.p99_ci95] = [0, 1, 2].map(quantile);
}

/// Of a rate or a latency, neither of which is below 0.
fn own(sections: Option<&Sections>, n: usize) -> Option<[f64; 2]> {
    sections.and_then(|sections| sections.interval(n)).map(|ends| ends.map(|end| end.max(0.0)))
}

fn parts(of: &mut Latencies) -> [&mut Summary; 6] {
    let Latencies { scheduling, queue, wait, execution, transfer, end_to_end } = of;
    [scheduling, queue, wait, execution, transfer, end_to_end]
}
