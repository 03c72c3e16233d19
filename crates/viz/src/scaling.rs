//! How the throughput grows with the number of nodes.
//!
//! Markers are measured, whiskers their intervals, the grey line is what the slots allow, the
//! coloured ones a law that was fitted elsewhere. A line through the markers would look like a law
//! and is not drawn.

use crate::error::VizError;
use crate::page::Page;
use crate::palette::UNKNOWN;
use crate::plot::{Plot, SERIES};
use crate::scene::Scene;

/// The runs of one policy at several sizes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ScalingSeries {
    /// What it is called.
    pub label: String,
    /// Its runs.
    pub points: Vec<ScalingPoint>,
    /// The fitted law as (nodes, tasks per second), from left to right; empty if there is none.
    pub law: Vec<(f64, f64)>,
}

/// A run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ScalingPoint {
    /// Nodes.
    pub nodes: f64,
    /// Tasks per second.
    pub rate: f64,
    /// The 95 % interval of the rate, if there were repetitions.
    pub ci95: Option<[f64; 2]>,
    /// The best that the slots allow, if that is known.
    pub ideal: Option<f64>,
}

/// Throughput over nodes, with `caption` below.
///
/// # Errors
/// [`VizError::Font`] only.
pub fn scaling(
    title: &str,
    subtitle: &str,
    series: &[ScalingSeries],
    caption: &[String],
) -> Result<Scene, VizError> {
    let mut page = Page::new("Scaling", title, subtitle)?;
    let points = || series.iter().flat_map(|series| &series.points);
    if points().next().is_none() {
        page.nothing();
        return Ok(page.finish());
    }
    let mut legend: Vec<(_, &str)> =
        series.iter().zip(SERIES.iter().cycle()).map(|(it, c)| (*c, it.label.as_str())).collect();
    if points().any(|point| point.ideal.is_some()) {
        legend.push((UNKNOWN, "ideal: the same slots without any overhead"));
    }
    page.legend(&legend);
    let heights = points().flat_map(|point| {
        [Some(point.rate), point.ideal, point.ci95.map(|[_, high]| high)].into_iter().flatten()
    });
    let max = (
        points().map(|point| point.nodes).fold(0.0, f64::max),
        heights.chain(series.iter().flat_map(|it| &it.law).map(|(_, y)| *y)).fold(0.0, f64::max),
    );
    let plot = Plot::new(&mut page, max, ("nodes", "tasks/s"));
    for series in series {
        let ideal = series.points.iter().filter_map(|it| Some((it.nodes, it.ideal?)));
        plot.line(&mut page, &ideal.collect::<Vec<_>>(), 1.5, UNKNOWN);
    }
    for (series, colour) in series.iter().zip(SERIES.iter().cycle()) {
        plot.line(&mut page, &series.law, 1.5, *colour);
        for point in &series.points {
            plot.marker(&mut page, (point.nodes, point.rate), *colour);
            if let Some(interval) = point.ci95 {
                plot.whisker(&mut page, point.nodes, interval);
            }
        }
    }
    page.caption(caption);
    Ok(page.finish())
}
