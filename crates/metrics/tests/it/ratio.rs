//! Ratios of paired numbers, against values by hand and against pairs of known ratio.

use crate::support::Draws;
use metrics::{Paired, Ratio, Sections};

/// The ratio of the means of pairs.
fn ratio(pairs: &[(f64, f64)]) -> Option<Ratio> {
    let of = |which: fn(&(f64, f64)) -> f64| {
        let values: Vec<(f64, f64)> = pairs.iter().map(|pair| (which(pair), 1.0)).collect();
        let mean = values.iter().map(|(own, _)| own).sum::<f64>() / values.len() as f64;
        Sections::of_repetitions(mean, &values).unwrap()
    };
    Ratio::of(&of(|pair| pair.0), &of(|pair| pair.1), pairs.len())
}

fn swapped(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    pairs.iter().map(|&(one, other)| (other, one)).collect()
}

fn uniform(draws: &mut Draws) -> f64 {
    (draws.next() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Nearly log-normal, with mean 1: the exponential of the sum of twelve uniform numbers about 0, of which
/// each has the mean sinh(σ ÷ 2) ÷ (σ ÷ 2).
fn log_normal(draws: &mut Draws, deviation: f64) -> f64 {
    let normal = (0..12).map(|_| uniform(draws)).sum::<f64>() - 6.0;
    let half = deviation / 2.0;
    let mean = if half > 0.0 { (half.sinh() / half).powi(12) } else { 1.0 };
    (deviation * normal).exp() / mean
}

#[test]
fn a_ratio_by_hand() {
    // (2 + 6) ÷ (1 + 1) is 4; without one of the pairs it is 6 or 2. In logarithms that is 0.4055 above
    // and 0.6931 below, so the error is √((0.4055² + 0.6931²) ÷ 2). Two pairs are one degree of freedom.
    let found = ratio(&[(2.0, 1.0), (6.0, 1.0)]).unwrap();
    assert!((found.value() - 4.0).abs() < 1e-12);
    let error = ((1.5_f64.ln().powi(2) + 2.0_f64.ln().powi(2)) / 2.0).sqrt();
    let [low, high] = found.interval().unwrap();
    let half = 12.706205 * error;
    assert!((low.ln() - (4.0_f64.ln() - half)).abs() < 1e-6, "{low}");
    assert!((high.ln() - (4.0_f64.ln() + half)).abs() < 1e-6, "{high}");
    // Four pairs of sizes 1, 1, 1, 7 on either side are (10)² ÷ 52 = 1.923 in effect: no more than two.
    let uneven = ratio(&[(1.1, 1.0), (1.0, 1.1), (1.0, 1.0), (7.0, 7.0)]).unwrap();
    let even = ratio(&[(2.6, 2.5), (2.5, 2.6), (2.5, 2.5), (2.5, 2.5)]).unwrap();
    let width = |of: &Ratio| of.interval().map(|[low, high]| (high / low).ln()).unwrap();
    let at =
        |of: &Ratio, level| of.interval_at(level).map(|[low, high]| (high / low).ln()).unwrap();
    // t of one and of three degrees of freedom, at 0.05 and at 0.01.
    assert!((at(&uneven, 0.01) / width(&uneven) - 63.6567 / 12.7062).abs() < 1e-4);
    assert!((at(&even, 0.01) / width(&even) - 5.8409 / 3.1824).abs() < 0.01);
}

#[test]
fn what_pairs_have_in_common_cancels() {
    let twice = ratio(&[(2.0, 1.0), (20.0, 10.0), (200.0, 100.0)]).unwrap();
    let [low, high] = twice.interval().unwrap();
    assert!((low - 2.0).abs() < 1e-12 && (high - 2.0).abs() < 1e-12, "{low} {high}");
    assert_eq!(twice.p_value(), Some(0.0));
    let equal = ratio(&[(3.0, 3.0), (5.0, 5.0)]).unwrap();
    assert_eq!((equal.value(), equal.p_value()), (1.0, Some(1.0)));
    assert!(equal.is_within(1e-9));
    let single = ratio(&[(3.0, 2.0)]).unwrap();
    assert_eq!((single.interval(), single.p_value(), single.is_within(1.0)), (None, None, false));
}

#[test]
fn the_other_way_round_is_the_reciprocal_with_the_same_verdict() {
    let mut random = Draws(5);
    for n in [2, 3, 10, 30] {
        let pairs: Vec<_> = (0..n)
            .map(|_| (log_normal(&mut random, 1.0), 1.4 * log_normal(&mut random, 0.5)))
            .collect();
        let (one, other) = (ratio(&pairs).unwrap(), ratio(&swapped(&pairs)).unwrap());
        assert_eq!(one.p_value(), other.p_value(), "{n}");
        assert_eq!(one.reversed(), other, "{n}");
        let [low, high] = one.interval().unwrap();
        let [other_low, other_high] = other.interval().unwrap();
        assert!((low * other_high - 1.0).abs() < 1e-12 && (high * other_low - 1.0).abs() < 1e-12);
        for effect in [0.1, 1.0, 3.0] {
            assert_eq!(one.is_within(effect), other.is_within(effect));
        }
        assert_eq!(one.pairs_needed(Some(0.01), 0.05), other.pairs_needed(Some(0.01), 0.05));
    }
}

#[test]
fn a_large_ratio_is_found_though_one_pair_has_nearly_nothing() {
    // Waits of two policies, 5 to 400 times as long in each pair. Of the pairs' own ratios t is 1.7 in one
    // direction; the other way round it is 60.
    let pairs = [(400.0, 1.0), (500.0, 90.0), (800.0, 70.0), (200.0, 20.0), (300.0, 60.0)];
    let own = |pairs: &[(f64, f64)]| {
        let ratios: Vec<_> = pairs.iter().map(|(one, other)| (one / other, 1.0)).collect();
        Paired::of(&ratios).unwrap().p_value().unwrap()
    };
    assert!(own(&pairs) > 0.1 && own(&swapped(&pairs)) < 1e-4);
    let found = ratio(&pairs).unwrap();
    assert!((found.value() - 2_200.0 / 241.0).abs() < 1e-9);
    assert!(found.p_value().unwrap() < 0.01, "{found:?}");
}

#[test]
fn nothing_in_some_pairs_does_no_harm_and_in_all_but_one_there_is_no_ratio() {
    let some = ratio(&[(5.0, 0.0), (6.0, 2.0), (0.0, 0.0), (7.0, 1.0)]).unwrap();
    assert!((some.value() - 6.0).abs() < 1e-12);
    assert!(some.interval().unwrap().iter().all(|end| end.is_finite() && *end > 0.0));
    for pairs in [
        [(5.0, 0.0), (6.0, 9.0), (4.0, 0.0)],
        [(0.0, 1.0), (0.0, 1.0), (1e9, 1.0)],
        [(0.0, 0.0), (0.0, 0.0), (0.0, 0.0)],
    ] {
        assert_eq!((ratio(&pairs), ratio(&swapped(&pairs))), (None, None), "{pairs:?}");
    }
}

/// Of 95 % intervals about 95 of 100 hold the known ratio, also where values spread over a factor of 50 and
/// where there is nothing in a third of the pairs. Only where one side alone spreads that far it is
/// some less: the largest values are not in every sample.
#[test]
fn the_interval_holds_the_known_ratio_as_often_as_it_says() {
    let mut random = Draws(7);
    // Standard deviations of the logarithms of what pairs share, of one, of the other; how many of
    // the other are nothing; pairs.
    for (shared, one, other, nothing, n, least) in [
        (0.0, 0.05, 0.05, 0.0, 3, 0.94),
        (0.0, 0.05, 0.05, 0.0, 10, 0.94),
        (1.0, 0.1, 0.1, 0.0, 10, 0.94),
        (0.0, 0.5, 0.5, 0.0, 5, 0.94),
        (1.0, 0.5, 0.5, 0.0, 10, 0.94),
        (0.0, 0.3, 1.0, 0.0, 10, 0.90),
        (0.0, 0.3, 0.3, 0.33, 20, 0.94),
    ] {
        let (truth, runs) = (3.0, 4_000_u32);
        let mut held = 0;
        for _ in 0..runs {
            let pairs: Vec<(f64, f64)> = (0..n)
                .map(|_| {
                    let both = log_normal(&mut random, shared);
                    let drop =
                        if uniform(&mut random) < nothing { 0.0 } else { 1.0 / (1.0 - nothing) };
                    let values =
                        (log_normal(&mut random, one), drop * log_normal(&mut random, other));
                    (truth * both * values.0, both * values.1)
                })
                .collect();
            let interval = ratio(&pairs).and_then(|ratio| ratio.interval());
            held += u32::from(interval.is_none_or(|[low, high]| low <= truth && truth <= high));
        }
        let share = f64::from(held) / f64::from(runs);
        println!("shared {shared}, {one} and {other}, {nothing} nothing, {n} pairs: {share}");
        assert!(
            (least..0.985).contains(&share),
            "{shared}, {one}, {other}, {nothing}, {n}: {share}"
        );
    }
}

/// "No difference" is rejected in about 5 of 100 cases in which it is true, and in 1 of 200 at the
/// level 0.005, however unequal the pairs are.
#[test]
fn equal_numbers_are_rarely_told_apart() {
    let mut random = Draws(11);
    for (shared, own, n) in [(0.0, 0.1, 3), (0.0, 0.5, 10), (1.0, 0.3, 10), (1.0, 0.3, 30)] {
        let mut rejected = [0_u32; 2];
        for _ in 0..10_000 {
            let pairs: Vec<(f64, f64)> = (0..n)
                .map(|_| {
                    let both = log_normal(&mut random, shared);
                    (both * log_normal(&mut random, own), both * log_normal(&mut random, own))
                })
                .collect();
            let p = ratio(&pairs).unwrap().p_value().unwrap();
            rejected[0] += u32::from(p <= 0.05);
            rejected[1] += u32::from(p <= 0.005);
        }
        let [often, seldom] = rejected.map(|n| f64::from(n) / 10_000.0);
        println!("shared {shared}, own {own}, {n} pairs: {often}, {seldom}");
        // Standard errors: 0.002 and 0.0007.
        assert!((0.04..0.06).contains(&often), "{shared}, {own}, {n}: {often}");
        assert!((0.003..0.0075).contains(&seldom), "{shared}, {own}, {n}: {seldom}");
    }
}
