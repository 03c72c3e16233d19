//! How much: successful tasks per second, a bar per run.
//!
//! Bars start at zero and carry their value, so lengths may be compared and numbers
//! read. The colour of a bar is its binding, because a placement must not be
//! credited for what the binding did. A whisker is the confidence interval across
//! repetitions; failed tasks are written out beside the bar that lacks them.

use crate::error::VizError;
use crate::notes::{self, Note};
use crate::number::{count, readable};
use crate::page::Page;
use crate::palette::{Colour, EARLY, FAILED, INK, LATE, MUTED, UNKNOWN};
use crate::panel::{Axis, Columns, heading, scales};
use crate::rows::{Group, Row, groups, setting};
use crate::scene::{Scene, Style};
use metrics::report::{MARK, Measures, Method, RunReport};

const VALUE: Style = Style::bold(13.0, INK);
const BAR: f32 = 18.0;
/// At most so many remarks of the runs are repeated below the picture.
const REMARKS: usize = 3;

/// Throughput of `runs`, grouped by part.
///
/// # Errors
/// [`VizError::Font`] only.
pub fn throughput(title: &str, runs: &[RunReport]) -> Result<Scene, VizError> {
    let subtitle = setting("Successful tasks per second", runs);
    let mut page = Page::new("Throughput", title, &subtitle)?;
    if runs.is_empty() {
        page.nothing();
        return Ok(page.finish());
    }
    page.legend(&legend(runs));
    let groups = groups(runs);
    let after = runs.iter().map(|run| notes::width(&page.scene, &notes(&run.metrics)));
    let after = after.fold(80.0, f32::max);
    let facts = groups.iter().flat_map(|g| &g.rows).map(|row| row.facts.as_str());
    let columns = Columns::fit(&page.scene, &groups, facts, 0.0, after);
    for group in &groups {
        part(&mut page, &columns, group);
    }
    page.caption(&caption(runs, scales(&groups)));
    Ok(page.finish())
}

fn part(page: &mut Page, columns: &Columns, group: &Group<'_>) {
    heading(page, group);
    let longest = group.rows.iter().map(|row| reach(&row.report.metrics)).fold(0.0, f64::max);
    let axis = Axis::new(&page.scene, columns, longest);
    let pitch = if group.rows.iter().any(|r| !r.facts.is_empty()) { 40.0 } else { 30.0 };
    axis.grid(page, page.y, page.y + pitch * group.rows.len() as f32 + 4.0);
    for row in &group.rows {
        columns.label(page, row, &row.facts, (page.y, pitch));
        bar(page, &axis, row, page.y + pitch / 2.0);
        page.y += pitch;
    }
    page.y += 4.0;
    axis.labels(page, "tasks/s");
}

/// The bar, its whisker, and what is written behind them.
fn bar(page: &mut Page, axis: &Axis, row: &Row<'_>, middle: f32) {
    let measures = &row.report.metrics;
    let start = axis.at(0.0);
    let mut end = start;
    let value = shown(measures);
    if value > 0.0 {
        end = axis.at(value).max(start + 1.0); // the smallest bar is still seen
        page.scene.fill(start, middle - BAR / 2.0, end - start, BAR, colour(row.bind));
    }
    if let Some([low, high]) = interval(measures) {
        let (from, to) = (axis.at(low), axis.at(high));
        page.scene.fill(from, middle - 0.75, (to - from).max(1.5), 1.5, INK);
        for x in [from, to] {
            page.scene.fill(x - 0.75, middle - 5.0, 1.5, 10.0, INK);
        }
        end = end.max(to);
    }
    notes::draw(page, &notes(measures), end, middle);
}

/// What is written behind a bar, in order.
fn notes(measures: &Measures) -> Vec<Note> {
    let small = |colour: Colour| Style::regular(11.5, colour);
    let mut notes = Vec::new();
    let value = shown(measures);
    let spoilt = measures.certificate.spoils("throughput_tasks_per_sec");
    let mark = spoilt.then_some(MARK).map(String::from).unwrap_or_default();
    notes.push(match (measures.total_tasks, measures.successful_tasks) {
        (0, _) => ("no task ended".to_owned(), Style::bold(12.0, FAILED)),
        (_, 0) => ("no task succeeded".to_owned(), Style::bold(12.0, FAILED)),
        _ => (readable(value) + &mark, VALUE),
    });
    if let Some([low, high]) = interval(measures) {
        notes.push((format!("{}–{}", readable(low), readable(high)), small(MUTED)));
    }
    if measures.failed_tasks > 0 {
        let (failed, total) = (count(measures.failed_tasks), count(measures.total_tasks));
        notes.push((format!("{failed} of {total} failed"), Style::bold(11.5, FAILED)));
    }
    if measures.partial {
        notes.push(("interrupted".to_owned(), small(FAILED)));
    }
    notes
}

fn legend(runs: &[RunReport]) -> Vec<(Colour, &'static str)> {
    let entries = [("late", LATE, "late binding"), ("early", EARLY, "early binding")];
    let shown = |bind: &str| runs.iter().any(|run| run.metrics.config.bind == bind);
    entries.into_iter().filter(|e| shown(e.0)).map(|(_, colour, text)| (colour, text)).collect()
}

/// How to read the picture; then what a reader of the numbers must know, in the runs' own words.
fn caption(runs: &[RunReport], scales: &str) -> Vec<String> {
    let mut text = String::from(
        "Successful tasks ÷ (last finish − first counted intended arrival). Longer is better.",
    );
    text.push_str(scales);
    let methods = || runs.iter().filter(|run| interval(&run.metrics).is_some());
    for (method, across) in
        [(Method::Repetitions, "across repetitions"), (Method::BatchMeans, "by batch means")]
    {
        if methods().any(|run| run.metrics.interval.method == Some(method)) {
            text.push_str(&format!(
                " Whiskers and the range behind a value: 95 % confidence interval {across}."
            ));
        }
    }
    if runs.iter().any(|run| run.provenance.build_profile == "unoptimised") {
        text.push_str(" Measured by an unoptimised build: not fit for comparison.");
    }
    let mut paragraphs = vec![text];
    for note in runs.iter().flat_map(|run| &run.metrics.notes) {
        if !paragraphs.contains(note) {
            paragraphs.push(note.clone());
        }
    }
    let more = paragraphs.len().saturating_sub(1 + REMARKS);
    paragraphs.truncate(1 + REMARKS);
    if more > 0 {
        paragraphs.push(format!("{more} more remarks stand in the reports of the runs."));
    }
    paragraphs
}

fn colour(bind: &str) -> Colour {
    match bind {
        "late" => LATE,
        "early" => EARLY,
        _ => UNKNOWN,
    }
}

/// The value as drawn: what is not a positive number is no bar.
fn shown(measures: &Measures) -> f64 {
    let value = measures.throughput_tasks_per_sec.filter(|v| v.is_finite());
    value.filter(|_| measures.successful_tasks > 0).map_or(0.0, |v| v.max(0.0))
}

fn interval(measures: &Measures) -> Option<[f64; 2]> {
    measures.throughput_ci95.filter(|ci| ci.iter().all(|end| end.is_finite()))
}

fn reach(measures: &Measures) -> f64 {
    interval(measures).map_or(0.0, |ci| ci[1]).max(shown(measures))
}
