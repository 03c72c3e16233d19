//! `report.html`: an experiment on one page, for a reader who was not there.
//!
//! The page stands alone: no script, style, font or picture from elsewhere, which its own policy
//! forbids too. Charts are drawn here as SVG and read without any script; the script (`page.js`)
//! only adds sorting, hovering and saving. The style (`page.css`) has all colours, by theme, so
//! that charts name classes and never a colour. Text comes from specs and may hold anything: all of
//! it goes through `text::escaped`. What the numbers mean together, the verdict, is its caller's to
//! say.

mod certificate;
mod chapter;
mod curves;
mod figure;
mod load;
mod origin;
mod parts;
mod rates;
mod sections;
mod services;
mod stages;
mod svg;
mod table;
mod text;
mod verdict;

use crate::rows::{Group, groups};
use metrics::report::RunReport;
use metrics::{CurvePoint, LoadSeries};
use text::escaped;

pub use chapter::{Block, Plane, PlanePoint, PlaneSeries};
pub(crate) use text::json_string;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Nothing from anywhere, not even from beside the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      base-uri 'none'; form-action 'none'";

/// What is told on the page.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// What the experiment is called for a person.
    pub title: &'a str,
    /// Why there are not more runs or tasks, if there are not.
    pub incomplete: Option<&'a str>,
    /// What the numbers say.
    pub verdict: &'a Verdict,
    /// The runs, in order; those of one part are told together.
    pub runs: &'a [PageRun<'a>],
    /// What the experiment tells of its own.
    pub chapters: &'a [Chapter<'a>],
    /// Where a closed form applies.
    pub theory: &'a [Theory],
    /// The effective spec of all runs, as YAML.
    pub spec: &'a str,
    /// Command that made it, as it is given again.
    pub made: &'a str,
    /// Command that repeats all of it from the spec in the same folder.
    pub repeat: &'a str,
}

/// A run, with what its report has no room for.
#[derive(Clone, Copy, Debug)]
pub struct PageRun<'a> {
    /// Its report.
    pub report: &'a RunReport,
    /// Tasks per second of one shared queue without overhead; and whether start and drain lower it.
    pub ideal: Option<(f64, bool)>,
    /// End-to-end latencies of successful tasks, all repetitions pooled.
    pub curve: &'a [CurvePoint],
    /// Load and waiting over time, of the first repetition.
    pub load: Option<&'a LoadSeries>,
}

/// What an experiment tells of its runs, beside what is told of all runs.
#[derive(Clone, Copy, Debug)]
pub struct Chapter<'a> {
    /// Its name in files; a chart that is saved has it too.
    pub name: &'a str,
    /// Text and tables, in order.
    pub blocks: &'a [Block],
    /// A chart of them, below the first block.
    pub plane: Option<&'a Plane>,
}

/// What the numbers say, in sentences.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// Who wins, by how much, how sure: the runs that are compared, which may go without a name, and
    /// a sentence about them.
    pub headlines: Vec<(String, String)>,
    /// All differences, by part of the experiment.
    pub parts: Vec<(String, Vec<String>)>,
    /// Claims of the spec, each with what became of it (`holds`, `refuted`, `undecided`) and why.
    pub claims: Vec<(String, String, String)>,
    /// What not to conclude.
    pub cautions: Vec<String>,
    /// What would tell more: sentences, and commands.
    pub more: Vec<More>,
    /// How to read the differences.
    pub legend: String,
}

/// A line of what would tell more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum More {
    /// A sentence.
    Sentence(String),
    /// A command for a shell.
    Command(String),
}

/// A measure for which queueing theory has a closed form.
#[derive(Clone, PartialEq, Debug)]
pub struct Theory {
    /// Name of the run.
    pub run: String,
    /// The system, as in `M/M/4`.
    pub system: String,
    /// What is compared, with its unit, as in `mean wait, ms`.
    pub measure: String,
    /// What theory says.
    pub predicted: f64,
    /// What was measured, and its 95 % interval over repetitions.
    pub measured: (f64, Option<[f64; 2]>),
    /// Where the formula is from, and what it supposes.
    pub source: String,
}

/// The runs of a part, as they are called there.
struct Part<'a> {
    group: Group<'a>,
    runs: Vec<&'a PageRun<'a>>,
    /// Unique on the page; part of the ids of what is in it.
    id: String,
}

impl<'a> Part<'a> {
    /// Runs with their labels.
    fn labelled(&self) -> impl Iterator<Item = (&'a PageRun<'a>, String)> {
        let rows = self.runs.iter().zip(&self.group.rows);
        rows.map(|(run, row)| (*run, format!("{} · {}", row.label, row.bind)))
    }

    /// A heading for what is about this part; none if there is but one without a name.
    fn heading(&self) -> String {
        let (part, common) = (escaped(self.group.part), escaped(&self.group.common));
        match (part.is_empty(), common.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!("<p class=\"common\">{common}</p>"),
            _ => format!("<h3>{part}</h3><p class=\"common\">{common}</p>"),
        }
    }
}

/// The whole page, as HTML. Its size follows the number of runs, not of tasks: some 50 kB for each,
/// and the charts over time of at most some 2 MB.
pub fn page(page: &Page<'_>) -> String {
    let all = groups(page.runs.iter().map(|run| run.report));
    let parts: Vec<Part<'_>> = all
        .into_iter()
        .enumerate()
        .map(|(i, group)| {
            let find = |name: &str| page.runs.iter().find(|run| run.report.name == name);
            let runs = group.rows.iter().filter_map(|row| find(&row.report.name)).collect();
            Part { group, runs, id: format!("part{i}") }
        })
        .collect();
    let sections = sections::sections(page, &parts);
    let links: String = sections
        .iter()
        .map(|(id, name, _)| format!("<li><a href=\"#{id}\">{name}</a></li>"))
        .collect();
    let bodies: String = sections
        .iter()
        .map(|(id, name, body)| {
            format!(
                "<section id=\"{id}\" aria-labelledby=\"{id}-h\"><h2 \
                     id=\"{id}-h\">{name}</h2>{body}</section>\n"
            )
        })
        .collect();
    let title = escaped(page.title);
    let when = page.runs.first().map(|run| origin::when(&run.report.provenance));
    let when = when.unwrap_or_default();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#verdict\">To the verdict</a>\n{}\
         <header><h1>{title}</h1><p class=\"when\">{when}</p>\
         <nav aria-label=\"Sections\"><ul>{links}</ul></nav></header>\n\
         <main>\n{bodies}</main>\n<div id=\"tip\" hidden aria-hidden=\"true\"></div>\
         <div id=\"said\" class=\"unseen\" aria-live=\"polite\"></div>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        svg::PATTERNS
    )
}
