//! What is accepted, and how much is run for it.
//!
//! A mean is accepted within 3.5 standard errors of the formula, from at least 200 batches over
//! ten seeds, if its standard error is small and neighbouring batches do not remember each other.
//! One in 2,000 sound means is further away by chance; so a case that fails is run once more with
//! ten other seeds, and what fails both is a defect. Seeds are never chosen: 1…10, then 11…20.

use crate::estimate::{Batch, Estimate};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The whole suite, not the small one.
pub(crate) const FULL: bool = cfg!(feature = "full-theory");

pub(crate) const SEEDS: RangeInclusive<u64> = 1..=10;
const OTHER_SEEDS: RangeInclusive<u64> = 11..=20;
const THREADS: usize = 2;

/// Batches of each seed: 200 in all.
pub(crate) const BATCHES: u64 = 20;
/// Standard errors.
const FARTHEST: f64 = 3.5;
/// Batches of an uncorrelated series correlate by chance, with a deviation of 0.07. At 0.4 the
/// true error would be a third larger than the one found.
const MOST_LAG: f64 = 0.4;

/// How much is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Counted tasks of each seed, unless the case needs more.
    pub(crate) tasks: u64,
    /// Largest standard error, as a share of the value.
    error: f64,
}

pub(crate) const SMALL: Size = Size { tasks: 20_000, error: 0.05 };
pub(crate) const WHOLE: Size = if FULL { Size { tasks: 1_000_000, error: 0.01 } } else { SMALL };

/// A mean, and what it is by a formula.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) name: String,
    pub(crate) theory: f64,
}

/// Something to be run with one seed after another.
pub(crate) trait Experiment: Sync {
    fn title(&self) -> &str;
    fn claims(&self) -> Vec<Claim>;
    /// Of one seed, for each claim, the batches in their order.
    fn batches(&self, seed: u64, size: Size) -> Vec<Vec<Batch>>;
}

/// Every claim of the experiment holds.
#[track_caller]
pub(crate) fn holds(experiment: &dyn Experiment) {
    let refused = check(experiment, WHOLE, true);
    assert!(refused.is_empty(), "{}: not as the formula says: {refused:?}", experiment.title());
}

/// These claims are refused, because something is wrong; others may be. The small sample has to
/// do: what is refused there for its distance, is refused in a larger one all the more.
#[track_caller]
pub(crate) fn refuses(experiment: &dyn Experiment, claims: &[&str]) {
    let refused = check(experiment, SMALL, false);
    for claim in claims {
        let found = refused.iter().any(|it| it == claim);
        assert!(found, "{}: {claim} is not refused, only {refused:?}", experiment.title());
    }
}

/// These claims are refused, and the others hold: they do not depend on what is wrong.
#[track_caller]
pub(crate) fn refuses_only(experiment: &dyn Experiment, claims: &[&str]) {
    let refused = check(experiment, SMALL, false);
    assert_eq!(refused, claims, "{}: these are refused", experiment.title());
}

/// The claims that are off with the seeds and, again, with the other seeds.
fn check(experiment: &dyn Experiment, size: Size, precise: bool) -> Vec<String> {
    let first = refused(experiment, SEEDS, size, precise);
    if first.is_empty() {
        return first;
    }
    let second = refused(experiment, OTHER_SEEDS, size, precise);
    first.into_iter().filter(|name| second.contains(name)).collect()
}

/// The claims that are off with these seeds.
fn refused(
    experiment: &dyn Experiment,
    seeds: RangeInclusive<u64>,
    size: Size,
    precise: bool,
) -> Vec<String> {
    let mut runs = each_seed(seeds.clone(), |seed| experiment.batches(seed, size));
    let title = experiment.title();
    let mut off = Vec::new();
    for (at, Claim { name, theory }) in experiment.claims().into_iter().enumerate() {
        let batches: Vec<_> = runs.iter_mut().map(|run| std::mem::take(&mut run[at])).collect();
        let found = Estimate::of(&batches);
        let Estimate { mean, error, lag, batches } = found;
        let (share, distance) = (error / mean.abs(), found.distance(theory));
        println!(
            "{title:<52} {name:<24} seeds {seeds:?}: {theory:.5}, found {mean:.5} ± {:.2} %, \
             {distance:+.2} standard errors away; lag {lag:+.2}",
            100.0 * share,
        );
        assert!(batches >= 200, "{title}, {name}: {batches} batches");
        assert!(!precise || share <= size.error, "{title}, {name}: the error is too large");
        assert!(!precise || lag <= MOST_LAG, "{title}, {name}: batches are too short");
        if distance.is_nan() || distance.abs() > FARTHEST {
            off.push(name);
        }
    }
    off
}

/// Calls `work` for every seed, on two threads; the results are in the order of the seeds.
pub(crate) fn each_seed<T: Send>(
    seeds: RangeInclusive<u64>,
    work: impl Fn(u64) -> T + Sync,
) -> Vec<T> {
    let next = AtomicU64::new(*seeds.start());
    let worker = || {
        let mut done = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !seeds.contains(&seed) {
                return done;
            }
            done.push((seed, work(seed)));
        }
    };
    let mut done: Vec<(u64, T)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|it| it.join().expect("a run panicked")).collect()
    });
    done.sort_unstable_by_key(|(seed, _)| *seed);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mean of 100 with a deviation of `spread` from batch to batch, off by a fifth of the
    /// deviation (2.8 standard errors) or by two fifths (5.7) with some seeds.
    struct Dice {
        spread: f64,
        /// A batch repeats the one before it, so many times.
        repeats: u64,
        off: fn(u64) -> f64,
    }

    impl Experiment for Dice {
        fn title(&self) -> &str {
            "dice"
        }

        fn claims(&self) -> Vec<Claim> {
            vec![Claim { name: "mean".into(), theory: 100.0 }]
        }

        fn batches(&self, seed: u64, _: Size) -> Vec<Vec<Batch>> {
            // As many up as down, with little memory.
            let up = |at: u64| b"+-++--+-+--++-+-+--+"[at as usize] == b'+';
            let sign = |at| if up(at) { 1.0 } else { -1.0 };
            let value = |at| 100.0 + self.spread * (sign(at / self.repeats) + (self.off)(seed));
            vec![(0..BATCHES).map(|at| Batch { total: value(at), weight: 1.0 }).collect()]
        }
    }

    const SOUND: Dice = Dice { spread: 1.0, repeats: 1, off: |_| 0.0 };

    #[test]
    fn far_off_twice_is_refused() {
        holds(&SOUND);
        holds(&Dice { off: |_| 0.2, ..SOUND });
        refuses_only(&Dice { off: |_| 0.4, ..SOUND }, &["mean"]);
        refuses(&Dice { off: |_| -0.4, ..SOUND }, &["mean"]);
        // Chance does not strike twice.
        holds(&Dice { off: |seed| if seed <= 10 { 0.4 } else { 0.0 }, ..SOUND });
    }

    #[test]
    #[should_panic(expected = "not as the formula says")]
    fn a_wrong_mean_does_not_hold() {
        holds(&Dice { off: |_| 0.4, ..SOUND });
    }

    #[test]
    #[should_panic(expected = "mean is not refused")]
    fn a_right_mean_is_not_refused() {
        refuses(&SOUND, &["mean"]);
    }

    #[test]
    #[should_panic(expected = "the error is too large")]
    fn a_vague_mean_does_not_hold() {
        holds(&Dice { spread: 100.0, ..SOUND });
    }

    #[test]
    #[should_panic(expected = "batches are too short")]
    fn batches_that_remember_do_not_hold() {
        holds(&Dice { repeats: 4, ..SOUND });
    }
}
