//! Who did the work: a cell per node, a strip per run.
//!
//! The colour is load relative to the even share of the same run, so runs of any size
//! compare: an even run is one flat colour, a skewed one shows where. An idle node
//! is not merely pale but crossed out in the colour of trouble, and counted beside
//! the strip. How cells are laid out is in `grid.rs`.

use crate::error::VizError;
use crate::grid::{Grid, cross, idle, load};
use crate::number::{count, readable};
use crate::page::{MARGIN, Page};
use crate::palette::{Colour, IDLE, INK, MUTED, RULE};
use crate::panel::{Columns, DETAIL, heading};
use crate::rows::{Group, groups, setting};
use crate::scene::{Anchor, Scene, Style};
use metrics::report::{Measures, RunReport};

const RANGE: Style = Style::regular(11.5, INK);
/// Height of a strip of one line.
const STRIP: f32 = 24.0;
/// Height that the strips of all runs together may take, roughly.
const STRIPS: f32 = 1200.0;
/// From here on lines may wrap, and need room for their numbers.
const MANY: usize = 36;

/// Load of the nodes of `runs`, grouped by part.
///
/// # Errors
/// [`VizError::Font`] only.
pub fn nodes(title: &str, runs: &[RunReport]) -> Result<Scene, VizError> {
    let subtitle = setting("Stage calls per slot of every node", runs);
    let mut page = Page::new("Nodes", title, &subtitle)?;
    if runs.is_empty() {
        page.nothing();
        return Ok(page.finish());
    }
    let groups = groups(runs);
    let details: Vec<String> = runs.iter().map(|run| detail(&run.metrics)).collect();
    let details = details.iter().map(String::as_str);
    let any_idle = runs.iter().any(|run| run.metrics.nodes.iter().any(idle));
    let most = runs.iter().map(|run| run.metrics.nodes.len()).max().unwrap_or(0);
    legend(&mut page, any_idle, most >= MANY);
    let numbers = if most >= MANY { 30.0 } else { 0.0 };
    let columns = Columns::fit(&page.scene, &groups, details, numbers, 140.0);
    let tallest = (STRIPS / runs.len() as f32).clamp(60.0, 220.0);
    for group in &groups {
        part(&mut page, &columns, group, tallest);
    }
    page.caption(&[String::from(
        "A cell is a node, in order of declaration. 1 is the even share: the run's mean over its \
         nodes, idle ones included. Balance = 1 − coefficient of variation of calls per slot, \
         floored at 0; Jain's index is 1 when even and 1/n when one of n nodes does everything. \
         Busy = share of slot time in use.",
    )]);
    Ok(page.finish())
}

fn part(page: &mut Page, columns: &Columns, group: &Group<'_>, tallest: f32) {
    heading(page, group);
    page.y += 2.0;
    let most = group.rows.iter().map(|row| row.report.metrics.nodes.len()).max().unwrap_or(0);
    let grid = Grid::fit(columns.plot, columns.plot_width, most, tallest);
    for row in &group.rows {
        let measures = &row.report.metrics;
        let strip = grid.strip_height(measures.nodes.len());
        let height = strip.max(STRIP) + 20.0;
        columns.label(page, row, &detail(measures), (page.y, height));
        grid.draw(page, page.y + (height - strip) / 2.0, &measures.nodes);
        remarks(page, grid.end() + 12.0, page.y + height / 2.0, measures);
        page.y += height;
    }
    grid.ticks(page);
    page.y += 8.0;
}

/// To the right of the strip: the range of loads, and how many nodes are idle.
fn remarks(page: &mut Page, x: f32, middle: f32, measures: &Measures) {
    let nodes = &measures.nodes;
    if nodes.is_empty() {
        page.scene.text("no nodes reported", (x, middle + 4.0), Anchor::Start, DETAIL);
        return;
    }
    let loads = nodes.iter().map(load);
    let (low, high) = loads.fold((f64::MAX, 0.0_f64), |(l, h), x| (l.min(x), h.max(x)));
    let brief = |load: f64| match load.fract() {
        0.0 => count(load as u64),
        _ => readable(load),
    };
    let range = match (brief(low), brief(high)) {
        (low, high) if low == high => format!("{low} per slot"),
        (low, high) => format!("{low}–{high} per slot"),
    };
    let idle = nodes.iter().filter(|node| idle(node)).count();
    let baseline = if idle == 0 { middle + 4.0 } else { middle - 3.0 };
    page.scene.text(range, (x, baseline), Anchor::Start, RANGE);
    if idle > 0 {
        let text = format!("{} of {} idle", count(idle as u64), count(nodes.len() as u64));
        page.scene.text(text, (x, middle + 12.0), Anchor::Start, Style::bold(11.5, IDLE));
    }
}

/// The scale of amounts, and the mark of idle nodes where there are any: also that of small cells,
/// which have no room for a cross.
fn legend(page: &mut Page, any_idle: bool, small: bool) {
    let style = Style::regular(12.0, INK);
    let (y, width, steps) = (page.y + 1.0, 220.0, 110_u8);
    let step = width / f32::from(steps);
    let from = page.scene.text("load:", (MARGIN, y + 10.5), Anchor::Start, style) + 8.0;
    for i in 0..steps {
        let colour = Colour::amount(f64::from(i) / f64::from(steps - 1));
        page.scene.fill(from + step * f32::from(i), y, step, 12.0, colour);
    }
    for (at, label) in [(0.0, "0"), (0.5, "1 = even share"), (1.0, "≥ 2")] {
        let x = from + width * at;
        page.scene.fill(x - 0.5, y + 12.0, 1.0, 4.0, RULE);
        page.scene.text(label, (x, y + 27.0), Anchor::Middle, Style::regular(11.0, MUTED));
    }
    if any_idle {
        let mut x = from + width + 40.0;
        cross(page, (x, y - 2.0), (16.0, 16.0));
        if small {
            x += 20.0;
            cross(page, (x, y + 3.0), (6.0, 6.0));
            x -= 8.0;
        }
        page.scene.text("idle: not a single call", (x + 22.0, y + 10.5), Anchor::Start, style);
    }
    page.y += 40.0;
}

fn detail(measures: &Measures) -> String {
    let score = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.2}"));
    let busy = measures.node_utilization.map_or("–".to_owned(), |v| format!("{:.0}", v * 100.0));
    let (balance, jain) = (score(measures.node_balance_score), score(measures.jain_index));
    format!("balance {balance} · Jain {jain} · {busy} % busy")
}
