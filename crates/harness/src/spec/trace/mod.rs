//! Traces: arrivals that were recorded, with what was recorded beside them.
//!
//! Each format is a reader of its own that ends in the same [`Table`]. Only as many rows are read
//! as there are tasks, and only the columns that something needs are kept.

mod azure;
mod csv;

use super::error::{Place, SpecError};
use super::lines::{self, Cell, Lines};
use super::reader::Field;
use pipeline::model::{Overrides, Trace, TraceSource, Values};
use sched_core::{Span, Time};
use std::sync::Arc;

/// Where a trace is, as written: `{format: azure_llm, path: …, speedup: 10}`.
#[derive(Clone, Debug)]
pub(super) struct TraceFile<'a> {
    format: Format,
    path: Field<'a>,
    speedup: f64,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Csv,
    AzureLlm,
}

/// What the stages want from a trace.
#[derive(Clone, Debug)]
pub(super) struct Needs<'a> {
    /// Names of all stages.
    pub(super) stages: Vec<&'a str>,
    /// Columns that stages take their times from, with the stage that does.
    pub(super) columns: Vec<(&'a str, &'a str)>,
}

/// A trace that was read.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) trace: Arc<Trace>,
    /// Columns of service times, by name.
    pub(super) services: Vec<Arc<Values>>,
    /// Whether a column `service_s` takes the place of what stages say that name no column.
    pub(super) overrides: bool,
}

/// The name of the column of service times.
pub(super) const SERVICE: &str = "service_s";

/// No instant of a run may be later; what follows an arrival still has room in 64 bits.
const LATEST: Time = Time::from_nanos(10_000_000_000_000_000_000);

/// Columns while they are read; those that are there have a value per row.
#[derive(Debug, Default)]
struct Table {
    arrivals: Vec<Time>,
    services: Vec<(String, Vec<Span>)>,
    overrides: Overrides,
}

pub(super) fn file<'a>(field: &Field<'a>) -> Result<TraceFile<'a>, SpecError> {
    let fields = field.map(&["format", "path", "speedup"])?;
    let format = fields.need("format", "format: csv")?;
    let format = format.choice(&[("csv", Format::Csv), ("azure_llm", Format::AzureLlm)])?;
    let path = fields.need("path", "path: jobs.csv")?;
    path.text()?;
    let speedup = fields.get("speedup").map_or(Ok(1.0), |speedup| speedup.positive())?;
    Ok(TraceFile { format, path, speedup })
}

/// Reads the first `tasks` rows.
///
/// # Errors
/// At the first place of the file that is wrong, or at the field that names it.
pub(super) fn read(file: &TraceFile<'_>, tasks: u64, needs: &Needs<'_>) -> Result<Read, SpecError> {
    let mut lines = Lines::open(&file.path)?;
    let table = match file.format {
        Format::Csv => csv::read(&mut lines, tasks, needs)?,
        Format::AzureLlm => azure::read(&mut lines, tasks, needs)?,
    };
    let rows = table.arrivals.len() as u64;
    if rows < tasks {
        let last = if rows == 0 { "no rows follow" } else { "this is the last row" };
        return Err(lines.error(format!(
            "{last}: {rows} of the {tasks} that `workload.tasks` asks for; ask for fewer tasks, or \
             name a longer trace"
        )));
    }
    let (format, overrides) = match file.format {
        Format::Csv => ("csv", true),
        Format::AzureLlm => ("azure_llm", false),
    };
    let path = lines::lasting_path(&file.path)?;
    let source = TraceSource { format: format.to_owned(), path, speedup: file.speedup };
    let arrivals: Vec<Time> =
        table.arrivals.into_iter().map(|at| sooner(at, file.speedup)).collect();
    if arrivals.last().is_some_and(|&last| last > LATEST) {
        return Err(file.path.error(format!(
            "at a speedup of {} the last task comes after more than 300 years",
            file.speedup
        )));
    }
    let trace = Trace::new(source, arrivals, table.overrides);
    let services = table.services.into_iter();
    let services = services.map(|(name, spans)| Values::new(name, spans).map(Arc::new));
    match (trace, services.collect()) {
        (Ok(trace), Ok(services)) => Ok(Read { trace: Arc::new(trace), services, overrides }),
        (Err(error), _) | (_, Err(error)) => Err(file.path.error(error)),
    }
}

impl TraceFile<'_> {
    /// Where a row is, counted from 0: after the line of names, and every line is a row.
    pub(super) fn row(&self, row: u64) -> Result<Place, SpecError> {
        lines::line_of(&self.path, row.saturating_add(2))
    }
}

impl Table {
    fn arrive(&mut self, at: Time, cell: &Cell<'_>) -> Result<(), SpecError> {
        if self.arrivals.last().is_some_and(|&before| at < before) {
            return Err(cell.error(format!(
                "`{}` is earlier than the row before; sort the rows by this column",
                cell.text
            )));
        }
        self.arrivals.push(at);
        Ok(())
    }
}

/// Gaps are scaled and no arrival is left out, so that bursts stay bursts.
fn sooner(at: Time, speedup: f64) -> Time {
    if speedup == 1.0 {
        return at; // exact, however late
    }
    Time::from_nanos((at.as_nanos() as f64 / speedup).round() as u64)
}

/// Says which columns there are, where one is missing.
fn missing(lines: &Lines, column: &str, what: &str, there: &[String]) -> SpecError {
    lines.error(format!(
        "no column is called `{column}`{what}; the first line names the columns, and it has: {}",
        there.join(", ")
    ))
}

fn empty(lines: &Lines, example: &str) -> SpecError {
    lines.error(format!(
        "the file is empty; its first line must name the columns: `{example}`, and each further \
         line is a task"
    ))
}
