//! From a checked spec to measured runs and their files.
//!
//! `experiment` goes through the runs of a spec, `measure` runs one of them, `ideal` says what
//! it could have reached, `remarks` what to know about its numbers.

mod config;
mod experiment;
mod ideal;
mod measure;
mod remarks;

pub use experiment::{Experiment, Options, execute};

pub(crate) use measure::{Measured, Repetition};
