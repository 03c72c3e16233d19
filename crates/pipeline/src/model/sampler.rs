//! Drawing from a service law.
//!
//! Constants are computed once per stage. Logarithms, powers and cosines come from `libm`:
//! those of the system differ in the last bit between machines, and a seed must mean the
//! same run everywhere. Times are computed in `f64` seconds and rounded to nanoseconds once.

use super::logarithm::logarithms;
use super::{ServiceLaw, Stream, Streams, Values};
use sched_core::Span;
use std::f64::consts::TAU;
use std::sync::Arc;

/// A service law, ready to be drawn from. All times in seconds.
#[derive(Clone, PartialEq, Debug)]
pub struct Sampler(Kind);

#[derive(Clone, PartialEq, Debug)]
enum Kind {
    Constant { span: Span },
    Exponential { mean: f64 },
    Lognormal { mu: f64, sigma: f64 },
    Pareto { scale: f64, exponent: f64 },
    Uniform { min: f64, width: f64 },
    Erlang { phase_mean: f64, k: u32 },
    Hyperexponential { p: f64, mean_p: f64, mean_q: f64 },
    Empirical(Arc<Values>),
    Trace(Arc<Values>),
    Request(Arc<Values>),
    Mix(Box<[(f64, Sampler)]>), // with the sum of the shares up to here
}

/// The part of a task's streams that belongs to no stage: what the task is at all of them.
const WHOLE_TASK: u32 = u32::MAX;

impl Sampler {
    /// Prepares a law.
    pub fn new(law: &ServiceLaw) -> Sampler {
        let mean = law.mean().as_secs_f64();
        Sampler(match *law {
            ServiceLaw::Constant(span) => Kind::Constant { span },
            ServiceLaw::Exponential { .. } => Kind::Exponential { mean },
            // E X = exp(μ + σ²/2) and cv² = exp(σ²) − 1, solved for μ and σ. ln 0 = −∞ makes
            // a law of mean zero always zero, without a case of its own.
            ServiceLaw::Lognormal { cv, .. } => {
                let variance = libm::log1p(cv * cv);
                Kind::Lognormal { mu: libm::log(mean) - variance / 2.0, sigma: variance.sqrt() }
            }
            // E X = α·xₘ ÷ (α − 1), solved for the scale xₘ; X = xₘ·U^(−1/α).
            ServiceLaw::Pareto { alpha, .. } => {
                Kind::Pareto { scale: mean * (alpha - 1.0) / alpha, exponent: -1.0 / alpha }
            }
            ServiceLaw::Uniform { min, max } => {
                let min = min.as_secs_f64();
                Kind::Uniform { min, width: max.as_secs_f64() - min }
            }
            ServiceLaw::Erlang { k, .. } => Kind::Erlang { phase_mean: mean / f64::from(k), k },
            // Balanced means, p·E X₁ = (1 − p)·E X₂, as in Tijms, A First Course in Stochastic
            // Models (2003), appendix B: p = ½(1 + √((cv² − 1) ÷ (cv² + 1))).
            ServiceLaw::Hyperexponential { cv, .. } => {
                let square = cv * cv;
                let p = 0.5 * (1.0 + ((square - 1.0).max(0.0) / (square + 1.0)).sqrt());
                let (mean_p, mean_q) = (mean / (2.0 * p), mean / (2.0 * (1.0 - p)));
                Kind::Hyperexponential { p, mean_p, mean_q }
            }
            ServiceLaw::Empirical(ref values) => Kind::Empirical(Arc::clone(values)),
            ServiceLaw::Trace(ref values) => Kind::Trace(Arc::clone(values)),
            ServiceLaw::Tokens(ref tokens) => Kind::Request(Arc::clone(tokens.values())),
            ServiceLaw::Mix(ref mix) => Kind::Mix(
                mix.parts()
                    .iter()
                    .scan(0.0, |sum, (share, law)| {
                        *sum += share;
                        Some((*sum, Sampler::new(law)))
                    })
                    .collect(),
            ),
        })
    }

    /// The time of task `index` at a stage, with the streams of service times.
    ///
    /// # Panics
    /// When a column of a trace has no such row.
    #[inline]
    pub fn of_task(&self, index: u64, stage: u32, streams: &Streams) -> Span {
        match &self.0 {
            Kind::Trace(values) => values.spans()[index as usize],
            Kind::Request(_) | Kind::Mix(_) => self.of_whole_task(index, stage, streams),
            _ => self.sample(&mut streams.stream(index, stage)),
        }
    }

    /// The times of `N` tasks from `first` on at a stage, as [`of_task`](Self::of_task) has them.
    pub(crate) fn of_tasks<const N: usize>(
        &self,
        first: u64,
        stage: u32,
        streams: &Streams,
    ) -> [Span; N] {
        match self.0 {
            Kind::Exponential { mean } => exponentials(mean, first, stage, streams),
            _ => consecutive(first).map(|index| self.of_task(index, stage, streams)),
        }
    }

    /// Of a law in which stages share what they draw: the first number of the whole task's stream is
    /// its kind, the second its request.
    fn of_whole_task(&self, index: u64, stage: u32, streams: &Streams) -> Span {
        let mut whole = streams.stream(index, WHOLE_TASK);
        let kind = whole.unit();
        match &self.0 {
            Kind::Request(values) => values.pick(whole.next_u64()),
            Kind::Mix(parts) => {
                chosen(parts, kind).map_or(Span::ZERO, |law| law.of_task(index, stage, streams))
            }
            _ => self.sample(&mut streams.stream(index, stage)),
        }
    }

    /// The one value of a law that draws nothing: no stream is needed for it.
    #[inline]
    pub fn constant(&self) -> Option<Span> {
        match self.0 {
            Kind::Constant { span } => Some(span),
            _ => None,
        }
    }

    /// Draws once, for no task in particular; of a column of a trace, any value.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> Span {
        Span::from_secs_f64(match self.0 {
            Kind::Constant { span } => return span,
            Kind::Exponential { mean } => exponential(mean, stream),
            Kind::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal(stream)),
            Kind::Pareto { scale, exponent } => scale * libm::pow(stream.unit(), exponent),
            Kind::Uniform { min, width } => min + width * stream.unit(),
            Kind::Erlang { phase_mean, k } => erlang(phase_mean, k, stream),
            Kind::Hyperexponential { p, mean_p, mean_q } => {
                let mean = if stream.unit() < p { mean_p } else { mean_q };
                exponential(mean, stream)
            }
            Kind::Empirical(ref values) | Kind::Trace(ref values) | Kind::Request(ref values) => {
                return values.pick(stream.next_u64());
            }
            Kind::Mix(ref parts) => {
                let kind = stream.unit();
                return chosen(parts, kind).map_or(Span::ZERO, |law| law.sample(stream));
            }
        })
    }
}

/// The law of a kind. Shares that sum to a hair less than 1 leave the rest to the last.
fn chosen(parts: &[(f64, Sampler)], kind: f64) -> Option<&Sampler> {
    let found = parts.iter().find(|(up_to, _)| kind < *up_to);
    found.or(parts.last()).map(|(_, law)| law)
}

/// [`exponential`] for `N` items from `first` on, each of its own stream.
pub(super) fn exponentials<const N: usize>(
    mean: f64,
    first: u64,
    part: u32,
    streams: &Streams,
) -> [Span; N] {
    let units = consecutive(first).map(|item| streams.stream(item, part).unit());
    logarithms(units).map(|log| Span::from_secs_f64(-mean * log))
}

fn consecutive<const N: usize>(first: u64) -> [u64; N] {
    let mut next = first;
    [(); N].map(|()| {
        next += 1;
        next - 1
    })
}

/// By inversion. Also the gaps of Poisson arrivals.
#[inline]
pub(super) fn exponential(mean: f64, stream: &mut Stream) -> f64 {
    -mean * libm::log(stream.unit())
}

/// Box and Muller (1958). The second variate is not kept: a stream serves one item, and an item
/// draws once.
fn normal(stream: &mut Stream) -> f64 {
    let radius = (-2.0 * libm::log(stream.unit())).sqrt();
    radius * libm::cos(TAU * stream.unit())
}

/// The sum of `k` exponentials as the logarithm of a product of uniforms, sixteen at a time:
/// each is at least 2⁻⁵³, so sixteen stay far above the smallest `f64`.
fn erlang(phase_mean: f64, k: u32, stream: &mut Stream) -> f64 {
    let mut sum = 0.0;
    let mut left = k;
    while left > 0 {
        let now = left.min(16);
        sum += libm::log((0..now).map(|_| stream.unit()).product());
        left -= now;
    }
    -phase_mean * sum
}
