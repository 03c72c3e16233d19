//! The chapter as a picture, for a file and for the page: throughput over nodes.
//!
//! Throughput and not speed-up is drawn, so that intervals are those of the measurement and not of a
//! ratio; a straight line through zero is what perfect scaling looks like in both.

use super::text::law;
use super::{Law, Series, methods};
use harness::Error;
use harness::number;
use harness::viz::html::{Plane, PlanePoint, PlaneSeries};
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
    let whiskers = methods(all)
        .map_or_else(String::new, |methods| format!(", with the 95 % interval {methods}"));
    let mut caption = vec![format!(
        "Markers: measured{whiskers}. Grey: one shared queue on the same slots without any overhead, \
         same service times. Coloured line: the fitted law."
    )];
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

/// The same for the page. What the law says stands beside it.
pub(super) fn plane(all: &[Series<'_>]) -> Plane {
    let drawn: Vec<ScalingSeries> = all.iter().map(drawn).collect();
    let told = |point: &ScalingPoint, what: &str, rate: f64| {
        let nodes = if point.nodes == 1.0 { "node" } else { "nodes" };
        format!("{what}, {} {nodes}: {} tasks/s", point.nodes, number::short(rate))
    };
    let measured = drawn.iter().map(|series| PlaneSeries {
        name: match series.law.is_empty() {
            true => format!("{}: measured", series.label),
            false => format!("{}: measured, and the fitted law", series.label),
        },
        line: series.law.clone(),
        points: series
            .points
            .iter()
            .map(|point| PlanePoint {
                at: (point.nodes, point.rate),
                ci95: point.ci95,
                tip: told(point, &series.label, point.rate),
                label: String::new(),
            })
            .collect(),
    });
    // Equal sizes have equal ideals, but for the order in which calls come.
    let ideal = drawn.first().into_iter().flat_map(|series| &series.points).filter_map(|point| {
        let rate = point.ideal?;
        let tip = told(point, "ideal", rate);
        Some(PlanePoint { at: (point.nodes, rate), tip, ..PlanePoint::default() })
    });
    let ideal: Vec<PlanePoint> = ideal.collect();
    let line = ideal.iter().map(|point| point.at).collect();
    let name = "ideal: the same slots without any overhead".to_owned();
    let ideal = (!ideal.is_empty()).then_some(PlaneSeries { name, line, points: ideal });
    let mut caption = match methods(all) {
        Some(methods) => {
            format!("Successful tasks per second; a whisker is the 95 % interval {methods}.")
        }
        None => "Successful tasks per second.".to_owned(),
    };
    if all.iter().any(Series::drains) {
        caption.push_str(" Start and drain bend all lines.");
    }
    Plane {
        title: "Throughput by number of nodes".to_owned(),
        x: "nodes".to_owned(),
        y: "tasks/s".to_owned(),
        // What is measured lies on top.
        series: ideal.into_iter().chain(measured).collect(),
        caption,
    }
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
