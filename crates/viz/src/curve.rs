//! Latency over throughput, as the load rises.
//!
//! Each column of markers is a run, named by its load. Where the system is full the markers stand
//! above each other: more load buys waiting and nothing else.

use crate::error::VizError;
use crate::page::Page;
use crate::plot::{Plot, SERIES};
use crate::scene::Scene;

/// A run at one load.
#[derive(Clone, PartialEq, Debug)]
pub struct CurvePoint {
    /// What the load is called, as in `16`.
    pub load: String,
    /// Tasks per second.
    pub rate: f64,
    /// End-to-end latency in ms: one for each of the names; none without a sample.
    pub latencies: Vec<Option<f64>>,
}

/// Latencies over throughput. `names` says which latencies, as in `p99`, from the lowest to the highest;
/// a line goes through the points in their order. `caption` stands below.
///
/// # Errors
/// [`VizError::Font`] only.
pub fn curve(
    title: &str,
    subtitle: &str,
    names: &[&str],
    points: &[CurvePoint],
    caption: &[String],
) -> Result<Scene, VizError> {
    let mut page = Page::new("Throughput and latency", title, subtitle)?;
    let all = || points.iter().flat_map(|point| point.latencies.iter().flatten());
    if all().next().is_none() {
        page.nothing();
        return Ok(page.finish());
    }
    let legend: Vec<_> = names.iter().zip(SERIES.iter().cycle()).map(|(n, c)| (*c, *n)).collect();
    page.legend(&legend);
    let max = (
        points.iter().map(|point| point.rate).fold(0.0, f64::max),
        all().copied().fold(0.0, f64::max),
    );
    let mut plot = Plot::new(&mut page, max, ("tasks/s", "ms, end to end"));
    for (which, (_, colour)) in names.iter().zip(SERIES.iter().cycle()).enumerate() {
        let values =
            points.iter().filter_map(|it| Some((it.rate, *it.latencies.get(which)?.as_ref()?)));
        let values: Vec<(f64, f64)> = values.collect();
        plot.line(&mut page, &values, 1.5, *colour);
        values.iter().for_each(|value| plot.marker(&mut page, *value, *colour));
    }
    for point in points {
        let highest = point.latencies.iter().flatten().copied().fold(f64::NAN, f64::max);
        if highest.is_finite() {
            plot.name(&mut page, (point.rate, highest), &point.load);
        }
    }
    page.caption(caption);
    Ok(page.finish())
}
