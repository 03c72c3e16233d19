//! 95 % confidence intervals across repetitions, by Student's t.
//!
//! A repetition is one observation, however many samples it holds: samples within a run
//! depend on each other (a queue remembers), and an interval over them would be far too
//! narrow. Only arithmetic and square roots are used, which are the same on every machine.
//!
//! What cannot be negative has no interval that reaches below 0: cutting off what is impossible
//! takes nothing from the chance that the interval holds the truth.

/// Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom: the solutions of
/// A(t|ν) = 0.95 (Abramowitz & Stegun 26.7.3 and 26.7.4).
const T975: [f64; 30] = [
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157,
    2.228139, 2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922,
    2.093024, 2.085963, 2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831,
    2.048407, 2.045230, 2.042272,
];

/// Terms of the expansion in 1/ν at z = 1.959964, the normal quantile (Abramowitz & Stegun
/// 26.7.5). Its error is below 3e-8 from 31 degrees of freedom on.
const EXPANSION: [f64; 5] =
    [1.959963984540054, 2.372271230298562, 2.822498615739612, 2.555849679507722, 1.589534053393823];

/// The 97.5 % quantile of Student's t: what bounds a two-sided 95 % interval. NaN for 0 degrees of
/// freedom.
pub fn t975(degrees_of_freedom: usize) -> f64 {
    match degrees_of_freedom {
        0 => f64::NAN,
        df if df <= T975.len() => T975[df - 1],
        df => EXPANSION.iter().rev().fold(0.0, |sum, term| sum / df as f64 + term),
    }
}

/// The interval for Σ totals ÷ Σ weights, given one (total, weight) per repetition, e.g. the sum
/// of a latency and its number of samples. `None` for fewer than two repetitions of weight > 0.
///
/// It is centred on the pooled mean, which is the number it is shown beside, and uses the ratio
/// estimator's variance (Cochran, Sampling Techniques, 3rd ed., chapter 6), with n − 1 degrees of
/// freedom. With equal weights it is exactly the t interval of the repetitions' means. Where no total
/// is below 0 it ends at 0.
pub fn ratio_interval(repetitions: &[(f64, f64)]) -> Option<[f64; 2]> {
    let counted = || repetitions.iter().filter(|(_, weight)| *weight > 0.0);
    let n = counted().count();
    if n < 2 {
        return None;
    }
    let weights: f64 = counted().map(|(_, weight)| weight).sum();
    let ratio = counted().map(|(total, _)| total).sum::<f64>() / weights;
    let residuals = counted().map(|(total, weight)| total - ratio * weight);
    let squares: f64 = residuals.map(|residual| residual * residual).sum();
    let mean_weight = weights / n as f64;
    let error = (squares / ((n - 1) * n) as f64).sqrt() / mean_weight;
    let half = t975(n - 1) * error;
    let floor = floor(counted().map(|(total, _)| *total));
    Some([(ratio - half).max(floor), ratio + half])
}

/// The interval of a quantile: `overall`, that of all samples together, with a half-width from the
/// quantiles of the repetitions on their own. `None` for fewer than two.
///
/// This is *sectioning*: the repetitions' quantiles spread around the overall one, which is less
/// biased than their mean and is the number that is shown (Asmussen and Glynn, Stochastic
/// Simulation, 2007, section III.5a; Nakayama, ACM TOMACS 24(4), 2014). Student's t with
/// n − 1 degrees of freedom. Where no quantile is below 0 it ends at 0.
pub fn sectioning_interval(overall: f64, repetitions: &[f64]) -> Option<[f64; 2]> {
    let n = repetitions.len();
    if n < 2 {
        return None;
    }
    let squares: f64 = repetitions.iter().map(|own| (own - overall) * (own - overall)).sum();
    let half = t975(n - 1) * (squares / ((n - 1) * n) as f64).sqrt();
    Some([(overall - half).max(floor(repetitions.iter().copied())), overall + half])
}

/// Where an interval of such numbers ends: 0 if none is negative.
fn floor(of: impl Iterator<Item = f64>) -> f64 {
    let mut of = of;
    if of.all(|x| x >= 0.0) { 0.0 } else { f64::NEG_INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn t_agrees_with_published_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2, column 0.975.
        for (df, published) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (5, 2.571),
            (9, 2.262),
            (10, 2.228),
            (19, 2.093),
            (29, 2.045),
            (30, 2.042),
            (31, 2.040),
            (40, 2.021),
            (60, 2.000),
            (100, 1.984),
        ] {
            assert!((t975(df) - published).abs() <= 0.0005001, "{df}: {}", t975(df));
        }
        assert!((t975(1_000_000) - 1.959964).abs() < 1e-5);
    }

    /// P(|T| < t) by the finite series for whole degrees of freedom, Abramowitz & Stegun 26.7.3
    /// (odd) and 26.7.4 (even).
    fn within(t: f64, df: usize) -> f64 {
        let theta = (t / (df as f64).sqrt()).atan();
        let (sin, cos) = theta.sin_cos();
        let odd = df % 2 == 1;
        let (mut term, mut sum) = if odd { (cos, cos) } else { (1.0, 1.0) };
        let mut k = if odd { 3 } else { 2 };
        while k + 2 <= df {
            term *= cos * cos * (k - 1) as f64 / k as f64;
            sum += term;
            k += 2;
        }
        match df {
            1 => 2.0 * theta / PI,
            _ if odd => 2.0 / PI * (theta + sin * sum),
            _ => sin * sum,
        }
    }

    #[test]
    fn t_solves_the_distribution_function() {
        for df in (1..=60).chain([100, 999]) {
            let probability = within(t975(df), df);
            assert!((probability - 0.95).abs() < 1e-7, "{df}: {probability}");
        }
    }

    #[test]
    fn equal_weights_give_the_plain_t_interval() {
        // Means 10, 12, 14: mean 12, standard deviation 2, t(2) = 4.302653.
        let [lo, hi] = ratio_interval(&[(100.0, 10.0), (120.0, 10.0), (140.0, 10.0)]).unwrap();
        let half = 4.302653 * 2.0 / 3.0_f64.sqrt();
        assert!((lo - (12.0 - half)).abs() < 1e-9 && (hi - (12.0 + half)).abs() < 1e-9);
    }

    #[test]
    fn the_interval_is_about_the_pooled_mean() {
        // One sample of 100 in a repetition must not move the centre to 55.
        let [lo, hi] = ratio_interval(&[(9990.0, 999.0), (100.0, 1.0)]).unwrap();
        assert!(((lo + hi) / 2.0 - 10.09).abs() < 1e-9, "{lo}..{hi}");
    }

    #[test]
    fn the_interval_of_a_quantile_is_about_that_of_all_samples() {
        // 9, 11, 13 around 12: squares 9 + 1 + 1 = 11; √(11 ÷ 6) × t(2).
        let [lo, hi] = sectioning_interval(12.0, &[9.0, 11.0, 13.0]).unwrap();
        let half = 4.302653 * (11.0_f64 / 6.0).sqrt();
        assert!((lo - (12.0 - half)).abs() < 1e-9 && (hi - (12.0 + half)).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_negative_has_no_interval_below_0() {
        // Around 2 of 0, 0, 6: √((4 + 4 + 16) ÷ 6) × t(2) = 8.6; the upper end is that of the formula.
        let [lo, hi] = sectioning_interval(2.0, &[0.0, 0.0, 6.0]).unwrap();
        assert_eq!(lo, 0.0);
        assert!((hi - 2.0 - 4.302653 * 2.0).abs() < 1e-9, "{hi}");
        let [lo, hi] = ratio_interval(&[(0.0, 1.0), (0.0, 1.0), (6.0, 1.0)]).unwrap();
        assert!(lo == 0.0 && (hi - 2.0 - 4.302653 * 2.0).abs() < 1e-9, "{lo}..{hi}");
        // Differences may be.
        let [lo, hi] = ratio_interval(&[(-3.0, 1.0), (0.0, 1.0), (3.0, 1.0)]).unwrap();
        assert!(lo < 0.0 && (lo + hi).abs() < 1e-12, "{lo}..{hi}");
        let [lo, _] = sectioning_interval(0.0, &[-3.0, 0.0, 3.0]).unwrap();
        assert!(lo < 0.0, "{lo}");
    }

    #[test]
    fn one_repetition_has_no_interval() {
        assert_eq!(sectioning_interval(5.0, &[5.0]), None);
        assert_eq!(ratio_interval(&[(5.0, 1.0)]), None);
        assert_eq!(ratio_interval(&[(5.0, 1.0), (0.0, 0.0)]), None);
    }
}
