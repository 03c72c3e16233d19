//! Traces as plain tables: `arrival_s`, and whatever else was recorded.
//!
//! ```text
//! arrival_s,service_s,cpu,memory,gpu,priority
//! 0,0.25,1,6MiB,0,5
//! 0.125,1.5,0.5,1GiB,1,9
//! ```
//!
//! The unit of a number is part of its column's name. A column that nothing uses is an error: a
//! mistyped `prioritty` would else be a trace without priorities.

use super::super::error::{BadValue, SpecError};
use super::super::lines::{Cell, Line, Lines};
use super::super::reader::unknown;
use super::super::units;
use super::{Needs, SERVICE, Table, empty, missing};
use sched_core::{Level, Time};

/// Columns that every trace may have.
const COLUMNS: [&str; 6] = ["arrival_s", SERVICE, "cpu", "memory", "gpu", "priority"];

/// What a column holds.
#[derive(Clone, Copy, Debug)]
enum Column {
    Arrival,
    Service(usize), // place in the table
    Cpu,
    Memory,
    Gpu,
    Priority,
}

pub(super) fn read(lines: &mut Lines, tasks: u64, needs: &Needs<'_>) -> Result<Table, SpecError> {
    let mut table = Table::default();
    let mut names: Vec<String> = Vec::new();
    let mut columns = Vec::new();
    let Some(header) = lines.next()? else { return Err(empty(lines, "arrival_s,service_s")) };
    for cell in header.cells() {
        if names.iter().any(|name| name == cell.text) {
            return Err(cell.error(format!("a second column is called `{}`", cell.text)));
        }
        columns.push(column(&cell, needs, &mut table)?);
        names.push(cell.text.to_owned());
    }
    if !names.iter().any(|name| name == COLUMNS[0]) {
        return Err(missing(lines, COLUMNS[0], ", the seconds at which tasks arrive", &names));
    }
    for (name, stage) in &needs.columns {
        if !names.iter().any(|other| other == name) {
            let what = format!(", from which stage `{stage}` takes its time");
            return Err(missing(lines, name, &what, &names));
        }
    }
    while (table.arrivals.len() as u64) < tasks {
        let Some(line) = lines.next()? else { break };
        row(line, &columns, &mut table)?;
    }
    Ok(table)
}

/// What the column with this name holds; makes room for it.
fn column(cell: &Cell<'_>, needs: &Needs<'_>, table: &mut Table) -> Result<Column, SpecError> {
    let name = cell.text;
    let overrides = &mut table.overrides;
    let stage = name.strip_prefix(SERVICE).and_then(|rest| rest.strip_prefix('.'));
    let is_named = needs.columns.iter().any(|(column, _)| *column == name);
    match (name, stage) {
        ("arrival_s", _) => return Ok(Column::Arrival),
        ("cpu", _) => overrides.cpu = Some(Vec::new()),
        ("memory", _) => overrides.memory = Some(Vec::new()),
        ("gpu", _) => overrides.gpu = Some(Vec::new()),
        ("priority", _) => overrides.priority = Some(Vec::new()),
        (SERVICE, _) => {}
        (_, Some(stage)) if needs.stages.contains(&stage) => {}
        _ if is_named => {}
        (_, Some(stage)) => return Err(cell.error(unknown("stage", stage, &needs.stages))),
        (_, None) => {
            return Err(cell.error(format!(
                "{}; remove it, or let a stage take its time from it by `service: {{trace: \
                 {{column: {name}}}}}`",
                unknown("column", name, &COLUMNS)
            )));
        }
    }
    Ok(match name {
        "cpu" => Column::Cpu,
        "memory" => Column::Memory,
        "gpu" => Column::Gpu,
        "priority" => Column::Priority,
        _ => {
            table.services.push((name.to_owned(), Vec::new()));
            Column::Service(table.services.len() - 1)
        }
    })
}

fn row(line: Line<'_>, columns: &[Column], table: &mut Table) -> Result<(), SpecError> {
    let found = line.cells().count();
    if found != columns.len() {
        let expected = columns.len();
        return Err(line.error(format!(
            "{found} values, where the first line names {expected} columns; give each column a value"
        )));
    }
    let overrides = &mut table.overrides;
    let mut arrival = None;
    for (cell, column) in line.cells().zip(columns) {
        if cell.text.is_empty() {
            return Err(cell.error("a value is missing; write one, or leave the column out"));
        }
        match column {
            Column::Arrival => arrival = Some(cell),
            Column::Service(at) => table.services[*at].1.push(cell.read(units::seconds)?),
            Column::Cpu => push(&mut overrides.cpu, cell.read(units::milli)?),
            Column::Memory => push(&mut overrides.memory, cell.read(units::memory)?),
            Column::Gpu => push(&mut overrides.gpu, cell.read(units::milli)?),
            Column::Priority => push(&mut overrides.priority, cell.read(level)?),
        }
    }
    let Some(cell) = arrival else { return Ok(()) }; // the header has the column
    let at = Time::ZERO + cell.read(units::seconds)?;
    table.arrive(at, &cell)
}

fn push<T>(column: &mut Option<Vec<T>>, value: T) {
    if let Some(column) = column {
        column.push(value);
    }
}

fn level(text: &str) -> Result<Level, BadValue> {
    let level = text.parse().ok().and_then(Level::new);
    level.ok_or_else(|| {
        BadValue(format!("`{text}` is not a priority level: write 0 to 9, 9 is most urgent"))
    })
}
