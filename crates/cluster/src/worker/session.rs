//! A session of a worker: from the hello of a driver to the end of its connection.
//!
//! One round takes what the socket has, ends what has ended, and writes all answers at once. The clock is
//! read once per round. Before a deadline the last part is not slept but polled, for at most
//! [`SPIN`], so that a short call is not as long as the system's timer is coarse.

use super::MakeSteps;
use super::node::Node;
use super::stats::Stats;
use super::steps::Maker;
use crate::link::{Filled, Link};
use crate::poll;
use crate::wire::{Ask, Hello, Message, Refusal, WireError};
use crate::{Error, SILENCE, WINDOW};
use pipeline::kit::{Clock, PreciseSleep, SPIN, doze, thread_cpu_time};
use rustix::event::{PollFd, PollFlags};
use sched_core::{Span, Time};
use std::sync::Arc;

/// A connection and the node behind it.
#[derive(Debug)]
pub(super) struct Session {
    clock: Clock,
    began: (Time, Option<Span>), // and the CPU time of this thread until then
    link: Link,
    node: Option<Node>,     // from the hello on
    taken: u64,             // calls so far
    outstanding: u32,       // those without an answer
    patience: Option<Span>, // with a driver that says nothing
    heard: Time,
    stats: Arc<Stats>,
    maker: Maker,
    _precise: PreciseSleep,
}

impl Session {
    /// With `patience`, a driver that says nothing for so long is taken for gone.
    pub(super) fn new(
        link: Link,
        patience: Option<Span>,
        stats: Arc<Stats>,
        make: MakeSteps,
    ) -> Session {
        let clock = stats.clock;
        let heard = clock.now();
        Session {
            clock,
            began: (heard, thread_cpu_time()),
            link,
            node: None,
            taken: 0,
            outstanding: 0,
            patience,
            heard,
            stats,
            maker: Maker::new(make),
            _precise: PreciseSleep::on_this_thread(),
        }
    }

    /// Runs until the driver has gone. `hello` is what it has said already, if anything.
    ///
    /// # Errors
    /// When the driver breaks the protocol, is silent for too long, or the system fails. It is told why, if
    /// it still listens.
    pub(super) fn run(mut self, hello: Option<&Hello>) -> Result<(), Error> {
        let greeted = hello.map_or(Ok(()), |hello| self.greet(hello));
        let ended = greeted.and_then(|()| self.rounds());
        self.stats.over();
        if let Err(error) = &ended {
            self.stats.refuse(error);
            self.link.push(&Message::Refused(error.to_string()));
            self.link.flush();
        }
        ended
    }

    fn rounds(&mut self) -> Result<(), Error> {
        loop {
            let readable = self.wait()?;
            let filled = if readable { self.link.fill() } else { Filled::Nothing };
            let now = self.clock.now();
            if filled == Filled::Closed {
                return Ok(());
            }
            if filled == Filled::Some {
                self.heard = now;
            }
            while let Some(message) = self.link.next()? {
                self.take(message, now)?;
            }
            if let Some(node) = &mut self.node {
                let (link, outstanding) = (&mut self.link, &mut self.outstanding);
                let before = *outstanding;
                node.end(now, |answer, left| {
                    *outstanding -= 1;
                    if let Some(data) = left {
                        link.push(&Message::Left { ticket: answer.ticket, data });
                    }
                    link.push(&Message::Answer(answer));
                })?;
                let running = node.running();
                let (queued, ended) = (*outstanding - running, before - *outstanding);
                self.stats.round(running, queued, u64::from(ended), self.heard);
            }
            self.link.flush();
            if let Some(patience) = self.patience.filter(|most| now.since(self.heard) > *most) {
                let why = format!("not a byte for {patience}");
                return Err(Error::refused(Refusal::Unwelcome, why));
            }
        }
    }

    fn take(&mut self, message: Message, now: Time) -> Result<(), Error> {
        let Some(node) = &mut self.node else {
            let Message::Hello(hello) = message else {
                let why = "it did not begin with a hello";
                return Err(Error::refused(Refusal::Malformed, why));
            };
            return self.greet(&hello);
        };
        match message {
            Message::Call(ask) => {
                if let Some((refusal, why)) = self.refusal(&ask) {
                    return Err(Error::refused(refusal, why));
                }
                (self.taken, self.outstanding) = (self.taken + 1, self.outstanding + 1);
                self.node.as_mut().map_or(Ok(()), |node| node.arrive(ask, now))
            }
            Message::Setup(setup) => {
                node.set_up(setup);
                Ok(())
            }
            Message::Step { ticket, number, data } => match node.announce(ticket, (number, data)) {
                true => Ok(()),
                false => {
                    let why = format!("more than {WINDOW} steps without a call");
                    Err(Error::refused(Refusal::Oversized, why))
                }
            },
            Message::Ping { nonce } => {
                self.link.push(&Message::Pong { nonce, clock: now });
                Ok(())
            }
            Message::Speed(speed) => {
                node.set_speed(speed);
                Ok(())
            }
            Message::Bye => {
                let (began, before) = self.began;
                let wall = self.clock.now().since(began);
                let cpu = thread_cpu_time().zip(before).map(|(cpu, before)| cpu - before);
                self.link.push(&Message::Used { cpu, wall });
                Ok(())
            }
            _ => Err(Error::refused(Refusal::Malformed, "it sent what does not belong here")),
        }
    }

    /// Why a call may not come in, if so.
    fn refusal(&self, ask: &Ask) -> Option<(Refusal, String)> {
        let node = self.node.as_ref()?;
        if ask.number != self.taken {
            let (number, due) = (ask.number, self.taken);
            Some((Refusal::Replayed, format!("call {number} of the session where {due} was due")))
        } else if self.outstanding == WINDOW {
            Some((Refusal::Oversized, format!("more than {WINDOW} calls without an answer")))
        } else if !node.can_hold(ask) {
            Some((Refusal::Malformed, "a call that is larger than the node".into()))
        } else {
            None
        }
    }

    fn greet(&mut self, hello: &Hello) -> Result<(), Error> {
        let node = Node::new(self.clock, hello.capacity, hello.speed, self.maker.clone())?;
        self.node = Some(node.ok_or(WireError::Field("capacity"))?);
        self.link.push(&Message::Welcome { window: WINDOW });
        Ok(())
    }

    /// Waits for news or the next deadline; says whether the socket has news.
    fn wait(&mut self) -> Result<bool, Error> {
        let deadline = self.node.as_ref().and_then(Node::next_end);
        let timeout = match deadline.map(|at| at.since(self.clock.now())) {
            None => SILENCE,
            Some(left) if left <= SPIN => Span::ZERO,
            Some(left) => doze(left).unwrap_or(left - SPIN).min(SILENCE),
        };
        let mut flags = PollFlags::IN;
        if self.link.is_blocked() {
            flags |= PollFlags::OUT;
        }
        let Some(node) = &mut self.node else {
            let mut sockets = [PollFd::new(&self.link, flags)];
            poll::wait(&mut sockets, Some(timeout))?;
            return Ok(!sockets[0].revents().difference(PollFlags::OUT).is_empty());
        };
        let mut sockets =
            [PollFd::new(&self.link, flags), PollFd::new(&node.burner, PollFlags::IN)];
        poll::wait(&mut sockets, Some(timeout))?;
        let [link, bell] = sockets.map(|socket| socket.revents());
        if !bell.is_empty() {
            node.burner.silence();
        }
        Ok(!link.difference(PollFlags::OUT).is_empty())
    }
}
