//! What can go wrong with a call, and with what is needed for calls.
//!
//! Reasons are counted in reports, so they name what a person can act on and hold no numbers that differ
//! from call to call.

use std::path::PathBuf;
use std::time::Duration;

/// The longest part of a server's own message that is kept. Bytes.
const MESSAGE: usize = 200;

/// Why an attempt, and in the end a call, has failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// There was no connection.
    #[error("the service cannot be reached: {0}")]
    Unreachable(String),
    /// The connection ended, or broke, before the answer was whole.
    #[error("the answer was cut off: {0}")]
    Cut(String),
    /// The time-out of the call.
    #[error("no complete answer within {0:?}")]
    TooSlow(Duration),
    /// The server refused, in its own words.
    #[error("status {code}: {message}")]
    Status {
        /// The HTTP status.
        code: u16,
        /// What the server says, cut to 200 bytes.
        message: String,
        /// How long it asks to wait before another attempt.
        retry_after: Option<Duration>,
    },
    /// The server said in the middle of an answer that it failed.
    #[error("the service gave up: {0}")]
    GaveUp(String),
    /// The answer is not what the interface defines.
    #[error("a malformed answer: {0}")]
    Malformed(String),
    /// The answer is whole, and there is nothing in it.
    #[error("an empty answer")]
    Empty,
    /// The answer was withheld.
    #[error("the answer ended with `{0}`")]
    Withheld(String),
}

impl CallError {
    /// Whether another attempt may end otherwise. A request that was understood and refused, or answered
    /// wrongly, would be so again.
    pub fn is_transient(&self) -> bool {
        match self {
            CallError::Unreachable(_) | CallError::Cut(_) | CallError::GaveUp(_) => true,
            CallError::Status { code, .. } => matches!(code, 408 | 425 | 429 | 500 | 502..=504),
            _ => false,
        }
    }
}

/// Why a service, a corpus or an index is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of a service is none.
    #[error("`{0}` is no base URL: write for example `http://127.0.0.1:8080/v1`")]
    Url(String),
    /// A file of the corpus cannot be read.
    #[error("the corpus {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The corpus is not there, or is no corpus.
    #[error("the corpus {}: {what}", path.display())]
    Corpus {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The store of vectors cannot be used.
    #[error("the vectors in {}: {what}", path.display())]
    Store {
        /// Its file.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The corpus could not be embedded.
    #[error("embedding the corpus: {0}")]
    Embedding(#[from] CallError),
    /// A setup that came from elsewhere is none.
    #[error("a setup that is none: {0}")]
    Setup(String),
    /// Something that is needed is not there.
    #[error("{0}")]
    Missing(String),
    /// It was stopped by its caller.
    #[error("stopped")]
    Stopped,
}

/// A text of a server, cut, on one line.
pub(crate) fn shortened(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.len() > MESSAGE {
        true => format!("{} …", &line[..line.floor_char_boundary(MESSAGE)]),
        false => line,
    }
}
