//! A flight recorder of schedulers.
//!
//! A [`Recorder`] around any scheduler, in any executor or in a service of yours, writes every
//! fact and every decision into a compact log. Since equal histories give equal decisions, the log
//! is the run, as far as the scheduler goes: what went wrong in production becomes a file that
//! [`replay`]s on a desk.
//!
//! | to | use |
//! |---|---|
//! | record | [`Recorder::new`], [`Header::of`]; `examples/record.rs` |
//! | read | [`Log`], an iterator of [`Record`]s |
//! | reproduce every decision | [`replay`] |
//! | see where another policy differs | [`compare`] |
//! | get arrivals, demands and service times | [`observe`] |
//!
//! The crate reads and writes what it is given ([`std::io::Read`], [`std::io::Write`]); files,
//! clocks and printing are its caller's.

mod account;
mod compare;
mod error;
mod header;
mod log;
mod observed;
mod record;
mod recorder;
mod replay;
mod wire;

pub use compare::{Comparison, Departure, Placed, compare};
pub use error::LogError;
pub use header::{FORMAT_VERSION, Header};
pub use log::{End, Log};
pub use observed::{FinishedCall, Observed, Unfinished, observe};
pub use record::Record;
pub use recorder::{Recorded, Recorder};
pub use replay::{Difference, Replayed, replay};
