//! The columns that all charts share, and the axis below a part.
//!
//! From left to right: label, binding, plot, values. The label column is as wide as
//! its longest text needs, within bounds; the value column as wide as the chart says;
//! the plot has the rest. Each part has its own axis, because parts differ in size
//! by design and a common scale would hide the differences inside the small ones.

use crate::font::Weight;
use crate::number;
use crate::page::{MARGIN, Page, WIDTH};
use crate::palette::{GRID, INK, MUTED, RULE};
use crate::rows::{Group, Row};
use crate::scene::{Anchor, Scene, Style};

pub(crate) const LABEL: Style = Style::bold(13.0, INK);
pub(crate) const DETAIL: Style = Style::regular(11.0, MUTED);
const TICK: Style = Style::regular(11.0, MUTED);

const LABEL_ROOM: std::ops::RangeInclusive<f32> = 90.0..=270.0;
const BINDING: f32 = 38.0;
const GAP: f32 = 10.0;

/// Where the columns are.
pub(crate) struct Columns {
    label_width: f32,
    /// Left edge of the plot.
    pub(crate) plot: f32,
    /// Width of the plot.
    pub(crate) plot_width: f32,
}

/// A linear axis from 0 to `max`.
pub(crate) struct Axis {
    left: f32,
    width: f32,
    max: f32,
    ticks: Vec<(f64, String)>,
}

impl Columns {
    /// Fits the columns to the labels and `details` of the rows; `before` is kept free between
    /// binding and plot, `after` to the right of the plot.
    pub(crate) fn fit<'a>(
        scene: &Scene,
        groups: &[Group<'_>],
        details: impl Iterator<Item = &'a str>,
        before: f32,
        after: f32,
    ) -> Columns {
        let width = |text: &str, style: Style| scene.fonts().width(text, style.size, style.weight);
        let labels = groups.iter().flat_map(|g| &g.rows).map(|row| width(&row.label, LABEL));
        let widest = labels.chain(details.map(|d| width(d, DETAIL))).fold(0.0, f32::max);
        let label_width = widest.ceil().clamp(*LABEL_ROOM.start(), *LABEL_ROOM.end());
        let plot = MARGIN + label_width + GAP + BINDING + GAP + before;
        Columns { label_width, plot, plot_width: WIDTH - MARGIN - after - plot }
    }

    /// Label and binding of a row between `top` and `top + height`, with `detail` below.
    pub(crate) fn label(
        &self,
        page: &mut Page,
        row: &Row<'_>,
        detail: &str,
        (top, height): (f32, f32),
    ) {
        let middle = top + height / 2.0;
        let baseline = if detail.is_empty() { middle + 4.7 } else { middle - 2.5 };
        for (text, style, y) in [(&*row.label, LABEL, baseline), (detail, DETAIL, middle + 12.5)] {
            let text = page.scene.fonts().elided(text, style.size, style.weight, self.label_width);
            page.scene.text(text, (MARGIN, y), Anchor::Start, style);
        }
        page.binding(row.bind, (MARGIN + self.label_width + GAP, middle), BINDING);
    }
}

/// The heading of a part: a rule, its name, and what its runs have in common.
pub(crate) fn heading(page: &mut Page, group: &Group<'_>) {
    if group.part.is_empty() && group.common.is_empty() {
        return;
    }
    page.scene.fill(MARGIN, page.y, WIDTH - 2.0 * MARGIN, 1.0, RULE);
    page.y += 22.0;
    let room = WIDTH - 2.0 * MARGIN;
    let part = page.scene.fonts().elided(group.part, 14.0, Weight::Bold, 0.6 * room);
    let at = (MARGIN, page.y);
    let mut x = page.scene.text(part, at, Anchor::Start, Style::bold(14.0, INK));
    if !group.part.is_empty() {
        x += 12.0;
    }
    let style = Style::regular(12.0, MUTED);
    let left = WIDTH - MARGIN - x;
    let common = page.scene.fonts().elided(&group.common, style.size, style.weight, left);
    page.scene.text(common, (x, page.y), Anchor::Start, style);
    page.y += 12.0;
}

/// A sentence for captions about the scales of `groups`.
pub(crate) fn scales(groups: &[Group<'_>]) -> &'static str {
    match groups.len() {
        0 | 1 => " The scale starts at zero.",
        _ => " Each part of the experiment has its own scale, from zero.",
    }
}

impl Axis {
    /// An axis over the plot on which `max` just fits.
    pub(crate) fn new(scene: &Scene, columns: &Columns, max: f64) -> Axis {
        let (left, width) = (columns.plot, columns.plot_width);
        let roomy = |ticks: &[(f64, String)]| {
            let labels = ticks.iter().map(|t| scene.fonts().width(&t.1, TICK.size, TICK.weight));
            let pitch = ticks.get(1).map_or(f64::MAX, |t| t.0 / max * f64::from(width));
            f64::from(labels.fold(0.0, f32::max)) + 22.0 <= pitch
        };
        let ticks = (1..=8).rev().map(|most| number::ticks(max, most)).find(|t| roomy(t));
        let ticks = ticks.unwrap_or_else(|| number::ticks(0.0, 1));
        let max = if max.is_finite() && max > 0.0 { max as f32 } else { 1.0 };
        Axis { left, width, max, ticks }
    }

    /// Where `value` is; values off the axis are drawn at its ends.
    pub(crate) fn at(&self, value: f64) -> f32 {
        self.left + self.width * (value as f32 / self.max).clamp(0.0, 1.0)
    }

    /// Lines at the ticks from `top` to `bottom`, below the bars that come later.
    pub(crate) fn grid(&self, page: &mut Page, top: f32, bottom: f32) {
        for (value, _) in &self.ticks {
            let colour = if *value == 0.0 { RULE } else { GRID };
            page.scene.fill(self.at(*value) - 0.5, top, 1.0, bottom - top, colour);
        }
    }

    /// Tick labels and, behind the last, the unit.
    pub(crate) fn labels(&self, page: &mut Page, unit: &str) {
        page.y += 13.0;
        let mut end = self.left;
        for (value, label) in &self.ticks {
            let at = (self.at(*value), page.y);
            end = page.scene.text(label.as_str(), at, Anchor::Middle, TICK);
        }
        page.scene.text(unit, (end + 6.0, page.y), Anchor::Start, TICK);
        page.y += 16.0;
    }
}
