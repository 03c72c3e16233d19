//! How many times as large a number is in one run as in another: what every verdict rests on.
//!
//! The estimate is the ratio of the two numbers that the reports of the runs show: of means over all
//! repetitions, or of quantiles of all samples. So it is the same whether it is read off a table or
//! out of a sentence, and repetitions in which nobody waited do no harm.
//!
//! Its interval is that of the logarithm, by the jackknife over what the runs are paired by,
//! repetitions of equal seed or batches of the same tasks: the ratio is taken once more without each
//! pair, and how much that moves it gives the error (Efron, The Jackknife, the Bootstrap and Other
//! Resampling Plans, 1982, chapter 3; deviations are from the whole estimate). What a pair has in
//! common cancels. In logarithms *twice as much* and *half as much* are equally far from *the same*,
//! so A against B and B against A have one p-value and reciprocal intervals. The mean of the pairs'
//! own ratios has none of that: one pair with nearly nothing makes it large, in one direction only.
//!
//! Student's t has as many degrees of freedom as there are pairs *in effect*, less one: (Σ s)² ÷ Σ s², where
//! s is the size of a pair, relative to the means (Kish, Survey Sampling, 1965, section 8.2). Ten pairs
//! of which three make up nearly all of both numbers are worth about three.
//!
//! Where one pair alone lifts a number from 0, there is no ratio; the plain difference is left.
//! `tests/it/ratio.rs` holds all of this against pairs of known ratio.

use crate::Sections;
use crate::paired::repetitions_needed;
use crate::student::{p_value_between, t_quantile};

/// The level of intervals that stand beside a number.
const LEVEL: f64 = 0.05;
/// Logarithms of ratios below this are rounding.
const ROUNDING: f64 = 1e-12;

/// The ratio of one number of two runs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ratio {
    pairs: usize,
    log: f64,
    /// Standard deviation of the pairs' parts in the logarithm.
    deviation: f64,
    /// Degrees of freedom; 0 for one pair.
    freedom: f64,
    /// Half of the 95 % interval of the logarithm; NaN for one pair.
    half: f64,
}

impl Ratio {
    /// Of two numbers, by so many sections. None unless both are above 0 without any one section.
    /// O(n), and some tens of t tests, O(n) each.
    pub fn of(one: &Sections, other: &Sections, sections: usize) -> Option<Ratio> {
        Ratio::new(&one.log_ratio(other)?, &[one, other], sections)
    }

    /// (one ÷ its base) ÷ (other ÷ its base), likewise.
    pub fn of_ratios(
        [one, base]: [&Sections; 2],
        [other, other_base]: [&Sections; 2],
        sections: usize,
    ) -> Option<Ratio> {
        let log = one.log_ratio(base)?.minus(&other.log_ratio(other_base)?)?;
        Ratio::new(&log, &[one, base, other, other_base], sections)
    }

    fn new(log: &Sections, of: &[&Sections], sections: usize) -> Option<Ratio> {
        let estimate = log.estimate(sections, 1.0)?;
        let freedom = match sections {
            0 | 1 => 0.0,
            _ => (effective(of, sections)? - 1.0).max(1.0),
        };
        let clean = |x: f64| if x.abs() <= ROUNDING { 0.0 } else { x };
        let mut ratio = Ratio {
            pairs: sections,
            log: clean(estimate.mean),
            deviation: clean(estimate.deviation),
            freedom,
            half: f64::NAN,
        };
        ratio.half = ratio.half_at(LEVEL);
        Some(ratio)
    }

    /// One ÷ other.
    pub fn value(&self) -> f64 {
        libm::exp(self.log)
    }

    /// Its 95 % interval. None for one pair.
    pub fn interval(&self) -> Option<[f64; 2]> {
        self.ends(self.half)
    }

    /// Its 1 − `level` interval: the ratios that the test of this level does not reject. None for one
    /// pair.
    pub fn interval_at(&self, level: f64) -> Option<[f64; 2]> {
        self.ends(self.half_at(level))
    }

    /// The two-sided p-value of "equal": 1 if all pairs are, 0 if all differ by the same factor. None for
    /// one pair.
    pub fn p_value(&self) -> Option<f64> {
        (self.pairs > 1).then(|| match (self.log == 0.0, self.deviation == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => p_value_between(self.log / self.error(), self.freedom),
        })
    }

    /// Whether all of the 95 % interval is less than `effect` from 1, in either direction: 0.01 for a
    /// hundredth. False for one pair.
    pub fn is_within(&self, effect: f64) -> bool {
        self.log.abs() + self.half < libm::log1p(effect)
    }

    /// Pairs with which a ratio of 1 + `effect`, or the one over it, is found at this level in four cases of
    /// five, as [`repetitions_needed`] has it; with which this ratio is, without an effect.
    pub fn pairs_needed(&self, effect: Option<f64>, level: f64) -> Option<u64> {
        repetitions_needed(self.deviation, effect.map_or(self.log, libm::log1p), level)
    }

    /// Other ÷ one.
    #[must_use]
    pub fn reversed(&self) -> Ratio {
        Ratio { log: -self.log, ..*self }
    }

    fn ends(&self, half: f64) -> Option<[f64; 2]> {
        let ends = [self.log - half, self.log + half];
        (self.pairs > 1).then(|| ends.map(libm::exp))
    }

    fn half_at(&self, level: f64) -> f64 {
        match (self.pairs > 1, self.deviation > 0.0) {
            (false, _) => f64::NAN,
            (true, false) => 0.0,
            (true, true) => t_quantile(level, self.freedom) * self.error(),
        }
    }

    fn error(&self) -> f64 {
        self.deviation / (self.pairs as f64).sqrt()
    }
}

/// Sections in effect: as many equal ones would be worth as much. Between 1 and their number.
fn effective(of: &[&Sections], sections: usize) -> Option<f64> {
    let mut sizes = vec![0.0; sections];
    for one in of {
        for (size, own) in sizes.iter_mut().zip(one.sizes(sections)?) {
            *size += own;
        }
    }
    let sum: f64 = sizes.iter().sum();
    let squares: f64 = sizes.iter().map(|size| size * size).sum();
    (squares > 0.0).then(|| sum * sum / squares)
}
