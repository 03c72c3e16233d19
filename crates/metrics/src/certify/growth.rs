//! Whether tasks still piled up when the last of them arrived.
//!
//! An open system that cannot keep up has no mean latency: whatever number comes out says only how
//! long was measured. What tells is the number of tasks in the system while tasks arrive. In an overloaded one it
//! rises along a straight line, whatever the pipeline and the policy (its fluid limit does not change when
//! time and numbers are scaled together), where latency against arrival bends: the last tasks meet queues that drain.
//! The time of the arrivals is cut into a few dozen windows, and the trend of the mean number over the last
//! two thirds is tested.
//!
//! Windows depend on each other, because a queue remembers. The variance of the slope is
//! therefore widened by (1 + r) / (1 − r), with r the correlation of the residuals of neighbouring
//! windows: what a mean of a first-order autoregressive series has more than one of independent
//! numbers. As r comes out too small in short series, a bias of (2 + 4r) / n is put back first, the
//! first-order term where a line was fitted. Both are approximations.
//! Near saturation a queue wanders for long whether or not it is stable, and no short run can tell
//! the two apart; `tests/it/stationary.rs` says how often it errs.

use super::population::Population;
use crate::report::{Check, CheckName, Measures};
use crate::student::p_value;
use crate::words::change;

/// Windows at most; neighbours merge until there are no more.
const MOST: usize = 64;
/// Windows that a trend is judged on, at least.
const LEAST: usize = 16;
/// Tasks below which nothing is said.
const LEAST_TASKS: u64 = 128;
/// Largest one-sided p-value at which a trend is believed.
const LEVEL: f64 = 0.01;
/// Growth over the judged part that matters, as a share of its mean; and waiting, as a share of latency.
const MATTERS: f64 = 0.1;
/// A correlation above this would leave next to no independent window.
const MOST_CORRELATED: f64 = 0.95;

/// Measures that have no value while tasks pile up: all that waiting is a part of.
const SPOILT: [&str; 19] = [
    "avg_latency_ms",
    "p50_latency_ms",
    "p95_latency_ms",
    "p99_latency_ms",
    "avg_scheduling_latency_ms",
    "avg_queue_latency_ms",
    "latency_parts_ms",
    "latency_ms.scheduling",
    "latency_ms.queue",
    "latency_ms.wait",
    "latency_ms.end_to_end",
    "stages.*.scheduling",
    "stages.*.queue",
    "stages.*.wait",
    "stages.*.end_to_end",
    "by_priority.*.scheduling",
    "by_priority.*.queue",
    "by_priority.*.wait",
    "by_priority.*.end_to_end",
];

/// Judges the number of tasks in the system. Repetitions are judged together: their numbers are averaged
/// window by window, which tells growth from chance better than any of them alone.
pub(crate) fn stationary(population: &Population, open: bool, measures: &Measures) -> Check {
    let name = CheckName::Stationary;
    if !open {
        let why = "Arrivals wait for the system or come all at once: it cannot be overloaded for \
                   good, and latencies are those of this load.";
        return Check::not_applicable(name, why);
    }
    let repetitions = measures.repetitions.max(1);
    if measures.total_tasks < LEAST_TASKS * u64::from(repetitions) {
        let why = "Too few tasks to tell whether their number in the system settles.";
        return Check::not_applicable(name, why);
    }
    let windows = merged(&population.while_arriving(), f64::from(repetitions));
    let judged = &windows[windows.len() / 3..];
    let trend = (judged.len() >= LEAST).then(|| Trend::of(judged));
    let grows = trend.as_ref().is_none_or(|it| it.growth >= MATTERS && it.p < LEVEL);
    if grows && !has_waited(measures) {
        let why = "Too short to tell: tasks still filled the system up when the last one arrived, \
                   and hardly any of them had to wait.";
        return Check::not_applicable(name, why);
    }
    let Some(trend) = trend else {
        let detail = "Arrivals were over long before most tasks were through, as those of a batch: \
                      latencies are of this many tasks, and of no load. Lower the load, or let the \
                      run last longer if it only starts slowly.";
        return Check::fails(name, detail.to_owned(), &SPOILT);
    };
    let together = match repetitions {
        1 => String::new(),
        n => format!(" (mean of {n} repetitions)"),
    };
    let (percent, [from, to]) = (change(trend.growth), trend.ends.map(number));
    if grows {
        let detail = format!(
            "Still growing: the number of tasks in the system went from {from} to {to} over the \
             last two thirds of the arrivals{together}, more than chance explains. An overloaded open \
             system has no mean latency, and no quantile of it: these say only how long was measured. \
             Lower the load, or let the run last longer if it only starts slowly."
        );
        return Check::fails(name, detail, &SPOILT);
    }
    let why = match trend.p < LEVEL {
        true => "too little to matter",
        false => "within what chance explains",
    };
    let detail = format!(
        "The number of tasks in the system changed by {percent} over the last two thirds of the \
         arrivals{together}, {why}."
    );
    Check::holds(name, detail)
}

/// Whether waiting is a part of latency that matters. Where all tasks failed nobody knows.
fn has_waited(measures: &Measures) -> bool {
    let latency = &measures.latency_ms;
    match (latency.wait.mean, latency.end_to_end.mean) {
        (Some(wait), Some(all)) => wait >= MATTERS * all,
        _ => true,
    }
}

/// A number of tasks, in as many digits as one can believe.
fn number(tasks: f64) -> String {
    let digits = usize::from(tasks < 10.0);
    format!("{:.digits$}", tasks.max(0.0))
}

/// Means of neighbours, so that there are at most [`MOST`], each divided by `by`. What is left over is
/// at the beginning, which is not judged.
fn merged(windows: &[f64], by: f64) -> Vec<f64> {
    let together = windows.len().div_ceil(MOST).max(1);
    let whole = windows[windows.len() % together..].chunks(together);
    whole.map(|few| few.iter().sum::<f64>() / few.len() as f64 / by).collect()
}

/// A straight line through means of windows.
struct Trend {
    /// Rise from the first to the last window, as a share of the mean.
    growth: f64,
    /// The line at the first and at the last window.
    ends: [f64; 2],
    /// One-sided p-value of a rise.
    p: f64,
}

impl Trend {
    /// Least squares. At least three windows.
    fn of(windows: &[f64]) -> Trend {
        let n = windows.len();
        let middle = (n - 1) as f64 / 2.0;
        let points = || windows.iter().enumerate().map(|(x, y)| (x as f64 - middle, *y));
        let mean = windows.iter().sum::<f64>() / n as f64;
        let spread: f64 = points().map(|(x, _)| x * x).sum();
        let slope = points().map(|(x, y)| x * (y - mean)).sum::<f64>() / spread;
        let growth = if mean > 0.0 { slope * 2.0 * middle / mean } else { 0.0 };
        let ends = [mean - slope * middle, mean + slope * middle];
        let residuals: Vec<f64> = points().map(|(x, y)| y - mean - slope * x).collect();
        let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
        // A straight line to the last bit, as of a constant: up is up.
        if squares <= 1e-24 * n as f64 * mean * mean {
            return Trend { growth, ends, p: if growth > 1e-9 { 0.0 } else { 1.0 } };
        }
        let r = correlation(&residuals);
        let error = (squares / (n - 2) as f64 / spread * (1.0 + r) / (1.0 - r)).sqrt();
        let t = slope / error;
        let beyond = p_value(t, n - 2) / 2.0;
        Trend { growth, ends, p: if t > 0.0 { beyond } else { 1.0 - beyond } }
    }
}

/// That of neighbours, with its bias put back; 0 to [`MOST_CORRELATED`].
fn correlation(residuals: &[f64]) -> f64 {
    let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let r = products / squares;
    (r + (2.0 + 4.0 * r) / residuals.len() as f64).clamp(0.0, MOST_CORRELATED)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line by hand: 1, 2, 4, 5. Slope 1.4, mean 3, residuals 0.1, −0.3, 0.3, −0.1: their squares sum
    /// to 0.2, neighbours' products to −0.15.
    #[test]
    fn a_trend_is_that_of_least_squares() {
        let trend = Trend::of(&[1.0, 2.0, 4.0, 5.0]);
        assert!((trend.growth - 1.4).abs() < 1e-12, "{}", trend.growth);
        assert!((trend.ends[0] - 0.9).abs() < 1e-12 && (trend.ends[1] - 5.1).abs() < 1e-12);
        // r = −0.75 + (2 − 3)/4 = −1, so 0 is taken: t = 1.4 / √(0.2/2/5) = 9.899, df 2; for 2
        // degrees of freedom p = (1 − t/√(2 + t²))/2.
        let t = 1.4 / (0.02_f64).sqrt();
        let expected = (1.0 - t / (2.0 + t * t).sqrt()) / 2.0;
        assert!((trend.p - expected).abs() < 1e-12, "{} {expected}", trend.p);
    }

    #[test]
    fn windows_merge_to_64_and_lose_the_first_ones() {
        let windows: Vec<f64> = (0..131).map(f64::from).collect();
        let merged = merged(&windows, 2.0);
        assert_eq!(merged.len(), 43);
        assert_eq!((merged[0], merged[42]), (3.0 / 2.0, 129.0 / 2.0));
    }
}
