//! A worker that others have started, and that waits for drivers.
//!
//! Connections are greeted in threads of their own, a bounded number of them, while the session that runs goes
//! on; the `door` decides who comes in. One driver at a time is served.

use super::MakeSteps;
use super::door::{Door, Guest, Terms};
use super::session::Session;
use crate::link::Link;
use crate::token::require_protection;
use crate::{Error, SILENCE};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// Connections that may be about to say hello at once; more are closed.
const MOST_GREETINGS: usize = 16;

/// A worker that listens.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    door: Arc<Door>,
}

impl Listener {
    /// Listens on an address of this host.
    ///
    /// # Errors
    /// When the address is not a loopback one and the terms are without token or certificate, or when it
    /// cannot be had.
    pub fn bind(address: SocketAddr, terms: Terms) -> Result<Listener, Error> {
        require_protection(address, terms.token.is_some(), terms.identity.is_some())?;
        let bound = TcpListener::bind(address);
        let listener = bound.map_err(|source| Error::Listen { address, source })?;
        Ok(Listener { listener, door: Arc::new(Door::new(terms)) })
    }

    /// Where it listens: with the port that the system chose, if it was to choose.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> Result<SocketAddr, Error> {
        self.listener.local_addr().map_err(Error::Socket)
    }

    /// Serves one driver after the other, until somebody who may asks it to end. What goes wrong with one is
    /// told in `tell`, and is the end of its session only. `make` makes the steps of a run from the setup that
    /// its driver sends.
    ///
    /// # Errors
    /// When the system refuses a thread or to accept connections.
    pub fn serve(
        self,
        make: MakeSteps,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let (guests, next) = channel();
        let (listener, door, tell) = (self.listener, self.door, Arc::new(tell));
        let serving = Arc::clone(&door);
        let saying = Arc::clone(&tell);
        let accept = move || {
            let greetings = Arc::new(AtomicUsize::new(0));
            for socket in listener.incoming() {
                let Ok(socket) = socket else { return };
                greet_aside(&door, &greetings, socket, &guests, &tell);
            }
        };
        let builder = thread::Builder::new().name("accept".into());
        builder.spawn(accept).map_err(Error::Socket)?;
        while let Ok(guest) = next.recv() {
            let Guest::Driver { stream, hello, session } = guest else { break };
            let stats = Arc::clone(&serving.stats);
            let ended = Link::new(stream).map_err(Error::Socket).and_then(|link| {
                Session::new(link, Some(SILENCE.scaled(2.0)), stats, make).run(Some(&hello))
            });
            serving.leave(session);
            if let Err(error) = ended {
                saying(&error.to_string());
            }
        }
        Ok(())
    }
}

/// Hears what a connection wants in a thread of its own.
fn greet_aside<T: Fn(&str) + Send + Sync + 'static>(
    door: &Arc<Door>,
    greetings: &Arc<AtomicUsize>,
    socket: TcpStream,
    guests: &Sender<Guest>,
    tell: &Arc<T>,
) {
    if greetings.fetch_add(1, Ordering::Relaxed) >= MOST_GREETINGS {
        greetings.fetch_sub(1, Ordering::Relaxed);
        return tell("closed a connection: too many have not said hello yet");
    }
    let (here, guests, tell) = (Arc::clone(door), guests.clone(), Arc::clone(tell));
    let under_way = Arc::clone(greetings);
    let greet = move || {
        let from = socket.peer_addr().map_or_else(|_| "somebody".to_owned(), |it| it.to_string());
        let guest = here.greet(socket, |error| tell(&format!("refused {from}: {error}")));
        // Nobody is there to serve it when the worker itself is ending.
        guest.map(|guest| guests.send(guest));
        under_way.fetch_sub(1, Ordering::Relaxed);
    };
    if thread::Builder::new().name("greet".into()).spawn(greet).is_err() {
        greetings.fetch_sub(1, Ordering::Relaxed);
    }
}
