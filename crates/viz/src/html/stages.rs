//! Where the time goes by stage: what a task waits for and what it runs for, each split into the stages.
//!
//! Stages are means over successful tasks, which add up; a percentile of one stage belongs to other tasks
//! than that of the next, so there is no bar of them. Left out where there is one stage, which the parts
//! tell already.

use super::figure::{data, figure};
use super::svg::{LINES, Scale, WIDTH, area, axis, label, svg};
use super::text::{escaped, shown};
use super::{PageRun, Part};
use crate::number::count;
use metrics::report::Latencies;

const LEFT: f64 = 62.0;
const RIGHT: f64 = WIDTH - 74.0;
const HEAD: f64 = 20.0;
const PITCH: f64 = 16.0;
const BAR: f64 = 12.0;
const GAP: f64 = 8.0;

/// A bar: its name, and what it takes from the latencies of a stage.
type Row = (&'static str, fn(&Latencies) -> Option<f64>);

const ROWS: [Row; 3] = [
    ("waiting", |it| it.wait.mean),
    ("running", |it| it.execution.mean),
    ("transfer", |it| it.transfer.mean),
];

/// The figure of a part of the experiment; none if none of its runs has several stages that were measured.
pub(super) fn stages(part: &Part<'_>) -> Option<String> {
    let runs: Vec<(&PageRun<'_>, String)> = part.labelled().filter(|it| is_told(it.0)).collect();
    // One scale and, where stages have the same names, one legend for all.
    let mut names: Vec<&str> = Vec::new();
    let (mut longest, mut transfers) = (0.0, false);
    for (run, _) in &runs {
        let stages = &run.report.metrics.stages;
        for name in stages.keys().filter(|name| !names.contains(&name.as_str())).collect::<Vec<_>>()
        {
            names.push(name);
        }
        for (_, of) in ROWS {
            longest = f64::max(longest, stages.values().filter_map(of).sum());
        }
        transfers |= stages.values().any(|it| it.transfer.mean.is_some_and(|ms| ms > 0.0));
    }
    if runs.is_empty() {
        return None;
    }
    let scale = Scale::linear(LEFT, RIGHT, longest);
    let bars = &ROWS[..if transfers { 3 } else { 2 }];
    let (mut y, mut body, mut values) = (0.0, String::new(), Vec::new());
    for (run, name) in &runs {
        body.push_str(&label(2.0, y + 14.0, "start", "name", name));
        y += HEAD;
        for row in bars {
            body.push_str(&bar(run, name, row, &names, &scale, y));
            y += PITCH;
        }
        y += GAP;
        values.extend(run.report.metrics.stages.iter().map(|(stage, it)| cells(name, stage, it)));
    }
    let legend = names.iter().enumerate().map(|(at, name)| {
        let swatch = area((0.0, 1.0, 24.0, 10.0), &class(at), "");
        format!(
            "<li><svg viewBox=\"0 0 24 12\" class=\"key\" aria-hidden=\"true\" \
             focusable=\"false\">{swatch}</svg>{}</li>",
            escaped(name)
        )
    });
    let legend: String = legend.collect();
    let described: Vec<String> = values
        .iter()
        .map(|row| format!("{} {}: waits {} ms, runs {} ms", row[0], row[1], row[3], row[4]))
        .collect();
    let grid = axis(&scale, (0.0, y), 5, "ms");
    let id = format!("{}-stages", part.id);
    let picture = svg(&id, y + 38.0, "Latency by stage", &described.join("; "), &(grid + &body));
    let caption = "What a task waits for and runs for in the mean, split into its stages; shorter is \
                   better.";
    let head =
        ["run", "stage", "calls", "wait, ms", "run, ms", "run, p99", "transfer, ms", "call, p99"];
    let table = data("Latency by stage, ms per call", &head.map(str::to_owned), &values);
    Some(figure("latency_stages", &legend, &picture, caption, &table))
}

fn is_told(run: &PageRun<'_>) -> bool {
    let stages = &run.report.metrics.stages;
    stages.len() > 1 && stages.values().any(|it| it.end_to_end.count > 0)
}

fn class(stage: usize) -> String {
    format!("stage{}", stage % LINES)
}

fn bar(run: &PageRun<'_>, name: &str, row: &Row, names: &[&str], scale: &Scale, y: f64) -> String {
    let (what, of) = row;
    let stages = &run.report.metrics.stages;
    let all: f64 = stages.values().filter_map(of).sum();
    let mut text = label(LEFT - 6.0, y + 10.5, "end", "tick", what);
    let mut reached = 0.0;
    for (stage, it) in stages {
        let Some(ms) = of(it).filter(|ms| *ms > 0.0) else { continue };
        let at = names.iter().position(|known| known == stage).unwrap_or_default();
        let (from, to) = (scale.at(reached), scale.at(reached + ms));
        let share = 100.0 * ms / all;
        let tip = format!("{name}, {what}: {stage} {} ms, {share:.0} %", shown(Some(ms)));
        text.push_str(&area((from, y, to - from, BAR), &class(at), &tip));
        reached += ms;
    }
    text + &label(scale.at(all) + 5.0, y + 10.5, "start", "value", &shown(Some(all)))
}

fn cells(run: &str, stage: &str, it: &Latencies) -> Vec<String> {
    let mut row = vec![run.to_owned(), stage.to_owned(), count(it.end_to_end.count)];
    let numbers =
        [it.wait.mean, it.execution.mean, it.execution.p99, it.transfer.mean, it.end_to_end.p99];
    row.extend(numbers.map(shown));
    row
}
