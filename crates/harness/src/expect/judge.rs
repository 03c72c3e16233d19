//! Whether claims hold, by the repetitions that were measured.
//!
//! Repetitions of equal seed are paired, as everywhere in a comparison; where there is one, or all are
//! one history, batches of the same tasks. A claim is decided by the
//! interval of the mean difference left − right, Student's t over the pairs: it holds if all of the
//! interval agrees, is refuted if none does, and is undecided else. The intervals of all claims are
//! simultaneous, by Bonferroni: each has 1 − 0.05 ÷ claims, so that with probability 0.95
//! none of them decides wrongly. Holm's method decides a little more, and gives no intervals to show.

use super::{Expectation, Operator, Side, Term};
use crate::run::Measured;
use metrics::report::Method;
use metrics::{BatchPlan, Paired, Sections, repetitions_needed};
use std::collections::BTreeMap;

/// The probability that any of the claims is decided wrongly.
const LEVEL: f64 = 0.05;

/// What became of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Holds,
    Refuted,
    Undecided,
}

/// A claim with its verdict and the evidence.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Judgement {
    pub(crate) claim: Expectation,
    pub(crate) verdict: Verdict,
    /// What a pair is.
    pub(crate) by: Method,
    /// Whether pairs of batches correlate with their neighbours: then the interval decides nothing.
    pub(crate) correlated: bool,
    /// Pairs of repetitions or batches; these alone, where one side is an amount.
    pub(crate) pairs: usize,
    /// Means of both sides over them, factors included; none without any.
    pub(crate) sides: Option<[f64; 2]>,
    /// The simultaneous interval of left − right; none for fewer than two pairs.
    pub(crate) interval: Option<[f64; 2]>,
    /// Pairs that are missing to decide it in four cases of five if the difference is what it
    /// seems; none if it is decided or that cannot be said.
    pub(crate) missing: Option<u64>,
    /// Counted tasks that failed in the runs it names: their latencies are in no measure.
    pub(crate) failed: u64,
    /// What it compares and a certificate says not to rely on, as `the p99 of fifo`.
    pub(crate) spoilt: Vec<String>,
}

impl Verdict {
    /// In a word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Refuted => "refuted",
            Verdict::Undecided => "undecided",
        }
    }
}

/// Judges claims together, in their order.
pub(crate) fn judge(claims: &[Expectation], runs: &[Measured]) -> Vec<Judgement> {
    let level = LEVEL / claims.len().max(1) as f64;
    let judged = claims.iter().map(|claim| {
        let named = |run: &&Measured| {
            let names = [&claim.left, &claim.right].map(Side::term);
            names.iter().flatten().any(|term| term.run == run.report.name)
        };
        let failed = runs.iter().filter(named).map(|run| run.report.metrics.failed_tasks).sum();
        let judged = by_batches(claim, runs, level)
            .unwrap_or_else(|| judgement(claim, &pairs(claim, |term| values(term, runs)), level));
        Judgement { failed, spoilt: spoilt(claim, runs), ..judged }
    });
    judged.collect()
}

/// Measures of the claim that the certificate of their run spoils.
fn spoilt(claim: &Expectation, runs: &[Measured]) -> Vec<String> {
    let terms = [&claim.left, &claim.right].into_iter().filter_map(Side::term);
    let spoilt = terms.filter(|term| {
        let run = runs.iter().find(|run| run.report.name == term.run);
        run.is_some_and(|run| term.measure.is_spoilt(&run.report.metrics))
    });
    spoilt.map(|term| format!("the {} of {}", term.measure.name(), term.run)).collect()
}

/// By batches of the same tasks; none if a run is not cut into any, or the two are not of the same
/// tasks.
fn by_batches(claim: &Expectation, runs: &[Measured], level: f64) -> Option<Judgement> {
    let of = |side: &Side| -> Option<(BatchPlan, Sections, f64)> {
        let Side::Measured(term) = side else { return None };
        let run = runs.iter().find(|run| run.report.name == term.run)?;
        let sections = run.sections.as_ref()?;
        let own = term.measure.sections(sections)?.times(term.factor);
        let overall = own.overall();
        Some((sections.plan, own, overall))
    };
    let (difference, base) = match (&claim.left, &claim.right) {
        (left, Side::Amount(right)) => (of(left)?.1.plus(-right), *right),
        (Side::Amount(left), right) => {
            let (_, own, base) = of(right)?;
            (own.times(-1.0).plus(*left), base)
        }
        (left, right) => {
            let ((plan, left, _), (other, right, base)) = (of(left)?, of(right)?);
            (left.minus(&right).filter(|_| plan == other)?, base)
        }
    };
    let n = Sections::sectioning([&difference])?.sections;
    let correlated = difference.correlated(n);
    let judged = of_paired(claim, difference.estimate(n, base), level);
    let verdict = if correlated { Verdict::Undecided } else { judged.verdict };
    let missing = judged.missing.filter(|_| !correlated);
    Some(Judgement { by: Method::BatchMeans, correlated, verdict, missing, ..judged })
}

/// The values of a term by seed, of whole repetitions. Those of one history are all the same one.
fn values(term: &Term, runs: &[Measured]) -> BTreeMap<u64, f64> {
    let run = runs.iter().find(|run| run.report.name == term.run);
    let most = |run: &Measured| if run.one_history { 1 } else { usize::MAX };
    let whole = run.into_iter().flat_map(|run| run.repetitions.iter().take(most(run)));
    let whole = whole.filter(|it| !it.partial);
    whole.filter_map(|it| Some((it.seed, it.value(term.measure)? * term.factor))).collect()
}

/// Both sides of the repetitions of equal seed. An amount goes with every seed.
fn pairs(claim: &Expectation, values: impl Fn(&Term) -> BTreeMap<u64, f64>) -> Vec<(f64, f64)> {
    match (&claim.left, &claim.right) {
        (Side::Measured(left), Side::Measured(right)) => {
            let right = values(right);
            let both = values(left).into_iter();
            both.filter_map(|(seed, left)| Some((left, *right.get(&seed)?))).collect()
        }
        (Side::Measured(left), Side::Amount(right)) => {
            values(left).into_values().map(|left| (left, *right)).collect()
        }
        (Side::Amount(left), Side::Measured(right)) => {
            values(right).into_values().map(|right| (*left, right)).collect()
        }
        (Side::Amount(_), Side::Amount(_)) => Vec::new(),
    }
}

fn judgement(claim: &Expectation, pairs: &[(f64, f64)], level: f64) -> Judgement {
    of_paired(claim, Paired::of(pairs), level)
}

fn of_paired(claim: &Expectation, paired: Option<Paired>, level: f64) -> Judgement {
    let interval = paired.and_then(|paired| interval(&paired, level));
    let verdict = interval.map_or(Verdict::Undecided, |it| decide(claim.operator, it));
    let missing = paired.filter(|_| verdict == Verdict::Undecided).and_then(|paired| {
        let needed = repetitions_needed(paired.deviation, paired.mean, level)?;
        (paired.pairs > 1).then(|| needed.saturating_sub(paired.pairs as u64).max(1))
    });
    Judgement {
        claim: claim.clone(),
        verdict,
        by: Method::Repetitions,
        correlated: false,
        pairs: paired.map_or(0, |paired| paired.pairs),
        sides: paired.map(|paired| [paired.base + paired.mean, paired.base]),
        interval,
        missing,
        failed: 0,
        spoilt: Vec::new(),
    }
}

/// Whether all or none of the differences in an interval agree with an operator.
fn decide(operator: Operator, [low, high]: [f64; 2]) -> Verdict {
    let (all, none) = match operator {
        Operator::Less => (high < 0.0, low >= 0.0),
        Operator::AtMost => (high <= 0.0, low > 0.0),
        Operator::Greater => (low > 0.0, high <= 0.0),
        Operator::AtLeast => (low >= 0.0, high < 0.0),
    };
    match (all, none) {
        (true, _) => Verdict::Holds,
        (_, true) => Verdict::Refuted,
        _ => Verdict::Undecided,
    }
}

/// The differences that the paired t test of this level does not reject. None for one pair.
fn interval(paired: &Paired, level: f64) -> Option<[f64; 2]> {
    let rejected = |by: f64| Some(Paired { mean: by, ..*paired }.p_value()? <= level);
    let mut high = paired.deviation;
    if high > 0.0 {
        while !rejected(high)? {
            high *= 2.0;
        }
        let mut low = 0.0;
        while let middle = (low + high) / 2.0
            && low < middle
            && middle < high
        {
            *(if rejected(middle)? { &mut high } else { &mut low }) = middle;
        }
    }
    (paired.pairs > 1).then_some([paired.mean - high, paired.mean + high])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(text: &str) -> Expectation {
        Expectation::parse(text, &["a", "b"]).unwrap()
    }

    fn of(text: &str, a: &[(u64, f64)], b: &[(u64, f64)], level: f64) -> Judgement {
        let values = |term: &Term| {
            let values = if term.run == "a" { a } else { b };
            values.iter().map(|(seed, value)| (*seed, value * term.factor)).collect()
        };
        let claim = claim(text);
        judgement(&claim, &pairs(&claim, values), level)
    }

    #[test]
    fn the_interval_is_that_of_the_t_tables() {
        // Differences −10, −12, −14: mean −12, deviation 2; t(2) = 4.302653 at 0.05 and, for two
        // claims, 6.205347 at 0.025.
        let a = [(1, 10.0), (2, 18.0), (3, 26.0)];
        let b = [(1, 20.0), (2, 30.0), (3, 40.0)];
        for (level, t) in [(0.05, 4.302653), (0.025, 6.205347)] {
            let judged = of("p99(a) < p99(b)", &a, &b, level);
            let [low, high] = judged.interval.unwrap();
            let half = t * 2.0 / 3.0_f64.sqrt();
            assert!((low + 12.0 + half).abs() < 1e-5 && (high + 12.0 - half).abs() < 1e-5);
            assert_eq!((judged.sides, judged.pairs), (Some([18.0, 30.0]), 3));
            assert_eq!(judged.verdict, Verdict::Holds);
        }
    }

    #[test]
    fn all_of_an_interval_holds_and_none_refutes() {
        use Verdict::{Holds, Refuted, Undecided};
        let far = [(1, 10.0), (2, 11.0), (3, 12.0)]; // 11 ± 2.48
        let b = [(1, 110.0), (2, 111.0), (3, 109.0)];
        for (text, verdict) in [
            ("p99(a) < p99(b)", Holds),
            ("p99(b) < p99(a)", Refuted),
            ("p99(a) >= p99(b)", Refuted),
            ("p99(b) >= 5 * p99(a)", Holds),
            ("p99(b) >= 10 * p99(a)", Undecided),
            ("p99(a) < 14ms", Holds),
            ("p99(a) > 14ms", Refuted),
            ("p99(a) <= 12ms", Undecided),
            ("8ms < p99(a)", Holds),
            ("8ms >= p99(a)", Refuted),
        ] {
            assert_eq!(of(text, &far, &b, 0.05).verdict, verdict, "{text}");
        }
        // Half the level is a wider interval, 11 ± 3.58: what else is claimed counts.
        assert_eq!(of("p99(a) < 14ms", &far, &b, 0.025).verdict, Undecided);
    }

    #[test]
    fn equal_values_decide_by_the_operator() {
        let a = [(1, 3.0), (2, 3.0)];
        let verdicts = ["<", "<=", ">", ">="].map(|operator| {
            let judged = of(&format!("p50(a) {operator} p50(b)"), &a, &a, 0.05);
            assert_eq!((judged.interval, judged.missing), (Some([0.0; 2]), None));
            judged.verdict
        });
        use Verdict::{Holds, Refuted};
        assert_eq!(verdicts, [Refuted, Holds, Refuted, Holds]);
    }

    #[test]
    fn only_equal_seeds_are_paired_and_one_pair_tells_nothing() {
        let judged = of("mean(a) < mean(b)", &[(1, 1.0), (2, 1.0)], &[(2, 9.0), (3, 9.0)], 0.05);
        assert_eq!((judged.pairs, judged.interval), (1, None));
        assert_eq!((judged.verdict, judged.missing), (Verdict::Undecided, None));
        let judged = of("mean(a) < mean(b)", &[(1, 1.0)], &[(2, 9.0)], 0.05);
        assert_eq!((judged.sides, judged.verdict), (None, Verdict::Undecided));
    }

    #[test]
    fn what_is_undecided_says_how_many_more() {
        // Mean −1, deviation 2: by Guenther 31.4 + 1.9 pairs, as G*Power has it: 34.
        let a = [(1, 3.0), (2, 1.0), (3, -1.0)];
        let b = [(1, 2.0), (2, 2.0), (3, 2.0)];
        let judged = of("wait(a) < wait(b)", &a, &b, 0.05);
        assert_eq!((judged.verdict, judged.missing), (Verdict::Undecided, Some(34 - 3)));
    }
}
