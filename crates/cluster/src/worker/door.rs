//! Who may come in to a worker that listens.
//!
//! Nobody gets to the node who has not said hello with the right token, in time and alone, and over TLS if
//! the worker has a certificate. A driver may take the place of its own connection, when that was cut off
//! and it comes again. Questions about the worker are answered here, beside the session that runs.

use super::stats::Stats;
use crate::link::Stream;
use crate::secure::{FIRST_BYTE, Secure};
use crate::tls::Identity;
use crate::token::Token;
use crate::wire::{Hello, Inquiry, MAX_FRAME, Message, Refusal, decode, encode};
use crate::{Error, SILENCE};
use pipeline::kit::Clock;
use sched_core::{Span, Time};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// How long a handshake, or a hello, may take from the first byte to the last.
const GREETING: Span = SILENCE;

/// How long a driver waits for the one before it to be gone.
const LEAVING: Span = Span::from_secs(1);

/// On what terms a worker serves.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What drivers must know.
    pub token: Option<Token>,
    /// What the worker shows; connections must then be encrypted.
    pub identity: Option<Identity>,
    /// The most slots that a node on it may have.
    pub slots: Option<u32>,
}

/// What decides who comes in.
#[derive(Debug)]
pub(super) struct Door {
    terms: Terms,
    pub(super) stats: Arc<Stats>,
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

/// Who came in.
pub(super) enum Guest {
    /// A driver that may begin a session.
    Driver { stream: Stream, hello: Hello, session: u64 },
    /// Somebody who may end the worker, and wants to.
    Stop,
}

impl Door {
    pub(super) fn new(terms: Terms) -> Door {
        Door {
            terms,
            stats: Arc::new(Stats::new()),
            sessions: AtomicU64::new(0),
            served: Mutex::new(None),
            left: Condvar::new(),
        }
    }

    /// Hears what a connection wants: a guest, or nobody if it was a question, which is answered, or said
    /// nothing at all, as those do who only look whether somebody listens.
    ///
    /// Who may not come in is counted, and then told why; the reason goes to `tell` as well.
    pub(super) fn greet(&self, socket: TcpStream, tell: impl Fn(&Error)) -> Option<Guest> {
        let turn_away = |error: Error, stream: Option<Stream>| {
            self.stats.refuse(&error);
            tell(&error);
            if let Some(mut stream) = stream {
                say(&mut stream, &Message::Refused(error.to_string()));
            }
            None
        };
        let mut stream = match self.secure(socket) {
            Ok(stream) => stream?,
            Err((error, stream)) => return turn_away(error, stream),
        };
        let wanted = first(&mut stream).and_then(|message| self.admit(&stream, message));
        let status = |stream: &mut Stream| {
            say(stream, &Message::Status(self.stats.status(self.terms.slots)));
        };
        match wanted {
            Err(error) => turn_away(error, Some(stream)),
            Ok(Wanted::Status) => {
                status(&mut stream);
                None
            }
            Ok(Wanted::Stop) => {
                status(&mut stream);
                self.evict();
                Some(Guest::Stop)
            }
            Ok(Wanted::Session(hello, session)) => Some(Guest::Driver { stream, hello, session }),
        }
    }

    /// Encrypts the connection, if it is to be; `None` if it was closed without a byte.
    ///
    /// # Errors
    /// With the connection, if whoever refused can still be told why.
    fn secure(&self, socket: TcpStream) -> Result<Option<Stream>, (Error, Option<Stream>)> {
        let limited = socket.set_read_timeout(Some(GREETING.into()));
        limited.map_err(|error| (Error::Socket(error), None))?;
        let mut first = [0];
        let speaks_tls = match socket.peek(&mut first) {
            Ok(0) => return Ok(None),
            Ok(_) => first[0] == FIRST_BYTE,
            Err(_) => return Err((late(), Some(Stream::Tcp(socket)))),
        };
        let why = match (&self.terms.identity, speaks_tls) {
            (None, false) => return Ok(Some(Stream::Tcp(socket))),
            (Some(identity), true) => {
                let secure = Secure::accept(socket, identity, GREETING).map_err(|why| {
                    (Error::refused(Refusal::Unauthenticated, why), None) // it was told in TLS
                })?;
                return Ok(Some(Stream::Tls(Box::new(secure))));
            }
            (Some(_), false) => "this worker demands TLS; set `tls_ca` in the file of the cluster",
            (None, true) => "it speaks TLS, and this worker has no certificate",
        };
        // Read before it is closed, or the system would take back what it is told.
        let mut stream = Stream::Tcp(socket);
        let _ = stream.read(&mut [0; MAX_FRAME]);
        Err((Error::refused(Refusal::Unauthenticated, why), Some(stream)))
    }

    /// Whether who said this may come in.
    fn admit(&self, stream: &Stream, message: Message) -> Result<Wanted, Error> {
        let token = match &message {
            Message::Hello(Hello { token, .. }) | Message::Inquiry(Inquiry { token, .. }) => token,
            _ => return Err(no_hello()),
        };
        if self.terms.token.as_ref().is_some_and(|known| !known.is(token)) {
            let why = "its token is not that of this worker";
            return Err(Error::refused(Refusal::Unauthenticated, why));
        }
        match message {
            Message::Hello(hello) => self.begin(stream, hello),
            Message::Inquiry(Inquiry { stop: true, .. }) => Ok(Wanted::Stop),
            _ => Ok(Wanted::Status),
        }
    }

    /// A session for a driver, when the one before it is over.
    fn begin(&self, stream: &Stream, hello: Hello) -> Result<Wanted, Error> {
        let unwelcome = |why: String| Error::refused(Refusal::Unwelcome, why);
        let asked = hello.capacity.whole_slots();
        if let Some(slots) = self.terms.slots.filter(|slots| asked > *slots) {
            let why = format!("it asks for a node of {asked} slots, and this worker has {slots}");
            return Err(unwelcome(why));
        }
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        // The driver before may have gone a moment ago.
        let other = |served: &mut Option<Served>| {
            served.as_ref().is_some_and(|served| served.driver != hello.driver)
        };
        let waited = self.left.wait_timeout_while(served, LEAVING.into(), other);
        let (mut served, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(unwelcome("this worker serves another driver".into()));
        }
        if let Some(Served { socket, .. }) = &*served {
            let _ = socket.shutdown(Shutdown::Both); // it may be over already
        }
        let session = self.sessions.fetch_add(1, Ordering::Relaxed);
        let socket = stream.tcp().map(TcpStream::try_clone).transpose().map_err(Error::Socket)?;
        let driver = hello.driver;
        *served = socket.map(|socket| Served { session, driver, socket });
        Ok(Wanted::Session(hello, session))
    }

    /// A session is over; the driver may have begun the next one already.
    pub(super) fn leave(&self, session: u64) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served.take_if(|served| served.session == session);
        self.left.notify_all();
    }

    /// Ends the session that runs.
    fn evict(&self) {
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Served { socket, .. }) = &*served {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// What somebody who may come in wants.
enum Wanted {
    Session(Hello, u64),
    Status,
    Stop,
}

/// The first message, which must be all that is said before an answer.
fn first(stream: &mut Stream) -> Result<Message, Error> {
    let clock = Clock::start();
    let mut bytes = Vec::new();
    loop {
        if let Some((message, length)) = decode(&bytes)? {
            return if length == bytes.len() { Ok(message) } else { Err(no_hello()) };
        }
        let mut more = [0; MAX_FRAME];
        let read = stream.read(&mut more).map_err(|_| late())?;
        if read == 0 || clock.now() > Time::ZERO + GREETING {
            return Err(late());
        }
        bytes.extend(&more[..read]);
    }
}

fn no_hello() -> Error {
    Error::refused(Refusal::Malformed, "it did not begin with a hello")
}

fn late() -> Error {
    Error::refused(Refusal::Unwelcome, format!("it did not say hello within {GREETING}"))
}

/// Whoever does not listen is not told.
fn say(stream: &mut Stream, message: &Message) {
    let mut bytes = Vec::new();
    encode(message, &mut bytes);
    let _ = stream.write_all(&bytes).and_then(|()| stream.flush());
}
