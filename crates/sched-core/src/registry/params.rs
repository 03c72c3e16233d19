//! Typed parameters of policies.
//!
//! A parameter says what its values are, so that a wrong one is refused with what was
//! expected before anything runs. Values print as text that parses to the same value,
//! which is how the effective spec of a run writes them.

use crate::time::Span;
use std::fmt;

/// The parameter of policies that draw.
pub const SEED: ParamInfo = ParamInfo {
    name: "seed",
    kind: ParamKind::Integer { min: 0, max: u64::MAX },
    default: None, // the run's own
    summary: "seed of the policy's draws; the run's seed if absent",
};

/// A parameter that a policy understands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ParamInfo {
    /// Its key in a spec file.
    pub name: &'static str,
    /// What its values are.
    pub kind: ParamKind,
    /// The value if it is not given; it must parse as `kind`.
    pub default: Option<&'static str>,
    /// What it does, in a line.
    pub summary: &'static str,
}

/// What the values of a parameter are.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum ParamKind {
    /// A positive length of time, or `none`.
    SpanOrNone,
    /// A positive length of time.
    Span,
    /// An integer between two bounds, both included.
    Integer {
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A checked value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Value {
    /// A length of time, or none.
    Span(Option<Span>),
    /// An integer.
    Integer(u64),
    /// One of some words.
    Choice(&'static str),
}

impl ParamKind {
    /// The value that `text` stands for, or what would be one.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        let positive = |text: &str| text.parse().ok().filter(|span| *span > Span::ZERO);
        match self {
            ParamKind::SpanOrNone if text == "none" => Some(Value::Span(None)),
            ParamKind::SpanOrNone | ParamKind::Span => positive(text).map(|s| Value::Span(Some(s))),
            ParamKind::Integer { min, max } => {
                let value = text.parse().ok().filter(|value| (min..=max).contains(&value));
                value.map(Value::Integer)
            }
            ParamKind::Choice(words) => {
                words.iter().find(|word| **word == text).map(|word| Value::Choice(word))
            }
        }
        .ok_or_else(|| self.to_string())
    }
}

impl fmt::Display for ParamKind {
    /// What is expected, as in an error message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamKind::SpanOrNone => {
                f.write_str("a positive length of time such as `2s`, or `none`")
            }
            ParamKind::Span => f.write_str("a positive length of time such as `2s`"),
            ParamKind::Integer { min: 0, max: u64::MAX } => f.write_str("a whole number"),
            ParamKind::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            ParamKind::Choice(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                f.write_str(&quoted.join(" or "))
            }
        }
    }
}

impl fmt::Display for Value {
    /// As text that parses to the same value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Span(Some(span)) => span.fmt(f),
            Value::Span(None) => f.write_str("none"),
            Value::Integer(value) => value.fmt(f),
            Value::Choice(word) => f.write_str(word),
        }
    }
}
