//! Throughput: a bar from zero for each run, with its interval and what it could have reached.
//!
//! The pattern of a bar is its binding, as the colour is in the PNG: a placement must not be
//! credited for what the binding did.

use super::figure::{data, figure};
use super::svg::{Scale, WIDTH, area, axis, label, line, svg};
use super::text::{at, shown, with_interval};
use super::{PageRun, Part};
use metrics::report::Interval;

const ROW: f64 = 38.0;
const BAR: f64 = 12.0;

/// The figure of a part.
pub(super) fn rates(part: &Part<'_>) -> String {
    let reach = |run: &PageRun<'_>| {
        let metrics = &run.report.metrics;
        let ends = [
            metrics.throughput_tasks_per_sec,
            metrics.throughput_ci95.map(|[_, high]| high),
            run.ideal.map(|(rate, _)| rate),
        ];
        ends.into_iter().flatten().fold(0.0, f64::max)
    };
    let most = part.runs.iter().map(|run| reach(run)).fold(0.0, f64::max);
    let scale = Scale::linear(2.0, WIDTH - 20.0, most);
    let bottom = ROW * part.runs.len() as f64 + 4.0;
    let mut body = axis(&scale, (0.0, bottom), 6, "tasks/s");
    let mut rows = Vec::new();
    for (i, (run, name)) in part.labelled().enumerate() {
        body.push_str(&row(run, &name, &scale, ROW * i as f64));
        rows.push(values(run, &name));
    }
    let described = rows.iter().map(|row| format!("{}: {} tasks/s", row[0], row[1]));
    let described = described.collect::<Vec<_>>().join("; ");
    let id = format!("{}-rates", part.id);
    let picture = svg(&id, bottom + 38.0, "Throughput by run", &described, &body);
    let head = ["run", "tasks/s", "95 % from", "to", "ideal, tasks/s", "failed tasks"];
    let methods = Interval::methods(part.runs.iter().map(|run| &run.report.metrics.interval));
    let whisker = methods
        .map_or_else(String::new, |methods| format!(" A whisker is the 95 % interval {methods}."));
    let caption = format!(
        "Successful tasks per second; longer is better.{whisker} A diamond is the ideal: one shared \
         queue without overhead. Hatched: binds early."
    );
    let table = data("Throughput by run", &head.map(str::to_owned), &rows);
    figure("throughput", "", &picture, &caption, &table)
}

fn row(run: &PageRun<'_>, name: &str, scale: &Scale, top: f64) -> String {
    let metrics = &run.report.metrics;
    let (rate, interval) = (metrics.throughput_tasks_per_sec, metrics.throughput_ci95);
    let value = with_interval(rate, interval);
    let tip = format!("{name}: {value} tasks/s");
    let mut text = label(2.0, top + 13.0, "start", "name", name);
    let failed = match metrics.failed_tasks {
        0 => String::new(),
        n => format!(" · {} failed", crate::number::count(n)),
    };
    text.push_str(&label(WIDTH - 8.0, top + 13.0, "end", "value", &format!("{value}{failed}")));
    let y = top + 19.0;
    if let Some(rate) = rate {
        let width = scale.at(rate) - scale.at(0.0);
        let class = if metrics.config.bind == "late" { "rate late" } else { "rate early" };
        text.push_str(&area((scale.at(0.0), y, width, BAR), class, &tip));
    }
    if let Some([low, high]) = interval {
        let (low, high, middle) = (scale.at(low), scale.at(high), y + BAR / 2.0);
        text.push_str(&line((low, middle), (high, middle), "whisker"));
        for end in [low, high] {
            text.push_str(&line((end, middle - 4.0), (end, middle + 4.0), "whisker"));
        }
    }
    if let Some((ideal, drained)) = run.ideal {
        let (x, y) = (scale.at(ideal), y + BAR / 2.0);
        let drained = if drained { ", lowered by start and drain" } else { "" };
        text.push_str(&format!(
            "<path d=\"M{} {}l5 5l-5 5l-5 -5Z\" class=\"ideal\"><title>ideal: {} \
             tasks/s{drained}</title></path>",
            at(x),
            at(y - 5.0),
            shown(Some(ideal))
        ));
    }
    text
}

fn values(run: &PageRun<'_>, name: &str) -> Vec<String> {
    let metrics = &run.report.metrics;
    let [low, high] = metrics.throughput_ci95.map_or([None; 2], |ends| ends.map(Some));
    let numbers = [metrics.throughput_tasks_per_sec, low, high, run.ideal.map(|(rate, _)| rate)];
    let mut row = vec![name.to_owned()];
    row.extend(numbers.map(shown));
    row.push(crate::number::count(metrics.failed_tasks));
    row
}
