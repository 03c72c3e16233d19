//! Spec files: from text to runs.
//!
//! ```text
//! text ──parse──► tree ──┐
//! flags, presets ────────┴─► Draft ──check──► Spec ──► runs, and the effective spec
//! ```
//!
//! A [`Draft`] is what was written, value by value with its place; drafts are laid over
//! each other. A [`Spec`] is what it means: checked, in types, self-contained. Everything
//! that can be wrong with a spec is said in between, as one [`SpecError`].

mod arrivals;
mod checked;
mod cluster;
mod draft;
mod effective;
mod error;
mod faults;
mod history;
mod horizon;
mod lengths;
mod lines;
mod parse;
mod reader;
mod repetitions;
mod schedulers;
mod service;
mod services;
mod stages;
mod trace;
mod tree;
mod units;
mod workers;
mod workload;

pub use arrivals::{arrivals_text, parse_arrivals, poisson};
pub use checked::{Configuration, Environment, RunSpec, Setup, Spec, Work};
pub use draft::Draft;
pub use error::{BadValue, Place, SpecError};
pub use reader::unknown;
pub use repetitions::Until;
pub use services::{Service, Services};
pub use tree::{Entry, Node, Value};
pub use workers::Origin;

pub(crate) use horizon::seconds_per_task;
pub(crate) use services::step_of;
pub(crate) use units::{number, positive, span};
