//! Threads that burn CPU for calls, or carry steps out.
//!
//! One per call that runs, as many as there are slots: a node with four slots runs four calls at once
//! whether or not the host has the cores for it. Threads start when they are needed and end with the
//! session. They yield to the thread that passes messages on, here and in the driver: where slots
//! outnumber cores, an answer would wait for the time slices of other calls, on a host that is asked to be
//! several. A byte through a socket pair wakes the thread that waits for sockets.

use super::steps::Maker;
use crate::Error;
use crate::link::Filled;
use pipeline::kit::{Clock, burn, rounds_at};
use pipeline::model::{CallContext, Stepped};
use sched_core::Time;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The most threads. With more slots than this, calls wait for a thread and the wait counts as queueing.
const MAX_THREADS: usize = 1024;

/// Their niceness: a tenth of the weight of the threads that pass messages.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// A call to be burnt.
struct Job {
    running: u32,
    what: What,
}

enum What {
    Burn { rounds: u64, index: u64 },
    Step { number: u8, data: Vec<u8>, call: CallContext, steps: Maker },
}

/// A call that was burnt, or a step that was carried out.
#[derive(Debug)]
pub(super) struct Burnt {
    pub(super) running: u32,
    pub(super) started: Time,
    pub(super) ended: Time,
    pub(super) left: Option<Stepped>,
}

/// The threads, and the ways to and from them.
#[derive(Debug)]
pub(super) struct Burner {
    clock: Clock,
    jobs: Sender<Job>,
    queue: Arc<Mutex<Receiver<Job>>>,
    done: Receiver<Burnt>,
    report: Sender<Burnt>,
    bell: UnixStream,
    ring: Arc<UnixStream>,
    threads: usize,
    busy: usize,
}

impl Burner {
    pub(super) fn new(clock: Clock) -> Result<Burner, Error> {
        let (jobs, queue) = channel();
        let (report, done) = channel();
        let (bell, ring) = UnixStream::pair().map_err(Error::Socket)?;
        for end in [&bell, &ring] {
            end.set_nonblocking(true).map_err(Error::Socket)?;
        }
        let (queue, ring) = (Arc::new(Mutex::new(queue)), Arc::new(ring));
        Ok(Burner { clock, jobs, queue, done, report, bell, ring, threads: 0, busy: 0 })
    }

    /// Has a call burnt.
    ///
    /// # Errors
    /// When the system refuses the first thread; later ones only make calls wait.
    pub(super) fn burn(
        &mut self,
        running: u32,
        rounds: u32,
        speed: f64,
        index: u64,
    ) -> Result<(), Error> {
        self.begin(Job { running, what: What::Burn { rounds: rounds_at(rounds, speed), index } })
    }

    /// Has a step carried out.
    ///
    /// # Errors
    /// As [`Burner::burn`].
    pub(super) fn step(
        &mut self,
        running: u32,
        (number, data): (u8, Vec<u8>),
        call: CallContext,
        steps: Maker,
    ) -> Result<(), Error> {
        self.begin(Job { running, what: What::Step { number, data, call, steps } })
    }

    fn begin(&mut self, job: Job) -> Result<(), Error> {
        self.busy += 1;
        if self.busy > self.threads && self.threads < MAX_THREADS {
            match self.start_thread() {
                Err(error) if self.threads == 0 => return Err(error),
                started => self.threads += usize::from(started.is_ok()),
            }
        }
        let _ = self.jobs.send(job); // the receiver lives as long as this
        Ok(())
    }

    /// Takes a call that has been burnt.
    pub(super) fn take(&mut self) -> Option<Burnt> {
        let burnt = self.done.try_recv().ok()?;
        self.busy -= 1;
        Some(burnt)
    }

    /// Silences the bell; calls that end from now on ring it again.
    pub(super) fn silence(&mut self) -> Filled {
        let mut bytes = [0; 256];
        match self.bell.read(&mut bytes) {
            Ok(0) => Filled::Closed,
            Ok(_) => Filled::Some,
            Err(_) => Filled::Nothing,
        }
    }

    fn start_thread(&self) -> Result<(), Error> {
        let (queue, report) = (Arc::clone(&self.queue), self.report.clone());
        let (ring, clock) = (Arc::clone(&self.ring), self.clock);
        let work = move || {
            // Niceness is a thread's own there. A refusal costs time, and nothing else.
            #[cfg(target_os = "linux")]
            let _ = rustix::process::setpriority_process(None, NICE);
            loop {
                let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(Job { running, what }) = job else { return };
                let started = clock.now();
                let left = match what {
                    What::Burn { rounds, index } => {
                        burn(rounds, index);
                        None
                    }
                    What::Step { number, data, call, steps } => {
                        Some(steps.carry_out(number, &call, &data))
                    }
                };
                let ended = clock.now();
                if report.send(Burnt { running, started, ended, left }).is_err() {
                    return;
                }
                if let Err(error) = (&*ring).write(&[1])
                    && error.kind() != ErrorKind::WouldBlock
                {
                    return; // a full pair rings already; any other error means that nobody listens
                }
            }
        };
        let builder = thread::Builder::new().name("burn".into());
        builder.spawn(work).map(drop).map_err(Error::Socket)
    }
}

impl AsFd for Burner {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}
