//! How a run checks itself.
//!
//! The engine keeps a [`Ledger`] of its own: plain integers, counted where calls enter and leave,
//! and never told to an observer. [`audit`] holds it against what the recorder was told; what
//! got lost or changed between the two shows as a number that differs by what is missing, to
//! the nanosecond. `samples` and `growth` (of the [`Population`]) judge what the numbers can bear.

mod audit;
mod fold;
mod growth;
mod ledger;
mod population;
mod samples;

pub use audit::{LATENCIES, audit};
pub(crate) use fold::Checks;
pub(crate) use growth::stationary;
pub use ledger::{Ledger, NodeLedger, StageLedger, TaskLedger, Unended};
pub use population::Population;
pub(crate) use samples::{samples, strong};
