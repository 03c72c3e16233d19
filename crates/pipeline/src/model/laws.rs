//! Service-time laws: how long a stage call takes on a node of speed 1.
//!
//! The law as it is declared, with its closed forms; drawing from it is the business of
//! [`Sampler`], which computes the constants once.

use super::{Sampler, Stream, Values};
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
        }
    }

    /// Draws once, as [`Sampler::sample`]. To draw often, keep a [`Sampler`].
    pub fn sample(&self, stream: &mut Stream) -> Span {
        Sampler::new(self).sample(stream)
    }
}
