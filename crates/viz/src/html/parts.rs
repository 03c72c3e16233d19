//! Where the time goes: mean, p50, p95 and p99 of each run, split into parts.
//!
//! As in the PNG, a bar is the percentile itself, and its parts are what the tasks around it spent
//! their time on; percentiles of parts would not add up.

use super::figure::{data, figure};
use super::svg::{Scale, WIDTH, area, axis, label, svg};
use super::text::shown;
use super::{PageRun, Part};
use metrics::report::{PartsMs, Summary};

const NAMES: [(&str, &str); 4] = [
    ("scheduling", "scheduling"),
    ("queueing", "queueing"),
    ("execution", "execution"),
    ("transfer", "transfer"),
];
const LEFT: f64 = 46.0;
const RIGHT: f64 = WIDTH - 74.0;
const HEAD: f64 = 20.0;
const PITCH: f64 = 16.0;
const BAR: f64 = 12.0;
const GAP: f64 = 8.0;
/// A bar that is so many times as long as the median one would leave nothing of the others: it is
/// cut.
const OVERLONG: f64 = 20.0;

/// A bar: its name, its length in ms, and its parts, if they are known.
struct Bar {
    name: &'static str,
    length: f64,
    parts: Option<[f64; 4]>,
}

/// The figure of a part of the experiment; none if nothing of it has a latency.
pub(super) fn parts(part: &Part<'_>) -> Option<String> {
    let all: Vec<(String, Vec<Bar>)> =
        part.labelled().map(|(run, name)| (name, bars(run))).collect();
    let mut lengths: Vec<f64> =
        all.iter().flat_map(|(_, bars)| bars).map(|bar| bar.length).collect();
    if lengths.is_empty() {
        return None;
    }
    lengths.sort_by(f64::total_cmp);
    let most = OVERLONG * lengths[lengths.len() / 2];
    let longest = lengths.iter().rev().find(|length| **length <= most).copied().unwrap_or(most);
    let scale = Scale::linear(LEFT, RIGHT, longest);
    let (mut y, mut body, mut rows) = (0.0, String::new(), Vec::new());
    for (name, bars) in &all {
        body.push_str(&label(2.0, y + 14.0, "start", "name", name));
        y += HEAD;
        for bar in bars {
            body.push_str(&draw(bar, name, &scale, longest, y));
            rows.push(values(bar, name));
            y += PITCH;
        }
        y += GAP;
    }
    let grid = axis(&scale, (0.0, y), 5, "ms");
    let with_transfer =
        all.iter().flat_map(|(_, bars)| bars).any(|bar| bar.parts.is_some_and(|p| p[3] > 0.0));
    let shown_parts = if with_transfer { 4 } else { 3 };
    let legend: String = NAMES[..shown_parts]
        .iter()
        .map(|(name, class)| {
            let swatch = area((0.0, 1.0, 24.0, 10.0), class, "");
            format!(
                "<li><svg viewBox=\"0 0 24 12\" class=\"key\" aria-hidden=\"true\" \
                 focusable=\"false\">{swatch}</svg>{name}</li>"
            )
        })
        .collect();
    let described: Vec<String> =
        rows.iter().map(|row| format!("{} {}: {} ms", row[0], row[1], row[2])).collect();
    let id = format!("{}-parts", part.id);
    let picture = svg(&id, y + 38.0, "Latency by part", &described.join("; "), &(grid + &body));
    let caption = "Length: the mean or percentile of the end-to-end latency; shorter is better. \
                   Parts: what the \
                   tasks within 6.25 % of that percentile spent their time on. An arrow: longer \
                   than the scale.";
    let head = ["run", "", "end to end, ms", "scheduling", "queueing", "execution", "transfer"];
    let table = data("Latency by part, ms", &head.map(str::to_owned), &rows);
    Some(figure("latency_parts", &legend, &picture, caption, &table))
}

fn bars(run: &PageRun<'_>) -> Vec<Bar> {
    let (latency, at) = (&run.report.metrics.latency_ms, &run.report.metrics.latency_parts_ms);
    let split = |parts: PartsMs| [parts.scheduling, parts.queue, parts.execution, parts.transfer];
    let mean = |summary: &Summary| summary.mean;
    let means =
        [&latency.scheduling, &latency.queue, &latency.execution, &latency.transfer].map(mean);
    let means = means.iter().copied().collect::<Option<Vec<f64>>>();
    let means = means.and_then(|means| <[f64; 4]>::try_from(means).ok());
    let end_to_end = &latency.end_to_end;
    let bar = |name, length: Option<f64>, parts| Some(Bar { name, length: length?, parts });
    [
        bar("mean", end_to_end.mean, means),
        bar("p50", end_to_end.p50, at.p50.map(split)),
        bar("p95", end_to_end.p95, at.p95.map(split)),
        bar("p99", end_to_end.p99, at.p99.map(split)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn draw(bar: &Bar, run: &str, scale: &Scale, longest: f64, y: f64) -> String {
    let mut text = label(LEFT - 6.0, y + 10.5, "end", "tick", bar.name);
    let mut reached = 0.0;
    let parts = bar.parts.unwrap_or_default();
    for ((name, class), ms) in NAMES.iter().zip(parts).filter(|(_, ms)| *ms > 0.0) {
        let (from, to) = (scale.at(reached), scale.at(reached + ms));
        let share = 100.0 * ms / bar.length;
        let tip = format!("{run}, {}: {name} {} ms, {share:.0} %", bar.name, shown(Some(ms)));
        text.push_str(&area((from, y, to - from, BAR), class, &tip));
        reached += ms;
    }
    let cut = if bar.length > longest { "→ " } else { "" };
    let value = format!("{cut}{}", shown(Some(bar.length)));
    text + &label(scale.at(bar.length) + 5.0, y + 10.5, "start", "value", &value)
}

fn values(bar: &Bar, run: &str) -> Vec<String> {
    let parts = bar.parts.map_or([None; 4], |parts| parts.map(Some));
    let mut row = vec![run.to_owned(), bar.name.to_owned(), shown(Some(bar.length))];
    row.extend(parts.map(shown));
    row
}
