//! The operators of workers, for tasks of Ray: a process that burns what it is told.
//!
//! A Ray task is Python. It waits as exactly as a worker does, but it cannot burn as fast: that it leaves to
//! this, so that both run the same machine code and the comparison is one of schedulers.

use crate::Error;
use pipeline::kit::{Clock, burn};
use std::io::{ErrorKind, Read, Write};

/// Reads requests (rounds and index, 8 bytes each, little-endian), burns, and answers with the nanoseconds
/// that it took (8 bytes). Returns at the end of the input.
///
/// # Errors
/// When nobody reads the answers.
pub fn serve_operator(mut input: impl Read, mut output: impl Write) -> Result<(), Error> {
    let clock = Clock::start();
    let mut request = [0; 16];
    loop {
        match input.read_exact(&mut request) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read.map_err(Error::Socket)?,
        }
        let [rounds, index] = [0, 8].map(|at| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&request[at..at + 8]);
            u64::from_le_bytes(bytes)
        });
        let start = clock.now();
        burn(rounds, index);
        let took = clock.now().since(start).as_nanos();
        let answered = output.write_all(&took.to_le_bytes()).and_then(|()| output.flush());
        answered.map_err(Error::Socket)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_answered_with_the_time_it_took() {
        let request = |rounds: u64| [rounds.to_le_bytes(), 7_u64.to_le_bytes()].concat();
        let requests = [request(0), request(20_000), vec![1, 2]].concat();
        let mut answers = Vec::new();
        serve_operator(&requests[..], &mut answers).unwrap();
        let took: Vec<u64> = answers
            .chunks_exact(8)
            .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        assert_eq!(took.len(), 2, "the rest is no request");
        assert!(took[0] < took[1], "{took:?}");
    }
}
