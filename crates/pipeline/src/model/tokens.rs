//! Service times of a language model and of what stands before it: so long per request, and so long
//! for each token that it reads and writes.
//!
//! Requests are those of a recorded list. A task draws its request once, and every stage with a law
//! of this kind takes the same one: a long prompt is long to retrieve for and long to read.

use super::Values;
use crate::RunError;
use sched_core::Span;
use std::sync::Arc;

/// Lengths of recorded requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lengths {
    name: String,
    rows: Vec<TokenCount>,
}

/// Tokens of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenCount {
    /// Those that are read.
    pub context: u32,
    /// Those that are written.
    pub generated: u32,
}

/// `base + context ÷ context_rate + generated × per_generated`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TokenTimes {
    /// Of every request.
    pub base: Span,
    /// Tokens read per second; 0 if they take no time.
    pub context_rate: u32,
    /// Of each token written.
    pub per_generated: Span,
}

/// The law: times of requests of known lengths.
#[derive(Clone, PartialEq, Debug)]
pub struct Tokens {
    lengths: Arc<Lengths>,
    times: TokenTimes,
    values: Arc<Values>,
}

impl Lengths {
    /// These lengths. The name says where they come from.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(name: impl Into<String>, rows: Vec<TokenCount>) -> Result<Lengths, RunError> {
        let name = name.into();
        match rows.is_empty() {
            true => Err(RunError::Setup(format!("`{name}` holds no requests"))),
            false => Ok(Lengths { name, rows }),
        }
    }

    /// Where they come from.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl TokenTimes {
    /// The time of a request, to the nearest nanosecond.
    pub fn of(&self, count: TokenCount) -> Span {
        let context = match u64::from(self.context_rate) {
            0 => 0,
            rate => (u64::from(count.context) * 1_000_000_000 + rate / 2) / rate,
        };
        let generated = self.per_generated.as_nanos().saturating_mul(u64::from(count.generated));
        Span::from_nanos(self.base.as_nanos().saturating_add(context).saturating_add(generated))
    }
}

impl Tokens {
    /// The law of these times over these lengths.
    ///
    /// # Errors
    /// None: there is a request, so there is a time.
    pub fn new(lengths: Arc<Lengths>, times: TokenTimes) -> Result<Tokens, RunError> {
        let spans = lengths.rows.iter().map(|count| times.of(*count)).collect();
        let values = Arc::new(Values::new(lengths.name.clone(), spans)?);
        Ok(Tokens { lengths, times, values })
    }

    /// The lengths.
    pub fn lengths(&self) -> &Lengths {
        &self.lengths
    }

    /// What each takes.
    pub fn times(&self) -> TokenTimes {
        self.times
    }

    /// The time of each request, in the order of the list.
    pub fn values(&self) -> &Arc<Values> {
        &self.values
    }
}
