//! Estimates from sections of one run, and what is made of two of them.
//!
//! An estimate is the value over the whole run and, for each section, by how much that section moves
//! it. Sections that hardly depend on each other then give the error: √(Σ moves² ÷ (n (n − 1))),
//! by Student's t with n − 1 degrees of freedom. For a mean this is non-overlapping batch means (Asmussen
//! and Glynn, Stochastic Simulation, 2007, section IV.5). A quantile has the interval of the share of
//! tasks beyond it, read off the whole run's distribution (Woodruff, JASA 47, 1952; for dependent
//! samples Heidelberger and Lewis, Operations Research 32(1), 1984). The quantiles of the sections
//! themselves would do for long ones only: of an M/M/1 queue at load 0.8, intervals made of them hold
//! the p99 in 75 of 100 runs of 40,000 tasks, and these in 92.
//!
//! Moves add up: those of a difference are differences, so two runs are compared by the same sections
//! of the same tasks. Repetitions are sections too, paired by seed. What is made of a ratio is in
//! `ratio.rs`.
//!
//! How many sections are used is decided by the data: the most whose neighbours do not correlate.

use crate::BatchPlan;
use crate::confidence::t975;
use crate::paired::Paired;
use crate::task_batches::MERGED;

/// The normal quantile of a one-sided test of level 5 %.
const ONE_SIDED: f64 = 1.6448536269514722;

/// One number of a run, and how its sections move it.
#[derive(Clone, PartialEq, Debug)]
pub struct Sections {
    overall: f64,
    /// For several numbers of sections, most first.
    moves: Vec<Vec<f64>>,
    /// The intervals of a quantile by number of sections: it has more room above than below.
    ends: Vec<(usize, [f64; 2])>,
}

/// The number of sections that was chosen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sectioning {
    /// Sections.
    pub sections: usize,
    /// Correlation of a section with the next, the largest of the numbers that it was chosen for.
    pub lag1: f64,
    /// Whether that is more than chance even for the fewest sections. Intervals are then too
    /// narrow: how much, nobody can tell from this run.
    pub correlated: bool,
}

/// The numbers of a run that have intervals; latencies in ms. What has too few samples in a section
/// is none.
#[derive(Clone, PartialEq, Debug)]
pub struct SectionsOfRun {
    /// How it was cut.
    pub plan: BatchPlan,
    /// Successful tasks per second, by spans in which equally many tasks ended.
    pub throughput: Option<Sections>,
    /// Mean over tasks of the waiting time.
    pub wait: Option<Sections>,
    /// Mean end-to-end latency.
    pub end_to_end: Option<Sections>,
    /// Its median, 95th and 99th percentile.
    pub end_to_end_quantiles: [Option<Sections>; 3],
    pub(crate) scheduling: Option<Sections>,
    pub(crate) queue: Option<Sections>,
    pub(crate) execution: Option<Sections>,
    pub(crate) transfer: Option<Sections>,
    pub(crate) wait_quantiles: [Option<Sections>; 3],
}

impl Sections {
    /// Of independent repetitions: `overall`, a number over all of them, given (own value, weight) of each;
    /// weights are equal but for means over different numbers of tasks. That is batch means with the
    /// repetitions for batches and, of a quantile over all samples, sectioning (Asmussen and Glynn,
    /// section III.5a). None without any weight.
    pub fn of_repetitions(overall: f64, repetitions: &[(f64, f64)]) -> Option<Sections> {
        let mean_weight =
            repetitions.iter().map(|(_, weight)| weight).sum::<f64>() / repetitions.len() as f64;
        let of = |(own, weight): &(f64, f64)| (own - overall) * weight / mean_weight;
        (mean_weight > 0.0).then(|| Sections {
            overall,
            moves: vec![repetitions.iter().map(of).collect()],
            ends: vec![],
        })
    }

    /// Σ totals ÷ Σ weights, given one (total, weight) per section. None without any weight.
    pub(crate) fn of_ratios(by_number: impl Iterator<Item = Vec<(f64, f64)>>) -> Option<Sections> {
        let all: Vec<_> = by_number.collect();
        let first = all.first()?;
        let weight: f64 = first.iter().map(|(_, weight)| weight).sum();
        let overall = first.iter().map(|(total, _)| total).sum::<f64>() / weight;
        let moves = |sections: &Vec<(f64, f64)>| {
            let mean_weight = weight / sections.len() as f64;
            let of = |(total, weight): &(f64, f64)| (total - overall * weight) / mean_weight;
            sections.iter().map(of).collect()
        };
        (weight > 0.0).then(|| Sections {
            overall,
            moves: all.iter().map(moves).collect(),
            ends: vec![],
        })
    }

    /// A quantile, `overall`, at `probability`, given by section how much more than in the whole run lies beyond
    /// it, as a share; `at` gives all quantiles of the run. None where chance reaches as far as the
    /// largest or smallest sample.
    pub(crate) fn of_quantile(
        (overall, probability): (f64, f64),
        at: impl Fn(f64) -> Option<f64>,
        by_number: impl Iterator<Item = Vec<f64>>,
    ) -> Option<Sections> {
        let mut sections = Sections { overall, moves: vec![], ends: vec![] };
        for shares in by_number {
            let n = shares.len();
            let half = half_width(&shares);
            if half >= probability.min(1.0 - probability) {
                continue;
            }
            let ends = [at(probability - half)?, at(probability + half)?];
            // One over the density near the quantile, from the same stretch of the distribution.
            let slope = if half > 0.0 { (ends[1] - ends[0]) / (2.0 * half) } else { 0.0 };
            sections.moves.push(shares.iter().map(|share| share * slope).collect());
            sections.ends.push((n, ends));
        }
        (!sections.moves.is_empty()).then_some(sections)
    }

    /// The value over the whole run.
    pub fn overall(&self) -> f64 {
        self.overall
    }

    /// A multiple of this.
    #[must_use]
    pub fn times(&self, factor: f64) -> Sections {
        self.map(factor * self.overall, |own| factor * own, |end| factor * end)
    }

    /// This and a constant.
    #[must_use]
    pub fn plus(&self, constant: f64) -> Sections {
        self.map(self.overall + constant, |own| own, |end| end + constant)
    }

    /// This − other, of the same tasks. None if they have no number of sections in common.
    pub fn minus(&self, other: &Sections) -> Option<Sections> {
        self.with(other, self.overall - other.overall, |own, theirs| own - theirs)
    }

    /// ln(this ÷ other), of the same tasks or seeds, by the jackknife: a section moves it by what leaving
    /// that one out of both does, times the sections less one, with the opposite sign. None unless both
    /// are above 0 without any one section, or if they have no number of sections in common.
    pub fn log_ratio(&self, other: &Sections) -> Option<Sections> {
        // Differences of logarithms, so that the other way round is the same but for the sign.
        let log = |one: f64, other: f64| libm::log(one) - libm::log(other);
        let overall = log(self.overall, other.overall);
        let pairs = self.moves.iter().filter_map(|own| Some((own, other.moves(own.len())?)));
        let moves: Vec<Vec<f64>> = pairs
            .filter_map(|(own, theirs)| {
                let others = (own.len() - 1) as f64;
                let rest = |all: f64, own: f64| Some(all - own / others).filter(|it| *it > 0.0);
                let of = |(own, theirs): (&f64, &f64)| match others > 0.0 {
                    true => {
                        let rest = log(rest(self.overall, *own)?, rest(other.overall, *theirs)?);
                        Some(others * (overall - rest))
                    }
                    false => Some(0.0),
                };
                own.iter().zip(theirs).map(of).collect()
            })
            .collect();
        let positive = self.overall > 0.0 && other.overall > 0.0;
        (positive && !moves.is_empty()).then_some(Sections { overall, moves, ends: vec![] })
    }

    /// The number of sections for these, which stand beside each other: of the numbers at which most of
    /// them are known, the largest at which no section correlates with the next, by a test of level
    /// 5 % for each. None if nothing is known.
    pub fn sectioning<'s>(all: impl IntoIterator<Item = &'s Sections>) -> Option<Sectioning> {
        let all: Vec<&Sections> = all.into_iter().collect();
        let known = |n: usize| all.iter().filter(move |it| it.moves(n).is_some()).count();
        let most = MERGED.map(known).into_iter().max().filter(|most| *most > 0)?;
        let mut chosen = None;
        for n in MERGED.into_iter().filter(|n| known(*n) == most) {
            let lags = all.iter().filter_map(|it| it.moves(n)).map(von_neumann);
            let lag1 = lags.fold(f64::NEG_INFINITY, f64::max);
            let correlated = all.iter().any(|it| it.correlated(n));
            chosen = Some(Sectioning { sections: n, lag1, correlated });
            if !correlated {
                break;
            }
        }
        chosen
    }

    /// The estimate from this number of sections, as a mean of pairs whose others have the mean
    /// `base`. None if it is not known for so many.
    pub fn estimate(&self, sections: usize, base: f64) -> Option<Paired> {
        let moves = self.moves(sections)?;
        let squares: f64 = moves.iter().map(|own| own * own).sum();
        let deviation = (squares / (sections as f64 - 1.0).max(1.0)).sqrt();
        Some(Paired::of_sections(sections, self.overall, base, deviation))
    }

    /// The 95 % interval from this number of sections. None if it is not known for so many.
    pub fn interval(&self, sections: usize) -> Option<[f64; 2]> {
        if let Some((_, ends)) = self.ends.iter().find(|(n, _)| *n == sections) {
            return Some(*ends);
        }
        let half = half_width(self.moves(sections)?);
        Some([self.overall - half, self.overall + half])
    }

    /// Whether more of so many sections correlate with the next than by chance, by a one-sided test of
    /// level 5 %. False if it is not known for so many.
    pub fn correlated(&self, sections: usize) -> bool {
        let beyond = ONE_SIDED * von_neumann_deviation(sections);
        self.moves(sections).is_some_and(|moves| von_neumann(moves) > beyond)
    }

    /// How large each of so many sections is, where the whole is 1: what it has above the whole, added to
    /// that. Of a quantile that is an approximation. None if it is not known for so many.
    pub(crate) fn sizes(&self, sections: usize) -> Option<impl Iterator<Item = f64>> {
        let whole = self.overall;
        Some(self.moves(sections)?.iter().map(move |own| (1.0 + own / whole).max(0.0)))
    }

    fn moves(&self, sections: usize) -> Option<&[f64]> {
        self.moves.iter().map(Vec::as_slice).find(|moves| moves.len() == sections)
    }

    fn map(&self, overall: f64, of: impl Fn(f64) -> f64, end: impl Fn(f64) -> f64) -> Sections {
        let moves = self.moves.iter().map(|moves| moves.iter().map(|own| of(*own)).collect());
        let ends = self.ends.iter().map(|(n, ends)| {
            let [one, other] = ends.map(&end);
            (*n, [one.min(other), one.max(other)])
        });
        Sections { overall, moves: moves.collect(), ends: ends.collect() }
    }

    fn with(
        &self,
        other: &Sections,
        overall: f64,
        of: impl Fn(f64, f64) -> f64,
    ) -> Option<Sections> {
        let both = self.moves.iter().filter_map(|own| Some((own, other.moves(own.len())?)));
        let moves = both.map(|(own, theirs)| {
            own.iter().zip(theirs).map(|(own, theirs)| of(*own, *theirs)).collect()
        });
        let moves: Vec<Vec<f64>> = moves.collect();
        (!moves.is_empty()).then_some(Sections { overall, moves, ends: vec![] })
    }
}

impl SectionsOfRun {
    /// The number of sections for all of a run.
    pub fn sectioning(&self) -> Option<Sectioning> {
        let quantiles = self.end_to_end_quantiles.iter().flatten();
        let means = [&self.throughput, &self.end_to_end, &self.wait].into_iter().flatten();
        Sections::sectioning(means.chain(quantiles))
    }
}

/// Half of the 95 % interval of a mean of so many moves about 0.
fn half_width(moves: &[f64]) -> f64 {
    let n = moves.len() as f64;
    let squares: f64 = moves.iter().map(|own| own * own).sum();
    t975(moves.len() - 1) * (squares / (n * (n - 1.0))).sqrt()
}

/// The correlation of neighbours, by von Neumann's ratio: 1 − Σ (xᵢ − xᵢ₊₁)² ÷ (2 Σ (xᵢ − x̄)²). Unlike
/// the plain one it has mean 0 for few independent numbers too (Fishman, Management Science
/// 24(5), 1978, who tests batches by it). 0 if all are equal.
fn von_neumann(series: &[f64]) -> f64 {
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    let squares: f64 = series.iter().map(|x| (x - mean) * (x - mean)).sum();
    let steps: f64 = series.windows(2).map(|two| (two[0] - two[1]) * (two[0] - two[1])).sum();
    if squares > 0.0 { 1.0 - steps / (2.0 * squares) } else { 0.0 }
}

/// The standard deviation of [`von_neumann`] of independent normal numbers; it is nearly normal from
/// eight on (ibid.).
fn von_neumann_deviation(n: usize) -> f64 {
    let n = n as f64;
    ((n - 2.0) / (n * n - 1.0)).sqrt()
}
