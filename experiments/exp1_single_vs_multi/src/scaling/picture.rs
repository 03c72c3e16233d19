//! The chapter as a picture: throughput over nodes.
//!
//! Throughput and not speed-up is drawn, so that intervals are those of the measurement and not of a
//! ratio; a straight line through zero is what perfect scaling looks like in both.

use super::text::law;
use super::{Law, Series};
use harness::Error;
use harness::viz::{ScalingPoint, ScalingSeries, Scene, scaling};

/// Points of a fitted law: enough for a smooth line.
const POINTS: u32 = 24;

pub(super) fn picture(title: &str, all: &[Series<'_>]) -> Result<Scene, Error> {
    let drawn: Vec<ScalingSeries> = all.iter().map(drawn).collect();
    let config = all.iter().flat_map(|series| &series.rows).map(|row| row.config).next();
    let subtitle = config.map_or_else(String::new, |config| {
        format!(
            "Successful tasks per second · {} run · {} work · {} pipeline",
            config.environment, config.work, config.pipeline
        )
    });
    let mut caption = vec![
        "Markers: measured, with 95 % intervals across repetitions. Grey: one shared queue on the same \
         slots without any overhead, same service times. Coloured line: the fitted law."
            .to_owned(),
    ];
    if config.is_some_and(|config| config.environment != "sim" && config.work == "emulated") {
        let note = "Emulated work only waits: this shows the dispatcher, not hardware.";
        caption[0].push_str(&format!(" {note}"));
    }
    if all.iter().any(Series::drains) {
        caption[0].push_str(" Start and drain bend all lines.");
    }
    for series in all {
        caption.push(match all.len() {
            1 => law(series),
            _ => format!("{}: {}", series.label, law(series)),
        });
    }
    Ok(scaling(title, &subtitle, &drawn, &caption)?)
}

fn drawn(series: &Series<'_>) -> ScalingSeries {
    let points: Vec<ScalingPoint> = series
        .rows
        .iter()
        .filter_map(|row| {
            let metrics = &row.run.report().metrics;
            Some(ScalingPoint {
                nodes: f64::from(row.config.nodes),
                rate: metrics.throughput_tasks_per_sec?,
                ci95: metrics.throughput_ci95,
                ideal: row.run.ideal().map(|(rate, _)| rate),
            })
        })
        .collect();
    let nodes = || points.iter().map(|point| point.nodes);
    let (least, most) = (nodes().fold(f64::INFINITY, f64::min), nodes().fold(0.0, f64::max));
    let at = |i: u32| least + (most - least) * f64::from(i) / f64::from(POINTS);
    let law = match &series.law {
        Law::Fitted(law) => (0..=POINTS).map(|i| (at(i), law.at(at(i)))).collect(),
        _ => Vec::new(),
    };
    ScalingSeries { label: series.label.clone(), points, law }
}
