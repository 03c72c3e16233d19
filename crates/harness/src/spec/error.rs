//! Where a spec is wrong, and how to put it right.
//!
//! A spec is put together from files and flags, so every value remembers its
//! [`Place`]: a file with line and column, or a flag. There is one error type and no
//! list of causes: a reader acts on the place and the words, a program on the fact.

use std::fmt;
use std::sync::Arc;

/// Where a value was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    source: Arc<str>,
    at: Option<(u32, u32)>,
}

impl Place {
    /// A place in a file; line and column count from 1, the column in characters.
    pub fn in_file(source: &Arc<str>, line: u32, column: u32) -> Place {
        Place { source: Arc::clone(source), at: Some((line, column)) }
    }

    /// A flag, or whatever else has no lines.
    pub fn flag(name: &str) -> Place {
        Place { source: name.into(), at: None }
    }

    /// Name of the file or flag.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Line and column, from 1; `None` for a flag.
    pub fn line_and_column(&self) -> Option<(u32, u32)> {
        self.at
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}: line {line}, column {column}", self.source),
            None => f.write_str(&self.source),
        }
    }
}

/// The first thing that is wrong with a spec: `FILE: line L, column C: what, and the remedy`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SpecError {
    place: Place,
    message: String,
}

impl SpecError {
    /// An error at a place. The message names the remedy and does not repeat the place.
    pub fn new(place: &Place, message: impl Into<String>) -> SpecError {
        SpecError { place: place.clone(), message: message.into() }
    }

    /// The same, said to be found in a configuration.
    pub(super) fn within(mut self, configuration: &str) -> SpecError {
        self.message = format!("{} (in configuration `{configuration}`)", self.message);
        self
    }

    /// Where.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A text that is not a value of its kind. The message quotes the text and names the remedy.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadValue(pub String);
