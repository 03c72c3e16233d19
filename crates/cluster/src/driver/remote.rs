//! Workers that others have started: connections to their addresses.
//!
//! Connecting may wait for a host that does not answer, so it has a thread of its own each time; the loop
//! looks for its end while it waits for other things.

use crate::Error;
use crate::link::{Link, Stream};
use crate::token::Token;
use sched_core::Span;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

/// How long a host may take to accept a connection.
const CONNECTING: Span = Span::from_secs(2);

/// Where workers listen, and what they want to hear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    pub(super) workers: Vec<SocketAddr>,
    pub(super) token: Option<Token>,
}

impl Remote {
    /// The workers at these addresses, of which the first is `node-0`.
    ///
    /// # Errors
    /// When one is not a loopback address.
    pub fn new(workers: Vec<SocketAddr>, token: Option<Token>) -> Result<Remote, Error> {
        match workers.iter().find(|address| !address.ip().is_loopback()) {
            Some(beyond) => Err(Error::Beyond(*beyond)),
            None => Ok(Remote { workers, token }),
        }
    }
}

/// A connection that is being made.
#[derive(Debug)]
pub(super) struct Connecting(SocketAddr, Receiver<io::Result<TcpStream>>);

impl Connecting {
    pub(super) fn start(address: SocketAddr) -> Result<Connecting, Error> {
        let (done, result) = channel();
        let connect = move || {
            // Nobody waits for it when the run is over.
            let _ = done.send(TcpStream::connect_timeout(&address, CONNECTING.into()));
        };
        let builder = thread::Builder::new().name("connect".into());
        builder.spawn(connect).map_err(Error::Socket)?;
        Ok(Connecting(address, result))
    }

    /// The connection, or why there is none; `None` as long as that is open.
    pub(super) fn result(&self) -> Option<Result<Link, String>> {
        let connected = match self.1.try_recv() {
            Ok(connected) => connected.and_then(|socket| Link::new(Stream::Tcp(socket))),
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(io::ErrorKind::Interrupted.into()),
        };
        let address = self.0;
        Some(connected.map_err(|error| {
            format!("{address} cannot be reached ({error}); is a worker listening there?")
        }))
    }
}
