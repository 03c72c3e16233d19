//! Workers that others have started: connections to their addresses.
//!
//! Connecting may wait for a host that does not answer, so it has a thread of its own each time; the loop
//! looks for its end while it waits for other things.

use crate::Error;
use crate::link::{Link, Stream};
use crate::ray::Ray;
use crate::token::Token;
use sched_core::{NodeId, Span};
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
pub(super) struct Connecting(Receiver<Result<(SocketAddr, TcpStream), String>>);

impl Connecting {
    /// To a worker whose address is known.
    pub(super) fn to(address: SocketAddr) -> Result<Connecting, Error> {
        Connecting::start(move || connect(address))
    }

    /// To the worker that Ray has started for a node. The one at `old` has been lost: it is given up, and
    /// another awaited.
    pub(super) fn by(
        ray: &Ray,
        node: NodeId,
        old: Option<SocketAddr>,
    ) -> Result<Connecting, Error> {
        let ray = ray.clone();
        Connecting::start(move || {
            if let Some(old) = old {
                ray.renew(node.0, old).map_err(|error| error.to_string())?;
            }
            connect(ray.worker(node.0, old)?)
        })
    }

    fn start(
        connect: impl FnOnce() -> Result<(SocketAddr, TcpStream), String> + Send + 'static,
    ) -> Result<Connecting, Error> {
        let (done, result) = channel();
        // Nobody waits for it when the run is over.
        let connect = move || drop(done.send(connect()));
        let builder = thread::Builder::new().name("connect".into());
        builder.spawn(connect).map_err(Error::Socket)?;
        Ok(Connecting(result))
    }

    /// The connection and its address, or why there is none; `None` as long as that is open.
    pub(super) fn result(&self) -> Option<Result<(SocketAddr, Link), String>> {
        let (address, socket) = match self.0.try_recv() {
            Ok(Ok(connected)) => connected,
            Ok(Err(why)) => return Some(Err(why)),
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => return Some(Err("nobody connects to it".into())),
        };
        let link = Link::new(Stream::Tcp(socket));
        Some(link.map(|link| (address, link)).map_err(|error| unreachable(address, &error)))
    }
}

fn connect(address: SocketAddr) -> Result<(SocketAddr, TcpStream), String> {
    let socket = TcpStream::connect_timeout(&address, CONNECTING.into());
    socket.map(|socket| (address, socket)).map_err(|error| unreachable(address, &error))
}

fn unreachable(address: SocketAddr, error: &io::Error) -> String {
    format!("{address} cannot be reached ({error}); is a worker listening there?")
}
