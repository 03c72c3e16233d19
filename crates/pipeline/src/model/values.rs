//! Times that were measured, not computed: the content of a file, or a column of a trace.
//!
//! Kept once and shared, however many runs and stages use them. Mean and spread are those of
//! the values themselves, each counted once.

use crate::RunError;
use sched_core::Span;

/// A list of times with a name, never empty.
#[derive(Clone, PartialEq, Debug)]
pub struct Values {
    name: String,
    spans: Vec<Span>,
    mean: Span,
    cv: f64,
}

impl Values {
    /// These values. The name says where they come from: the path of a file, the name of a column.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(name: impl Into<String>, spans: Vec<Span>) -> Result<Values, RunError> {
        let name = name.into();
        if spans.is_empty() {
            return Err(RunError::Setup(format!("`{name}` holds no values")));
        }
        let sum: u128 = spans.iter().map(|span| u128::from(span.as_nanos())).sum();
        let n = spans.len() as u128;
        let mean = Span::from_nanos(u64::try_from((sum + n / 2) / n).unwrap_or(u64::MAX));
        let exact = sum as f64 / n as f64;
        let squares: f64 = spans.iter().map(|span| (span.as_nanos() as f64 - exact).powi(2)).sum();
        let cv = if sum == 0 { 0.0 } else { (squares / n as f64).sqrt() / exact };
        Ok(Values { name, spans, mean, cv })
    }

    /// Where they come from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All of them, in their order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Their mean, to the nearest nanosecond.
    pub fn mean(&self) -> Span {
        self.mean
    }

    /// Their coefficient of variation; 0 if all are zero.
    pub fn cv(&self) -> f64 {
        self.cv
    }

    /// One of them, each as probable as the others.
    #[inline]
    pub(super) fn pick(&self, bits: u64) -> Span {
        // The high half of a product is below its second factor; with 64 bits, the bias of some
        // values over others is below their number ÷ 2⁶⁴.
        self.spans[((u128::from(bits) * self.spans.len() as u128) >> 64) as usize]
    }
}
