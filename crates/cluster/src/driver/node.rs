//! A worker as the driver sees it: its process, its connection, and how far the two have come.
//!
//! ```text
//! Down ── launch ──► Greeting ── welcome ──► Syncing ── pongs ──► Up ── lost ──► Down
//! ```
//!
//! While `Syncing`, a few pings in a row estimate where the worker's clock lies; they cost a fraction of a
//! millisecond once.

use super::Launcher;
use super::offset::Offset;
use super::process::Process;
use super::remote::Connecting;
use crate::Error;
use crate::link::Link;
use crate::wire::{Hello, Message};
use sched_core::{NodeId, Resources, Span, Time};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Pings that estimate the offset of a new worker's clock.
const SYNCING_PINGS: u32 = 8;

/// Time before the first further launch; it doubles from one to the next.
const FIRST_PAUSE: Span = Span::from_millis(20);
const LONGEST_PAUSE: Span = Span::from_secs(2);

/// How far a worker is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Down,
    Connecting,
    Greeting,
    Syncing { left: u32 },
    Up,
}

/// A node and the worker that is to be it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: NodeId,
    capacity: Resources,
    speed: f64,
    slow: f64, // factor of service times
    pub(super) state: State,
    pub(super) link: Option<Link>,
    process: Option<Process>,
    connecting: Option<Connecting>,
    address: Option<SocketAddr>, // of the worker that was reached last
    hello: Option<Hello>,        // that is to be said first
    steps: Option<Vec<u8>>,      // what they need to know
    /// Calls that wait for the worker to answer others.
    pub(super) held: VecDeque<u32>,
    pub(super) outstanding: u32,
    numbered: u64, // calls of the session
    /// By a step whose answer is to follow, with the ticket of that.
    pub(super) left: Option<(u64, Vec<u8>)>,
    pub(super) window: u32,
    pub(super) offset: Option<Offset>,
    ping: Option<(u64, Time)>,
    pings: u64,
    unanswered: Option<Time>, // since when
    /// Whether it is to be launched again when it is lost.
    pub(super) wanted: bool,
    fails: u32,
    given_up: bool, // after launches in vain
    pub(super) used: Option<(Option<Span>, Span)>,
}

impl Node {
    pub(super) fn new(id: NodeId, capacity: Resources, speed: f64, steps: Option<Vec<u8>>) -> Node {
        Node {
            id,
            capacity,
            speed,
            slow: 1.0,
            state: State::Down,
            link: None,
            process: None,
            connecting: None,
            address: None,
            hello: None,
            steps,
            held: VecDeque::new(),
            outstanding: 0,
            numbered: 0,
            left: None,
            window: 0,
            offset: None,
            ping: None,
            pings: 0,
            unanswered: None,
            wanted: true,
            fails: 0,
            given_up: false,
            used: None,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// Whether it will be up without being asked again.
    pub(super) fn is_coming(&self) -> bool {
        matches!(self.state, State::Connecting | State::Greeting | State::Syncing { .. })
    }

    /// Starts a worker, or begins to connect to one, and greets it. `driver` is what it knows this one by.
    pub(super) fn launch(
        &mut self,
        launcher: &Launcher,
        driver: u64,
        now: Time,
    ) -> Result<(), Error> {
        let (capacity, speed) = (self.capacity, self.speed / self.slow);
        let mut hello = Hello { token: Vec::new(), driver, capacity, speed };
        match launcher {
            Launcher::Process(program) => {
                let (process, link) = Process::start(program)?;
                self.process = Some(process);
                self.hello = Some(hello);
                self.greet(link, now);
            }
            Launcher::Static(remote) => {
                hello.token = remote.token.as_ref().map_or_else(Vec::new, |it| it.bytes().to_vec());
                self.hello = Some(hello);
                let address = remote.workers[self.id.index()];
                self.connecting = Some(Connecting::to(address, remote.trust.clone())?);
                self.state = State::Connecting;
            }
            Launcher::Ray(ray) => {
                hello.token = ray.token().bytes().to_vec();
                self.hello = Some(hello);
                self.connecting = Some(Connecting::by(ray, self.id, self.address)?);
                self.state = State::Connecting;
            }
        }
        Ok(())
    }

    /// Looks whether the connection that is being made is there.
    pub(super) fn look_for_connection(&mut self, now: Time) -> Result<(), String> {
        match self.connecting.as_ref().and_then(Connecting::result) {
            None => Ok(()),
            Some(Ok((address, link))) => {
                self.address = Some(address);
                self.greet(link, now);
                Ok(())
            }
            Some(Err(why)) => Err(why),
        }
    }

    fn greet(&mut self, link: Link, now: Time) {
        (self.link, self.connecting, self.state) = (Some(link), None, State::Greeting);
        self.unanswered = Some(now);
        if let Some(hello) = self.hello.take() {
            self.send(&Message::Hello(hello));
        }
        self.flush();
    }

    /// The worker has begun the session.
    pub(super) fn welcome(&mut self, window: u32, now: Time) {
        (self.window, self.state) = (window, State::Syncing { left: SYNCING_PINGS });
        if let Some(setup) = self.steps.clone() {
            self.send(&Message::Setup(setup));
        }
        self.ping(now);
    }

    /// Asks whether it is there.
    pub(super) fn ping(&mut self, now: Time) {
        self.pings += 1;
        self.ping = Some((self.pings, now));
        self.unanswered.get_or_insert(now);
        self.send(&Message::Ping { nonce: self.pings });
        self.flush();
    }

    /// It is there. Says whether it has just come up.
    pub(super) fn pong(&mut self, nonce: u64, clock: Time, now: Time) -> bool {
        // A ping that was overtaken by the next one estimates nothing.
        let Some((_, sent)) = self.ping.take_if(|(newest, _)| *newest == nonce) else {
            return false;
        };
        let sample = Offset::of_ping(sent, now, clock);
        self.offset = Some(self.offset.map_or(sample, |known| known.or(sample)));
        match self.state {
            State::Syncing { left: 0 } => {
                self.state = State::Up;
                true
            }
            State::Syncing { left } => {
                self.state = State::Syncing { left: left - 1 };
                self.ping(now);
                false
            }
            _ => false,
        }
    }

    /// Something came from it.
    pub(super) fn heard(&mut self) {
        self.unanswered = None;
    }

    /// How long it has been asked in vain.
    pub(super) fn silent(&self, now: Time) -> Span {
        self.unanswered.map_or(Span::ZERO, |since| now.since(since))
    }

    /// It is judged from `now` on: nobody has listened before.
    pub(super) fn pardon(&mut self, now: Time) {
        self.unanswered = self.unanswered.map(|_| now);
    }

    /// It has done something: whatever went wrong before is over.
    pub(super) fn proved(&mut self) {
        (self.fails, self.given_up) = (0, false);
    }

    /// One more call is on its way; its place among those of the session.
    pub(super) fn next_number(&mut self) -> u64 {
        self.outstanding += 1;
        self.numbered += 1;
        self.numbered - 1
    }

    /// Calls that start from now on take `factor` times as long.
    pub(super) fn slow(&mut self, factor: f64) {
        self.slow = factor;
        self.send(&Message::Speed(self.speed / factor));
        self.flush();
    }

    /// The run begins at `zero` of the present clock, and so does the clock.
    pub(super) fn begin(&mut self, zero: Time) {
        self.offset = self.offset.map(|offset| offset.from(zero));
        (self.ping, self.unanswered) = (None, None);
        self.proved();
    }

    /// Ends its process and forgets its connection; says how the process ended.
    pub(super) fn end(&mut self) -> String {
        (self.link, self.connecting) = (None, None);
        self.state = State::Down;
        self.held.clear();
        (self.outstanding, self.numbered) = (0, 0);
        (self.offset, self.left) = (None, None);
        (self.ping, self.unanswered) = (None, None);
        match self.process.take().map(Process::end) {
            None => "its connection ended".into(),
            Some(None) => "its process is gone".into(),
            Some(Some(status)) => format!("its process ended: {status}"),
        }
    }

    /// When to launch it again after a loss or a launch in vain; `None` when it is given up, after `most` of
    /// them.
    pub(super) fn next_launch(&mut self, most: u32, now: Time) -> Option<Time> {
        let pause = FIRST_PAUSE.scaled(f64::from(1_u32 << self.fails.min(16))).min(LONGEST_PAUSE);
        self.fails += 1;
        self.given_up = self.fails > most;
        (!self.given_up).then(|| now + pause)
    }

    /// Whether a worker has ever begun a session with this driver.
    pub(super) fn was_there(&self) -> bool {
        self.window > 0
    }

    /// Nobody tries to bring it back any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.given_up
    }

    pub(super) fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    pub(super) fn send(&mut self, message: &Message) {
        if let Some(link) = &mut self.link {
            link.push(message);
        }
    }

    pub(super) fn flush(&mut self) {
        if let Some(link) = &mut self.link {
            link.flush();
        }
    }
}
