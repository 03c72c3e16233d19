//! A worker that others have started, and that waits for drivers.
//!
//! Nobody gets to the node who has not said hello with the right token, in time and alone: connections are
//! greeted in threads of their own, a bounded number of them, while the session that runs goes on. One driver
//! at a time is served; it may take the place of its own connection, when that was cut off and it comes
//! again.

use super::MakeSteps;
use super::session::Session;
use crate::link::{Link, Stream};
use crate::token::Token;
use crate::wire::{Hello, MAX_FRAME, Message, decode, encode};
use crate::{Error, SILENCE};
use pipeline::kit::Clock;
use sched_core::{Span, Time};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// Connections that may be about to say hello at once; more are closed.
const MOST_GREETINGS: usize = 16;

/// How long a hello may take, from the first byte to the last.
const GREETING: Span = Span::from_secs(2);

/// How long a driver waits for the one before it to be gone.
const LEAVING: Span = Span::from_secs(1);

/// A worker that listens.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    door: Arc<Door>,
}

/// What decides who comes in.
#[derive(Debug)]
struct Door {
    token: Option<Token>,
    slots: Option<u32>,
    greetings: AtomicUsize,
    sessions: AtomicU64,
    served: Mutex<Option<Served>>,
    left: Condvar, // a session is over
}

/// The session that runs.
#[derive(Debug)]
struct Served {
    session: u64,
    driver: u64,
    socket: TcpStream,
}

/// A driver that may begin a session.
struct Guest {
    socket: TcpStream,
    hello: Hello,
    session: u64,
}

impl Listener {
    /// Listens on an address of this host. With a `token`, only to drivers that have it; with `slots`, only
    /// for nodes that have no more.
    ///
    /// # Errors
    /// When the address is not a loopback one, or cannot be had.
    pub fn bind(
        address: SocketAddr,
        token: Option<Token>,
        slots: Option<u32>,
    ) -> Result<Listener, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::Beyond(address));
        }
        let bound = TcpListener::bind(address);
        let listener = bound.map_err(|source| Error::Listen { address, source })?;
        let (greetings, sessions) = (AtomicUsize::new(0), AtomicU64::new(0));
        let door = Door {
            token,
            slots,
            greetings,
            sessions,
            served: Mutex::new(None),
            left: Condvar::new(),
        };
        Ok(Listener { listener, door: Arc::new(door) })
    }

    /// Where it listens: with the port that the system chose, if it was to choose.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> Result<SocketAddr, Error> {
        self.listener.local_addr().map_err(Error::Socket)
    }

    /// Serves one driver after the other, for ever. What goes wrong with one is told in `tell`, and is the end
    /// of its session only. `make` makes the steps of a run from the setup that its driver sends.
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
            for socket in listener.incoming() {
                let Ok(socket) = socket else { return };
                greet_aside(&door, socket, &guests, &tell);
            }
        };
        let builder = thread::Builder::new().name("accept".into());
        builder.spawn(accept).map_err(Error::Socket)?;
        while let Ok(Guest { socket, hello, session }) = next.recv() {
            let ended = Link::new(Stream::Tcp(socket)).map_err(Error::Socket).and_then(|link| {
                Session::new(link, Some(SILENCE.scaled(2.0)), make).run(Some(&hello))
            });
            serving.leave(session);
            if let Err(error) = ended {
                saying(&error.to_string());
            }
        }
        Ok(())
    }
}

/// Hears a connection's hello in a thread of its own.
fn greet_aside<T: Fn(&str) + Send + Sync + 'static>(
    door: &Arc<Door>,
    socket: TcpStream,
    guests: &Sender<Guest>,
    tell: &Arc<T>,
) {
    if door.greetings.fetch_add(1, Ordering::Relaxed) >= MOST_GREETINGS {
        door.greetings.fetch_sub(1, Ordering::Relaxed);
        return tell("closed a connection: too many have not said hello yet");
    }
    let (here, guests, tell) = (Arc::clone(door), guests.clone(), Arc::clone(tell));
    let greet = move || {
        let from = socket.peer_addr();
        match here.admit(&socket) {
            // Nobody is there to be served when the worker itself is ending.
            Ok((hello, session)) => drop(guests.send(Guest { socket, hello, session })),
            Err(error) => {
                let from = from.map_or_else(|_| "somebody".to_owned(), |it| it.to_string());
                tell(&format!("refused {from}: {error}"));
                refuse(&socket, &error.to_string());
            }
        }
        here.greetings.fetch_sub(1, Ordering::Relaxed);
    };
    if thread::Builder::new().name("greet".into()).spawn(greet).is_err() {
        door.greetings.fetch_sub(1, Ordering::Relaxed);
    }
}

fn refuse(mut socket: &TcpStream, why: &str) {
    let mut bytes = Vec::new();
    encode(&Message::Refused(why.to_owned()), &mut bytes);
    let _ = socket.write_all(&bytes); // whoever does not listen is not told
}

impl Door {
    /// The hello of a driver that may come in, and the number of its session.
    fn admit(&self, socket: &TcpStream) -> Result<(Hello, u64), Error> {
        let hello = hello(socket)?;
        if self.token.as_ref().is_some_and(|token| !token.is(&hello.token)) {
            return Err(Error::Driver("its token is not that of this worker".into()));
        }
        let asked = hello.capacity.whole_slots();
        if let Some(slots) = self.slots.filter(|slots| asked > *slots) {
            let why = format!("it asks for a node of {asked} slots, and this worker has {slots}");
            return Err(Error::Driver(why));
        }
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        // The driver before may have gone a moment ago.
        let other = |served: &mut Option<Served>| {
            served.as_ref().is_some_and(|served| served.driver != hello.driver)
        };
        let waited = self.left.wait_timeout_while(served, LEAVING.into(), other);
        let (mut served, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(Error::Driver("this worker serves another driver".into()));
        }
        if let Some(Served { socket, .. }) = &*served {
            let _ = socket.shutdown(Shutdown::Both); // it may be over already
        }
        let session = self.sessions.fetch_add(1, Ordering::Relaxed);
        let (driver, socket) = (hello.driver, socket.try_clone().map_err(Error::Socket)?);
        *served = Some(Served { session, driver, socket });
        Ok((hello, session))
    }

    /// A session is over; the driver may have begun the next one already.
    fn leave(&self, session: u64) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served.take_if(|served| served.session == session);
        self.left.notify_all();
    }
}

/// The first message, which must be a hello and nothing more.
fn hello(mut socket: &TcpStream) -> Result<Hello, Error> {
    let clock = Clock::start();
    socket.set_read_timeout(Some(GREETING.into())).map_err(Error::Socket)?;
    let mut bytes = Vec::new();
    loop {
        if let Some((message, length)) = decode(&bytes)? {
            return match message {
                Message::Hello(hello) if length == bytes.len() => Ok(hello),
                _ => Err(Error::Driver("it did not begin with a hello".into())),
            };
        }
        let mut more = [0; MAX_FRAME];
        let read = socket.read(&mut more).map_err(|_| late())?;
        if read == 0 || clock.now() > Time::ZERO + GREETING {
            return Err(late());
        }
        bytes.extend(&more[..read]);
    }
}

fn late() -> Error {
    Error::Driver(format!("it did not say hello within {GREETING}"))
}
