//! Claims about runs that a spec makes, and what the measurements say of them.
//!
//! ```text
//! spec text ──parse──► Expectation ──judge, with measured runs──► holds | refuted | undecided
//! ```
//!
//! `until` decides how many repetitions are enough, for which the same intervals count. A
//! claim holds only if the data rule out that it does not: an expectation in a continuous
//! integration must not pass by chance, nor fail by chance.

mod claim;
mod judge;
mod parse;
mod until;

pub use claim::Expectation;

pub(crate) use claim::{Operator, Side, Term};
pub(crate) use judge::{Evidence, Judgement, Verdict, judge};
pub(crate) use until::needed;
