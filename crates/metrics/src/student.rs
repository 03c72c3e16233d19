//! Student's t and the normal distribution, as far as tests and sample sizes need them.
//!
//! Degrees of freedom are whole numbers here, for which the distribution function is a finite sum.
//! Transcendental functions come from `libm`, so that a verdict is the same on every machine.

use std::f64::consts::{PI, SQRT_2};

/// P(|T| > t): the two-sided p-value of `t` with `df` ≥ 1 degrees of freedom (Abramowitz & Stegun
/// 26.7.3 for odd, 26.7.4 for even ones). Good to about 1e-15 absolutely. O(df).
pub(crate) fn p_value(t: f64, df: usize) -> f64 {
    let t = t.abs();
    if !t.is_finite() {
        return if t.is_nan() { f64::NAN } else { 0.0 };
    }
    let root = (df as f64).sqrt();
    let hypotenuse = libm::hypot(t, root);
    let (sin, cos) = (t / hypotenuse, root / hypotenuse);
    let odd = df % 2 == 1;
    let (mut term, mut sum, mut k) = if odd { (cos, cos, 3) } else { (1.0, 1.0, 2) };
    while k + 2 <= df {
        term *= cos * cos * (k - 1) as f64 / k as f64;
        sum += term;
        k += 2;
    }
    let within = match (odd, df) {
        (true, 1) => 2.0 * libm::atan(t / root) / PI,
        (true, _) => 2.0 / PI * (libm::atan(t / root) + sin * sum),
        (false, _) => sin * sum,
    };
    (1.0 - within).clamp(0.0, 1.0)
}

/// [`p_value`] for any `df` ≥ 1, linear between whole numbers.
pub(crate) fn p_value_between(t: f64, df: f64) -> f64 {
    let (whole, rest) = (df.floor(), df - df.floor());
    let of = |df: f64| p_value(t, df as usize);
    if rest > 0.0 { (1.0 - rest) * of(whole) + rest * of(whole + 1.0) } else { of(whole) }
}

/// The t at which [`p_value_between`] is `level`, 0 < `level` < 1. By bisection, to 13 digits.
pub(crate) fn t_quantile(level: f64, df: f64) -> f64 {
    let mut high = 1.0;
    while p_value_between(high, df) > level {
        high *= 2.0;
    }
    let mut low = 0.0;
    while high - low > high * 1e-13 {
        let middle = (low + high) / 2.0;
        *(if p_value_between(middle, df) > level { &mut low } else { &mut high }) = middle;
    }
    high
}

/// The z that a standard normal number exceeds with this probability, 0 < `tail` ≤ 1/2.
/// By bisection, to the last bits.
pub(crate) fn normal_upper(tail: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        match libm::erfc(middle / SQRT_2) / 2.0 > tail {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::t975;

    #[test]
    fn p_values_agree_with_published_tables() {
        // NIST/SEMATECH e-Handbook, table 1.3.6.7.2: one-sided 0.10, 0.05, 0.025, 0.01, 0.001.
        for (df, row) in [
            (1, [3.078, 6.314, 12.706, 31.821, 318.313]),
            (2, [1.886, 2.920, 4.303, 6.965, 22.327]),
            (9, [1.383, 1.833, 2.262, 2.821, 4.297]),
            (10, [1.372, 1.812, 2.228, 2.764, 4.144]),
            (30, [1.310, 1.697, 2.042, 2.457, 3.385]),
            (99, [1.290, 1.660, 1.984, 2.365, 3.175]),
        ] {
            for (t, tail) in row.into_iter().zip([0.10, 0.05, 0.025, 0.01, 0.001]) {
                let p = p_value(t, df) / 2.0;
                assert!((p / tail - 1.0).abs() < 0.003, "{df}, {t}: {p}");
                assert_eq!(p_value(-t, df), p_value(t, df));
            }
        }
        for df in [1, 2, 5, 30, 200] {
            assert!((p_value(t975(df), df) - 0.05).abs() < 1e-7, "{df}");
        }
    }

    #[test]
    fn between_whole_degrees_of_freedom_is_between_their_values() {
        for df in [1, 2, 9, 200] {
            let whole = df as f64;
            assert!((t_quantile(0.05, whole) - t975(df)).abs() < 1e-6, "{df}");
            assert_eq!(p_value_between(2.5, whole), p_value(2.5, df));
            let (t, next) = (t_quantile(0.05, whole + 0.5), t_quantile(0.05, whole + 1.0));
            assert!(next < t && t < t_quantile(0.05, whole), "{df}: {t}");
            assert!((p_value_between(t, whole + 0.5) - 0.05).abs() < 1e-12);
        }
        // Tables: 0.001 one-sided is 0.002 of both.
        assert!((t_quantile(0.002, 9.0) - 4.297).abs() < 5e-4);
    }

    #[test]
    fn nothing_and_everything() {
        assert_eq!(p_value(0.0, 7), 1.0);
        assert_eq!(p_value(f64::INFINITY, 7), 0.0);
        assert!(p_value(f64::NAN, 7).is_nan());
    }

    #[test]
    fn normal_quantiles_are_the_known_ones() {
        for (tail, z) in [(0.025, 1.959964), (0.2, 0.841621), (0.005, 2.575829), (1e-6, 4.753424)] {
            assert!((normal_upper(tail) - z).abs() < 1e-6, "{tail}: {}", normal_upper(tail));
        }
        assert!(normal_upper(0.5).abs() < 1e-9);
    }
}
