//! Service-time laws: how long a stage call takes on a node of speed 1.
//!
//! The law as it is declared, with its closed forms; drawing from it is the business of
//! [`Sampler`], which computes the constants once.

use super::{Sampler, Stream, Tokens, Values};
use crate::RunError;
use sched_core::Span;
use std::sync::Arc;

/// A distribution of service times. Means and bounds are spans; shapes are positive and finite.
#[derive(Clone, PartialEq, Debug)]
pub enum ServiceLaw {
    /// Always the same.
    Constant(Span),
    /// Exponential.
    Exponential {
        /// Mean.
        mean: Span,
    },
    /// Log-normal.
    Lognormal {
        /// Mean (of the law itself, not of its logarithm).
        mean: Span,
        /// Coefficient of variation, > 0.
        cv: f64,
    },
    /// Pareto (type I).
    Pareto {
        /// Mean.
        mean: Span,
        /// Shape, > 1 (else there is no mean).
        alpha: f64,
    },
    /// Uniform between two spans.
    Uniform {
        /// Smallest.
        min: Span,
        /// Largest, ≥ `min`.
        max: Span,
    },
    /// Erlang: the sum of `k` equal exponentials.
    Erlang {
        /// Mean of the sum.
        mean: Span,
        /// Phases, ≥ 1.
        k: u32,
    },
    /// Two-branch hyperexponential with balanced means.
    Hyperexponential {
        /// Mean.
        mean: Span,
        /// Coefficient of variation, ≥ 1.
        cv: f64,
    },
    /// Any of these, each as probable as the others.
    Empirical(Arc<Values>),
    /// That of the task's own row: task `i` takes value `i`, whatever the seed. There must be as
    /// many as there are tasks.
    Trace(Arc<Values>),
    /// That of a recorded request's tokens. A task has one request, at all stages.
    Tokens(Arc<Tokens>),
    /// That of the task's kind. A task has one kind, at all stages whose mixes have equal shares.
    Mix(Arc<Mix>),
}

/// Laws of several kinds of tasks.
#[derive(Clone, PartialEq, Debug)]
pub struct Mix {
    parts: Vec<(f64, ServiceLaw)>,
}

impl Mix {
    /// Of shares, which sum to 1, and the laws of these kinds.
    ///
    /// # Errors
    /// When there is no kind, a share is below 0, or they do not sum to 1; and for a column of a trace or
    /// another mix as a kind.
    pub fn new(parts: Vec<(f64, ServiceLaw)>) -> Result<Mix, RunError> {
        let plain = |law: &ServiceLaw| !matches!(law, ServiceLaw::Trace(_) | ServiceLaw::Mix(_));
        if !parts.iter().all(|(_, law)| plain(law)) {
            let why = "a mix holds neither a column of a trace nor another mix";
            return Err(RunError::Setup(why.to_owned()));
        }
        let sum: f64 = parts.iter().map(|(share, _)| share).sum();
        match (sum - 1.0).abs() <= 1e-9 && parts.iter().all(|(share, _)| *share >= 0.0) {
            true => Ok(Mix { parts }),
            false => Err(RunError::Setup(format!("shares of a mix sum to {sum}, not to 1"))),
        }
    }

    /// Shares and laws.
    pub fn parts(&self) -> &[(f64, ServiceLaw)] {
        &self.parts
    }

    fn sum(&self, of: impl Fn(&ServiceLaw) -> f64) -> f64 {
        self.parts.iter().map(|(share, law)| share * of(law)).sum()
    }
}

impl ServiceLaw {
    /// The mean, to the nearest nanosecond.
    pub fn mean(&self) -> Span {
        match *self {
            ServiceLaw::Constant(mean)
            | ServiceLaw::Exponential { mean }
            | ServiceLaw::Lognormal { mean, .. }
            | ServiceLaw::Pareto { mean, .. }
            | ServiceLaw::Erlang { mean, .. }
            | ServiceLaw::Hyperexponential { mean, .. } => mean,
            ServiceLaw::Uniform { min, max } => {
                Span::from_nanos(min.as_nanos().midpoint(max.as_nanos()))
            }
            ServiceLaw::Empirical(ref values) | ServiceLaw::Trace(ref values) => values.mean(),
            ServiceLaw::Tokens(ref tokens) => tokens.values().mean(),
            ServiceLaw::Mix(ref mix) => {
                Span::from_secs_f64(mix.sum(|law| law.mean().as_secs_f64()))
            }
        }
    }

    /// The coefficient of variation, standard deviation ÷ mean; infinite for a Pareto law of
    /// shape ≤ 2, and 0 for a law that is always zero.
    pub fn cv(&self) -> f64 {
        match *self {
            ServiceLaw::Constant(_) => 0.0,
            ServiceLaw::Exponential { .. } => 1.0,
            ServiceLaw::Lognormal { cv, .. } | ServiceLaw::Hyperexponential { cv, .. } => cv,
            // Variance α·xₘ² ÷ ((α−1)²(α−2)), mean α·xₘ ÷ (α−1).
            ServiceLaw::Pareto { alpha, .. } if alpha <= 2.0 => f64::INFINITY,
            ServiceLaw::Pareto { alpha, .. } => 1.0 / (alpha * (alpha - 2.0)).sqrt(),
            ServiceLaw::Uniform { max, .. } if max == Span::ZERO => 0.0,
            ServiceLaw::Uniform { min, max } => {
                let (min, max) = (min.as_secs_f64(), max.as_secs_f64());
                (max - min) / (3f64.sqrt() * (max + min))
            }
            ServiceLaw::Erlang { k, .. } => 1.0 / f64::from(k).sqrt(),
            ServiceLaw::Empirical(ref values) | ServiceLaw::Trace(ref values) => values.cv(),
            ServiceLaw::Tokens(ref tokens) => tokens.values().cv(),
            ServiceLaw::Mix(ref mix) => {
                let mean = mix.sum(|law| law.mean().as_secs_f64());
                let second = |law: &ServiceLaw| {
                    let (mean, cv) = (law.mean().as_secs_f64(), law.cv());
                    if mean == 0.0 { 0.0 } else { mean * mean * (1.0 + cv * cv) }
                };
                match mean {
                    0.0 => 0.0,
                    mean => (mix.sum(second) / (mean * mean) - 1.0).max(0.0).sqrt(),
                }
            }
        }
    }

    /// Draws once, as [`Sampler::sample`]. To draw often, keep a [`Sampler`].
    pub fn sample(&self, stream: &mut Stream) -> Span {
        Sampler::new(self).sample(stream)
    }
}
