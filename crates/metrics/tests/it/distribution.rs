//! One series: hand-computed quantiles, zeros, extremes, and a sorted list as the oracle.

use crate::support::Draws;
use metrics::{Distribution, Nanos};

const PERMILLE: [u16; 5] = [500, 900, 950, 990, 999];

fn of(samples: impl IntoIterator<Item = u64>) -> Distribution {
    let mut series = Distribution::new();
    for ns in samples {
        series.record(Nanos::new(ns));
    }
    series
}

fn quantiles(series: &Distribution) -> [u64; 5] {
    series.quantiles(PERMILLE).unwrap().map(Nanos::get)
}

#[test]
fn quantiles_of_one_to_a_thousand_are_those_by_hand() {
    // Below 2048 ns every value has its own bucket. Rank ⌈q × 1000⌉ of 1..=1000 is itself.
    let series = of((1..=1000).rev());
    assert_eq!(quantiles(&series), [500, 900, 950, 990, 999]);
    assert_eq!(series.mean_ns(), Some(500.5));
    assert_eq!(series.max(), Some(Nanos::new(1000)));
}

#[test]
fn quantiles_of_few_samples_are_samples() {
    // Of three, the median is the second and all higher quantiles are the third.
    assert_eq!(quantiles(&of([7, 5, 6])), [6, 7, 7, 7, 7]);
    // Of an even number, the median is the lower of the two in the middle.
    assert_eq!(quantiles(&of([1, 2, 3, 4]))[0], 2);
}

#[test]
fn a_constant_is_exact_in_every_quantile() {
    let ns = 25_000_123;
    assert_eq!(quantiles(&of([ns; 50])), [ns; 5]);
}

#[test]
fn zeros_count() {
    let series = of([[0; 90].as_slice(), &[1000; 10]].concat());
    assert_eq!(series.count(), 100);
    assert_eq!(series.mean_ns(), Some(100.0));
    assert_eq!(quantiles(&series), [0, 0, 1000, 1000, 1000]);
    let zeros = of([0, 0]);
    assert_eq!((zeros.count(), zeros.mean_ns(), zeros.max()), (2, Some(0.0), Some(Nanos::ZERO)));
    assert_eq!(quantiles(&zeros), [0; 5]);
}

#[test]
fn no_sample_has_no_values() {
    let series = Distribution::new();
    assert_eq!((series.count(), series.mean_ns(), series.max()), (0, None, None));
    assert_eq!(series.quantiles(PERMILLE), None);
}

#[test]
fn the_longest_durations_are_neither_lost_nor_clamped() {
    let hundred_hours = 360_000_000_000_000;
    let mut series = of([1, hundred_hours, u64::MAX]);
    series.merge(&of([u64::MAX]));
    assert_eq!(series.count(), 4);
    assert_eq!(series.sum_ns(), 1 + u128::from(hundred_hours) + 2 * u128::from(u64::MAX));
    let [p50, p90, ..] = quantiles(&series);
    assert!((hundred_hours..=hundred_hours + hundred_hours / 1024).contains(&p50), "{p50}");
    assert_eq!(p90, u64::MAX);
}

#[test]
fn equal_samples_may_be_recorded_together() {
    let mut together = Distribution::new();
    for (ns, n) in [(0, 3), (70_000, 5), (9, 1), (1_000_000, 0)] {
        together.record_n(Nanos::new(ns), n);
    }
    let apart = of([0, 0, 0, 70_000, 70_000, 70_000, 70_000, 70_000, 9]);
    assert_eq!(together.count(), apart.count());
    assert_eq!(together.sum_ns(), apart.sum_ns());
    assert_eq!(together.max(), apart.max());
    assert_eq!(quantiles(&together), quantiles(&apart));
}

#[test]
fn a_series_agrees_with_the_sorted_list_of_its_samples() {
    for seed in 0..200 {
        let mut draws = Draws(seed);
        let bits = 1 + draws.below(64);
        let n = 1 + draws.below(2_000) as usize;
        let mut samples: Vec<u64> = (0..n).map(|_| draws.duration(bits)).collect();
        let split = draws.below(n as u64 + 1) as usize;
        let mut series = of(samples[..split].iter().copied());
        series.merge(&of(samples[split..].iter().copied()));

        samples.sort_unstable();
        assert_eq!(series.count(), n as u64);
        assert_eq!(series.sum_ns(), samples.iter().map(|&ns| u128::from(ns)).sum());
        assert_eq!(series.max().map(Nanos::get), samples.last().copied());
        for (permille, got) in PERMILLE.into_iter().zip(quantiles(&series)) {
            let rank = (n * usize::from(permille)).div_ceil(1000).max(1);
            let exact = samples[rank - 1];
            let most = exact.saturating_add(exact / 1024).min(samples[n - 1]);
            assert!((exact..=most).contains(&got), "seed {seed}, {permille} ‰: {got}, not {exact}");
        }
    }
}
