//! Sinks that fail, and recorders that are not finished.

use crate::support::{SEED, play, policy, read, record};
use flight::{End, Header, Log, LogError, Recorder};
use sched_core::testkit::history::random;
use std::cell::RefCell;
use std::io::{Error, ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// A disk with room for so many bytes.
struct Disk {
    room: usize,
    held: Arc<Mutex<Vec<u8>>>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let fits = bytes.len().min(self.room);
        if fits == 0 && !bytes.is_empty() {
            return Err(Error::new(ErrorKind::StorageFull, "disk full"));
        }
        self.room -= fits;
        self.held.lock().unwrap().extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_ends_the_log_and_nothing_else() {
    let (policy, history) = (policy("priority"), random(5));
    let (bytes, _, expected) = record(&policy, &history);
    let header = Header::of(&policy, &history.spec, SEED, "a run on paper");
    let whole = read(&bytes).0;
    for buffer in [0, 1, 300, 1 << 20] {
        for room in 0..bytes.len() {
            let held = Arc::new(Mutex::new(Vec::new()));
            let disk = Disk { room, held: Arc::clone(&held) };
            let inner = policy.build(&history.spec, SEED);
            let mut recorder = match Recorder::new(inner, disk, &header) {
                Ok(recorder) => recorder.with_buffer(buffer),
                Err(error) => {
                    assert!(matches!(error, LogError::Io(_)));
                    continue; // not even the header: the run is not started
                }
            };
            let mut seen = Vec::new();
            play(&policy, &history, &mut recorder, &mut seen);
            assert_eq!(seen, expected, "scheduling must not feel the disk");
            assert!(buffer > 0 || recorder.error().is_some() || bytes.len() - room < 8);
            let (_, finished) = recorder.finish();
            assert_eq!(
                finished.unwrap_err().to_string(),
                "the log cannot be read or written: disk full"
            );
            let held = held.lock().unwrap();
            let (records, end) = read(&held);
            assert_eq!(records, whole[..records.len()]);
            assert!(matches!(end, End::CutOff { .. }));
            assert_eq!(held.len(), room);
        }
    }
}

#[test]
fn a_recorder_that_is_dropped_in_a_panic_has_written_all() {
    let (policy, history) = (policy("fifo"), random(9));
    let header = Header::of(&policy, &history.spec, SEED, "a run on paper");
    let whole = read(&record(&policy, &history).0).0;
    let bytes = RefCell::new(Vec::new());
    let crashed = catch_unwind(AssertUnwindSafe(|| {
        let mut bytes = bytes.borrow_mut();
        let inner = policy.build(&history.spec, SEED);
        let mut recorder = Recorder::new(inner, &mut *bytes, &header).unwrap();
        play(&policy, &history, &mut recorder, &mut Vec::new());
        std::panic::panic_any("the host dies");
    }));
    assert!(crashed.is_err());
    assert_eq!(read(&bytes.borrow()), (whole, End::CutOff { lost: 0 }));
}

/// Without a buffer, what is on disk after a poll is all that happened.
#[test]
fn without_a_buffer_nothing_is_held_back() {
    let (policy, history) = (policy("fifo"), random(9));
    let header = Header::of(&policy, &history.spec, SEED, "a run on paper");
    let held = Arc::new(Mutex::new(Vec::new()));
    let disk = Disk { room: usize::MAX, held: Arc::clone(&held) };
    let inner = policy.build(&history.spec, SEED);
    let mut recorder = Recorder::new(inner, disk, &header).unwrap().with_buffer(0);
    play(&policy, &history, &mut recorder, &mut Vec::new());
    let whole = read(&record(&policy, &history).0).0;
    assert_eq!(read(&held.lock().unwrap()), (whole, End::CutOff { lost: 0 }));
    assert_eq!(recorder.recorded().bytes, held.lock().unwrap().len() as u64);
    drop(recorder);
}

#[test]
fn a_source_that_fails_is_an_error() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(Error::other("unplugged"))
        }
    }
    let message = Log::open(Broken).unwrap_err().to_string();
    assert_eq!(message, "the log cannot be read or written: unplugged");
}

#[test]
fn a_header_that_is_too_long_is_refused_before_anything_is_written() {
    let (policy, history) = (policy("fifo"), random(9));
    let note = "x".repeat(70_000);
    let header = Header::of(&policy, &history.spec, SEED, &note);
    let mut bytes = Vec::new();
    let refused = Recorder::new(policy.build(&history.spec, SEED), &mut bytes, &header);
    let message = refused.unwrap_err().to_string();
    assert_eq!(message, "the header of a log cannot hold this: a note above 65,536 bytes");
    assert!(bytes.is_empty());
}
