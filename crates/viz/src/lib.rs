//! Run reports as pictures, as a page and as a trace.
//!
//! [`html::page`] tells a whole experiment, [`trace()`] puts single calls on a time line. Three
//! PNGs per experiment: [`throughput()`] says how much, [`latency()`] where the time goes,
//! [`nodes()`] who did the work; [`scaling()`] and [`curve()`] are for experiments that vary the
//! cluster or the load. Each is a pure function from [`RunReport`]s to a [`Scene`], a flat
//! list of rectangles, lines and texts in points; only [`Scene::to_png`] knows pixels and only
//! [`render_all`] touches a disk. So the layout is tested without decoding an image, and another
//! output format is another painter of the same scene. The font is embedded: pictures look the same
//! on every machine. How a run was made is not known here.

mod curve;
mod error;
mod font;
mod grid;
pub mod html;
mod latency;
mod nodes;
mod notes;
mod number;
mod page;
mod paint;
mod palette;
mod panel;
mod plot;
mod rows;
mod scaling;
mod scene;
mod throughput;
mod trace;

pub use curve::{CurvePoint, curve};
pub use error::VizError;
pub use font::Weight;
pub use latency::latency;
pub use nodes::nodes;
pub use palette::{Colour, EARLY, EXECUTION, IDLE, LATE, QUEUEING, SCHEDULING, TRANSFER};
pub use scaling::{ScalingPoint, ScalingSeries, scaling};
pub use scene::{Anchor, Rect, Scene, Shape, Text};
pub use throughput::throughput;
pub use trace::{TraceRun, trace};

use metrics::report::RunReport;
use std::path::{Path, PathBuf};

/// Draws `<experiment>_throughput.png`, `_latency.png` and `_nodes.png` into `dir`, which must
/// exist, and returns their paths in that order. `title` names the experiment to a person.
///
/// Runs are grouped by `config.part`, in the order given. No run at all, or runs without a
/// successful task, give pictures that say so.
///
/// # Errors
/// [`VizError::Write`] with the path of the picture that could not be written; those before it
/// are complete.
pub fn render_all(
    dir: &Path,
    experiment: &str,
    title: &str,
    runs: &[RunReport],
) -> Result<Vec<PathBuf>, VizError> {
    type Chart = fn(&str, &[RunReport]) -> Result<Scene, VizError>;
    let charts: [(&str, Chart); 3] =
        [("throughput", throughput), ("latency", latency), ("nodes", nodes)];
    let mut written = Vec::with_capacity(charts.len());
    for (name, chart) in charts {
        let path = dir.join(format!("{experiment}_{name}.png"));
        let png = chart(title, runs)?.to_png()?;
        std::fs::write(&path, png)
            .map_err(|source| VizError::Write { path: path.clone(), source })?;
        written.push(path);
    }
    Ok(written)
}
