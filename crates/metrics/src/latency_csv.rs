//! `<run>_latencies.csv`: one row per counted task, streamed.
//!
//! Times are in ms with six decimals, which is the exact nanosecond: a reader can add the
//! parts of a row and get its total. Numbers are formatted by hand into one reused line; no
//! field ever needs quoting. Whether a run of many tasks writes this file at all is the
//! caller's decision; [`DEFAULT_ROW_LIMIT`] is the usual bound.

use crate::{CallRecord, MetricsError, Nanos, TaskRecord};
use std::fmt::{self, Display, Write as _};
use std::io::Write;

/// Above this many rows over all repetitions, the file is written only on request.
pub const DEFAULT_ROW_LIMIT: u64 = 1_000_000;

/// The columns.
const HEADER: &str = "repetition,task_index,intended_arrival_ms,total_latency_ms,\
    scheduling_latency_ms,queue_latency_ms,execution_latency_ms,transfer_latency_ms,\
    nodes,priority,success\n";

/// Writes rows of latencies. Give it a buffered writer.
#[derive(Debug)]
pub struct LatencyCsv<W: Write> {
    out: W,
    line: String,
    rows: u64,
}

impl<W: Write> LatencyCsv<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// [`MetricsError::Write`] if `out` fails; so do all methods.
    pub fn new(mut out: W) -> Result<LatencyCsv<W>, MetricsError> {
        out.write_all(HEADER.as_bytes())?;
        Ok(LatencyCsv::continued(out))
    }

    /// Rows without a header, to be put behind others.
    pub fn continued(out: W) -> LatencyCsv<W> {
        LatencyCsv { out, line: String::with_capacity(256), rows: 0 }
    }

    /// Writes the row of a counted task, failed (`success` false) or not. `repetition` counts
    /// from 0. `nodes` holds the node index of each stage, `-` where a call reached none.
    ///
    /// # Errors
    /// [`MetricsError::Write`].
    pub fn task(
        &mut self,
        repetition: u32,
        task: &TaskRecord<'_>,
        success: bool,
    ) -> Result<(), MetricsError> {
        let parts = task.parts();
        self.line.clear();
        let written = writeln!(
            self.line,
            "{repetition},{},{},{},{},{},{},{},{},{},{success}",
            task.index,
            Ms(task.intended_arrival),
            Ms(task.end_to_end()),
            Ms(parts.scheduling),
            Ms(parts.queue),
            Ms(parts.execution),
            Ms(parts.transfer),
            Nodes(task.calls),
            task.priority,
        );
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
        self.out.write_all(self.line.as_bytes())?;
        self.rows += 1;
        Ok(())
    }

    /// Rows written so far, over all repetitions.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Flushes, so that what was written so far survives the process.
    ///
    /// # Errors
    /// [`MetricsError::Write`].
    pub fn flush(&mut self) -> Result<(), MetricsError> {
        Ok(self.out.flush()?)
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// [`MetricsError::Write`].
    pub fn finish(mut self) -> Result<W, MetricsError> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Milliseconds with six decimals.
struct Ms(Nanos);

impl Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = self.0.get();
        write!(f, "{}.{:06}", ns / 1_000_000, ns % 1_000_000)
    }
}

/// Node indices, separated by semicolons.
struct Nodes<'a>(&'a [CallRecord]);

impl Display for Nodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, call) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { ";" };
            match call.node {
                Some(node) => write!(f, "{separator}{node}")?,
                None => write!(f, "{separator}-")?,
            }
        }
        Ok(())
    }
}
