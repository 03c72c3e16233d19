//! Ray as the one that starts workers, or that places calls itself.
//!
//! ```text
//!  driver ── JSON lines ──► ray_side.py ── Ray ──► one actor per node ── starts ──► worker
//!     ╚═══════════════════════ calls and answers, directly ═══════════════════════════╝
//! ```
//!
//! Membership, placement of workers, restart and the shipping of the binary are Ray's, dispatch is ours: Ray
//! is not on the path of a call. All of it is behind one small script (`side`), so nothing here is compiled
//! against Python. So that the two can be compared, [`run_on_ray`] runs the same calls as plain Ray tasks,
//! where Ray's own scheduler places each (`tasks`, and `policy` of this crate).

mod operator;
mod side;
mod tasks;
mod words;

pub use operator::serve_operator;
pub use tasks::run_on_ray;

use crate::{Error, Program, Strategy, Token};
use pipeline::RunSetup;
use sched_core::Span;
use side::{Heard, Side};
use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use words::Order;

/// How long one attempt to reach a node's worker waits for Ray to start it. Ray needs a second or two for a
/// lost actor.
const RESTART: Span = Span::from_secs(10);

/// A Ray cluster that can be reached through a Python which has Ray. Connected to when it is first needed;
/// clones share the connection, and what was started ends with the last of them.
#[derive(Clone, Debug)]
pub struct Ray(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    python: PathBuf,
    address: String,
    program: Program,
    side: Mutex<Option<Side>>,
    token: Token,
    token_text: String,
}

impl Ray {
    /// Ray at `address` (`auto`: that of this host) by way of this Python. Its nodes run `program`, which
    /// must be a worker when [`WORKER_ARGUMENT`](crate::WORKER_ARGUMENT) is followed by the flags of
    /// `sage worker`. Nothing is started yet.
    ///
    /// # Errors
    /// When the system has no randomness for a secret.
    pub fn new(python: &Path, address: &str, program: Program) -> Result<Ray, Error> {
        let mut bytes = [0; 16];
        let random = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
        random
            .map_err(|error| Error::Ray(format!("there is no secret for its workers: {error}")))?;
        let token_text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Ray(Arc::new(Shared {
            python: python.to_owned(),
            address: address.to_owned(),
            program,
            side: Mutex::new(None),
            token: Token::new(token_text.as_bytes())?,
            token_text,
        })))
    }

    /// Whether Ray has the nodes for this setup, and can run it as tasks of its own if it is to. Nothing is run.
    /// May take some seconds; what was started is used by the run that follows.
    ///
    /// # Errors
    /// What is missing, and how it can be had.
    pub fn check(&self, setup: &RunSetup, strategy: Option<Strategy>) -> Result<(), Error> {
        if let Some(why) = strategy.and_then(|_| tasks::refusal(setup)) {
            return Err(Error::Ray(why));
        }
        let spec = &setup.cluster.spec;
        let slots = spec.nodes().map(|node| spec.capacity(node).whole_slots());
        self.workers(&slots.collect::<Vec<_>>())
    }

    /// The secret that its workers and this driver share.
    pub(crate) fn token(&self) -> &Token {
        &self.0.token
    }

    /// Has one worker for each node, on a Ray node of its own with as many CPUs as it has slots. Those that
    /// are there already stay.
    pub(crate) fn workers(&self, slots: &[u32]) -> Result<(), Error> {
        self.order(&Order::Workers { slots })?.reply()
    }

    /// The worker at this address is of no use: it is ended, and Ray's actor starts another.
    pub(crate) fn renew(&self, node: u32, address: SocketAddr) -> Result<(), Error> {
        self.order(&Order::Renew { node, address }).map(drop)
    }

    /// Waits until the worker of a node listens, other than at its `old` address.
    pub(crate) fn worker(&self, node: u32, old: Option<SocketAddr>) -> Result<SocketAddr, String> {
        match self.heard() {
            Some(heard) => heard.worker(node, old, RESTART),
            None => Err("there is no connection to Ray".into()),
        }
    }

    /// Why there is no Ray any more, if so.
    pub(crate) fn is_gone(&self) -> Option<String> {
        self.heard().and_then(|heard| heard.is_gone())
    }

    fn heard(&self) -> Option<Arc<Heard>> {
        let side = self.0.side.lock().unwrap_or_else(PoisonError::into_inner);
        side.as_ref().map(|side| Arc::clone(side.heard()))
    }

    /// Gives an order; whoever needs the answer waits for it without keeping others from giving theirs.
    fn order(&self, order: &Order<'_>) -> Result<Arc<Heard>, Error> {
        let shared = &*self.0;
        let mut side = shared.side.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = matches!(order, Order::Workers { .. } | Order::Tasks { .. });
        if begins && side.as_ref().is_none_or(|side| side.heard().is_gone().is_some()) {
            *side = None;
            let Shared { python, address, program, token_text, .. } = shared;
            *side = Some(Side::start(python, address, program, token_text)?);
        }
        let Some(side) = side.as_mut() else {
            return Err(Error::Ray("there is no connection to it".into()));
        };
        side.order(order)?;
        Ok(Arc::clone(side.heard()))
    }
}

impl PartialEq for Ray {
    /// The same connection.
    fn eq(&self, other: &Ray) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Ray {}
