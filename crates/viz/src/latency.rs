//! Where the time goes: p50, p95 and p99 of each run, split into parts.
//!
//! The percentile of a sum is not the sum of its parts' percentiles, because those
//! belong to different tasks. So nothing is added up here: a bar's length is the
//! end-to-end percentile itself, and its colours are what the report found the tasks
//! around that percentile to have spent their time on. The caption says so.

use crate::error::VizError;
use crate::notes::{self, Note};
use crate::number::{count, readable};
use crate::page::Page;
use crate::palette::{
    BACKGROUND, Colour, EXECUTION, FAILED, INK, MUTED, QUEUEING, SCHEDULING, TRANSFER, UNKNOWN,
};
use crate::panel::{Axis, Columns, heading, scales};
use crate::rows::{Group, Row, groups, setting};
use crate::scene::{Anchor, Scene, Style};
use metrics::report::{Check, CheckName, MARK, PartsMs, QuantileParts, RunReport, Summary};
use std::collections::BTreeMap;

type Part = (&'static str, Colour, fn(&PartsMs) -> f64);
type Figure = (&'static str, fn(&Summary) -> Option<f64>, fn(&QuantileParts) -> Option<PartsMs>);

/// In the order in which a call passes them; transfer last, because it has two legs.
const PARTS: [Part; 4] = [
    ("scheduling", SCHEDULING, |parts| parts.scheduling),
    ("queueing", QUEUEING, |parts| parts.queue),
    ("execution", EXECUTION, |parts| parts.execution),
    ("transfer", TRANSFER, |parts| parts.transfer),
];
const FIGURES: [Figure; 3] = [
    ("p50", |s| s.p50, |parts| parts.p50),
    ("p95", |s| s.p95, |parts| parts.p95),
    ("p99", |s| s.p99, |parts| parts.p99),
];

const NAME: Style = Style::regular(11.0, MUTED);
const VALUE: Style = Style::bold(11.5, INK);
const SHARE: Style = Style::regular(11.0, MUTED);
const BAR: f32 = 13.0;
const PITCH: f32 = 16.0;
const ROW: f32 = PITCH * 3.0 + 14.0;
/// A bar that is this many times longer than the median one would leave nothing of the others, as
/// that of an overloaded run does; it is cut.
const OVERLONG: f64 = 20.0;

/// A bar: its length in ms, and what share of it each of [`PARTS`] has; no shares if not known.
/// Its value is spoilt if the run's certificate says that it must not be relied on.
struct Bar {
    name: &'static str,
    length: f64,
    shares: Option<[f64; 4]>,
    spoilt: bool,
}

/// Latency of `runs`, grouped by part.
///
/// # Errors
/// [`VizError::Font`] only.
pub fn latency(title: &str, runs: &[RunReport]) -> Result<Scene, VizError> {
    let subtitle = setting("End-to-end latency of successful tasks, and where it goes", runs);
    let mut page = Page::new("Latency", title, &subtitle)?;
    if runs.is_empty() {
        page.nothing();
        return Ok(page.finish());
    }
    page.legend(&legend(runs));
    let groups = groups(runs);
    let after = runs.iter().flat_map(bars).map(|bar| notes::width(&page.scene, &notes(&bar)));
    let after = after.fold(120.0, f32::max);
    let facts = groups.iter().flat_map(|g| &g.rows).map(|row| row.facts.as_str());
    let columns = Columns::fit(&page.scene, &groups, facts, 36.0, after);
    for group in &groups {
        part(&mut page, &columns, group);
    }
    let mut caption = String::from(
        "Length of a bar: the percentile of the end-to-end latency. Colours: mean shares of the \
         tasks around that percentile (within 6.25 %), not percentiles of the parts, which would \
         not add up. Behind a bar: its value and its largest part. Shorter is better.",
    );
    caption.push_str(scales(&groups));
    if groups.iter().any(|group| lengths(group).any(|length| length > scale(group))) {
        caption.push_str(" A bar with gaps before its end is longer than the scale.");
    }
    let mut paragraphs = vec![caption];
    if runs.iter().flat_map(bars).any(|bar| bar.spoilt) {
        paragraphs.push(format!("{MARK} Not to be relied on. {}", reasons(runs)));
    }
    page.caption(&paragraphs);
    Ok(page.finish())
}

fn part(page: &mut Page, columns: &Columns, group: &Group<'_>) {
    heading(page, group);
    let scale = scale(group);
    let axis = Axis::new(&page.scene, columns, scale);
    axis.grid(page, page.y, page.y + ROW * group.rows.len() as f32);
    for row in &group.rows {
        run(page, columns, (&axis, scale), row);
    }
    axis.labels(page, "ms");
}

fn lengths(group: &Group<'_>) -> impl Iterator<Item = f64> {
    group.rows.iter().flat_map(|row| bars(row.report)).map(|bar| bar.length)
}

/// The length of the longest bar that is not overlong.
fn scale(group: &Group<'_>) -> f64 {
    let mut all: Vec<f64> = lengths(group).collect();
    all.sort_by(f64::total_cmp);
    let median = all.get(all.len() / 2).copied().filter(|median| *median > 0.0);
    let bound = median.map_or(f64::INFINITY, |median| median * OVERLONG);
    all.into_iter().filter(|length| *length <= bound).fold(0.0, f64::max)
}

/// The bars of a run, or why there are none.
fn run(page: &mut Page, columns: &Columns, (axis, scale): (&Axis, f64), row: &Row<'_>) {
    let top = page.y;
    page.y += ROW;
    columns.label(page, row, &row.facts, (top, ROW));
    let bars = bars(row.report);
    if bars.is_empty() {
        let measures = &row.report.metrics;
        let why = match measures.total_tasks {
            0 => "no task ended".to_owned(),
            total => format!("none of {} tasks succeeded: no latency", count(total)),
        };
        let note = (why, Style::bold(12.0, FAILED));
        notes::draw(page, &[note], axis.at(0.0), top + ROW / 2.0);
    }
    for (i, bar) in bars.iter().enumerate() {
        let y = top + 7.0 + PITCH * i as f32 + (PITCH - BAR) / 2.0;
        let at = (columns.plot - 6.0, y + BAR - 2.0);
        page.scene.text(bar.name, at, Anchor::End, NAME);
        let end = draw(page, axis, bar, y);
        if bar.length > scale {
            for gap in [14.0, 9.0] {
                page.scene.fill(end - gap, y, 2.0, BAR, BACKGROUND);
            }
        }
        notes::draw(page, &notes(bar), end, y + BAR / 2.0);
    }
}

/// Draws the parts of a bar with a hair of white between them; returns where it ends.
fn draw(page: &mut Page, axis: &Axis, bar: &Bar, y: f32) -> f32 {
    let start = axis.at(0.0);
    let end = axis.at(bar.length).max(start + 1.0);
    page.scene.fill(start, y, end - start, BAR, UNKNOWN);
    let mut from = start;
    let mut passed = 0.0;
    for ((_, colour, _), share) in PARTS.iter().zip(bar.shares.iter().flatten()) {
        passed += share;
        let to = start + (end - start) * passed.min(1.0) as f32;
        if to > from {
            page.scene.fill(from, y, to - from, BAR, *colour);
            if from > start && to - from > 2.0 {
                page.scene.fill(from - 0.25, y, 0.5, BAR, BACKGROUND);
            }
        }
        from = from.max(to);
    }
    end
}

fn bars(run: &RunReport) -> Vec<Bar> {
    let measures = &run.metrics;
    let bar = |&(name, figure, parts): &Figure| {
        let length = figure(&measures.latency_ms.end_to_end).filter(|ms| ms.is_finite())?;
        let shares = parts(&measures.latency_parts_ms).and_then(shares);
        let spoilt = measures.certificate.spoils(&format!("{name}_latency_ms"));
        Some(Bar { name, length, shares, spoilt })
    };
    FIGURES.iter().filter_map(bar).collect()
}

/// Each of [`PARTS`] over the sum of them; none if that is zero.
fn shares(parts: PartsMs) -> Option<[f64; 4]> {
    let own = PARTS.map(|(_, _, part)| part(&parts).max(0.0));
    let sum: f64 = own.iter().sum();
    (sum > 0.0 && sum.is_finite()).then(|| own.map(|ms| ms / sum))
}

/// The value, and the largest part of it.
fn notes(bar: &Bar) -> Vec<Note> {
    let mark = bar.spoilt.then_some(MARK).map(String::from).unwrap_or_default();
    let mut notes = vec![(readable(bar.length) + &mark, VALUE)];
    let shares = bar.shares.iter().flatten();
    let largest = PARTS.iter().zip(shares).max_by(|a, b| a.1.total_cmp(b.1));
    if let Some(((name, _, _), share)) = largest {
        notes.push((format!("{:.0} % {name}", share * 100.0), SHARE));
    }
    notes
}

/// Why latencies are spoilt, in a word per check and with the runs that it fails in.
fn reasons(runs: &[RunReport]) -> String {
    let spoilt = |check: &&Check| {
        FIGURES.iter().any(|(name, ..)| check.has_spoilt(&format!("{name}_latency_ms")))
    };
    let mut reasons: BTreeMap<CheckName, Vec<&str>> = BTreeMap::new();
    for run in runs {
        for check in run.metrics.certificate.failed().filter(spoilt) {
            reasons.entry(check.name).or_default().push(&run.name);
        }
    }
    let words = reasons.into_iter().map(|(name, names)| {
        let why = match name {
            CheckName::Samples => "Too few samples beyond it",
            CheckName::Stationary => "The queue was still growing, and latency has no such value",
            CheckName::GeneratorLag => "Arrivals came late",
            CheckName::Overrun => "Calls ran longer than they were drawn to",
            _ => "The account of the run is broken",
        };
        let which = match names.len() {
            n if n == runs.len() => "every run".to_owned(),
            n if n > 4 => format!("{n} runs"),
            _ => names.join(", "),
        };
        format!("{why}: {which}.")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The three parts that every run has, and transfer where there is any.
fn legend(runs: &[RunReport]) -> Vec<(Colour, &'static str)> {
    let transfer = runs.iter().any(|run| run.metrics.latency_ms.transfer.max > Some(0.0));
    let all = [
        (SCHEDULING, "scheduling (submit to assign)"),
        (QUEUEING, "queueing (arrival at the node to start)"),
        (EXECUTION, "execution (start to finish)"),
        (TRANSFER, "transfer"),
    ];
    all.into_iter().take(if transfer { 4 } else { 3 }).collect()
}
