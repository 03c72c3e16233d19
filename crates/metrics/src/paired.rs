//! Two runs, compared pair by pair.
//!
//! Two policies see the same arrivals and service times in repetitions of equal seed, so what the
//! seeds have in common cancels in the difference of a pair. A repetition is one
//! observation: samples within a run depend on each other. Of a mean over tasks, the
//! difference of a pair *is* the mean of the differences task by task, as long as both runs
//! have the same tasks; pairing by task as well adds nothing to it.

use crate::confidence::t975;
use crate::student::{normal_upper, p_value, t_quantile};

/// The probability with which a difference that is there is to be found.
const POWER: f64 = 0.8;
/// Differences below this part of the values are rounding, not difference.
const ROUNDING: f64 = 1e-12;

/// The differences of pairs, one − other, summed up.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Paired {
    /// Pairs.
    pub pairs: usize,
    /// Mean of the differences.
    pub mean: f64,
    /// Mean of the others, which the differences are relative to.
    pub base: f64,
    /// Standard deviation of the differences (n − 1); 0 for one pair.
    pub deviation: f64,
}

impl Paired {
    /// Of pairs (one, other). `None` for none.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Paired> {
        let n = pairs.len() as f64;
        if pairs.is_empty() {
            return None;
        }
        let mean = pairs.iter().map(|(one, other)| one - other).sum::<f64>() / n;
        let base = pairs.iter().map(|(_, other)| other).sum::<f64>() / n;
        let squares = pairs.iter().map(|(one, other)| (one - other - mean) * (one - other - mean));
        let deviation = (squares.sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
        let scale = pairs.iter().map(|(one, other)| one.abs().max(other.abs())).fold(0.0, f64::max);
        let clean = |x: f64| if x.abs() <= scale * ROUNDING { 0.0 } else { x };
        Some(Paired { pairs: pairs.len(), mean: clean(mean), base, deviation: clean(deviation) })
    }

    /// Of pairs of sections, whose mean and deviation are known already.
    pub(crate) fn of_sections(pairs: usize, mean: f64, base: f64, deviation: f64) -> Paired {
        let scale = mean.abs().max(base.abs());
        let clean = |x: f64| if x.abs() <= scale * ROUNDING { 0.0 } else { x };
        Paired { pairs, mean: clean(mean), base, deviation: clean(deviation) }
    }

    /// The 95 % interval of the mean difference: Student's t over the pairs. `None` for one pair.
    pub fn interval(&self) -> Option<[f64; 2]> {
        let half = t975(self.pairs.checked_sub(1).filter(|df| *df > 0)?) * self.error();
        Some([self.mean - half, self.mean + half])
    }

    /// The two-sided p-value of "no difference", by the paired t test: 1 if all pairs are equal, 0 if
    /// all differ by the same. `None` for one pair.
    pub fn p_value(&self) -> Option<f64> {
        let df = self.pairs.checked_sub(1).filter(|df| *df > 0)?;
        Some(match (self.mean == 0.0, self.deviation == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => p_value(self.mean / self.error(), df),
        })
    }

    /// The differences that the paired t test of this level does not reject: the 1 − `level` interval.
    /// `None` for one pair.
    pub fn interval_at(&self, level: f64) -> Option<[f64; 2]> {
        let df = self.pairs.checked_sub(1).filter(|df| *df > 0)?;
        let half = match self.deviation > 0.0 {
            true => t_quantile(level, df as f64) * self.error(),
            false => 0.0,
        };
        Some([self.mean - half, self.mean + half])
    }

    /// Other − one.
    #[must_use]
    pub fn reversed(&self) -> Paired {
        Paired { mean: -self.mean, base: self.base + self.mean, ..*self }
    }

    fn error(&self) -> f64 {
        self.deviation / (self.pairs as f64).sqrt()
    }
}

/// p-values corrected for being several, in their order, by Holm's step-down method (Scandinavian
/// Journal of Statistics 6, 1979): the chance that any "no difference" that is true is rejected
/// is at most the level at which these are compared. O(n log n).
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![1.0; p_values.len()];
    let mut least = 0.0_f64;
    for (rank, &at) in order.iter().enumerate() {
        let hypotheses = (p_values.len() - rank) as f64;
        least = least.max((p_values[at] * hypotheses).min(1.0));
        corrected[at] = least;
    }
    corrected
}

/// Pairs with which a paired t test of level `alpha` finds a mean difference of `effect` with
/// probability 0.8, given the standard deviation of the differences:
/// `(z(α/2) + z(0.2))² × (deviation ÷ effect)² + z(α/2)² ÷ 2`, the last term being what
/// t needs more than z (Guenther, The American Statistician 35(4), 1981; without it NIST/SEMATECH
/// e-Handbook 7.2.2.2). `None` where there is no effect to look for.
pub fn repetitions_needed(deviation: f64, effect: f64, alpha: f64) -> Option<u64> {
    let effect = effect.abs();
    if !(effect > 0.0 && effect.is_finite() && deviation.is_finite()) {
        return None;
    }
    let (level, power) = (normal_upper(alpha / 2.0), normal_upper(1.0 - POWER));
    let ratio = (level + power) * deviation / effect;
    Some((ratio * ratio + level * level / 2.0).ceil() as u64) // `as` saturates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paired_test_by_hand() {
        // Differences 1, 2, 3: mean 2, deviation 1, t = 2√3 = 3.4641 with 2 degrees of freedom;
        // p = 1 − t ÷ √(2 + t²) = 1 − √(12 ÷ 14).
        let paired = Paired::of(&[(11.0, 10.0), (22.0, 20.0), (33.0, 30.0)]).unwrap();
        assert_eq!((paired.pairs, paired.mean, paired.base), (3, 2.0, 20.0));
        assert!((paired.deviation - 1.0).abs() < 1e-12);
        assert!((paired.p_value().unwrap() - (1.0 - (12.0_f64 / 14.0).sqrt())).abs() < 1e-12);
        let [lo, hi] = paired.interval().unwrap();
        let half = 4.302653 / 3.0_f64.sqrt();
        assert!((lo - (2.0 - half)).abs() < 1e-9 && (hi - (2.0 + half)).abs() < 1e-9);
    }

    #[test]
    fn what_the_pairs_have_in_common_cancels() {
        // Repetitions differ by hundreds, the runs by 1 in each.
        let paired = Paired::of(&[(101.0, 100.0), (501.0, 500.0), (901.0, 900.0)]).unwrap();
        assert_eq!((paired.deviation, paired.p_value()), (0.0, Some(0.0)));
        let equal = Paired::of(&[(1.0, 1.0), (2.0, 2.0)]).unwrap();
        assert_eq!((equal.interval(), equal.p_value()), (Some([0.0; 2]), Some(1.0)));
        // 0.1 + 0.2 is 0.3 but for rounding.
        let rounded = Paired::of(&[(0.1 + 0.2, 0.3), (0.3, 0.3)]).unwrap();
        assert_eq!(rounded.p_value(), Some(1.0));
    }

    #[test]
    fn one_pair_tells_nothing() {
        let paired = Paired::of(&[(2.0, 1.0)]).unwrap();
        assert_eq!((paired.interval(), paired.p_value()), (None, None));
        assert_eq!(Paired::of(&[]), None);
    }

    #[test]
    fn holm_multiplies_by_what_is_left_and_never_falls() {
        // Sorted: 0.01 × 4, 0.02 × 3, 0.03 × 2 = 0.06, 0.04 × 1 raised to 0.06.
        let corrected = holm(&[0.03, 0.01, 0.04, 0.02]);
        for (got, expected) in corrected.into_iter().zip([0.06, 0.04, 0.06, 0.06]) {
            assert!((got - expected).abs() < 1e-12, "{got}, not {expected}");
        }
        assert_eq!(holm(&[0.5, 0.9]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn the_repetitions_needed_are_those_of_published_tables() {
        // Effect of one deviation, level 0.05, power 0.8: 10 pairs; half: 34; a fifth: 199
        // (Cohen, Statistical Power Analysis, 2nd ed.; G*Power 3.1, difference of dependent means).
        for (deviation, pairs) in [(1.0, 10), (2.0, 34), (5.0, 199)] {
            assert_eq!(repetitions_needed(deviation, 1.0, 0.05), Some(pairs));
        }
        assert!(repetitions_needed(1.0, 1.0, 0.01) > repetitions_needed(1.0, 1.0, 0.05));
        assert_eq!(repetitions_needed(1.0, 0.0, 0.05), None);
    }

    /// Under no difference at all, a fraction of 5 % of tests of level 5 % rejects; for a family of
    /// ten corrected tests, at most 5 % of families reject anything.
    #[test]
    fn false_alarms_are_as_rare_as_promised() {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut normal = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let families = 2_000_u32;
        let (mut single, mut any) = (0, 0_u32);
        for _ in 0..families {
            let family: Vec<f64> = (0..10)
                .map(|_| {
                    let pairs: Vec<_> = (0..8).map(|_| (normal(), normal())).collect();
                    Paired::of(&pairs).unwrap().p_value().unwrap()
                })
                .collect();
            single += family.iter().filter(|p| **p <= 0.05).count();
            any += u32::from(holm(&family).iter().any(|p| *p <= 0.05));
        }
        let single = single as f64 / f64::from(families * 10);
        let any = f64::from(any) / f64::from(families);
        // Standard errors: 0.0015 and 0.005.
        assert!((single - 0.05).abs() < 0.007, "{single}");
        assert!((0.025..0.067).contains(&any), "{any}");
    }
}
