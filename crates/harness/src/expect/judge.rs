//! Whether claims hold, by the repetitions that were measured.
//!
//! Repetitions of equal seed are paired, as everywhere in a comparison; where there is one, or all are
//! one history, batches of the same tasks. Compared are the numbers that the table shows. Two runs are
//! told apart as in the verdicts, by the ratio left ÷ right (`metrics::Ratio`); a run and an amount, or
//! runs without a ratio, by the difference left − right, Student's t over the pairs. A claim holds if
//! all of the interval agrees, is refuted if none does, and is undecided else. The intervals of all claims are
//! simultaneous, by Bonferroni: each has 1 − 0.05 ÷ claims, so that with probability 0.95
//! none of them decides wrongly. Holm's method decides a little more, and gives no intervals to show.

use super::{Expectation, Operator, Side, Term};
use crate::report::judged_by;
use crate::run::{Measured, Repetition};
use metrics::report::Method;
use metrics::{BatchPlan, Ratio, Sections, repetitions_needed};

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
    /// Both sides, factors included; none without any pair.
    pub(crate) sides: Option<[f64; 2]>,
    /// The simultaneous interval of what decides it; none for fewer than two pairs.
    pub(crate) interval: Option<Evidence>,
    /// Pairs that are missing to decide it in four cases of five if the difference is what it
    /// seems; none if it is decided or that cannot be said.
    pub(crate) missing: Option<u64>,
    /// Counted tasks that failed in the runs it names: their latencies are in no measure.
    pub(crate) failed: u64,
    /// What it compares and a certificate says not to rely on, as `the p99 of fifo`.
    pub(crate) spoilt: Vec<String>,
}

/// An interval that a claim is decided by.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Evidence {
    /// Of left ÷ right.
    Ratio([f64; 2]),
    /// Of left − right.
    Difference([f64; 2]),
}

impl Evidence {
    /// Of the ratio, if that decides.
    pub(crate) fn ratio(self) -> Option<[f64; 2]> {
        match self {
            Evidence::Ratio(ends) => Some(ends),
            Evidence::Difference(_) => None,
        }
    }

    /// Of the difference, if that decides.
    pub(crate) fn difference(self) -> Option<[f64; 2]> {
        match self {
            Evidence::Ratio(_) => None,
            Evidence::Difference(ends) => Some(ends),
        }
    }
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
        let judged =
            by_batches(claim, runs, level).unwrap_or_else(|| by_repetitions(claim, runs, level));
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
    let of = |term: &Term| -> Option<(BatchPlan, Sections)> {
        let run = runs.iter().find(|run| run.report.name == term.run)?;
        let sections = run.sections.as_ref()?;
        Some((sections.plan, term.measure.sections(sections)?.times(term.factor)))
    };
    let terms = [&claim.left, &claim.right].map(Side::term);
    let known: Vec<_> = terms.into_iter().flatten().map(of).collect::<Option<_>>()?;
    let plan = known.first()?.0;
    if known.iter().any(|(other, _)| *other != plan) {
        return None;
    }
    let [left, right] = sides(claim, known.into_iter().map(|(_, sections)| sections))?;
    let amount = terms.iter().any(Option::is_none);
    let difference = || left.minus(&right);
    let any = if amount { None } else { left.log_ratio(&right) }.or_else(difference)?;
    let n = Sections::sectioning([&any])?.sections;
    let judged = if amount { difference()? } else { judged_by(&left, &right, n)? };
    let correlated = judged.correlated(n);
    let judged = judgement(claim, [&left, &right], n, level)?;
    let verdict = if correlated { Verdict::Undecided } else { judged.verdict };
    let missing = judged.missing.filter(|_| !correlated);
    Some(Judgement { by: Method::BatchMeans, correlated, verdict, missing, ..judged })
}

/// By repetitions that ended; two runs by those of equal seed.
fn by_repetitions(claim: &Expectation, runs: &[Measured], level: f64) -> Judgement {
    let run = |term: &Term| runs.iter().find(|run| run.report.name == term.run);
    let terms: Vec<&Term> =
        [&claim.left, &claim.right].into_iter().filter_map(Side::term).collect();
    let of = |term: &Term, of: &[&Repetition]| {
        Some(run(term)?.estimate(term.measure, of)?.times(term.factor))
    };
    let has = |term: &Term, it: &Repetition| it.value(term.measure).is_some();
    let judged = match terms[..] {
        [one] => run(one).and_then(|run| {
            let all: Vec<&Repetition> = run.whole().filter(|it| has(one, it)).collect();
            let [left, right] = sides(claim, [of(one, &all)?])?;
            judgement(claim, [&left, &right], all.len(), level)
        }),
        [one, other] => run(one).zip(run(other)).and_then(|(left, right)| {
            let pairs = left.pairs(right).into_iter();
            let (lefts, rights): (Vec<_>, Vec<_>) =
                pairs.filter(|(left, right)| has(one, left) && has(other, right)).unzip();
            let (left, right) = (of(one, &lefts)?, of(other, &rights)?);
            judgement(claim, [&left, &right], lefts.len(), level)
        }),
        _ => None,
    };
    judged.unwrap_or_else(|| untold(claim))
}

/// Both sides of a claim, given those that are measured, in their order. An amount is the same in every
/// section.
fn sides(
    claim: &Expectation,
    measured: impl IntoIterator<Item = Sections>,
) -> Option<[Sections; 2]> {
    let mut measured = measured.into_iter();
    match (&claim.left, &claim.right) {
        (Side::Measured(_), Side::Measured(_)) => Some([measured.next()?, measured.next()?]),
        (Side::Measured(_), Side::Amount(amount)) => {
            let one = measured.next()?;
            let constant = one.times(0.0).plus(*amount);
            Some([one, constant])
        }
        (Side::Amount(amount), _) => {
            let one = measured.next()?;
            Some([one.times(0.0).plus(*amount), one])
        }
    }
}

/// Of two sides, by so many pairs. None if they are not known for so many.
fn judgement(
    claim: &Expectation,
    [left, right]: [&Sections; 2],
    pairs: usize,
    level: f64,
) -> Option<Judgement> {
    let paired = left.minus(right)?.estimate(pairs, right.overall())?;
    let two = [&claim.left, &claim.right].into_iter().all(|side| side.term().is_some());
    let ratio = Ratio::of(left, right, pairs).filter(|_| two);
    let interval = match ratio {
        Some(ratio) => ratio.interval_at(level).map(Evidence::Ratio),
        None => paired.interval_at(level).map(Evidence::Difference),
    };
    let verdict = interval.map_or(Verdict::Undecided, |it| match it {
        Evidence::Ratio(ends) => decide(claim.operator, ends.map(|end| end - 1.0)),
        Evidence::Difference(ends) => decide(claim.operator, ends),
    });
    let needed = || match ratio {
        Some(ratio) => ratio.pairs_needed(None, level),
        None => repetitions_needed(paired.deviation, paired.mean, level),
    };
    let open = verdict == Verdict::Undecided && pairs > 1;
    let missing = open.then(needed).flatten().map(|it| it.saturating_sub(pairs as u64).max(1));
    let sides = Some([left.overall(), right.overall()]);
    Some(Judgement { verdict, pairs, sides, interval, missing, ..untold(claim) })
}

fn untold(claim: &Expectation) -> Judgement {
    Judgement {
        claim: claim.clone(),
        verdict: Verdict::Undecided,
        by: Method::Repetitions,
        correlated: false,
        pairs: 0,
        sides: None,
        interval: None,
        missing: None,
        failed: 0,
        spoilt: Vec::new(),
    }
}

/// Whether all or none of an interval agree with an operator, compared with 0.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(text: &str) -> Expectation {
        Expectation::parse(text, &["a", "b"]).unwrap()
    }

    /// Of the means of repetitions, a and b by turns.
    fn of<const N: usize>(text: &str, a: [f64; N], b: [f64; N], level: f64) -> Judgement {
        let claim = claim(text);
        let terms = [&claim.left, &claim.right].into_iter().filter_map(Side::term);
        let measured = terms.map(|term| {
            let values = if term.run == "a" { a } else { b }.map(|value| (value, 1.0));
            let mean = values.iter().map(|(own, _)| own).sum::<f64>() / N as f64;
            Sections::of_repetitions(mean, &values).unwrap().times(term.factor)
        });
        let [left, right] = sides(&claim, measured).unwrap();
        judgement(&claim, [&left, &right], N, level).unwrap()
    }

    #[test]
    fn the_interval_against_an_amount_is_that_of_the_t_tables() {
        // 10, 12, 14: mean 12, deviation 2; t(2) = 4.302653 at 0.05 and, for two claims, 6.205347
        // at 0.025.
        for (level, t) in [(0.05, 4.302653), (0.025, 6.205347)] {
            let judged = of("p99(a) < 24ms", [10.0, 12.0, 14.0], [0.0; 3], level);
            let Some(Evidence::Difference([low, high])) = judged.interval else { panic!() };
            let half = t * 2.0 / 3.0_f64.sqrt();
            assert!((low + 12.0 + half).abs() < 1e-5 && (high + 12.0 - half).abs() < 1e-5);
            assert_eq!((judged.sides, judged.pairs), (Some([12.0, 24.0]), 3));
            assert_eq!(judged.verdict, Verdict::Holds);
        }
    }

    #[test]
    fn two_runs_are_told_apart_by_their_ratio_in_either_order() {
        // Waits of two policies: 5 to 400 times as long, seed by seed.
        let (a, b) = ([1.0, 90.0, 70.0, 20.0, 60.0], [400.0, 500.0, 800.0, 200.0, 300.0]);
        let judged = of("wait(a) < 0.5 * wait(b)", a, b, 0.05);
        let Some(Evidence::Ratio([low, high])) = judged.interval else { panic!("{judged:?}") };
        assert!(low < 48.2 / 220.0 && 48.2 / 220.0 < high && high < 1.0, "{low} {high}");
        assert_eq!((judged.sides, judged.verdict), (Some([48.2, 220.0]), Verdict::Holds));
        let swapped = of("0.5 * wait(b) > wait(a)", a, b, 0.05);
        let Some(Evidence::Ratio([other_low, other_high])) = swapped.interval else { panic!() };
        assert!((low * other_high - 1.0).abs() < 1e-12 && (high * other_low - 1.0).abs() < 1e-12);
        assert_eq!(swapped.verdict, Verdict::Holds);
        // From nothing there is no ratio.
        let nothing = of("wait(a) <= wait(b)", [0.0; 3], [1.0, 1.1, 1.2], 0.05);
        assert!(matches!(nothing.interval, Some(Evidence::Difference(_))), "{nothing:?}");
        assert_eq!(nothing.verdict, Verdict::Holds);
    }

    #[test]
    fn all_of_an_interval_holds_and_none_refutes() {
        use Verdict::{Holds, Refuted, Undecided};
        let far = [10.0, 11.0, 12.0]; // 11 ± 2.48
        let b = [110.0, 111.0, 109.0];
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
            assert_eq!(of(text, far, b, 0.05).verdict, verdict, "{text}");
        }
        // Half the level is a wider interval, 11 ± 3.58: what else is claimed counts.
        assert_eq!(of("p99(a) < 14ms", far, b, 0.025).verdict, Undecided);
    }

    #[test]
    fn equal_values_decide_by_the_operator() {
        let verdicts = ["<", "<=", ">", ">="].map(|operator| {
            let judged = of(&format!("p50(a) {operator} p50(b)"), [3.0; 2], [3.0; 2], 0.05);
            assert_eq!((judged.interval, judged.missing), (Some(Evidence::Ratio([1.0; 2])), None));
            let zero = of(&format!("wait(a) {operator} wait(b)"), [0.0; 2], [0.0; 2], 0.05);
            assert_eq!(zero.verdict, judged.verdict);
            judged.verdict
        });
        use Verdict::{Holds, Refuted};
        assert_eq!(verdicts, [Refuted, Holds, Refuted, Holds]);
    }

    #[test]
    fn one_pair_tells_nothing() {
        let judged = of("mean(a) < mean(b)", [1.0], [9.0], 0.05);
        assert_eq!((judged.sides, judged.interval), (Some([1.0, 9.0]), None));
        assert_eq!((judged.verdict, judged.missing), (Verdict::Undecided, None));
    }

    #[test]
    fn what_is_undecided_says_how_many_more() {
        // Mean −1, deviation 2: by Guenther 31.4 + 1.9 pairs, as G*Power has it: 34.
        let judged = of("wait(a) < 2ms", [3.0, 1.0, -1.0], [0.0; 3], 0.05);
        assert_eq!((judged.verdict, judged.missing), (Verdict::Undecided, Some(34 - 3)));
    }
}
