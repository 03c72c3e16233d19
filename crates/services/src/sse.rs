//! Server-sent events: the lines of a streamed answer.
//!
//! Of the format only what the interface uses is read: `data` fields, joined until an empty line. Comments
//! and other fields are skipped, as the format asks. An event is bounded, so that a server which never ends
//! a line fills no memory.

use crate::CallError;
use crate::wire::broken;
use std::io::{BufRead, BufReader, Read};

/// The most bytes of a line, and of an event.
const MAX_EVENT: usize = 1 << 20;

/// Reads events.
pub(crate) struct Events<R>(BufReader<R>);

impl<R: Read> Events<R> {
    pub(crate) fn new(from: R) -> Events<R> {
        Events(BufReader::new(from))
    }

    /// The data of the next event; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<String>, CallError> {
        let mut data: Option<String> = None;
        let mut line = Vec::new();
        loop {
            line.clear();
            let limit = MAX_EVENT as u64 + 1;
            let read = (&mut self.0).take(limit).read_until(b'\n', &mut line);
            let read = read.map_err(|error| broken(&error))?;
            if read == 0 {
                return Ok(data); // whoever needs an end looks for one in it
            }
            if line.len() > MAX_EVENT || data.as_ref().is_some_and(|data| data.len() > MAX_EVENT) {
                return Err(CallError::Malformed("an event without end".into()));
            }
            let text = std::str::from_utf8(&line);
            let text = text.map_err(|_| CallError::Malformed("an event that is no text".into()))?;
            let text = text.trim_end_matches(['\n', '\r']);
            if text.is_empty() {
                if data.is_some() {
                    return Ok(data);
                }
            } else if let Some(value) = text.strip_prefix("data:") {
                let value = value.strip_prefix(' ').unwrap_or(value);
                match &mut data {
                    None => data = Some(value.to_owned()),
                    Some(data) => *data = format!("{data}\n{value}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Result<Vec<String>, CallError> {
        let mut events = Events::new(text.as_bytes());
        std::iter::from_fn(|| events.next().transpose()).collect()
    }

    #[test]
    fn data_of_events_is_joined_and_the_rest_skipped() {
        let text =
            ": hello\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nevent: x\nid: 3\n\ndata:b\n\n\ndata: c";
        assert_eq!(events(text).unwrap(), ["{\"a\":\n1}", "b", "c"]);
        assert!(events("").unwrap().is_empty());
    }

    #[test]
    fn an_endless_line_is_refused() {
        let long = format!("data: {}", "x".repeat(MAX_EVENT + 1));
        assert_eq!(events(&long), Err(CallError::Malformed("an event without end".into())));
    }
}
