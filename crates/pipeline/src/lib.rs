//! Dataflow pipelines: what is run, and the one loop that runs it.
//!
//! [`model`] says what is run: stages, service laws, arrivals. [`drive`](mod@drive) is the loop
//! that asks a [`Scheduler`](sched_core::Scheduler) for decisions and keeps the account of every
//! task; it is written over a small trait, [`Executor`], and [`local`] is the executor of real
//! time, with nodes and slots inside this process; [`sim`] is that of virtual time. [`run_local`] and
//! [`run_sim`] put them together. [`kit`] and [`testkit`] are for executors that live elsewhere.
//!
//! Nothing here opens a socket or starts a process, and only the module `clock` reads a clock.

mod clock;
mod control;
pub mod drive;
mod error;
pub mod kit;
pub mod local;
pub mod model;
mod nodes;
mod record;
mod run;
pub mod sim;
pub mod testkit;

pub use control::{Control, Progress};
pub use drive::{CallTimes, Executor, Failure, Lag, Observer, Outcome, Pace, TaskEnd, TimerUse};
pub use error::RunError;
pub use record::{Recording, Watched};
pub use run::{RunSetup, run_local, run_sim};

/// How this crate was optimised: `0` to `3`, `s` or `z`. What it measures on levels below `2` is
/// not what it measures in a release.
pub const OPT_LEVEL: &str = env!("PIPELINE_OPT_LEVEL");
