//! What is told of a command's runs: on the terminal and in the comparison files.
//!
//! Everything is made from [`Measured`] runs, so that text, CSV and JSON cannot disagree.

mod certificate;
mod comparison;
mod differences;
mod expectations;
mod finding;
mod headline;
mod interval;
mod json;
pub mod number;
mod page;
mod ranking;
mod remarks;
mod sentence;
mod services;
mod sheet;
mod suggestion;
mod summary;
pub mod table;
mod verdict;

pub(crate) use certificate::marked;
pub use comparison::PAGE;
pub(crate) use comparison::columns;
pub(crate) use expectations::expectations;
pub(crate) use finding::judged_by;
pub(crate) use interval::from_within;
pub(crate) use json::document;
pub(crate) use summary::summary;

use crate::expect::Judgement;
use crate::provenance::Circumstances;
use crate::run::{Chapter, Measured};

/// All runs of a command, side by side.
#[derive(Debug)]
pub(crate) struct Comparison<'a> {
    /// Name of the experiment; the prefix of its files.
    pub(crate) experiment: &'a str,
    /// What it is called for a person.
    pub(crate) title: &'a str,
    /// The measured runs, in order.
    pub(crate) runs: &'a [Measured],
    /// What became of the expectations of the spec; empty if it has none.
    pub(crate) expectations: &'a [Judgement],
    /// What the experiment itself tells.
    pub(crate) chapters: &'a [Chapter],
    /// Why there are not more runs or tasks, if there are not.
    pub(crate) incomplete: Option<String>,
    /// The effective spec of all runs, as YAML.
    pub(crate) spec: &'a str,
    /// Where this comes from.
    pub(crate) circumstances: &'a Circumstances,
    /// How the program is started, for the command that would tell more.
    pub(crate) command: String,
    /// The arguments that it was given.
    pub(crate) arguments: Vec<String>,
}
