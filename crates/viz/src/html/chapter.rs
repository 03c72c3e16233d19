//! What an experiment tells beside the comparison: its own tables, sentences and one chart.
//!
//! The tables are those of its text, cell by cell, so that page and text cannot differ. The chart is
//! drawn here, not taken from the PNG: it is read at 400 pixels, follows the theme and tells its
//! values.

use super::Chapter;
use super::figure::{data, figure};
use super::svg::{LINES, Scale, WIDTH, axis, key, label, line, mark, svg};
use super::text::{at, escaped, shown};
use metrics::report::MARK;

const LEFT: f64 = 62.0;
const RIGHT: f64 = WIDTH - 20.0;
const TOP: f64 = 18.0;
const HEIGHT: f64 = 260.0;
/// Room above the highest value, for what is written over it.
const HEADROOM: f64 = 1.06;

/// A piece of a chapter, in reading order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// What the pieces after it are about.
    Heading(String),
    /// A table; the first cell of a row names it, and an empty one belongs to the row above.
    Table {
        /// Names of the columns.
        head: Vec<String>,
        /// Rows, as long as the head.
        rows: Vec<Vec<String>>,
    },
    /// A finding.
    Sentence(String),
    /// How it is to be read.
    Legend(String),
}

/// A chart of values over values, both from zero.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plane {
    /// What it shows.
    pub title: String,
    /// What lies to the right, with its unit.
    pub x: String,
    /// What lies upwards, with its unit.
    pub y: String,
    /// What is drawn, the last on top.
    pub series: Vec<PlaneSeries>,
    /// How it is to be read.
    pub caption: String,
}

/// Points and a line that belong together.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PlaneSeries {
    /// What it is called.
    pub name: String,
    /// A line through these; empty for none.
    pub line: Vec<(f64, f64)>,
    /// What is marked.
    pub points: Vec<PlanePoint>,
}

/// A marked point.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PlanePoint {
    /// Where.
    pub at: (f64, f64),
    /// The 95 % interval of its height.
    pub ci95: Option<[f64; 2]>,
    /// What is told of it.
    pub tip: String,
    /// What is written above it; empty for nothing.
    pub label: String,
}

/// The body of the section; empty without chapters.
pub(super) fn chapters(all: &[Chapter<'_>]) -> String {
    all.iter().enumerate().map(|(i, it)| chapter(&format!("chapter{i}"), it)).collect()
}

fn chapter(id: &str, chapter: &Chapter<'_>) -> String {
    let drawn = chapter.plane.filter(|plane| plane.series.iter().any(|it| !it.points.is_empty()));
    let picture = drawn.map_or_else(String::new, |plane| {
        format!("<div class=\"figures\"><div>{}</div></div>", draw(id, chapter.name, plane))
    });
    // Below the first heading, which is what the chart is about too.
    let mut blocks = chapter.blocks.iter();
    let first = blocks.next();
    let mut about = chapter.name;
    let mut text = first.map_or_else(String::new, |it| block(it, &mut about)) + &picture;
    blocks.for_each(|it| text.push_str(&block(it, &mut about)));
    text
}

/// `about` is the last heading, which names the tables below it.
fn block<'a>(block: &'a Block, about: &mut &'a str) -> String {
    match block {
        Block::Heading(text) => {
            *about = text;
            format!("<h3>{}</h3>", escaped(text))
        }
        Block::Table { head, rows } => table(about, head, rows),
        Block::Sentence(text) => format!("<p>{}</p>", escaped(text)),
        Block::Legend(text) => format!("<p class=\"small\">{}</p>", escaped(text)),
    }
}

fn table(about: &str, head: &[String], rows: &[Vec<String>]) -> String {
    let heads: String =
        head.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escaped(cell))).collect();
    let mut last = "";
    let mut body = String::new();
    for cells in rows {
        body.push_str("<tr>");
        for (i, cell) in cells.iter().enumerate() {
            match i {
                // The name is not repeated to the eye; who cannot see the row above hears it.
                0 if cell.is_empty() => body.push_str(&format!(
                    "<th scope=\"row\"><span class=\"unseen\">{}</span></th>",
                    escaped(last)
                )),
                0 => {
                    last = cell;
                    body.push_str(&format!("<th scope=\"row\">{}</th>", escaped(cell)));
                }
                _ => body.push_str(&format!("<td>{}</td>", value(cell))),
            }
        }
        body.push_str("</tr>");
    }
    let about = escaped(about);
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{about}\">\
         <table class=\"plain\"><caption class=\"unseen\">{about}</caption>\
         <thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )
}

/// A cell, with the mark of a number that must not be relied on as in the comparison.
fn value(cell: &str) -> String {
    let number = cell.split_once(MARK).filter(|(number, _)| !number.is_empty());
    let Some((number, rest)) = number else { return escaped(cell) };
    format!(
        "<strong class=\"weak\" title=\"do not rely on it: see the certificate\">{MARK}</strong>{}{}",
        escaped(number),
        escaped(rest)
    )
}

fn draw(id: &str, name: &str, plane: &Plane) -> String {
    let points = || plane.series.iter().flat_map(|it| &it.points);
    let ends = || plane.series.iter().flat_map(|it| &it.line).copied();
    let all = || points().map(|it| it.at).chain(ends());
    let highs = points().filter_map(|it| it.ci95).map(|[_, high]| high);
    let right = all().map(|(x, _)| x).fold(0.0, f64::max);
    let high = all().map(|(_, y)| y).chain(highs).fold(0.0, f64::max);
    let x = Scale::linear(LEFT, RIGHT, right);
    let y = Scale::linear(TOP + HEIGHT, TOP, high * HEADROOM);
    let mut body = axis(&x, (TOP, TOP + HEIGHT), 6, &plane.x);
    for (value, name) in y.ticks(6) {
        body.push_str(&line((LEFT, y.at(value)), (RIGHT, y.at(value)), "grid"));
        body.push_str(&label(LEFT - 6.0, y.at(value) + 4.5, "end", "tick", &name));
    }
    body.push_str(&label(2.0, 11.0, "start", "tick", &plane.y));
    let mut legend = String::new();
    for (i, series) in plane.series.iter().enumerate() {
        body.push_str(&path(series, i, &x, &y));
        for point in &series.points {
            body.push_str(&marked(point, i, &x, &y));
        }
        legend.push_str(&key(i, &series.name));
    }
    let told: Vec<&str> = points().map(|it| it.tip.as_str()).filter(|it| !it.is_empty()).collect();
    let picture = svg(id, TOP + HEIGHT + 38.0, &plane.title, &told.join("; "), &body);
    figure(name, &legend, &picture, &plane.caption, &values(plane))
}

/// The marked points as a table.
fn values(plane: &Plane) -> String {
    let head = ["series", &plane.x, &plane.y, "95 % from", "to"].map(str::to_owned);
    let rows = plane.series.iter().flat_map(|series| {
        series.points.iter().map(|point| {
            let [low, high] = point.ci95.map_or([None; 2], |ends| ends.map(Some));
            let numbers = [Some(point.at.0), Some(point.at.1), low, high];
            [series.name.clone()].into_iter().chain(numbers.map(shown)).collect()
        })
    });
    data(&plane.title, &head, &rows.collect::<Vec<Vec<String>>>())
}

fn path(series: &PlaneSeries, index: usize, x: &Scale, y: &Scale) -> String {
    if series.line.is_empty() {
        return String::new();
    }
    let places = series.line.iter().map(|(a, b)| format!("{} {}", at(x.at(*a)), at(y.at(*b))));
    let places = places.collect::<Vec<_>>().join("L");
    format!("<path d=\"M{places}\" class=\"line s{}\"/>", index % LINES)
}

fn marked(point: &PlanePoint, index: usize, x: &Scale, y: &Scale) -> String {
    let (left, top) = (x.at(point.at.0), y.at(point.at.1));
    let mut text = String::new();
    if let Some([low, high]) = point.ci95 {
        let (low, high) = (y.at(low), y.at(high));
        text.push_str(&line((left, low), (left, high), "whisker"));
        for end in [low, high] {
            text.push_str(&line((left - 4.0, end), (left + 4.0, end), "whisker"));
        }
    }
    text.push_str(&mark(index, left, top, &point.tip));
    if !point.label.is_empty() {
        text.push_str(&label(left, top - 8.0, "middle", "tick", &point.label));
    }
    text
}
