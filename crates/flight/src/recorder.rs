//! The recorder: a scheduler around a scheduler.
//!
//! It passes everything on, and writes down what was asked and answered. Scheduling must not suffer
//! from it: an event costs a few bytes into a buffer that was allocated at the start, and a
//! sink that fails only ends the recording, which [`Recorder::error`] and
//! [`Recorder::finish`] tell. A recorder that is dropped, as in a panic, writes out what it has;
//! without [`finish`](Recorder::finish) the log says of itself that it was cut off.

use crate::LogError;
use crate::header::Header;
use crate::record::{MOST_RECORD, Memory, Record, kind};
use crate::wire::{Checksum, put};
use sched_core::{Decision, Event, Scheduler, Time, Violation};
use std::fmt;
use std::io::Write;

/// Bytes that are held back to be written at once, unless said otherwise.
const BUFFER: usize = 1 << 16;
/// Records from one checksum to the next.
pub(crate) const CHECK_EVERY: u64 = 4096;

/// A scheduler that is recorded.
pub struct Recorder<S, W: Write> {
    inner: S,
    tape: Tape<W>,
}

/// How much was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recorded {
    /// Facts.
    pub events: u64,
    /// Polls, those that decided nothing too.
    pub polls: u64,
    /// Decisions.
    pub decisions: u64,
    /// Bytes of the log, header included.
    pub bytes: u64,
}

impl<S: Scheduler, W: Write> Recorder<S, W> {
    /// Records `inner`, of which nothing has been asked yet, into `sink`. The header is written at once,
    /// so that a sink that cannot be written to is found before the run.
    ///
    /// # Errors
    /// When the sink fails, or the header holds a text that is too long.
    pub fn new(inner: S, sink: W, header: &Header) -> Result<Recorder<S, W>, LogError> {
        let head = header.encode()?;
        let mut tape = Tape {
            sink,
            buffer: Vec::with_capacity(BUFFER + 2 * MOST_RECORD),
            limit: BUFFER,
            memory: Memory::new(),
            sum: Checksum::new(),
            records: 0,
            recorded: Recorded::default(),
            fault: None,
        };
        tape.sink.write_all(&head)?;
        tape.sink.flush()?;
        tape.recorded.bytes = head.len() as u64;
        Ok(Recorder { inner, tape })
    }

    /// The same, holding back at most about so many bytes: what a process that is killed loses.
    /// 0 writes after every poll.
    #[must_use]
    pub fn with_buffer(mut self, bytes: usize) -> Recorder<S, W> {
        self.tape.limit = bytes;
        self.tape.buffer.reserve(bytes.saturating_add(2 * MOST_RECORD));
        self
    }

    /// The scheduler.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// What was recorded so far, held back or written.
    pub fn recorded(&self) -> Recorded {
        self.tape.recorded
    }

    /// Why nothing is recorded any more, if so.
    pub fn error(&self) -> Option<&LogError> {
        self.tape.fault.as_ref()
    }

    /// Writes out what is held back.
    ///
    /// # Errors
    /// The first failure of this recording; it stays [`error`](Self::error).
    pub fn flush(&mut self) -> Result<(), &LogError> {
        self.tape.write_out();
        self.tape.fault.as_ref().map_or(Ok(()), Err)
    }

    /// Ends the log: gives the scheduler back, and how much was recorded.
    ///
    /// # Errors
    /// The first failure of this recording. The log then ends before it.
    pub fn finish(self) -> (S, Result<Recorded, LogError>) {
        let Recorder { inner, mut tape } = self;
        tape.end();
        let recorded = tape.recorded;
        let result = tape.fault.take().map_or(Ok(recorded), Err);
        (inner, result)
    }
}

impl<S: Scheduler, W: Write + Send> Scheduler for Recorder<S, W> {
    #[inline]
    fn on_event(&mut self, now: Time, event: Event) {
        self.tape.event(now, event);
        self.inner.on_event(now, event);
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        let before = out.len();
        self.tape.poll(now); // first: a poll that panics is to be in the log
        self.inner.poll(now, out);
        self.tape.decisions(out.get(before..).unwrap_or_default());
    }

    fn next_timeout(&self) -> Option<Time> {
        self.inner.next_timeout()
    }

    fn health(&self) -> Result<(), &Violation> {
        self.inner.health()
    }
}

/// The log that is being written. Its end is written by `end` alone, never by a drop.
struct Tape<W: Write> {
    sink: W,
    buffer: Vec<u8>,
    limit: usize,
    memory: Memory,
    sum: Checksum, // of all records
    records: u64,
    recorded: Recorded,
    fault: Option<LogError>,
}

impl<W: Write> Tape<W> {
    #[inline]
    fn event(&mut self, at: Time, event: Event) {
        self.recorded.events += 1;
        self.record(&Record::Event { at, event });
        if self.buffer.len() > self.limit.max(BUFFER) {
            self.write_out();
        }
    }

    #[inline]
    fn poll(&mut self, at: Time) {
        self.recorded.polls += 1;
        self.record(&Record::Poll { at });
    }

    fn decisions(&mut self, decisions: &[Decision]) {
        self.recorded.decisions += decisions.len() as u64;
        for decision in decisions {
            self.record(&Record::Decision(*decision));
            if self.buffer.len() > self.limit.max(BUFFER) {
                self.write_out();
            }
        }
        if self.buffer.len() > self.limit {
            self.write_out();
        }
    }

    #[inline]
    fn record(&mut self, record: &Record) {
        if self.fault.is_some() {
            return;
        }
        let start = self.buffer.len();
        if !self.memory.encode(record, &mut self.buffer) {
            self.buffer.truncate(start);
            self.fail(LogError::Unknown);
            return;
        }
        self.records += 1;
        self.seal(start);
        if self.records.is_multiple_of(CHECK_EVERY) {
            let start = self.buffer.len();
            self.buffer.push(kind::CHECK);
            self.buffer.extend_from_slice(&self.sum.bytes());
            self.seal(start);
        }
    }

    /// What was appended from `start` on is part of the log.
    #[inline]
    fn seal(&mut self, start: usize) {
        let appended = self.buffer.get(start..).unwrap_or_default();
        self.sum.add(appended);
        self.recorded.bytes += appended.len() as u64;
    }

    fn end(&mut self) {
        if self.fault.is_none() {
            let start = self.buffer.len();
            self.buffer.push(kind::END);
            self.buffer.extend_from_slice(&self.sum.bytes());
            put(&mut self.buffer, self.records);
            self.seal(start);
        }
        self.write_out();
    }

    fn write_out(&mut self) {
        if self.fault.is_none() {
            let written = self.sink.write_all(&self.buffer).and_then(|()| self.sink.flush());
            if let Err(error) = written {
                self.fail(error.into());
            }
        }
        self.buffer.clear();
    }

    /// Ends the recording. What was recorded whole is still written, if the sink is sound.
    fn fail(&mut self, error: LogError) {
        if matches!(error, LogError::Unknown) {
            self.write_out();
        }
        self.fault.get_or_insert(error);
    }
}

impl<W: Write> Drop for Tape<W> {
    fn drop(&mut self) {
        self.write_out();
    }
}

impl<S, W: Write> fmt::Debug for Recorder<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("recorded", &self.tape.recorded)
            .field("error", &self.tape.fault)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sched_core::{ClusterSpec, PolicySpec, Resources, Task, TaskId};
    use std::io::sink;

    struct Idle;
    impl Scheduler for Idle {
        fn on_event(&mut self, _: Time, _: Event) {}
        fn poll(&mut self, _: Time, _: &mut Vec<Decision>) {}
    }

    /// Nothing is allocated while facts come in, however many and however long an instant lasts.
    #[test]
    fn the_buffer_never_grows() {
        let cluster = ClusterSpec::uniform(1, 1).unwrap();
        let policy = PolicySpec::named("idle");
        let header = Header { cluster, policy, seed: 0, view: None, note: String::new() };
        for limit in [0, 100, BUFFER, 1 << 20] {
            let mut recorder = Recorder::new(Idle, sink(), &header).unwrap().with_buffer(limit);
            let capacity = recorder.tape.buffer.capacity();
            for index in 0..200_000u64 {
                let now = Time::from_nanos(index / 50_000);
                // No two shapes are alike: the longest records that a host makes.
                let demand = Resources::milli_cpu(index as u32).with_memory(u64::MAX - 1 - index);
                let task = Task::new(TaskId { index: index << 40, stage: u32::MAX }, now, demand);
                recorder.on_event(now, Event::Submit(task));
                if index.is_multiple_of(50_000) {
                    recorder.poll(now, &mut Vec::new());
                }
            }
            assert_eq!(recorder.tape.buffer.capacity(), capacity);
            assert!(recorder.finish().1.unwrap().bytes > 5_000_000);
        }
    }
}
