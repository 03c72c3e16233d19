//! The decoder: what was written is read, and nothing else is taken for a message.

use crate::property::decoder_keeps_its_promises;
use cluster::wire::{
    Answer, Ask, Hello, Inquiry, MAX_FRAME, MAX_TEXT, Message, Status, WireError, decode, encode,
};
use pipeline::model::{Purpose, Stream};
use sched_core::{Resources, Span, Time};

pub(crate) fn samples() -> Vec<Message> {
    let at = Time::from_nanos;
    let capacity = Resources::slots(4).with_milli_gpu(500).with_memory(7 << 30);
    let answer = |failure: Option<&str>| {
        let failure = failure.map(Into::into);
        Message::Answer(Answer { ticket: 7, arrived: at(1), started: at(1), ended: at(3), failure })
    };
    let ask = Ask {
        number: 3,
        ticket: u64::MAX,
        index: 12,
        rounds: 5,
        service: Span::from_nanos(9),
        demand: Resources::milli_cpu(250),
    };
    let status = Status {
        process: 9,
        slots: 4,
        running: 2,
        queued: 1,
        completed: 1 << 40,
        uptime: Span::from_secs(3),
        heard: Some(Span::from_millis(4)),
        refused: [1, 2, 3, 4, 5, 6],
    };
    vec![
        Message::Hello(Hello { token: b"secret".to_vec(), driver: 5, capacity, speed: 0.5 }),
        Message::Welcome { window: 4096 },
        Message::Refused("no".into()),
        Message::Call(ask),
        answer(None),
        answer(Some("it broke")),
        Message::Ping { nonce: 3 },
        Message::Pong { nonce: 3, clock: at(77) },
        Message::Speed(2.0),
        Message::Setup(b"setup".to_vec()),
        Message::Step { ticket: 7, number: 3, data: vec![9; 300] },
        Message::Left { ticket: 7, data: Vec::new() },
        Message::Bye,
        Message::Used { cpu: None, wall: Span::from_nanos(1) },
        Message::Used { cpu: Some(Span::from_nanos(4)), wall: Span::from_nanos(1) },
        Message::Inquiry(Inquiry { token: b"secret".to_vec(), stop: true }),
        Message::Inquiry(Inquiry { token: Vec::new(), stop: false }),
        Message::Status(status),
        Message::Status(Status { heard: None, ..status }),
    ]
}

pub(crate) fn frame(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(message, &mut bytes);
    bytes
}

#[test]
fn what_is_written_is_read() {
    let mut bytes = Vec::new();
    samples().iter().for_each(|message| encode(message, &mut bytes));
    let mut rest = &bytes[..];
    for message in samples() {
        let (read, length) = decode(rest).unwrap().unwrap();
        assert_eq!(read, message);
        rest = &rest[length..];
    }
    assert_eq!((decode(rest), rest.len()), (Ok(None), 0));
}

#[test]
fn a_message_that_is_cut_waits_for_its_rest() {
    for message in samples() {
        let bytes = frame(&message);
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]), Ok(None), "{message:?} cut at {end}");
        }
    }
}

/// The frame says that it is whole: then a field is missing or left over, whatever its kind.
#[test]
fn a_message_of_the_wrong_length_is_refused() {
    for message in samples() {
        let bytes = frame(&message);
        for length in (1..bytes.len() + 40).filter(|length| *length != bytes.len() - 4) {
            let mut wrong = (length as u32).to_le_bytes().to_vec();
            wrong.extend(bytes[4..].iter().copied().chain(std::iter::repeat(0)).take(length));
            let read = decode(&wrong);
            assert!(read.is_err(), "{message:?} at {length} bytes was read as {read:?}");
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |bytes: &[u8], why: WireError| assert_eq!(decode(bytes), Err(why));
    refused(&(MAX_FRAME as u32 + 1).to_le_bytes(), WireError::TooLong(MAX_FRAME as u64 + 1));
    refused(&u32::MAX.to_le_bytes(), WireError::TooLong(u64::from(u32::MAX)));
    refused(&[0, 0, 0, 0], WireError::Short);
    refused(&[1, 0, 0, 0, 99], WireError::Kind(99));
    let speed = |number: f64| frame(&Message::Speed(number));
    for number in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(&speed(number), WireError::Field("speed"));
    }
    let mut hello = frame(&samples()[0]);
    hello[9] = 99; // behind the length, the kind and the magic number
    refused(&hello, WireError::Version(99));
    hello[5] = b'X';
    refused(&hello, WireError::Field("magic"));
    let mut welcome = frame(&samples()[1]);
    welcome[5] = 9;
    refused(&welcome, WireError::Version(9));
    let mut inquiry = frame(&Message::Inquiry(Inquiry { token: Vec::new(), stop: false }));
    *inquiry.last_mut().unwrap() = 2;
    refused(&inquiry, WireError::Field("stop"));
    let mut late = frame(&samples()[4]);
    late[13] = 4; // arrived after it started
    refused(&late, WireError::Field("instants"));
}

#[test]
fn a_long_reason_is_cut_and_stays_text() {
    let long = "ü".repeat(MAX_TEXT);
    let (read, _) = decode(&frame(&Message::Refused(long))).unwrap().unwrap();
    assert_eq!(read, Message::Refused("ü".repeat(MAX_TEXT / 2)));
}

/// Streams of messages with random damage: bytes changed, cut out, doubled, swapped with those of others,
/// numbers put to their limits. Never a panic, never more read than there is; the same property as under
/// libFuzzer.
#[test]
fn noise_harms_nothing() {
    let mut luck = Stream::new(1, Purpose::Policy, 0, 0);
    let samples: Vec<Vec<u8>> = samples().iter().map(frame).collect();
    let (mut read, mut refused) = (0, 0);
    for _ in 0..1_000_000 {
        let (messages, last) = decoder_keeps_its_promises(&damaged(&samples, &mut luck));
        read += messages;
        refused += usize::from(last);
    }
    assert!(read > 100_000 && refused > 100_000, "{read} read, {refused} refused");
}

/// A few messages in a row, with a little damage.
pub(crate) fn damaged(samples: &[Vec<u8>], luck: &mut Stream) -> Vec<u8> {
    let mut draw = |below: usize| (luck.next_u64() % below as u64) as usize;
    let mut bytes = Vec::new();
    for _ in 0..1 + draw(3) {
        bytes.extend(&samples[draw(samples.len())]);
    }
    for _ in 0..1 + draw(3) {
        let (at, other) = (draw(bytes.len()), draw(bytes.len()));
        let (from, to) = (at.min(other), at.max(other));
        match draw(7) {
            0 | 1 => bytes[at] = draw(256) as u8,
            2 => bytes[at] ^= 1 << draw(8),
            3 => drop(bytes.drain(from..to)),
            4 => bytes.extend_from_within(from..to),
            5 => bytes[from..to.min(from + 8)].fill([0, u8::MAX][draw(2)]),
            _ => bytes.swap(at, other),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}
