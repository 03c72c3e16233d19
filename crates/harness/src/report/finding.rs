//! What a paired comparison of one measure says: a difference, none worth the name, or that more
//! repetitions are needed, and how many.
//!
//! Judged are differences relative to the other one of the pair: seeds of heavy and of light
//! load then weigh alike. `differences` says what is compared, `sentence` puts it in words.

use metrics::report::Method;
use metrics::{Paired, Sections, holm, repetitions_needed};
use serde_json::{Value, json};

/// The level at which a difference counts as shown, over all comparisons of a part together.
const LEVEL: f64 = 0.05;
/// The smallest difference that is worth finding, relative to what is compared with.
pub(crate) const EFFECT: f64 = 0.01;

/// A mean difference of one measure: run − against.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Delta {
    /// The differences of the pairs, in the unit of the measure.
    paired: Paired,
    /// Each relative to what it is compared with, which is what is judged; none if that is 0 anywhere.
    /// Then the plain differences are.
    relative: Option<Paired>,
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
        /// Pairs that are missing to find one of [`EFFECT`] in four cases of five; none if that cannot
        /// be said.
        missing: Option<u64>,
    },
    /// Neighbouring batches correlate, however long they are: how far chance reaches is not known.
    Correlated,
    /// One pair tells nothing.
    Untold,
}

impl Delta {
    /// Of pairs (run, against), not judged yet. None of no pairs.
    pub(super) fn new(pairs: &[(f64, f64)]) -> Option<Delta> {
        let ratios: Vec<_> = pairs.iter().map(|(one, other)| (one / other, 1.0)).collect();
        let relative = pairs.iter().all(|(_, other)| *other > 0.0).then(|| Paired::of(&ratios));
        let (paired, relative) = (Paired::of(pairs)?, relative.flatten());
        let (by, correlated) = (Method::Repetitions, false);
        let finding = Finding::Untold;
        Some(Delta { paired, relative, by, correlated, p: None, finding, spoilt: false })
    }

    /// Of two runs by the same sections of the same tasks, with as many sections as [`judged_by`]
    /// says are independent. Relative to the other run as a whole: single sections of it may
    /// be next to nothing. None if one of them is not known for so many sections.
    pub(super) fn of_sections(one: &Sections, other: &Sections, sections: usize) -> Option<Delta> {
        let paired = one.minus(other)?.estimate(sections, other.overall())?;
        let relative = one.over(other).map(|ratio| ratio.plus(-1.0));
        let correlated = judged_by(one, other)?.correlated(sections);
        let relative = relative.and_then(|relative| relative.estimate(sections, 1.0));
        let (by, finding) = (Method::BatchMeans, Finding::Untold);
        Some(Delta { paired, relative, by, correlated, p: None, finding, spoilt: false })
    }

    /// The 95 % interval of the relative difference. None for one pair, or where that is compared
    /// with 0.
    pub(crate) fn share(&self) -> Option<[f64; 2]> {
        self.relative.and_then(|relative| relative.interval())
    }

    /// The 95 % interval of the difference, in the unit of the measure. None for one pair.
    pub(super) fn interval(&self) -> Option<[f64; 2]> {
        self.paired.interval()
    }

    fn judged(&self) -> &Paired {
        self.relative.as_ref().unwrap_or(&self.paired)
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
            "relative_mean": self.relative.map(|relative| relative.mean),
            "relative_ci95": self.share(),
            "p": self.judged().p_value(),
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
        let small = |share: [f64; 2]| share.iter().all(|x| x.abs() < EFFECT);
        self.finding != Finding::Correlated
            && (self.finding == Finding::Alike || self.share().is_some_and(small))
    }

    /// The finding in a word.
    pub(super) fn word(&self) -> &'static str {
        match self.finding {
            Finding::Shown if self.judged().mean < 0.0 => "lower",
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
            false => Some((delta.judged().p_value()?, &mut **delta)),
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
            false if alike || delta.judged().p_value() == Some(1.0) => Finding::Alike,
            false => Finding::Open { missing: delta.relative.and_then(|it| missing(&it, next)) },
        };
    }
}

/// What [`Delta::of_sections`] judges: the ratio, or the difference where the other is nothing.
pub(super) fn judged_by(one: &Sections, other: &Sections) -> Option<Sections> {
    one.over(other).or_else(|| one.minus(other))
}

/// How many times as long a run would have to be, to have so many more batches of this length.
pub(super) fn times_as_long(have: u64, missing: u64) -> u64 {
    have.saturating_add(missing).div_ceil(have.max(1))
}

fn missing(paired: &Paired, level: f64) -> Option<u64> {
    let needed = repetitions_needed(paired.deviation, EFFECT, level)?;
    Some(needed.saturating_sub(paired.pairs as u64).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(pairs: &[(f64, f64)]) -> Delta {
        Delta::new(pairs).unwrap()
    }

    fn judged<const N: usize>(mut deltas: [Delta; N]) -> [Delta; N] {
        judge(&mut deltas.iter_mut().collect::<Vec<_>>());
        deltas
    }

    /// 10 % higher, and p = 1 − √(t² ÷ (2 + t²)) with t = 10 ÷ (1 ÷ √3): 0.0033.
    const HIGHER: [(f64, f64); 3] = [(109.0, 100.0), (110.0, 100.0), (111.0, 100.0)];

    #[test]
    fn a_difference_must_survive_the_comparisons_beside_it() {
        let [alone] = judged([delta(&HIGHER)]);
        assert_eq!((alone.finding, alone.word()), (Finding::Shown, "higher"));
        // 20 of p = 0.0033 are 0.066 together.
        for delta in judged([delta(&HIGHER); 20]) {
            assert!(delta.p.unwrap() > 0.06 && delta.judged().p_value().unwrap() < 0.0034);
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
        // None is shown: level 0.05 ÷ 3, z = 2.3940; (2.3940 + 0.8416)² × 10.017² + 2.87 = 1053.3.
        let Finding::Open { missing } = wide.finding else { panic!("{wide:?}") };
        assert_eq!(missing, Some(1_054 - 3));
    }

    #[test]
    fn differences_are_relative_to_their_own_pair() {
        // Twice as much in each repetition, however much that is: no doubt at all.
        let [twice] = judged([delta(&[(2.0, 1.0), (20.0, 10.0), (200.0, 100.0)])]);
        assert_eq!((twice.share(), twice.finding), (Some([1.0, 1.0]), Finding::Shown));
        let [from_nothing] = judged([delta(&[(2.0, 0.0), (2.0, 0.0)])]);
        assert_eq!((from_nothing.share(), from_nothing.finding), (None, Finding::Shown));
    }

    #[test]
    fn one_pair_tells_nothing() {
        let [single] = judged([delta(&[(1.0, 2.0)])]);
        assert_eq!((single.finding, single.p), (Finding::Untold, None));
    }
}
