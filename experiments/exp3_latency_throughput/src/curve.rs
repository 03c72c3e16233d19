//! The throughput–latency curve: what each further task in flight buys.
//!
//! By Little's law, tasks in flight = throughput × mean latency; the product stands beside the load,
//! so that a reader can check the one by the other. Start and drain, when fewer are in flight, lower
//! it a little.

use crate::names;
use harness::table::Table;
use harness::viz::html::{Plane, PlanePoint, PlaneSeries};
use harness::viz::{CurvePoint, curve};
use harness::{Chapter, Error, Measured, Piece, number};
use serde_json::{Map, Value, json};

const NAMES: [&str; 3] = ["p50", "p95", "p99"];

/// The chapter about these runs.
///
/// # Errors
/// When the picture cannot be made.
pub(crate) fn chapter(title: &str, runs: &[&Measured]) -> Result<Chapter, Error> {
    let subtitle = runs.first().map_or_else(String::new, |run| {
        let config = &run.report().metrics.config;
        format!(
            "{}, {} binding · {} nodes, {} slots · {} run · {} work · {} pipeline",
            config.policy,
            config.bind,
            config.nodes,
            config.parallelism,
            config.environment,
            config.work,
            config.pipeline
        )
    });
    let caption = [
        "Each column of markers is a run; the number above it is its load (tasks in flight, if it is \
         closed). To the lower right is better."
            .to_owned(),
    ];
    let points: Vec<CurvePoint> = runs.iter().filter_map(|run| point(run)).collect();
    Ok(Chapter {
        name: "throughput_curve",
        headlines: Vec::new(),
        pieces: pieces(runs),
        json: Map::from_iter([(
            "points".to_owned(),
            Value::Array(runs.iter().map(|run| row_json(run)).collect()),
        )]),
        picture: Some(curve(title, &subtitle, &NAMES, &points, &caption)?),
        plane: Some(plane(&points)),
    })
}

/// Tasks in flight of a closed run.
fn in_flight(run: &Measured) -> Option<u64> {
    run.report().metrics.config.arrivals.strip_prefix("closed:")?.parse().ok()
}

fn load(run: &Measured) -> String {
    let arrivals = || run.report().metrics.config.arrivals.clone();
    in_flight(run).map_or_else(arrivals, |in_flight| in_flight.to_string())
}

/// Throughput × mean latency: the mean number of tasks in flight.
fn little(run: &Measured) -> Option<f64> {
    let metrics = &run.report().metrics;
    Some(metrics.throughput_tasks_per_sec? * metrics.avg_latency_ms? / 1e3)
}

fn point(run: &Measured) -> Option<CurvePoint> {
    let metrics = &run.report().metrics;
    Some(CurvePoint {
        load: load(run),
        rate: metrics.throughput_tasks_per_sec?,
        latencies: vec![metrics.p50_latency_ms, metrics.p95_latency_ms, metrics.p99_latency_ms],
    })
}

fn plane(points: &[CurvePoint]) -> Plane {
    let series = NAMES.iter().enumerate().map(|(i, name)| {
        let place = |it: &CurvePoint| Some((it.rate, *it.latencies.get(i)?.as_ref()?));
        let point = |it: &CurvePoint| {
            let at = place(it)?;
            let [rate, ms] = [at.0, at.1].map(number::short);
            let tip = format!("load {}: {rate} tasks/s, {name} {ms} ms", it.load);
            // Once for all, over the highest.
            let label = if i + 1 == NAMES.len() { it.load.clone() } else { String::new() };
            Some(PlanePoint { at, ci95: None, tip, label })
        };
        PlaneSeries {
            name: (*name).to_owned(),
            line: points.iter().filter_map(place).collect(),
            points: points.iter().filter_map(point).collect(),
        }
    });
    Plane {
        title: "Latency by throughput, as the load rises".to_owned(),
        x: "tasks/s".to_owned(),
        y: "end-to-end latency, ms".to_owned(),
        series: series.collect(),
        caption: "Each column of marks is a run; the number above it is its load (tasks in flight, if it \
                  is closed). To the lower right is better."
            .to_owned(),
    }
}

fn pieces(runs: &[&Measured]) -> Vec<Piece> {
    let mut table = Table::new(&[
        "run",
        "in flight",
        "tasks/s",
        "ideal",
        "mean ms",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "p99.9 ms",
        "busy %",
        "tasks/s × mean",
    ]);
    for (run, name) in runs.iter().zip(names(runs)) {
        let metrics = &run.report().metrics;
        let all = &metrics.latency_ms.end_to_end;
        let latency = |value: Option<f64>, key: &str| {
            run.marked(number::cell(value), &format!("latency_ms.end_to_end.{key}"))
        };
        let rate = metrics.throughput_tasks_per_sec.map_or("-".to_owned(), number::rate);
        table.row(vec![
            name,
            load(run),
            run.marked(rate, "throughput_tasks_per_sec"),
            run.ideal_cell(),
            latency(all.mean, "mean"),
            latency(all.p50, "p50"),
            latency(all.p95, "p95"),
            latency(all.p99, "p99"),
            latency(all.p999, "p999"),
            number::fixed(metrics.node_utilization.map(|share| share * 100.0), 1),
            number::fixed(little(run), 2),
        ]);
    }
    let legend = "busy: slot time spent on calls. tasks/s × mean: by Little's law the mean number in \
                  flight; start and drain lower it.";
    vec![
        Piece::Heading("throughput curve".to_owned()),
        Piece::Table(table),
        Piece::Legend(legend.to_owned()),
    ]
}

fn row_json(run: &Measured) -> Value {
    let metrics = &run.report().metrics;
    run.json(&json!({
        "concurrency": in_flight(run),
        "throughput_tasks_per_sec": metrics.throughput_tasks_per_sec,
        "throughput_ci95": metrics.throughput_ci95,
        "ideal_tasks_per_sec": run.ideal().map(|(rate, _)| rate),
        "drain_limited": run.ideal().map(|(_, drains)| drains),
        "latency_ms": metrics.latency_ms.end_to_end,
        "mean_in_flight": little(run),
        "node_utilization": metrics.node_utilization,
    }))
}
