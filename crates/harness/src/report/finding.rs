//! What a paired comparison of one measure says: a difference, none worth the name, or that more
//! repetitions are needed, and how many.
//!
//! Judged is how many times as large one number is as the other, by `metrics::Ratio`: the same
//! numbers that tables show, the same p-value in both directions. `differences` says what is
//! compared, `sentence` puts it in words.

use metrics::report::Method;
use metrics::{Paired, Ratio, Sections, holm};
use serde_json::{Value, json};

/// The level at which a difference counts as shown, over all comparisons of a part together.
const LEVEL: f64 = 0.05;
/// The smallest difference that is worth finding, relative to what is compared with.
pub(crate) const EFFECT: f64 = 0.01;
/// What takes more than this many times as much as there is, is not asked for: what it may show
/// matters to nobody.
pub(super) const MOST_TIMES: u64 = 100;

/// A difference of one measure: run − against, and run ÷ against.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Delta {
    /// The difference, in the unit of the measure.
    paired: Paired,
    /// The ratio, which is what is judged; none where one pair alone lifts a number from 0. Then the plain
    /// difference is.
    ratio: Option<Ratio>,
    /// What a pair is.
    pub(crate) by: Method,
    /// Whether pairs of batches correlate with their neighbours, so that intervals are too narrow.
    correlated: bool,
    /// The p-value of "no difference", corrected for the comparisons of the part; none for one pair.
    pub(crate) p: Option<f64>,
    /// What it says.
    pub(crate) finding: Finding,
    /// Whether a certificate says not to rely on one of the two numbers.
    pub(crate) spoilt: bool,
}

/// What a comparison says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Finding {
    /// There is a difference, as large as the interval says.
    Shown,
    /// None is shown, and the 95 % interval leaves none of [`EFFECT`] or more.
    Alike,
    /// None is shown, and there may be one.
    Open {
        /// Pairs that are missing to find it in four cases of five if it is as large as it seems, and at
        /// least [`EFFECT`]; none if that cannot be said.
        missing: Option<u64>,
    },
    /// Neighbouring batches correlate, however long they are: how far chance reaches is not known.
    Correlated,
    /// One pair tells nothing.
    Untold,
}

impl Delta {
    /// Of one number of two runs by so many pairs, not judged yet. None if it is not known for so many.
    pub(super) fn of(one: &Sections, other: &Sections, by: Method, pairs: usize) -> Option<Delta> {
        let paired = one.minus(other)?.estimate(pairs, other.overall())?;
        let ratio = Ratio::of(one, other, pairs);
        let correlated =
            by == Method::BatchMeans && judged_by(one, other, pairs)?.correlated(pairs);
        Some(Delta { by, correlated, ..Delta::new(paired, ratio) })
    }

    /// By repetitions, not judged yet.
    pub(super) fn new(paired: Paired, ratio: Option<Ratio>) -> Delta {
        let (by, finding) = (Method::Repetitions, Finding::Untold);
        Delta { paired, ratio, by, correlated: false, p: None, finding, spoilt: false }
    }

    /// The same, told the other way round.
    pub(super) fn reversed(&self) -> Delta {
        let ratio = self.ratio.map(|ratio| ratio.reversed());
        Delta { paired: self.paired.reversed(), ratio, ..*self }
    }

    /// The 95 % interval of the relative difference, run ÷ against − 1. None for one pair, or where
    /// there is no ratio.
    pub(crate) fn share(&self) -> Option<[f64; 2]> {
        Some(self.ratio?.interval()?.map(|end| end - 1.0))
    }

    /// The 95 % interval of the difference, in the unit of the measure. None for one pair.
    pub(super) fn interval(&self) -> Option<[f64; 2]> {
        self.paired.interval()
    }

    /// The p-value of "no difference", not corrected.
    fn p_value(&self) -> Option<f64> {
        self.ratio.map_or_else(|| self.paired.p_value(), |ratio| ratio.p_value())
    }

    /// As it stands in files.
    pub(super) fn json(&self) -> Value {
        let missing = match self.finding {
            Finding::Open { missing } => missing,
            _ => None,
        };
        let have = self.paired.pairs as u64;
        let of = |method: Method, missing: Option<u64>| missing.filter(|_| self.by == method);
        json!({
            "mean": self.paired.mean,
            "ci95": self.paired.interval(),
            "base": self.paired.base,
            "relative": self.ratio.map(|ratio| ratio.value() - 1.0),
            "relative_ci95": self.share(),
            "p": self.p_value(),
            "p_holm": self.p,
            "finding": self.word(),
            "lower_bound": self.correlated,
            "spoilt": self.spoilt,
            "repetitions_missing": of(Method::Repetitions, missing),
            "times_as_long": of(Method::BatchMeans, missing).map(|more| times_as_long(have, more)),
        })
    }

    /// Pairs: of repetitions, or of batches.
    pub(super) fn pairs(&self) -> u64 {
        self.paired.pairs as u64
    }

    /// Whether whatever difference there is, is below [`EFFECT`]: shown or not, it matters to nobody.
    pub(super) fn is_small(&self) -> bool {
        let small = self.ratio.is_some_and(|ratio| ratio.is_within(EFFECT));
        self.finding != Finding::Correlated && (self.finding == Finding::Alike || small)
    }

    /// Pairs that are missing to find, at this level, the difference that there seems to be, or one of
    /// [`EFFECT`] where it seems less.
    fn missing(&self, level: f64) -> Option<u64> {
        let ratio = self.ratio?;
        let needed = [None, Some(EFFECT)].map(|effect| ratio.pairs_needed(effect, level));
        let needed = needed.into_iter().flatten().min()?;
        Some(needed.saturating_sub(self.pairs()).max(1))
    }

    /// The finding in a word.
    pub(super) fn word(&self) -> &'static str {
        match self.finding {
            Finding::Shown if self.paired.mean < 0.0 => "lower",
            Finding::Shown => "higher",
            Finding::Alike => "alike",
            Finding::Open { .. } => "not shown",
            Finding::Correlated => "correlated",
            Finding::Untold => "one repetition",
        }
    }
}

/// Judges the comparisons of a part together.
pub(super) fn judge(deltas: &mut [&mut Delta]) {
    let mut told: Vec<(f64, &mut Delta)> = deltas
        .iter_mut()
        .filter_map(|delta| match delta.correlated {
            true => {
                delta.finding = Finding::Correlated;
                None
            }
            false => Some((delta.p_value()?, &mut **delta)),
        })
        .collect();
    let corrected = holm(&told.iter().map(|(p, _)| *p).collect::<Vec<_>>());
    // What Holm's method asks of the next one to be found.
    let open = corrected.iter().filter(|p| **p > LEVEL).count();
    let next = LEVEL / open.max(1) as f64;
    for ((_, delta), p) in told.iter_mut().zip(corrected) {
        delta.p = Some(p);
        let alike = delta.is_small();
        delta.finding = match p <= LEVEL {
            true => Finding::Shown,
            false if alike || delta.p_value() == Some(1.0) => Finding::Alike,
            false => Finding::Open { missing: delta.missing(next) },
        };
    }
}

/// What [`Delta::of`] judges by so many pairs: the logarithm of the ratio, or the difference where there
/// is none.
pub(crate) fn judged_by(one: &Sections, other: &Sections, pairs: usize) -> Option<Sections> {
    let log = one.log_ratio(other).filter(|log| log.estimate(pairs, 1.0).is_some());
    log.or_else(|| one.minus(other))
}

/// How many times as long a run would have to be, to have so many more batches of this length.
pub(super) fn times_as_long(have: u64, missing: u64) -> u64 {
    have.saturating_add(missing).div_ceil(have.max(1))
}

#[cfg(test)]
impl Delta {
    /// Of the means of pairs (run, against).
    #[track_caller]
    pub(super) fn of_pairs(pairs: &[(f64, f64)]) -> Delta {
        let of = |which: fn(&(f64, f64)) -> f64| {
            let values: Vec<_> = pairs.iter().map(|pair| (which(pair), 1.0)).collect();
            let mean = values.iter().map(|(own, _)| own).sum::<f64>() / values.len() as f64;
            Sections::of_repetitions(mean, &values).unwrap()
        };
        let (one, other) = (of(|pair| pair.0), of(|pair| pair.1));
        Delta::of(&one, &other, Method::Repetitions, pairs.len()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(pairs: &[(f64, f64)]) -> Delta {
        Delta::of_pairs(pairs)
    }

    fn judged<const N: usize>(mut deltas: [Delta; N]) -> [Delta; N] {
        judge(&mut deltas.iter_mut().collect::<Vec<_>>());
        deltas
    }

    /// 10 % higher. Logarithms: 0.0953, deviation 0.00910, so t = 18.1 and
    /// p = 1 − √(t² ÷ (2 + t²)): 0.0030.
    const HIGHER: [(f64, f64); 3] = [(109.0, 100.0), (110.0, 100.0), (111.0, 100.0)];

    #[test]
    fn a_difference_must_survive_the_comparisons_beside_it() {
        let [alone] = judged([delta(&HIGHER)]);
        assert_eq!((alone.finding, alone.word()), (Finding::Shown, "higher"));
        // 20 of p = 0.0030 are 0.060 together.
        for delta in judged([delta(&HIGHER); 20]) {
            assert!(delta.p.unwrap() > 0.059 && delta.p_value().unwrap() < 0.0031);
            assert!(matches!(delta.finding, Finding::Open { .. }), "{delta:?}");
        }
    }

    #[test]
    fn no_difference_is_told_apart_from_not_knowing() {
        let alike = delta(&[(100.0, 100.1), (100.1, 100.0), (100.0, 100.0)]);
        let equal = delta(&[(5.0, 5.0), (7.0, 7.0)]);
        let wide = delta(&[(90.0, 100.0), (110.0, 100.0), (101.0, 100.0)]);
        let [alike, equal, wide] = judged([alike, equal, wide]);
        assert_eq!((alike.finding, equal.finding), (Finding::Alike, Finding::Alike));
        // None is shown: level 0.05 ÷ 3, z = 2.3940. The deviation of the logarithms is 0.09970, the effect
        // ln 1.01 = 0.00995: (2.3940 + 0.8416)² × 10.019² + 2.87 = 1053.8.
        let Finding::Open { missing } = wide.finding else { panic!("{wide:?}") };
        assert_eq!(missing, Some(1_054 - 3));
    }

    #[test]
    fn what_seems_large_needs_few_more() {
        // 7 times as much, logarithm 1.9459; its deviation is 0.9385, and of three none is shown, so the
        // level is 0.05 ÷ 3: (2.3940 + 0.8416)² × (0.9385 ÷ 1.9459)² + 2.87 = 5.3.
        let wide = delta(&[(100.0, 100.0), (700.0, 100.0), (1_300.0, 100.0)]);
        for delta in judged([wide; 3]) {
            assert_eq!(delta.finding, Finding::Open { missing: Some(6 - 3) });
        }
    }

    #[test]
    fn differences_are_relative_to_their_own_pair() {
        // Twice as much in each repetition, however much that is: no doubt at all.
        let [twice] = judged([delta(&[(2.0, 1.0), (20.0, 10.0), (200.0, 100.0)])]);
        let [low, high] = twice.share().unwrap();
        assert!((low - 1.0).abs() < 1e-12 && (high - 1.0).abs() < 1e-12, "{low} {high}");
        assert_eq!(twice.finding, Finding::Shown);
        let [from_nothing] = judged([delta(&[(2.0, 0.0), (2.0, 0.0)])]);
        assert_eq!((from_nothing.share(), from_nothing.finding), (None, Finding::Shown));
    }

    #[test]
    fn one_pair_tells_nothing() {
        let [single] = judged([delta(&[(1.0, 2.0)])]);
        assert_eq!((single.finding, single.p), (Finding::Untold, None));
    }
}
