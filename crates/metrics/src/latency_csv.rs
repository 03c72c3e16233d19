//! `<run>_latencies.csv`: one row per counted task, streamed.
//!
//! Times are in ms with six decimals, which is the exact nanosecond: a reader can add the
//! parts of a row and get its total. Digits go straight into one reused line, because through
//! `fmt` a row costs more than simulating its task; no field ever needs quoting. Whether a
//! run of many tasks writes this file at all is the caller's decision;
//! [`DEFAULT_ROW_LIMIT`] is the usual bound.

use crate::{MetricsError, Nanos, TaskRecord};
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
    line: Vec<u8>,
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
        LatencyCsv { out, line: Vec::with_capacity(256), rows: 0 }
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
        let line = &mut self.line;
        line.clear();
        integer(line, u64::from(repetition));
        line.push(b',');
        integer(line, task.index);
        for time in [
            task.intended_arrival,
            task.end_to_end(),
            parts.scheduling,
            parts.queue,
            parts.execution,
            parts.transfer,
        ] {
            line.push(b',');
            milliseconds(line, time);
        }
        line.push(b',');
        for (stage, call) in task.calls.iter().enumerate() {
            if stage > 0 {
                line.push(b';');
            }
            match call.node {
                Some(node) => integer(line, u64::from(node)),
                None => line.push(b'-'),
            }
        }
        line.push(b',');
        integer(line, u64::from(task.priority));
        line.extend_from_slice(if success { b",true\n" } else { b",false\n" });
        self.out.write_all(line)?;
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

fn integer(line: &mut Vec<u8>, number: u64) {
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Milliseconds with six decimals.
fn milliseconds(line: &mut Vec<u8>, time: Nanos) {
    const IN_MS: u64 = 1_000_000;
    integer(line, time.get() / IN_MS);
    line.push(b'.');
    // A digit above the six keeps their leading zeros, and is left out.
    let mut digits = itoa::Buffer::new();
    let fraction = digits.format(IN_MS + time.get() % IN_MS);
    line.extend_from_slice(&fraction.as_bytes()[1..]);
}
