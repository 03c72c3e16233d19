//! Text files beside a spec, line by line: traces, lists of times.
//!
//! They may be long, so they are never read as a whole, and they may be anything, so a line has a
//! bound: a file without line ends is told so after 64 KiB, not when the memory is full. Every
//! error names file, line and column, as those of the spec do.

use super::error::{BadValue, Place, SpecError};
use super::reader::Field;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a line; a task of a trace needs less than a hundred.
const LONGEST: usize = 64 << 10;

/// A file that is being read.
#[derive(Debug)]
pub(super) struct Lines {
    source: Arc<str>,
    reader: BufReader<File>,
    number: u32, // of the last line that was read
    bytes: Vec<u8>,
    text: String,
}

/// A line, without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    text: &'a str,
    source: &'a Arc<str>,
    number: u32,
}

/// A value of a line of values with commas between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    pub(super) text: &'a str,
    line: Line<'a>,
    offset: usize, // in the line, in bytes
}

impl Lines {
    /// Opens the file that `field` names.
    ///
    /// # Errors
    /// About the field, when the file cannot be opened.
    pub(super) fn open(field: &Field<'_>) -> Result<Lines, SpecError> {
        let path = path(field)?;
        let file = File::open(&path).map_err(|error| {
            field.error(format!(
                "{} cannot be read: {error}; a path is relative to the file that it is written in",
                path.display()
            ))
        })?;
        let source = path.display().to_string().into();
        let reader = BufReader::new(file);
        Ok(Lines { source, reader, number: 0, bytes: Vec::new(), text: String::new() })
    }

    /// The next line; `None` after the last. An empty line may only be the last.
    ///
    /// # Errors
    /// When it is too long, is empty, is not UTF-8, or cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, SpecError> {
        if !self.advance()? {
            return Ok(None);
        }
        if self.text.trim().is_empty() {
            let error = self.error("an empty line; remove it");
            return if self.advance()? { Err(error) } else { Ok(None) };
        }
        Ok(Some(Line { text: &self.text, source: &self.source, number: self.number }))
    }

    /// An error about the last line that was read.
    pub(super) fn error(&self, message: impl Into<String>) -> SpecError {
        SpecError::new(&self.place(1), message)
    }

    /// Reads a line, if there is one more.
    fn advance(&mut self) -> Result<bool, SpecError> {
        self.bytes.clear();
        let mut bounded = self.reader.by_ref().take(LONGEST as u64 + 1);
        let read = bounded.read_until(b'\n', &mut self.bytes);
        if let Err(error) = read {
            return Err(self.error(format!("cannot be read on from here: {error}")));
        }
        if self.bytes.is_empty() {
            return Ok(false);
        }
        self.number = self.number.saturating_add(1);
        if self.bytes.len() > LONGEST {
            return Err(self.error(format!(
                "the line is longer than {LONGEST} bytes; end each row with a line break, or name \
                 another file"
            )));
        }
        let text = std::str::from_utf8(&self.bytes).map_err(|error| {
            let before = String::from_utf8_lossy(&self.bytes[..error.valid_up_to()]);
            let place = self.place(before.chars().count() + 1);
            SpecError::new(&place, "not UTF-8 text; save the file as UTF-8")
        })?;
        let text = if self.number == 1 { text.trim_start_matches('\u{feff}') } else { text };
        self.text.clear();
        self.text.push_str(text.trim_end_matches(['\r', '\n']));
        Ok(true)
    }

    fn place(&self, column: usize) -> Place {
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        Place::in_file(&self.source, self.number.max(1), column)
    }
}

impl<'a> Line<'a> {
    /// Its values. Spaces around a value are no part of it, nor are quotes; a comma always
    /// separates, as no value that is read here has one.
    pub(super) fn cells(self) -> impl Iterator<Item = Cell<'a>> {
        let mut offset = 0;
        self.text.split(',').map(move |raw| {
            let inner = raw.trim();
            let text = inner.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            let at = offset + (raw.len() - raw.trim_start().len());
            offset += raw.len() + 1;
            Cell { text: text.unwrap_or(inner).trim(), line: self, offset: at }
        })
    }

    /// Whether it is the first of its file, where columns are named.
    pub(super) fn is_first(self) -> bool {
        self.number == 1
    }

    /// An error about this line.
    pub(super) fn error(self, message: impl Into<String>) -> SpecError {
        SpecError::new(&Place::in_file(self.source, self.number, 1), message)
    }
}

impl Cell<'_> {
    /// An error about this value.
    pub(super) fn error(&self, message: impl Into<String>) -> SpecError {
        let before = self.line.text.get(..self.offset).unwrap_or_default().chars().count();
        let column = u32::try_from(before + 1).unwrap_or(u32::MAX);
        SpecError::new(&Place::in_file(self.line.source, self.line.number, column), message)
    }

    /// The value as whatever `read` makes of its text.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&str) -> Result<T, BadValue>,
    ) -> Result<T, SpecError> {
        read(self.text).map_err(|error| self.error(error.to_string()))
    }
}

/// The path that `field` names, from the folder of the file that it is written in; one that a flag
/// names, from where the command is started.
fn path(field: &Field<'_>) -> Result<PathBuf, SpecError> {
    let text = field.text()?;
    let place = &field.node.place;
    let folder = match place.line_and_column() {
        Some(_) => Path::new(place.source()).parent().unwrap_or(Path::new("")),
        None => Path::new(""),
    };
    Ok(folder.join(text))
}

/// The start of a line of the file that `field` names.
pub(super) fn line_of(field: &Field<'_>, number: u64) -> Result<Place, SpecError> {
    let source = path(field)?.display().to_string().into();
    Ok(Place::in_file(&source, u32::try_from(number).unwrap_or(u32::MAX), 1))
}

/// The same file by a path that means it from everywhere, to be written down.
pub(super) fn lasting_path(field: &Field<'_>) -> Result<String, SpecError> {
    let path = path(field)?;
    let whole = std::fs::canonicalize(&path).or_else(|_| std::path::absolute(&path));
    let text = whole.ok().and_then(|path| path.into_os_string().into_string().ok());
    text.ok_or_else(|| {
        field.error(format!("the folders of {} have names that are not UTF-8", path.display()))
    })
}
