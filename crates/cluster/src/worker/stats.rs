//! What a worker tells of itself, beside the session that runs.
//!
//! Written by the session once per round, read by whoever asks: numbers that are right by themselves and
//! may be a round apart from each other.

use crate::Error;
use crate::wire::{Refusal, Status};
use pipeline::kit::Clock;
use sched_core::{Span, Time};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// No driver is there.
const NOBODY: u64 = u64::MAX;

/// Counters of a worker.
#[derive(Debug)]
pub(super) struct Stats {
    /// Starts with the worker; all of its instants are by it.
    pub(super) clock: Clock,
    running: AtomicU32,
    queued: AtomicU32,
    completed: AtomicU64,
    heard: AtomicU64, // ns by the clock
    refused: [AtomicU64; Refusal::COUNT],
}

impl Stats {
    pub(super) fn new() -> Stats {
        Stats {
            clock: Clock::start(),
            running: AtomicU32::new(0),
            queued: AtomicU32::new(0),
            completed: AtomicU64::new(0),
            heard: AtomicU64::new(NOBODY),
            refused: Default::default(),
        }
    }

    /// What a session knows after a round in which `ended` calls have ended.
    pub(super) fn round(&self, running: u32, queued: u32, ended: u64, heard: Time) {
        self.running.store(running, Relaxed);
        self.queued.store(queued, Relaxed);
        self.heard.store(heard.as_nanos(), Relaxed);
        if ended > 0 {
            self.completed.fetch_add(ended, Relaxed);
        }
    }

    /// A session is over, with all that it had.
    pub(super) fn over(&self) {
        self.running.store(0, Relaxed);
        self.queued.store(0, Relaxed);
        self.heard.store(NOBODY, Relaxed);
    }

    /// Somebody or something was refused, if that is what the error says.
    pub(super) fn refuse(&self, error: &Error) {
        if let Some(refusal) = error.refusal() {
            self.refused[refusal as usize].fetch_add(1, Relaxed);
        }
    }

    /// All of it.
    pub(super) fn status(&self, slots: Option<u32>) -> Status {
        let now = self.clock.now();
        let heard = Some(self.heard.load(Relaxed)).filter(|at| *at != NOBODY);
        Status {
            process: std::process::id(),
            slots: slots.unwrap_or(0),
            running: self.running.load(Relaxed),
            queued: self.queued.load(Relaxed),
            completed: self.completed.load(Relaxed),
            uptime: now.since(Time::ZERO),
            heard: heard.map(|at| Span::from_nanos(now.as_nanos().saturating_sub(at))),
            refused: std::array::from_fn(|kind| self.refused[kind].load(Relaxed)),
        }
    }
}
