//! A distribution as a curve: few points that show the body and the tail alike.
//!
//! A histogram has thousands of buckets, a page has room for a hundred points. They are placed
//! by the share of samples that lie beyond: evenly through the body, and nine to a decade in the
//! tail, down to the last sample. A tail has as many points as its decades need, and the
//! quantiles that reports name lie on the curve.

use crate::{Distribution, Nanos};

/// Hundredths between the points of the body, which ends at 90.
const BODY_STEP: usize = 2;
/// Decades of the tail that 64-bit counts can fill.
const DECADES: u32 = 19;

/// A point of an empirical distribution function.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CurvePoint {
    /// Share of the samples that are at most `latency`: above 0, and 1 for the last point.
    pub share: f64,
    /// The sample of that rank, as exact as a quantile; that of the last point is exact.
    pub latency: Nanos,
}

impl Distribution {
    /// Points of the empirical distribution function, both coordinates ascending; at most 209, and
    /// none without a sample. One pass over the buckets.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let ranks = ranks(self.count());
        let samples = self.at_ranks(&ranks);
        let point = |(rank, latency): (&u64, Nanos)| CurvePoint {
            share: *rank as f64 / self.count() as f64,
            latency,
        };
        ranks.iter().zip(samples).map(point).collect()
    }
}

/// The ranks of the points among `count` samples, ascending, each once.
fn ranks(count: u64) -> Vec<u64> {
    if count == 0 {
        return Vec::new();
    }
    let wide = u128::from(count);
    // The rank with `tail` ÷ `of` of the samples beyond it: ⌈(1 − tail ÷ of) × count⌉.
    let rank = |tail: u128, of: u128| {
        let beyond = u64::try_from(wide * tail / of).unwrap_or(u64::MAX);
        count.saturating_sub(beyond).max(1)
    };
    let body = (10..=98).rev().step_by(BODY_STEP);
    let mut ranks: Vec<u64> = std::iter::once(1).chain(body.map(|tail| rank(tail, 100))).collect();
    for decade in 2..=DECADES {
        let of = 10_u128.pow(decade);
        ranks.extend((1..10).rev().map(|tail| rank(tail, of)));
        if wide < of {
            break; // less than one sample is left beyond
        }
    }
    ranks.push(count);
    ranks.dedup();
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(samples: impl IntoIterator<Item = u64>) -> Distribution {
        let mut distribution = Distribution::new();
        samples.into_iter().for_each(|ns| distribution.record(Nanos::new(ns)));
        distribution
    }

    #[test]
    fn few_samples_are_all_on_the_curve() {
        let curve = of([30, 10, 20]).curve();
        let points: Vec<(f64, u64)> = curve.iter().map(|p| (p.share, p.latency.get())).collect();
        assert_eq!(points, [(1.0 / 3.0, 10), (2.0 / 3.0, 20), (1.0, 30)]);
        assert_eq!(of([]).curve(), []);
    }

    #[test]
    fn a_point_is_the_sample_of_its_rank_and_the_last_is_the_largest() {
        // Below 2048 ns buckets are exact: the sample of rank r of 1..=2000 is r.
        let curve = of(1..=2_000).curve();
        for point in &curve {
            assert_eq!(point.latency.get() as f64, point.share * 2_000.0);
        }
        assert_eq!(curve.last().map(|p| (p.share, p.latency.get())), Some((1.0, 2_000)));
        for quantile in [0.5, 0.9, 0.95, 0.99, 0.999] {
            assert!(curve.iter().any(|p| p.share == quantile), "{quantile} is not on the curve");
        }
    }

    #[test]
    fn however_many_samples_the_points_are_few_and_ascend() {
        for count in [1, 9, 10, 99, 1_000, 12_345, u64::MAX / 3] {
            let ranks = ranks(count);
            assert!(ranks.len() <= 209 && ranks.windows(2).all(|w| w[0] < w[1]), "{count}");
            assert_eq!((ranks.first(), ranks.last()), (Some(&1), Some(&count)));
        }
        // The first, 45 of the body, nine for each of six decades, the last.
        assert_eq!(ranks(10_000_000).len(), 1 + 45 + 9 * 6 + 1);
    }
}
