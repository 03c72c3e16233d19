//! A plot of one amount over another, below what is on the page.
//!
//! Both axes start at zero and have round ticks: lengths and slopes may be compared. Names stand
//! beside their points only where they touch no other name; which is left out is no
//! loss, because the tables have every number.

use crate::number;
use crate::page::{MARGIN, Page, WIDTH};
use crate::palette::{
    BACKGROUND, Colour, EARLY, EXECUTION, GRID, INK, LATE, MUTED, QUEUEING, RULE, TRANSFER,
};
use crate::scene::{Anchor, Rect, Style};

/// Colours of series, in order; a further series begins anew.
pub(crate) const SERIES: [Colour; 5] = [LATE, QUEUEING, EXECUTION, TRANSFER, EARLY];

const TICK: Style = Style::regular(11.0, MUTED);
const AXIS: Style = Style::regular(12.0, INK);
const NAME: Style = Style::bold(11.5, INK);
const HEIGHT: f32 = 400.0;
const LEFT: f32 = MARGIN + 62.0;
const MARKER: f32 = 8.0;

/// Where values are.
pub(crate) struct Plot {
    top: f32,
    width: f32,
    max: (f64, f64),
    names: Vec<Rect>,
}

impl Plot {
    /// An empty plot on which both maxima have some room, with the names of its axes.
    pub(crate) fn new(page: &mut Page, max: (f64, f64), names: (&str, &str)) -> Plot {
        let roomy = |max: f64| if max.is_finite() && max > 0.0 { max * 1.06 } else { 1.0 };
        let max = (roomy(max.0), roomy(max.1));
        page.scene.text(names.1, (LEFT, page.y + 10.0), Anchor::Start, AXIS);
        let plot = Plot {
            top: page.y + 22.0,
            width: WIDTH - MARGIN - 14.0 - LEFT,
            max,
            names: Vec::new(),
        };
        let bottom = plot.top + HEIGHT;
        for (value, label) in number::ticks(max.1, 8) {
            let (_, y) = plot.at((0.0, value));
            let colour = if value == 0.0 { RULE } else { GRID };
            page.scene.fill(LEFT, y - 0.5, plot.width, 1.0, colour);
            page.scene.text(label, (LEFT - 8.0, y + 4.0), Anchor::End, TICK);
        }
        for (value, label) in number::ticks(max.0, 10) {
            let (x, _) = plot.at((value, 0.0));
            let colour = if value == 0.0 { RULE } else { GRID };
            page.scene.fill(x - 0.5, plot.top, 1.0, HEIGHT, colour);
            page.scene.text(label, (x, bottom + 16.0), Anchor::Middle, TICK);
        }
        let middle = LEFT + plot.width / 2.0;
        page.scene.text(names.0, (middle, bottom + 36.0), Anchor::Middle, AXIS);
        page.y = bottom + 48.0;
        plot
    }

    /// Where a pair of values is; what is off the plot is drawn at its edge.
    pub(crate) fn at(&self, (x, y): (f64, f64)) -> (f32, f32) {
        let share = |value: f64, max: f64| (value / max).clamp(0.0, 1.0) as f32;
        (LEFT + self.width * share(x, self.max.0), self.top + HEIGHT * (1.0 - share(y, self.max.1)))
    }

    /// A line through these values, in order.
    pub(crate) fn line(&self, page: &mut Page, values: &[(f64, f64)], width: f32, colour: Colour) {
        for ends in values.windows(2) {
            page.scene.line(self.at(ends[0]), self.at(ends[1]), width, colour);
        }
    }

    /// The marker of a value.
    pub(crate) fn marker(&self, page: &mut Page, value: (f64, f64), colour: Colour) {
        let (x, y) = self.at(value);
        let edge = MARKER + 2.0;
        page.scene.fill(x - edge / 2.0, y - edge / 2.0, edge, edge, BACKGROUND);
        page.scene.fill(x - MARKER / 2.0, y - MARKER / 2.0, MARKER, MARKER, colour);
    }

    /// The interval of the second value.
    pub(crate) fn whisker(&self, page: &mut Page, x: f64, [low, high]: [f64; 2]) {
        let ((x, bottom), (_, top)) = (self.at((x, low)), self.at((x, high)));
        page.scene.fill(x - 0.75, top, 1.5, (bottom - top).max(1.5), INK);
        for y in [top, bottom] {
            page.scene.fill(x - 6.0, y - 0.75, 12.0, 1.5, INK);
        }
    }

    /// Writes what a point is called beside it, where it touches no other name.
    pub(crate) fn name(&mut self, page: &mut Page, value: (f64, f64), name: &str) {
        let (x, y) = self.at(value);
        let width = page.scene.fonts().width(name, NAME.size, NAME.weight);
        let away = MARKER / 2.0 + 5.0;
        let places = [
            (x - width, y - away), // to the left: where latency rises, the line goes up on the right
            (x + away, y + 4.0),
            (x - away - width, y + 4.0),
            (x - width / 2.0, y + away + 8.0),
        ];
        let (left, right) = (LEFT, LEFT + self.width);
        for (x, y) in places {
            let ink = Rect { x: x - 2.0, y: y - NAME.size, w: width + 4.0, h: NAME.size * 1.4 };
            let free = self.names.iter().all(|other| !other.intersects(&ink));
            if free && ink.x >= left && ink.x + ink.w <= right && ink.y >= self.top {
                page.scene.text(name, (x, y), Anchor::Start, NAME);
                self.names.push(ink);
                return;
            }
        }
    }
}
