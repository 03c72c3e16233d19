//! Workers that others have started: connections to their addresses.
//!
//! Connecting may wait for a host that does not answer, so it has a thread of its own each time; the loop
//! looks for its end while it waits for other things.

use crate::Error;
use crate::link::{Link, Stream};
use crate::ray::Ray;
use crate::secure::Secure;
use crate::tls::Trust;
use crate::token::{Token, require_protection};
use crate::wire::{Inquiry, MAX_FRAME, Message, Status, decode, encode};
use sched_core::{NodeId, Span};
use std::io::{self, Read as _, Write as _};
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
    pub(super) trust: Option<Trust>,
}

impl Remote {
    /// The workers at these addresses, of which the first is `node-0`. With `trust`, connections are encrypted,
    /// and a worker must show a certificate of that authority.
    ///
    /// # Errors
    /// When one is not a loopback address, and the token or the trust is missing.
    pub fn new(
        workers: Vec<SocketAddr>,
        token: Option<Token>,
        trust: Option<Trust>,
    ) -> Result<Remote, Error> {
        for address in &workers {
            require_protection(*address, token.is_some(), trust.is_some())?;
        }
        Ok(Remote { workers, token, trust })
    }
}

/// A connection that is being made.
#[derive(Debug)]
pub(super) struct Connecting(Receiver<Result<(SocketAddr, Link), String>>);

impl Connecting {
    /// To a worker whose address is known.
    pub(super) fn to(address: SocketAddr, trust: Option<Trust>) -> Result<Connecting, Error> {
        Connecting::start(move || link(address, trust.as_ref()))
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
            let address = ray.worker(node.0, old)?;
            link(address, ray.trust(address))
        })
    }

    fn start(
        link: impl FnOnce() -> Result<(SocketAddr, Link), String> + Send + 'static,
    ) -> Result<Connecting, Error> {
        let (done, result) = channel();
        // Nobody waits for it when the run is over.
        let connect = move || drop(done.send(link()));
        let builder = thread::Builder::new().name("connect".into());
        builder.spawn(connect).map_err(Error::Socket)?;
        Ok(Connecting(result))
    }

    /// The connection and its address, or why there is none; `None` as long as that is open.
    pub(super) fn result(&self) -> Option<Result<(SocketAddr, Link), String>> {
        match self.0.try_recv() {
            Ok(connected) => Some(connected),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err("its connection was given up".into())),
        }
    }
}

fn link(address: SocketAddr, trust: Option<&Trust>) -> Result<(SocketAddr, Link), String> {
    let link = Link::new(connect(address, trust)?);
    link.map(|link| (address, link)).map_err(|error| unreachable(address, &error))
}

/// Connects, encrypted if somebody is to be trusted for it. May wait for both.
fn connect(address: SocketAddr, trust: Option<&Trust>) -> Result<Stream, String> {
    let socket = TcpStream::connect_timeout(&address, CONNECTING.into())
        .map_err(|error| unreachable(address, &error))?;
    let Some(trust) = trust else { return Ok(Stream::Tcp(socket)) };
    let secure = Secure::connect(socket, trust, CONNECTING);
    Ok(Stream::Tls(Box::new(secure.map_err(|why| format!("{address}: {why}"))?)))
}

fn unreachable(address: SocketAddr, error: &io::Error) -> String {
    format!("{address} cannot be reached ({error}); is a worker listening there?")
}

/// Asks a worker how it is, and with `stop` to end; whatever it does goes on until then. Waits a few
/// seconds at most.
///
/// # Errors
/// When it is not there, or refuses; and when it is beyond this host and the token or the trust is missing.
pub fn inquire(
    address: SocketAddr,
    token: Option<&Token>,
    trust: Option<&Trust>,
    stop: bool,
) -> Result<Status, Error> {
    require_protection(address, token.is_some(), trust.is_some())?;
    let failed = |why: String| Error::Inquiry(why);
    let mut stream = connect(address, trust).map_err(failed)?;
    let lost = |error: io::Error| failed(unreachable(address, &error));
    if let Some(socket) = stream.tcp() {
        socket.set_read_timeout(Some(CONNECTING.into())).map_err(lost)?;
    }
    let token = token.map_or_else(Vec::new, |token| token.bytes().to_vec());
    let mut bytes = Vec::new();
    encode(&Message::Inquiry(Inquiry { token, stop }), &mut bytes);
    stream.write_all(&bytes).and_then(|()| stream.flush()).map_err(lost)?;
    bytes.clear();
    loop {
        match decode(&bytes)? {
            Some((Message::Status(status), _)) => return Ok(status),
            Some((Message::Refused(why), _)) => return Err(failed(format!("{address}: {why}"))),
            Some(_) => return Err(failed(format!("{address} does not say how it is"))),
            None => {}
        }
        let mut more = [0; MAX_FRAME];
        let read = stream.read(&mut more).map_err(lost)?;
        if read == 0 {
            return Err(lost(io::ErrorKind::UnexpectedEof.into()));
        }
        bytes.extend(&more[..read]);
    }
}
