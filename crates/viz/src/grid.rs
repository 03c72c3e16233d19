//! Nodes as cells: in one line while they fit, else wrapped into a grid.
//!
//! Runs of a part share one layout, so that a node stands below itself. Cells shrink
//! with the number of nodes, down to one point, so that ten thousand still make a
//! picture; numbers inside the cells appear only where those of all nodes fit.

use crate::page::Page;
use crate::palette::{BACKGROUND, Colour, IDLE, MUTED};
use crate::scene::{Anchor, Style};
use metrics::report::NodeMeasures;

const TICK: Style = Style::regular(10.5, MUTED);
/// Loads from here on have the darkest colour.
const DARKEST: f64 = 2.0;
/// The narrowest cell of a single line, and the widest.
const SINGLE: (f32, f32) = (13.0, 60.0);
/// Cell sizes of wrapped lines to choose from.
const WRAPPED: [f32; 7] = [12.0, 9.0, 7.0, 5.0, 4.0, 3.0, 2.0];

/// How the nodes of a part are laid out.
pub(crate) struct Grid {
    left: f32,
    cell: f32,
    height: f32,
    gap: f32,
    per_line: usize,
    most: usize,
}

impl Grid {
    /// The layout for up to `most` nodes in `room` points of width from `left`, no higher than
    /// `tallest` if any cell size allows.
    pub(crate) fn fit(left: f32, room: f32, most: usize, tallest: f32) -> Grid {
        let most = most.max(1);
        let single = room / most as f32;
        if single >= SINGLE.0 {
            let cell = single.min(SINGLE.1);
            return Grid { left, cell, height: 24.0, gap: 1.0, per_line: most, most };
        }
        let wrapped = |size: f32| {
            let per_line = round_down((room / size) as usize);
            let cell = room / per_line as f32;
            let gap = if size >= 5.0 { 0.5 } else { 0.0 };
            Grid { left, cell, height: cell.min(12.0), gap, per_line, most }
        };
        let mut candidates = WRAPPED.into_iter().map(wrapped);
        candidates.find(|g| g.strip_height(most) <= tallest).unwrap_or_else(|| wrapped(1.0))
    }

    /// Height of a run's strip.
    pub(crate) fn strip_height(&self, nodes: usize) -> f32 {
        nodes.div_ceil(self.per_line).max(1) as f32 * self.height
    }

    /// Right edge of the longest strip.
    pub(crate) fn end(&self) -> f32 {
        self.left + self.cell * self.most.min(self.per_line) as f32
    }

    /// The strip of a run.
    pub(crate) fn draw(&self, page: &mut Page, top: f32, nodes: &[NodeMeasures]) {
        let mean = nodes.iter().map(load).sum::<f64>() / nodes.len().max(1) as f64;
        let numbers = self.numbers(page, nodes);
        let (w, h) = (self.cell - self.gap, self.height - self.gap);
        for (i, node) in nodes.iter().enumerate() {
            let x = self.left + (i % self.per_line) as f32 * self.cell;
            let y = top + (i / self.per_line) as f32 * self.height;
            if idle(node) {
                cross(page, (x, y), (w, h));
                continue;
            }
            let colour = Colour::amount(load(node) / mean / DARKEST);
            page.scene.fill(x, y, w, h, colour);
            if let Some(number) = numbers.get(i) {
                let style = Style::regular(10.5, colour.ink_on());
                let at = (x + w / 2.0, y + h / 2.0 + 3.8);
                page.scene.text(number.as_str(), at, Anchor::Middle, style);
            }
        }
        if nodes.len() > self.per_line {
            self.line_numbers(page, top, nodes.len());
        }
    }

    /// The positions of nodes below the strips of a part.
    pub(crate) fn ticks(&self, page: &mut Page) {
        page.y += 8.0;
        let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500];
        let step = steps.into_iter().find(|&step| step as f32 * self.cell >= 26.0).unwrap_or(1000);
        let mut end = self.left;
        for node in (0..self.most.min(self.per_line)).step_by(step) {
            let at = (self.left + (node as f32 + 0.5) * self.cell, page.y);
            end = page.scene.text(node.to_string(), at, Anchor::Middle, TICK);
        }
        page.scene.text("node", (end + 8.0, page.y), Anchor::Start, TICK);
        page.y += 10.0;
    }

    /// The loads as text: as exact as fits into the cells of all busy nodes, or none.
    fn numbers(&self, page: &Page, nodes: &[NodeMeasures]) -> Vec<String> {
        let fits = |text: &String| {
            page.scene.fonts().width(text, TICK.size, TICK.weight) + 4.0 <= self.cell - self.gap
        };
        let exact = nodes.iter().all(|node| load(node).fract() == 0.0 || load(node) >= 1000.0);
        for decimals in [usize::from(!exact), 0] {
            let texts: Vec<String> =
                nodes.iter().map(|node| format!("{:.decimals$}", load(node))).collect();
            if texts.iter().all(fits) {
                return texts;
            }
        }
        Vec::new()
    }

    /// The first node of a line to its left, of as many lines as there is room for.
    fn line_numbers(&self, page: &mut Page, top: f32, nodes: usize) {
        let every = ((12.5 / self.height).ceil() as usize).max(1);
        for line in (0..nodes.div_ceil(self.per_line)).step_by(every) {
            let at = (self.left - 5.0, top + line as f32 * self.height + 8.0);
            page.scene.text((line * self.per_line).to_string(), at, Anchor::End, TICK);
        }
    }
}

/// An idle node: an empty cell, framed and crossed out; where that is too small to see, filled.
pub(crate) fn cross(page: &mut Page, (x, y): (f32, f32), (w, h): (f32, f32)) {
    page.scene.fill(x, y, w, h, IDLE);
    if w.min(h) < 7.0 {
        return;
    }
    page.scene.fill(x + 1.0, y + 1.0, w - 2.0, h - 2.0, BACKGROUND);
    let (cx, cy, r) = (x + w / 2.0, y + h / 2.0, (w.min(h) / 2.0 - 2.5).min(5.0));
    page.scene.line((cx - r, cy - r), (cx + r, cy + r), 1.5, IDLE);
    page.scene.line((cx - r, cy + r), (cx + r, cy - r), 1.5, IDLE);
}

/// Whether the node has not seen a single call.
pub(crate) fn idle(node: &NodeMeasures) -> bool {
    node.calls == 0
}

/// Stage calls per slot. A node without slots counts as one slot, so that a call on it shows.
pub(crate) fn load(node: &NodeMeasures) -> f64 {
    node.calls as f64 / f64::from(node.slots.max(1))
}

/// The largest of 1, 2, 3, 5, 8 × 10ᵏ up to `n`, so that the numbers of lines are round.
fn round_down(n: usize) -> usize {
    let mut power = 1;
    while power * 10 <= n {
        power *= 10;
    }
    [8, 5, 3, 2].into_iter().map(|m| m * power).find(|&m| m <= n).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cluster_fits_into_its_room() {
        for nodes in [0, 1, 2, 16, 30, 41, 42, 100, 1000, 10_000, 100_000] {
            let grid = Grid::fit(300.0, 540.0, nodes, 200.0);
            assert!(grid.end() <= 300.0 + 540.0 + 0.01, "{nodes}");
            assert!(grid.strip_height(nodes) <= 260.0, "{nodes}: {}", grid.strip_height(nodes));
            assert!(
                grid.per_line * (grid.strip_height(nodes) / grid.height).round() as usize >= nodes
            );
        }
    }

    #[test]
    fn lines_have_round_lengths() {
        let rounded = [1, 4, 45, 99, 100, 180, 270].map(round_down);
        assert_eq!(rounded, [1, 3, 30, 80, 100, 100, 200]);
    }
}
