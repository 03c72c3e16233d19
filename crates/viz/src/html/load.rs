//! What happened when: load by node as a heat map, and the calls that waited.
//!
//! Both have one time axis, of the first repetition. A cell is drawn in one of eleven steps, cells
//! of one step that touch in a row as one rectangle: a page with 28 runs stays small. The exact
//! values are in a block of JSON beside, for hovering, arrow keys and saving.

use super::figure::figure;
use super::svg::{Scale, WIDTH, label, line, svg};
use super::text::{at, escaped, json_string, shown};
use super::{PageRun, Part};
use crate::number::ticks;
use metrics::LoadSeries;

const LEFT: f64 = 62.0;
const RIGHT: f64 = WIDTH - 16.0;
/// Height of a heat map with room for all of its names; with more rows it is shared.
const ROOM: f64 = 250.0;
const TALLEST: f64 = 22.0;
const LINES_HEIGHT: f64 = 90.0;
/// Steps of the colour scale, above none.
const STEPS: f64 = 10.0;
/// Bytes of charts over time on one page. Beyond, runs are named and left out.
const MOST: usize = 2_000_000;

/// The panels of all runs, and who has none for want of room.
pub(super) fn load(parts: &[Part<'_>]) -> String {
    let mut panels: Vec<(String, String)> = Vec::new();
    let (mut bytes, mut left_out) = (0, Vec::new());
    for part in parts {
        for (run, name) in part.labelled() {
            let Some(series) = run.load.filter(|series| !series.queue.is_empty()) else { continue };
            let name = match part.group.part {
                "" => name,
                part => format!("{part}: {name}"),
            };
            if bytes > MOST {
                left_out.push(name);
                continue;
            }
            let panel = panel(panels.len(), run, &name, series);
            bytes += panel.len();
            panels.push((name, panel));
        }
    }
    if panels.is_empty() {
        return String::new();
    }
    let options: String = panels
        .iter()
        .enumerate()
        .map(|(i, (name, _))| format!("<option value=\"{i}\">{}</option>", escaped(name)))
        .collect();
    let choice = match panels.len() {
        0..=2 => String::new(),
        _ => format!(
            "<p class=\"choice\" hidden><label>Left <select \
             data-side=\"0\">{options}</select></label> \
             <label>Right <select data-side=\"1\">{options}</select></label></p>"
        ),
    };
    let left_out = match left_out.len() {
        0 => String::new(),
        n => format!(
            "<p>To keep this page small, {n} more runs are not drawn: {}.</p>",
            escaped(&left_out.join("; "))
        ),
    };
    let panels: String = panels.into_iter().map(|(_, panel)| panel).collect();
    format!(
        "<p>The first repetition of each run, without its warm-up. Hover a chart, or go to it \
         with the tab \
         key and use the arrow keys, to read values.</p>{choice}<div class=\"figures \
         panels\">{panels}</div>{left_out}"
    )
}

fn panel(index: usize, run: &PageRun<'_>, name: &str, series: &LoadSeries) -> String {
    let seconds = series.end.as_secs_f64();
    let x = Scale::linear(LEFT, RIGHT, seconds);
    let id = format!("load{index}");
    let (map, height) = heat(series, &x);
    let busy = mean_busy(series);
    let described = format!(
        "{} rows of nodes over {} s; on average {} % busy",
        series.rows.len(),
        shown(Some(seconds)),
        shown(Some(100.0 * busy))
    );
    let map = svg(&id, height + 34.0, &format!("Load by node over time, {name}"), &described, &map);
    let most =
        series.scheduling.iter().zip(&series.queue).map(|(a, b)| a.max(*b)).fold(0.0, f64::max);
    let described =
        format!("at most {} calls waited on average of a step of time", shown(Some(most)));
    let lines = svg(
        &format!("{id}q"),
        LINES_HEIGHT + 44.0,
        &format!("Waiting calls over time, {name}"),
        &described,
        &waiting(series, &x, most),
    );
    let legend: String = (0..=10_u8)
        .step_by(2)
        .map(|step| format!("<li><i class=\"h{step}\"></i>{} %</li>", u32::from(step) * 10))
        .collect();
    let data = json(run, series, (height, most));
    let caption = "Above: share of each node's slots that were busy. Below: calls that waited, \
                   in the \
                   scheduler (solid) and at the nodes (dashed).";
    let figure = figure(
        "load",
        &legend,
        &format!(
            "<div class=\"probe\" data-kind=\"heat\" tabindex=\"0\" role=\"group\" \
             aria-label=\"Load of {0}; arrow keys read values\">{map}</div>\
             <div class=\"probe\" data-kind=\"lines\" tabindex=\"0\" role=\"group\" \
             aria-label=\"Waiting calls of {0}; arrow keys read values\">{lines}</div>{data}",
            escaped(name)
        ),
        caption,
        "",
    );
    format!("<div class=\"panel\" data-panel=\"{index}\"><h3>{}</h3>{figure}</div>", escaped(name))
}

fn mean_busy(series: &LoadSeries) -> f64 {
    let slots: u64 = series.rows.iter().map(|row| row.slots).sum();
    let (width, end) = (series.width.as_secs_f64(), series.end.as_secs_f64());
    let busy = series.busy.iter().zip(&series.rows).map(|(shares, row)| {
        let spans = shares
            .iter()
            .enumerate()
            .map(|(bin, share)| share * (end - bin as f64 * width).min(width));
        spans.sum::<f64>() * row.slots as f64
    });
    busy.sum::<f64>() / (slots as f64 * end)
}

/// The cells, the names of rows and the axis; and the height of the cells.
fn heat(series: &LoadSeries, x: &Scale) -> (String, f64) {
    let pitch = (ROOM / series.rows.len() as f64).clamp(3.0, TALLEST);
    let height = pitch * series.rows.len() as f64;
    let mut paths = vec![String::new(); STEPS as usize + 1];
    let edge =
        |bin: usize| x.at((bin as f64 * series.width.as_secs_f64()).min(series.end.as_secs_f64()));
    for (row, shares) in series.busy.iter().enumerate() {
        let steps: Vec<usize> = shares.iter().map(|share| step(*share)).collect();
        let mut bin = 0;
        for run in steps.chunk_by(|a, b| a == b) {
            let (from, to) = (edge(bin), edge(bin + run.len()));
            let place = format!(
                "M{} {}H{}v{}H{}Z",
                at(from),
                at(pitch * row as f64),
                at(to),
                at(pitch),
                at(from)
            );
            paths[run[0]].push_str(&place);
            bin += run.len();
        }
    }
    let mut body: String = paths
        .iter()
        .enumerate()
        .filter(|(_, path)| !path.is_empty())
        .map(|(step, path)| format!("<path d=\"{path}\" class=\"h{step}\"/>"))
        .collect();
    // As many names as there is room for.
    let every = (13.0 / pitch).ceil().max(1.0) as usize;
    for (i, row) in series.rows.iter().enumerate().step_by(every) {
        let y = pitch * (i as f64 + 0.5) + 4.0;
        body.push_str(&label(LEFT - 6.0, y.max(10.0), "end", "tick", &short(&row.first)));
    }
    body.push_str(&time_axis(x, height, series.end.as_secs_f64()));
    (body, height)
}

/// 0 only for what was idle throughout.
fn step(share: f64) -> usize {
    (share.clamp(0.0, 1.0) * STEPS - 1e-9).ceil().max(0.0) as usize
}

fn short(name: &str) -> String {
    match name.chars().count() {
        0..=8 => name.to_owned(),
        _ => name.chars().take(7).chain(['…']).collect(),
    }
}

fn time_axis(x: &Scale, y: f64, seconds: f64) -> String {
    let (factor, unit) = if seconds < 1.0 { (1e3, "ms") } else { (1.0, "s") };
    let marks = ticks(seconds * factor, 6).into_iter().map(|(value, name)| {
        let at = x.at(value / factor);
        line((at, y), (at, y + 4.0), "tickmark") + &label(at, y + 17.0, "middle", "tick", &name)
    });
    marks.collect::<String>() + &label(RIGHT, y + 31.0, "end", "tick", unit)
}

fn waiting(series: &LoadSeries, x: &Scale, most: f64) -> String {
    let top = 8.0;
    let y = Scale::linear(top + LINES_HEIGHT, top, most);
    let mut body = String::new();
    for (value, name) in ticks(most, 4) {
        body.push_str(&line((LEFT, y.at(value)), (RIGHT, y.at(value)), "grid"));
        body.push_str(&label(LEFT - 6.0, y.at(value) + 4.5, "end", "tick", &name));
    }
    let width = series.width.as_secs_f64();
    let end = series.end.as_secs_f64();
    for (means, class) in [(&series.scheduling, "wait-scheduler"), (&series.queue, "wait-nodes")] {
        let steps = means.iter().enumerate().map(|(bin, mean)| {
            let (from, to) = (bin as f64 * width, ((bin + 1) as f64 * width).min(end));
            format!("{} {}H{}", at(x.at(from)), at(y.at(*mean)), at(x.at(to)))
        });
        body.push_str(&format!(
            "<path d=\"M{}\" class=\"{class}\"/>",
            steps.collect::<Vec<_>>().join("L")
        ));
    }
    body + &time_axis(x, top + LINES_HEIGHT, end)
}

/// The values, whole per cents of load and hundredths of calls.
fn json(run: &PageRun<'_>, series: &LoadSeries, (height, most): (f64, f64)) -> String {
    let rows: Vec<String> = series
        .rows
        .iter()
        .map(|row| match row.first == row.last {
            true => json_string(&row.first),
            false => json_string(&format!("{} to {}", row.first, row.last)),
        })
        .collect();
    let busy = series.busy.iter().map(|shares| {
        let shares = shares.iter().map(|share| format!("{:.0}", 100.0 * share));
        format!("[{}]", shares.collect::<Vec<_>>().join(","))
    });
    let calls = |means: &[f64]| {
        let means = means.iter().map(|mean| {
            let text = format!("{mean:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        });
        format!("[{}]", means.collect::<Vec<_>>().join(","))
    };
    format!(
        "<script type=\"application/json\" class=\"series\">{{\"run\":{},\"width\":{},\"end\":{},\
         \"left\":{LEFT},\"right\":{RIGHT},\"height\":{height},\"most\":{most},\"rows\":[{}],\"busy\":[{}],\
         \"scheduler\":{},\"nodes\":{}}}</script>",
        json_string(&run.report.name),
        series.width.as_secs_f64(),
        series.end.as_secs_f64(),
        rows.join(","),
        busy.collect::<Vec<_>>().join(","),
        calls(&series.scheduling),
        calls(&series.queue)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_idle_throughout_looks_idle() {
        assert_eq!([0.0, 0.001, 0.1, 0.101, 0.95, 1.0, 1.7].map(step), [0, 1, 1, 2, 10, 10, 10]);
    }
}
