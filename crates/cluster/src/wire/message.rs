//! What driver and worker say to each other.
//!
//! ```text
//! driver ── Hello ──►  worker        who I am, what size you are
//!        ◄─ Welcome ─                how many calls I take at most
//!        ── Setup ──►                what steps are to do, if there are any
//!        ── Call… ──►                at any time, in any number up to that
//!        ◄─ Answer… ─                one for each, in the order in which they ended
//!        ── Step, Call ──►           a call with the data of its task before it
//!        ◄─ Left, Answer ─           and its answer with what it left
//!        ── Ping ──►                 at any time
//!        ◄─ Pong ─                   at once
//!
//! anybody ── Inquiry ──► worker      how are you? or: end
//!         ◄─ Status ─                beside the session that runs, which it does not touch
//! ```
//!
//! Instants are the worker's own, in nanoseconds since it started. Only their differences are
//! durations; where they lie on the driver's clock is the driver's to estimate.

use super::record::{Fields, put_bytes, put_text};
use super::{MAX_DATA, MAX_TOKEN, Refusal, VERSION, WireError};
use sched_core::{Resources, Span, Time};

const MAGIC: u32 = u32::from_le_bytes(*b"SAGE");

/// The first message of a driver.
#[derive(Clone, PartialEq, Debug)]
pub struct Hello {
    /// What proves that the driver may use this worker; empty where the connection itself does.
    pub token: Vec<u8>,
    /// Tells this driver from others, so that it may take the place of its own lost connection.
    pub driver: u64,
    /// What the node has.
    pub capacity: Resources,
    /// A call of service time `s` takes `s ÷ speed`.
    pub speed: f64,
}

/// A stage call, for a worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ask {
    /// Its place among the calls of the session, from 0 on. None may be left out or come twice, so what was
    /// recorded and is sent again is known for what it is.
    pub number: u64,
    /// Names the call in its answer.
    pub ticket: u64,
    /// Index of its task.
    pub index: u64,
    /// Chained hash rounds to burn, at speed 1; 0 waits for the service time instead.
    pub rounds: u32,
    /// Service time at speed 1.
    pub service: Span,
    /// What it holds while it runs.
    pub demand: Resources,
}

/// How a stage call has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The ticket of the call.
    pub ticket: u64,
    /// When it was there, by the worker's clock; as the instants below, which are not before.
    pub arrived: Time,
    /// When it got its slot.
    pub started: Time,
    /// When it left it.
    pub ended: Time,
    /// What went wrong; boxed, because it is rare.
    pub failure: Option<Box<str>>,
}

/// A question about a worker that listens, instead of a hello.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inquiry {
    /// As in a hello.
    pub token: Vec<u8>,
    /// Whether it is to end then, whatever runs on it.
    pub stop: bool,
}

/// How a worker that listens is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// Its process.
    pub process: u32,
    /// The most slots that a node on it may have; 0: no limit.
    pub slots: u32,
    /// Calls that hold their slots.
    pub running: u32,
    /// Calls that wait for theirs, in its queue.
    pub queued: u32,
    /// Calls that have ended since it started.
    pub completed: u64,
    /// Since when it listens.
    pub uptime: Span,
    /// How long ago its driver was heard last; `None` without a driver.
    pub heard: Option<Span>,
    /// What it has refused since it started, by kind, in the order of [`Refusal::ALL`](super::Refusal::ALL).
    pub refused: [u64; Refusal::COUNT],
}

/// A message, in either direction.
#[derive(Clone, PartialEq, Debug)]
pub enum Message {
    /// Driver: begins a session.
    Hello(Hello),
    /// Worker: the session has begun.
    Welcome {
        /// The most calls without an answer that it takes.
        window: u32,
    },
    /// Worker: why it ends the session.
    Refused(String),
    /// Driver: run this.
    Call(Ask),
    /// Worker: it has ended.
    Answer(Answer),
    /// Driver: are you there?
    Ping {
        /// Comes back in the answer.
        nonce: u64,
    },
    /// Worker: yes.
    Pong {
        /// That of the ping.
        nonce: u64,
        /// What the worker's clock shows.
        clock: Time,
    },
    /// Driver: calls that start from now on run at this speed.
    Speed(f64),
    /// Driver: what the steps of this session need to know.
    Setup(Vec<u8>),
    /// Driver: the call of this ticket, which follows, is a step with this data.
    Step {
        /// That of the call.
        ticket: u64,
        /// Which step.
        number: u8,
        /// What the step before has left.
        data: Vec<u8>,
    },
    /// Worker: what the step of this ticket has left; its answer follows.
    Left {
        /// That of the call.
        ticket: u64,
        /// For the next step.
        data: Vec<u8>,
    },
    /// Driver: the session is over; tell me what it cost.
    Bye,
    /// Worker: what the session has cost the thread that owns its timers.
    Used {
        /// CPU time, if the system tells.
        cpu: Option<Span>,
        /// Time since the session began.
        wall: Span,
    },
    /// Anybody: how are you?
    Inquiry(Inquiry),
    /// Worker: so.
    Status(Status),
}

impl Message {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Message::Hello(hello) => {
                out.push(1);
                out.extend(MAGIC.to_le_bytes());
                out.extend(VERSION.to_le_bytes());
                put_bytes(&hello.token[..hello.token.len().min(MAX_TOKEN)], out);
                out.extend(hello.driver.to_le_bytes());
                put_resources(hello.capacity, out);
                out.extend(hello.speed.to_le_bytes());
            }
            Message::Welcome { window } => {
                out.push(2);
                out.extend(VERSION.to_le_bytes());
                out.extend(window.to_le_bytes());
            }
            Message::Refused(why) => {
                out.push(3);
                put_text(why, out);
            }
            Message::Call(ask) => {
                out.push(4);
                out.extend(ask.number.to_le_bytes());
                out.extend(ask.ticket.to_le_bytes());
                out.extend(ask.index.to_le_bytes());
                out.extend(ask.rounds.to_le_bytes());
                out.extend(ask.service.as_nanos().to_le_bytes());
                put_resources(ask.demand, out);
            }
            Message::Answer(answer) => {
                out.push(if answer.failure.is_none() { 5 } else { 6 });
                out.extend(answer.ticket.to_le_bytes());
                for at in [answer.arrived, answer.started, answer.ended] {
                    out.extend(at.as_nanos().to_le_bytes());
                }
                if let Some(reason) = &answer.failure {
                    put_text(reason, out);
                }
            }
            Message::Ping { nonce } => {
                out.push(7);
                out.extend(nonce.to_le_bytes());
            }
            Message::Pong { nonce, clock } => {
                out.push(8);
                out.extend(nonce.to_le_bytes());
                out.extend(clock.as_nanos().to_le_bytes());
            }
            Message::Speed(speed) => {
                out.push(9);
                out.extend(speed.to_le_bytes());
            }
            Message::Setup(data) => {
                out.push(20);
                put_bytes(&data[..data.len().min(MAX_DATA)], out);
            }
            Message::Step { ticket, number, data } => {
                out.push(21);
                out.extend(ticket.to_le_bytes());
                out.push(*number);
                put_bytes(&data[..data.len().min(MAX_DATA)], out);
            }
            Message::Left { ticket, data } => {
                out.push(22);
                out.extend(ticket.to_le_bytes());
                put_bytes(&data[..data.len().min(MAX_DATA)], out);
            }
            Message::Bye => out.push(10),
            Message::Used { cpu, wall } => {
                out.push(11);
                out.extend(cpu.map_or(u64::MAX, Span::as_nanos).to_le_bytes());
                out.extend(wall.as_nanos().to_le_bytes());
            }
            Message::Inquiry(Inquiry { token, stop }) => {
                out.push(12);
                out.extend(MAGIC.to_le_bytes());
                out.extend(VERSION.to_le_bytes());
                put_bytes(&token[..token.len().min(MAX_TOKEN)], out);
                out.push(u8::from(*stop));
            }
            Message::Status(status) => put_status(status, out),
        }
    }

    pub(super) fn read(body: &[u8]) -> Result<Message, WireError> {
        let mut fields = Fields(body);
        let message = match fields.u8()? {
            1 => Message::Hello(hello(&mut fields)?),
            2 => {
                version(&mut fields)?;
                match fields.u32()? {
                    0 => return Err(WireError::Field("window")),
                    window => Message::Welcome { window },
                }
            }
            3 => Message::Refused(fields.text("refusal")?),
            4 => Message::Call(Ask {
                number: fields.u64()?,
                ticket: fields.u64()?,
                index: fields.u64()?,
                rounds: fields.u32()?,
                service: Span::from_nanos(fields.u64()?),
                demand: resources(&mut fields)?,
            }),
            kind @ (5 | 6) => Message::Answer(answer(&mut fields, kind == 6)?),
            7 => Message::Ping { nonce: fields.u64()? },
            8 => Message::Pong { nonce: fields.u64()?, clock: Time::from_nanos(fields.u64()?) },
            9 => Message::Speed(fields.positive("speed")?),
            10 => Message::Bye,
            11 => {
                let cpu = fields.u64()?;
                let cpu = (cpu != u64::MAX).then(|| Span::from_nanos(cpu));
                Message::Used { cpu, wall: Span::from_nanos(fields.u64()?) }
            }
            12 => {
                magic(&mut fields)?;
                let token = fields.bytes(MAX_TOKEN, "token")?.to_vec();
                let stop = match fields.u8()? {
                    0 => false,
                    1 => true,
                    _ => return Err(WireError::Field("stop")),
                };
                Message::Inquiry(Inquiry { token, stop })
            }
            13 => Message::Status(status(&mut fields)?),
            20 => Message::Setup(fields.bytes(MAX_DATA, "setup")?.to_vec()),
            21 => Message::Step {
                ticket: fields.u64()?,
                number: fields.u8()?,
                data: fields.bytes(MAX_DATA, "data")?.to_vec(),
            },
            22 => Message::Left {
                ticket: fields.u64()?,
                data: fields.bytes(MAX_DATA, "data")?.to_vec(),
            },
            kind => return Err(WireError::Kind(kind)),
        };
        fields.end()?;
        Ok(message)
    }
}

/// What any first message begins with.
fn magic(fields: &mut Fields<'_>) -> Result<(), WireError> {
    match fields.u32()? {
        MAGIC => version(fields),
        _ => Err(WireError::Field("magic")),
    }
}

fn hello(fields: &mut Fields<'_>) -> Result<Hello, WireError> {
    magic(fields)?;
    Ok(Hello {
        token: fields.bytes(MAX_TOKEN, "token")?.to_vec(),
        driver: fields.u64()?,
        capacity: resources(fields)?,
        speed: fields.positive("speed")?,
    })
}

/// Stands right behind the kind (and what tells the protocol at all) in every version.
fn version(fields: &mut Fields<'_>) -> Result<(), WireError> {
    match fields.u16()? {
        VERSION => Ok(()),
        other => Err(WireError::Version(other)),
    }
}

fn answer(fields: &mut Fields<'_>, failed: bool) -> Result<Answer, WireError> {
    let ticket = fields.u64()?;
    let mut at = || fields.u64().map(Time::from_nanos);
    let (arrived, started, ended) = (at()?, at()?, at()?);
    if started < arrived || ended < started {
        return Err(WireError::Field("instants"));
    }
    let failure = match failed {
        true => Some(fields.text("reason")?.into_boxed_str()),
        false => None,
    };
    Ok(Answer { ticket, arrived, started, ended, failure })
}

fn put_status(status: &Status, out: &mut Vec<u8>) {
    out.push(13);
    for number in [status.process, status.slots, status.running, status.queued] {
        out.extend(number.to_le_bytes());
    }
    out.extend(status.completed.to_le_bytes());
    out.extend(status.uptime.as_nanos().to_le_bytes());
    out.extend(status.heard.map_or(u64::MAX, Span::as_nanos).to_le_bytes());
    status.refused.iter().for_each(|count| out.extend(count.to_le_bytes()));
}

fn status(fields: &mut Fields<'_>) -> Result<Status, WireError> {
    let mut status = Status {
        process: fields.u32()?,
        slots: fields.u32()?,
        running: fields.u32()?,
        queued: fields.u32()?,
        completed: fields.u64()?,
        uptime: Span::from_nanos(fields.u64()?),
        ..Status::default()
    };
    let heard = fields.u64()?;
    status.heard = (heard != u64::MAX).then(|| Span::from_nanos(heard));
    for count in &mut status.refused {
        *count = fields.u64()?;
    }
    Ok(status)
}

fn put_resources(resources: Resources, out: &mut Vec<u8>) {
    out.extend(resources.cpu().to_le_bytes());
    out.extend(resources.gpu().to_le_bytes());
    out.extend(resources.memory().to_le_bytes());
}

fn resources(fields: &mut Fields<'_>) -> Result<Resources, WireError> {
    let (cpu, gpu, memory) = (fields.u32()?, fields.u32()?, fields.u64()?);
    Ok(Resources::milli_cpu(cpu).with_milli_gpu(gpu).with_memory(memory))
}
