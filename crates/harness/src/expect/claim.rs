//! What is claimed: one side against another.
//!
//! Sides are kept as numbers in the units of the reports, tasks per second and milliseconds,
//! beside the text that a person wrote and reads again.

use crate::run::Measure;

/// A claim about measured runs: `p99(load_aware_spread) < 0.9 * p99(round_robin)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    pub(super) text: String,
    pub(crate) left: Side,
    pub(super) operator: Operator,
    pub(crate) right: Side,
}

/// One side of a comparison.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Side {
    /// A measure of a run.
    Measured(Term),
    /// An amount, in tasks per second or ms.
    Amount(f64),
}

/// A factor times a measure of a run.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Term {
    /// Above 0.
    pub(crate) factor: f64,
    pub(crate) measure: Measure,
    /// Its name.
    pub(crate) run: String,
}

/// How the left side is to compare with the right one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operator {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Expectation {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The measure that is compared.
    pub(crate) fn measure(&self) -> Measure {
        match (&self.left, &self.right) {
            (Side::Measured(term), _) | (_, Side::Measured(term)) => term.measure,
            // Parsing refuses two amounts.
            (Side::Amount(_), Side::Amount(_)) => Measure::Throughput,
        }
    }
}

impl Side {
    /// The measure, if this is no amount.
    pub(crate) fn term(&self) -> Option<&Term> {
        match self {
            Side::Measured(term) => Some(term),
            Side::Amount(_) => None,
        }
    }
}
