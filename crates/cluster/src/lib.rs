//! Worker processes: the protocol, the worker, and the executor that drives them.
//!
//! ```text
//!  drive loop ─ calls ─► Cluster ══ socket ══► worker process (node-0): queue, slots, timers
//!      ▲                    ║ ╚═════ socket ══► worker process (node-1)
//!      └───── facts ────────╝
//! ```
//!
//! The third executor behind pipeline's one loop: [`run_cluster`] runs the same scheduler object on the
//! same setup as `run_local`, with every node in a process of its own. Whoever starts a run starts its own
//! program once more for each node ([`Program`]), with a hidden argument that its main function passes to
//! [`serve_parent`].
//!
//! There is no thread and no reactor between the loop and its sockets: the loop's own wait is a `poll` over
//! them, so a call costs one hop to the worker and one back. A round trip is then tens of microseconds, and
//! what arrived while the loop was busy is one batch.
//!
//! A node that is lost, by a crash, a kill, or silence for [`SILENCE`], loses no task: the loop is told
//! which of its calls had started, and places them anew. On Unix only.

#[cfg(unix)]
mod driver;
#[cfg(not(unix))]
mod elsewhere;
mod error;
mod incident;
mod keys;
#[cfg(unix)]
mod link;
mod policy;
#[cfg(unix)]
mod poll;
#[cfg(unix)]
mod ray;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod secure;
mod tls;
mod token;
pub mod wire;
#[cfg(unix)]
mod worker;

#[cfg(unix)]
pub use driver::{Cluster, Launcher, Program, Remote, inquire};
#[cfg(not(unix))]
pub use elsewhere::{
    Cluster, Launcher, Listener, MakeSteps, Program, Ray, Remote, Terms, inquire, no_steps,
    run_cluster, run_on_ray, serve_operator, serve_parent,
};
pub use error::Error;
pub use incident::Incident;
pub use keys::{Keys, secret};
pub use policy::{Strategy, ray_policies};
#[cfg(unix)]
pub use ray::{Ray, run_on_ray, serve_operator};
#[cfg(unix)]
pub use run::run_cluster;
pub use tls::{Identity, NAME, Trust};
pub use token::Token;
#[cfg(unix)]
pub use worker::{Listener, MakeSteps, Terms, no_steps, serve_parent};

use sched_core::Span;

/// The first argument with which a program is started as a worker process. Its main function looks for
/// it before anything else, and calls [`serve_parent`].
pub const WORKER_ARGUMENT: &str = "__worker";

/// The first argument with which a program is started to burn for a task of Ray. Its main function looks for
/// it as it does for the other, and calls [`serve_operator`].
pub const OPERATOR_ARGUMENT: &str = "__operator";

/// The most calls without an answer that a worker takes. More than a node can do in the time of a round
/// trip, so that it is never idle for want of them; few enough to bound what is kept for it.
pub const WINDOW: u32 = 4096;

/// Time between two pings to a worker.
pub const HEARTBEAT: Span = Span::from_millis(250);

/// A worker that leaves a ping without an answer for so long is taken for lost. One whose connection ends
/// is lost at once.
pub const SILENCE: Span = Span::from_secs(2);
