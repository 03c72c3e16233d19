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

use crate::{Error, Keys, Program, Strategy, Token, Trust};
use pipeline::{Control, RunSetup};
use sched_core::Span;
use side::{Heard, Side};
use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use words::Order;

/// How long one attempt to reach a node's worker waits for Ray to start it. Ray needs a second or two for a
/// lost actor.
const RESTART: Span = Span::from_secs(10);

/// A Ray cluster that can be reached through a Python which has Ray. Connected to when it is first needed;
/// clones share the connection, and what was started ends with the last of them.
#[derive(Clone)]
pub struct Ray(Arc<Shared>);

struct Shared {
    python: PathBuf,
    address: String,
    program: Program,
    side: Mutex<Option<Side>>,
    keys: Keys, // of this connection alone; workers get theirs from Ray, which must be trusted anyway
    token: Token,
    trust: Trust,
    tickets: AtomicU64, // of calls; never one twice, so that no old answer is taken for a new one
}

impl Ray {
    /// Ray at `address` (`auto`: that of this host) by way of this Python. Its nodes run `program`, which
    /// must be a worker when [`WORKER_ARGUMENT`](crate::WORKER_ARGUMENT) is followed by the flags of
    /// `sage worker`. Nothing is started yet.
    ///
    /// # Errors
    /// When the system has no randomness for secrets, or no place for a file.
    pub fn new(python: &Path, address: &str, program: Program) -> Result<Ray, Error> {
        let keys = Keys::generate()?;
        let here = |error| Error::Ray(format!("its files cannot be written: {error}"));
        let mut file = tempfile::NamedTempFile::new().map_err(here)?;
        file.write_all(keys.authority.as_bytes()).map_err(here)?;
        Ok(Ray(Arc::new(Shared {
            python: python.to_owned(),
            address: address.to_owned(),
            program,
            side: Mutex::new(None),
            token: Token::new(keys.token.as_bytes())?,
            trust: Trust::read(file.path())?,
            keys,
            tickets: AtomicU64::new(0),
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
        self.workers(&slots.collect::<Vec<_>>(), &Control::new())
    }

    /// The secret that its workers and this driver share.
    pub(crate) fn token(&self) -> &Token {
        &self.0.token
    }

    /// Who must have signed the certificate of a worker: beyond this host, connections are encrypted.
    pub(crate) fn trust(&self, address: SocketAddr) -> Option<&Trust> {
        (!address.ip().is_loopback()).then_some(&self.0.trust)
    }

    /// Has one worker for each node, on a Ray node of its own with as many CPUs as it has slots. Those that
    /// are there already stay. Waits for them, or until the run is to stop.
    pub(crate) fn workers(&self, slots: &[u32], control: &Control) -> Result<(), Error> {
        self.order(&Order::Workers { slots }, control)?.reply(control)
    }

    /// The worker at this address is of no use: it is ended, and Ray's actor starts another.
    pub(crate) fn renew(&self, node: u32, address: SocketAddr) -> Result<(), Error> {
        self.order(&Order::Renew { node, address }, &Control::new()).map(drop)
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

    /// A new name for a call.
    fn ticket(&self) -> u64 {
        self.0.tickets.fetch_add(1, Ordering::Relaxed)
    }

    fn heard(&self) -> Option<Arc<Heard>> {
        let side = self.0.side.lock().unwrap_or_else(PoisonError::into_inner);
        side.as_ref().map(|side| Arc::clone(side.heard()))
    }

    /// Gives an order; whoever needs the answer waits for it without keeping others from giving theirs.
    fn order(&self, order: &Order<'_>, control: &Control) -> Result<Arc<Heard>, Error> {
        let shared = &*self.0;
        let mut side = shared.side.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = matches!(order, Order::Workers { .. } | Order::Tasks { .. });
        if begins && side.as_ref().is_none_or(|side| side.heard().is_gone().is_some()) {
            *side = None;
            let Shared { python, address, program, keys, .. } = shared;
            *side = Some(Side::start(python, address, program, keys, control)?);
        }
        let Some(side) = side.as_mut() else {
            return Err(Error::Ray("there is no connection to it".into()));
        };
        side.order(order)?;
        Ok(Arc::clone(side.heard()))
    }
}

impl fmt::Debug for Ray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ray").field(&self.0.address).finish() // and no secret
    }
}

impl PartialEq for Ray {
    /// The same connection.
    fn eq(&self, other: &Ray) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Ray {}
