//! Reading a log, record by record, in memory that does not grow with it.
//!
//! A log that ends early is read up to its last whole record, and [`Log::end`] says that it
//! was cut off and how many bytes did not make a record. Anything else that is not as the
//! recorder writes it is an error with its offset, and ends the reading; whoever made
//! the bytes, nothing panics and nothing large is allocated.

use crate::LogError;
use crate::header::Header;
use crate::record::{MOST_RECORD, Memory, Record, kind};
use crate::recorder::CHECK_EVERY;
use crate::wire::{Bytes, Checksum, Flaw};
use std::io::{ErrorKind, Read};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;
/// No header is longer: its body has its own bound, and little is around it.
const MOST_HEAD: usize = (1 << 20) + MOST_RECORD;

/// How a log ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// As it should: nothing is missing.
    Whole,
    /// Early, as when the process that wrote it died.
    CutOff {
        /// Bytes after the last whole record, which cannot be read.
        lost: u64,
    },
}

/// A log that is being read.
pub struct Log<R> {
    source: R,
    buffer: Vec<u8>,
    next: usize, // in the buffer
    offset: u64, // of the buffer's start in the log
    dry: bool,   // the source has no more
    header: Header,
    memory: Memory,
    sum: Checksum,
    records: u64,
    end: Option<End>,
    damaged: bool,
}

impl<R: Read> Log<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When the source fails, is no log, is of another version, or ends within its header.
    pub fn open(mut source: R) -> Result<Log<R>, LogError> {
        let mut buffer = Vec::new();
        let (mut dry, mut wanted) = (false, CHUNK);
        loop {
            dry = dry || fill(&mut source, &mut buffer, wanted)?;
            let mut bytes = Bytes::new(&buffer);
            if let Some(header) = Header::decode(&mut bytes)? {
                let next = buffer.len() - bytes.len();
                let (memory, sum) = (Memory::new(), Checksum::new());
                let (offset, records, end, damaged) = (0, 0, None, false);
                return Ok(Log {
                    source,
                    buffer,
                    next,
                    offset,
                    dry,
                    header,
                    memory,
                    sum,
                    records,
                    end,
                    damaged,
                });
            }
            if dry || wanted > MOST_HEAD {
                return Err(LogError::NoHeader);
            }
            wanted *= 2;
        }
    }

    /// What was recorded.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How the log ends, once it has been read to its end.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// Records read so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.offset + self.next as u64
    }

    fn read(&mut self) -> Result<Option<Record>, LogError> {
        loop {
            if self.end.is_some() || self.damaged {
                return Ok(None);
            }
            if self.buffer.len() - self.next < MOST_RECORD && !self.dry {
                self.refill()?;
            }
            let rest = self.buffer.get(self.next..).unwrap_or_default();
            let mut bytes = Bytes::new(rest);
            let (before, expected) = (self.records, self.sum);
            let step = match bytes.byte() {
                Ok(kind::CHECK) => check(&mut bytes, expected, before),
                Ok(kind::END) => end(&mut bytes, expected, before),
                Ok(tag) => self.memory.decode(tag, &mut bytes).map(Step::Record),
                Err(flaw) => Err(flaw),
            };
            let used = rest.len() - bytes.len();
            match step {
                Err(Flaw::Short) => {
                    self.end = Some(End::CutOff { lost: rest.len() as u64 });
                }
                Err(Flaw::Bad(what)) => return Err(LogError::Damaged { at: self.bytes(), what }),
                Ok(step) => {
                    self.sum.add(rest.get(..used).unwrap_or_default());
                    self.next += used;
                    match step {
                        Step::Record(record) => {
                            self.records += 1;
                            return Ok(Some(record));
                        }
                        Step::Checked => {}
                        Step::End => self.finish()?,
                    }
                }
            }
        }
    }

    /// Nothing may follow the end.
    fn finish(&mut self) -> Result<(), LogError> {
        if self.buffer.len() == self.next && !self.dry {
            self.refill()?;
        }
        if self.buffer.len() > self.next {
            let what = "something follows the end of the log";
            return Err(LogError::Damaged { at: self.bytes(), what });
        }
        self.end = Some(End::Whole);
        Ok(())
    }

    fn refill(&mut self) -> Result<(), LogError> {
        self.buffer.drain(..self.next);
        self.offset += self.next as u64;
        self.next = 0;
        self.dry = fill(&mut self.source, &mut self.buffer, CHUNK)?;
        Ok(())
    }
}

impl<R: Read> Iterator for Log<R> {
    type Item = Result<Record, LogError>;

    /// The next record. After an error there is none.
    fn next(&mut self) -> Option<Result<Record, LogError>> {
        let record = self.read();
        self.damaged |= record.is_err();
        record.transpose()
    }
}

impl<R> std::fmt::Debug for Log<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log")
            .field("header", &self.header)
            .field("records", &self.records)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

enum Step {
    Record(Record),
    Checked,
    End,
}

fn check(bytes: &mut Bytes<'_>, sum: Checksum, records: u64) -> Result<Step, Flaw> {
    let same = bytes.take(Checksum::BYTES)? == sum.bytes();
    match same && records > 0 && records.is_multiple_of(CHECK_EVERY) {
        true => Ok(Step::Checked),
        false => Err(Flaw::Bad("the checksum of the records before it is wrong")),
    }
}

fn end(bytes: &mut Bytes<'_>, sum: Checksum, records: u64) -> Result<Step, Flaw> {
    let same = bytes.take(Checksum::BYTES)? == sum.bytes();
    match same && bytes.integer()? == records {
        true => Ok(Step::End),
        false => Err(Flaw::Bad("the checksum at its end is wrong")),
    }
}

/// Reads on until the buffer has `wanted` bytes. True: there are no more.
fn fill<R: Read>(source: &mut R, buffer: &mut Vec<u8>, wanted: usize) -> Result<bool, LogError> {
    let mut length = buffer.len();
    buffer.resize(wanted.max(length), 0);
    let mut dry = false;
    while let Some(free @ [_, ..]) = buffer.get_mut(length..) {
        match source.read(free) {
            Ok(0) => {
                dry = true;
                break;
            }
            Ok(read) => length += read.min(free.len()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    buffer.truncate(length);
    Ok(dry)
}
