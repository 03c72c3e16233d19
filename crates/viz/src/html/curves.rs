//! Latency as a distribution function with a logarithmic tail.
//!
//! Height is `−log₁₀` of the share of tasks that took longer, so that each decade of the tail has
//! as much room as the fastest nine tenths: who is better at the median and who is better at p99.9
//! are both seen. A curve further left is better. Eight runs share a chart at most.

use super::figure::{data, figure};
use super::svg::{LINES, Scale, WIDTH, axis, key, label, line, mark, svg};
use super::text::{at, shown};
use super::{PageRun, Part};
use metrics::CurvePoint;

const LEFT: f64 = 66.0;
const RIGHT: f64 = WIDTH - 20.0;
const TOP: f64 = 8.0;
const HEIGHT: f64 = 250.0;
/// Marked, and told when hovered: name, share of tasks that took at most so long.
const MARKED: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)];
/// Rows of the table.
const TOLD: [(&str, f64); 11] = [
    ("1 %", 0.01),
    ("10 %", 0.1),
    ("25 %", 0.25),
    ("50 %", 0.5),
    ("75 %", 0.75),
    ("90 %", 0.9),
    ("95 %", 0.95),
    ("99 %", 0.99),
    ("99.9 %", 0.999),
    ("99.99 %", 0.9999),
    ("100 %", 1.0),
];

type Labelled<'a> = (&'a PageRun<'a>, String);

/// The figures of a part.
pub(super) fn curves(part: &Part<'_>) -> Vec<String> {
    let all: Vec<Labelled<'_>> = part.labelled().filter(|(run, _)| !run.curve.is_empty()).collect();
    if all.is_empty() {
        return vec!["<p>No task succeeded: there are no latencies.</p>".to_owned()];
    }
    let charts = all.len().div_ceil(LINES);
    let chunks = all.chunks(all.len().div_ceil(charts));
    chunks.enumerate().map(|(i, runs)| chart(&format!("{}-curve{i}", part.id), runs)).collect()
}

fn chart(id: &str, runs: &[Labelled<'_>]) -> String {
    // From the 1 % on: the very fastest of an exponential law would take decades of the scale.
    let first = |(run, _): &Labelled<'_>| reached(run.curve, 0.01).map_or(0.0, ms);
    let last = |(run, _): &Labelled<'_>| run.curve.last().map_or(0.0, ms);
    let low = runs.iter().map(first).fold(f64::INFINITY, f64::min);
    let high = runs.iter().map(last).fold(0.0, f64::max);
    let x = Scale::fitting(LEFT, RIGHT, low, high);
    let most = runs.iter().map(|(run, _)| samples(run)).max().unwrap_or(1);
    // The largest of n samples stands where half a sample is beyond: it would be infinitely high
    // else.
    let decades = (2.0 * most as f64).log10().max(1.0);
    let y = |tail: f64| TOP + HEIGHT * (1.0 + tail.max(1e-19).log10() / decades).clamp(0.0, 1.0);
    let mut body = axis(&x, (TOP, TOP + HEIGHT), 6, "end-to-end latency, ms");
    for (share, name) in grid(decades) {
        body.push_str(&line((LEFT, y(1.0 - share)), (RIGHT, y(1.0 - share)), "grid"));
        body.push_str(&label(LEFT - 6.0, y(1.0 - share) + 4.5, "end", "tick", &name));
    }
    let mut legend = String::new();
    for (i, (run, name)) in runs.iter().enumerate() {
        let place = |point: &CurvePoint| {
            let tail = (1.0 - point.share).max(0.5 / samples(run) as f64);
            (x.at(ms(point)), y(tail))
        };
        let path: Vec<String> = run
            .curve
            .iter()
            .map(|point| {
                let (x, y) = place(point);
                format!("{} {}", at(x), at(y))
            })
            .collect();
        body.push_str(&format!("<path d=\"M{}\" class=\"line s{}\"/>", path.join("L"), i % LINES));
        for (quantile, share) in MARKED {
            let Some(point) = reached(run.curve, share).filter(|point| point.share < 1.0) else {
                continue;
            };
            let (x, y) = place(point);
            let value = shown(Some(ms(point)));
            body.push_str(&mark(i, x, y, &format!("{name}, {quantile}: {value} ms")));
        }
        legend.push_str(&key(i, name));
    }
    let described: Vec<String> = runs
        .iter()
        .map(|(run, name)| {
            let end_to_end = &run.report.metrics.latency_ms.end_to_end;
            format!("{name}: p50 {} ms, p99 {} ms", shown(end_to_end.p50), shown(end_to_end.p99))
        })
        .collect();
    let name = "Share of tasks by end-to-end latency";
    let picture = svg(id, TOP + HEIGHT + 38.0, name, &described.join("; "), &body);
    let caption = "Share of successful tasks that took at most so long; each decade of the tail \
                   has as \
                   much room as the fastest nine tenths. Further left is better. Few samples \
                   make the top \
                   of a curve.";
    figure("latency", &legend, &picture, caption, &table(runs))
}

fn ms(point: &CurvePoint) -> f64 {
    point.latency.as_millis_f64()
}

fn samples(run: &PageRun<'_>) -> u64 {
    run.report.metrics.latency_ms.end_to_end.count.max(1)
}

/// The first point at which this share of the tasks is reached.
fn reached(curve: &[CurvePoint], share: f64) -> Option<&CurvePoint> {
    curve.iter().find(|point| point.share >= share - 1e-12)
}

/// Shares with a grid line, and their names: nine tenths and on, and what divides the body.
fn grid(decades: f64) -> Vec<(f64, String)> {
    let mut lines = vec![(0.0, "0 %".to_owned()), (0.5, "50 %".to_owned())];
    for decade in 1..=decades as i32 {
        let nines = usize::try_from(decade).unwrap_or(1);
        let name = match nines {
            1 => "90 %".to_owned(),
            2 => "99 %".to_owned(),
            n => format!("99.{} %", "9".repeat(n - 2)),
        };
        lines.push((1.0 - 10_f64.powi(-decade), name));
    }
    lines
}

fn table(runs: &[Labelled<'_>]) -> String {
    let head: Vec<String> = std::iter::once("share of tasks".to_owned())
        .chain(runs.iter().map(|(_, name)| format!("{name}, ms")))
        .collect();
    let rows: Vec<Vec<String>> = TOLD
        .iter()
        .map(|(name, share)| {
            let at = |(run, _): &Labelled<'_>| shown(reached(run.curve, *share).map(ms));
            std::iter::once((*name).to_owned()).chain(runs.iter().map(at)).collect()
        })
        .collect();
    let points: String = runs.iter().map(|(run, _)| points(run)).collect();
    let all = format!("<script type=\"text/csv\">run,share,latency_ms\n{points}</script>");
    data("End-to-end latency by share of tasks", &head, &rows) + &all
}

/// All points, for saving. Names of runs can be part of a file name, so nothing in them needs
/// escaping; what does not hold that is left out.
fn points(run: &PageRun<'_>) -> String {
    let plain = |c: &char| c.is_alphanumeric() || "_-.".contains(*c);
    let name: String = run.report.name.chars().filter(plain).collect();
    let point = |point: &CurvePoint| format!("{name},{},{}\n", point.share, ms(point));
    run.curve.iter().map(point).collect()
}
