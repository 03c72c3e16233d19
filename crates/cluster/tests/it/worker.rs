//! A worker process, spoken to by hand.
//!
//! Its answers carry instants of its own clock, so what a node owes can be held against them exactly: it
//! never holds more than it has, starts calls in the order in which they came, and ends none early.

use cluster::WINDOW;
use cluster::wire::{Answer, Ask, Hello, Message, decode, encode};
use sched_core::{Resources, Span};
#[cfg(target_os = "linux")]
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Worker {
    child: Child,
    socket: UnixStream,
    bytes: Vec<u8>,
    calls: u64, // that it was sent
}

impl Worker {
    fn start() -> Worker {
        let (socket, theirs) = UnixStream::pair().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_worker-process"))
            .stdin(OwnedFd::from(theirs))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Worker { child, socket, bytes: Vec::new(), calls: 0 }
    }

    fn greeted(slots: u32, speed: f64) -> Worker {
        let mut worker = Worker::start();
        let capacity = Resources::slots(slots);
        worker.say(&[Message::Hello(Hello { token: Vec::new(), driver: 1, capacity, speed })]);
        assert_eq!(worker.hear(), Some(Message::Welcome { window: WINDOW }));
        worker
    }

    fn say(&mut self, messages: &[Message]) {
        let mut bytes = Vec::new();
        for message in messages {
            match message {
                Message::Call(ask) => {
                    encode(&Message::Call(Ask { number: self.calls, ..*ask }), &mut bytes);
                    self.calls += 1;
                }
                other => encode(other, &mut bytes),
            }
        }
        self.shout(&bytes);
    }

    fn shout(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// The next message; `None` when the worker has closed.
    fn hear(&mut self) -> Option<Message> {
        loop {
            if let Some((message, length)) = decode(&self.bytes).unwrap() {
                self.bytes.drain(..length);
                return Some(message);
            }
            let mut more = [0; 4096];
            match self.socket.read(&mut more) {
                Ok(0) => return None,
                Ok(read) => self.bytes.extend(&more[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn answers(&mut self, count: usize) -> Vec<Answer> {
        let answer = |message| match message {
            Some(Message::Answer(answer)) => answer,
            other => panic!("{other:?} is no answer"),
        };
        (0..count).map(|_| answer(self.hear())).collect()
    }

    /// It says why, closes, and ends with a failure.
    #[track_caller]
    fn refuses(mut self, why: &str) {
        match self.hear() {
            Some(Message::Refused(reason)) => assert!(reason.contains(why), "{reason}"),
            other => panic!("{other:?} is no refusal"),
        }
        assert_eq!(self.hear(), None);
        assert!(!self.child.wait().unwrap().success());
    }
}

fn ask(ticket: u64, rounds: u32, us: u64, milli: u32) -> Message {
    let (service, demand) = (Span::from_micros(us), Resources::milli_cpu(milli));
    Message::Call(Ask { number: 0, ticket, index: ticket, rounds, service, demand })
}

#[test]
fn capacity_and_order_hold_on_the_workers_own_clock() {
    let mut worker = Worker::greeted(3, 2.0);
    // Waiting and burning ones, of every size, more than fit at once.
    let size = |ticket: u64| [1000, 500, 2500, 3000, 250][ticket as usize % 5];
    let rounds = |ticket: u64| if ticket % 7 == 3 { 2000 } else { 0 };
    let us = |ticket: u64| (ticket % 11) * 40;
    let calls: Vec<Message> = (0..600).map(|it| ask(it, rounds(it), us(it), size(it))).collect();
    calls.chunks(50).for_each(|some| worker.say(some));
    let answers = worker.answers(calls.len());
    let mut seen: Vec<u64> = answers.iter().map(|answer| answer.ticket).collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..600), "an answer is missing or came twice");

    for answer in &answers {
        let least = if rounds(answer.ticket) > 0 { 0 } else { us(answer.ticket) / 2 };
        assert!(answer.ended.since(answer.started) >= Span::from_micros(least), "{answer:?}");
        assert_eq!(answer.failure, None);
    }
    // A burning call holds its slot before its thread has begun, so starts of these may swap.
    let mut starts: Vec<&Answer> =
        answers.iter().filter(|answer| rounds(answer.ticket) == 0).collect();
    starts.sort_by_key(|answer| answer.ticket);
    assert!(starts.windows(2).all(|pair| pair[0].started <= pair[1].started), "not FIFO");
    let mut changes: Vec<(sched_core::Time, bool, u32)> = answers
        .iter()
        .flat_map(|it| [(it.started, true, size(it.ticket)), (it.ended, false, size(it.ticket))])
        .collect();
    changes.sort_by_key(|(at, starts, _)| (*at, *starts)); // an end makes room for a start
    let mut held = 0_i64;
    for (at, starts, milli) in changes {
        held += if starts { i64::from(milli) } else { -i64::from(milli) };
        assert!(held <= 3000, "{held} thousandths of a slot are held at {at}");
    }
}

/// Rounds: a second or more.
const BURNING: u32 = 10_000_000;

#[test]
fn a_ping_is_answered_while_every_slot_burns() {
    let mut worker = Worker::greeted(1, 1.0);
    worker.say(&[ask(1, BURNING, 0, 1000), ask(2, 0, 0, 1000)]);
    for nonce in 5.. {
        worker.say(&[Message::Ping { nonce }]);
        let heard = worker.hear();
        let answered = matches!(heard, Some(Message::Pong { nonce: about, .. }) if about == nonce);
        assert!(answered, "{heard:?}, and nothing seen to burn");
        if burns_beside(worker.child.id()) {
            break;
        }
    }
    let answers = worker.answers(2);
    assert_eq!((answers[0].ticket, answers[1].ticket), (1, 2));
    worker.say(&[Message::Bye]);
    assert!(matches!(worker.hear(), Some(Message::Used { .. })));
}

/// Whether a thread of the worker burns, and is nicer than those that do not.
#[cfg(target_os = "linux")]
fn burns_beside(process: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap().filter_map(|thread| {
        let line = fs::read_to_string(thread.unwrap().path().join("stat")).ok()?; // it may have ended
        let (name, rest) = line.rsplit_once(')').unwrap();
        let nice: i32 = rest.split_whitespace().nth(16).unwrap().parse().unwrap();
        Some((name.ends_with("(burn"), nice))
    });
    let (burning, others): (Vec<_>, Vec<_>) = threads.partition(|(burns, _)| *burns);
    let nicer = |nice: i32| others.iter().all(|(_, other)| nice > *other);
    !burning.is_empty() && burning.iter().all(|(_, nice)| nicer(*nice))
}

#[cfg(not(target_os = "linux"))]
fn burns_beside(_: u32) -> bool {
    true
}

#[test]
fn a_worker_ends_with_its_connection() {
    let Worker { mut child, socket, .. } = Worker::greeted(1, 1.0);
    drop(socket);
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_breaks_the_protocol_is_refused_with_the_reason() {
    let start = |messages: &[Message]| {
        let mut worker = Worker::start();
        worker.say(messages);
        worker
    };
    start(&[Message::Bye]).refuses("it did not begin with a hello");
    start(&[ask(1, 0, 0, 1000)]).refuses("it did not begin with a hello");
    let hello = Hello { token: Vec::new(), driver: 1, capacity: Resources::NONE, speed: 1.0 };
    start(&[Message::Hello(hello)]).refuses("capacity");
    let greeted = |message: Message| {
        let mut worker = Worker::greeted(2, 1.0);
        worker.say(&[message]);
        worker
    };
    greeted(Message::Welcome { window: 1 }).refuses("what does not belong here");
    greeted(ask(1, 0, 0, 2001)).refuses("larger than the node");
    // A call that was recorded and is sent again, and one that skips another.
    for number in [0, 2] {
        let mut replayed = Worker::greeted(2, 1.0);
        let Message::Call(call) = ask(1, 0, 0, 1000) else { panic!("it is a call") };
        replayed.say(&[Message::Call(call)]);
        replayed.answers(1);
        let mut bytes = Vec::new();
        encode(&Message::Call(Ask { number, ..call }), &mut bytes);
        replayed.shout(&bytes);
        replayed.refuses(&format!("call {number} of the session where 1 was due"));
    }
    let mut garbage = Worker::greeted(1, 1.0);
    garbage.shout(b"GET / HTTP/1.1\r\n\r\n");
    garbage.refuses("a frame of");
}

#[test]
fn a_window_that_is_exceeded_is_refused() {
    let mut worker = Worker::greeted(1, 1.0);
    let calls: Vec<Message> =
        (0..=u64::from(WINDOW)).map(|ticket| ask(ticket, 0, 3_600_000_000, 1000)).collect();
    worker.say(&calls);
    worker.refuses("more than 4096 calls");
}
