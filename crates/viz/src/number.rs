//! Numbers as people read them, and round ticks.
//!
//! Pictures show values from nanoseconds to days on one page, so digits follow the
//! size of the number; exact values stand in the reports.

pub(crate) use metrics::words::{count, plural};

use metrics::words::grouped;

/// `value` to about four digits, thousands grouped: `0.0123`, `1.235`, `99.8`, `1,234`, `4.2e15`.
pub(crate) fn readable(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-6..1e12).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = match size {
        s if s < 1.0 => (2.0 - s.log10().floor()) as usize,
        s if s < 10.0 => 2,
        s if s < 1000.0 => 1,
        _ => 0,
    };
    grouped(&format!("{value:.decimals$}"))
}

/// Ticks of a linear axis from 0 to at most `max`, at most `most` + 1 of them, 1, 2 or 5 × 10ᵏ apart,
/// with their labels. Only 0 if `max` is not a positive number.
pub(crate) fn ticks(max: f64, most: usize) -> Vec<(f64, String)> {
    if !(max.is_finite() && max > 1e-300 && most > 0) {
        return vec![(0.0, "0".to_owned())];
    }
    let rough = max / most as f64;
    let power = rough.log10().floor();
    let mut candidates = [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * 10f64.powf(power));
    let step = candidates.find(|&step| step >= rough * 0.999_999).unwrap_or(rough);
    let decimals = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
    let label = |value: f64| {
        if (1e-6..1e12).contains(&step) {
            grouped(&format!("{value:.decimals$}"))
        } else {
            format!("{value:.0e}")
        }
    };
    let last = (max / step * 1.000_000_1).floor() as usize;
    (0..=last).map(|i| i as f64 * step).map(|v| (v, label(v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well_at_every_size() {
        for (value, text) in [
            (0.0, "0"),
            (0.000_123_4, "0.000123"),
            (0.5, "0.500"),
            (1.2345, "1.23"),
            (12.34, "12.3"),
            (213.33, "213.3"),
            (1234.5, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-123.0, "-123.0"),
            (4.2e15, "4.20e15"),
        ] {
            assert_eq!(readable(value), text);
        }
        assert_eq!(count(1000), "1,000");
    }

    #[test]
    fn ticks_are_round_and_within() {
        let labels = |max, most| {
            let ticks = ticks(max, most);
            ticks.into_iter().map(|t| t.1).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(labels(213.3, 5), "0 50 100 150 200");
        assert_eq!(labels(1.0, 5), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(labels(0.007, 4), "0.000 0.002 0.004 0.006");
        assert_eq!(labels(12_345.0, 3), "0 5,000 10,000");
        assert_eq!(labels(0.0, 5), "0");
        assert_eq!(labels(f64::NAN, 5), "0");
        for most in 1..9 {
            for max in [1e-7, 0.3, 1.0, 7.0, 99.9, 1e5, 3e13] {
                let ticks = ticks(max, most);
                assert!(ticks.len() <= most + 1 && ticks.iter().all(|t| t.0 <= max * 1.000_001));
            }
        }
    }
}
