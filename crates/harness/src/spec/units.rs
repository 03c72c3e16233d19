//! Texts of a spec or a flag to amounts, and back.
//!
//! Exact: `0.25` cores are 250 thousandths, `1.5GiB` a whole number of bytes, and what
//! is finer than the unit that is counted in is refused rather than rounded. A bare
//! number where a unit belongs is refused too: nobody should have to guess it.

use super::error::BadValue;
use sched_core::{Resources, Span};
use std::num::IntErrorKind;

/// A length of time.
///
/// # Errors
/// Without a unit, negative, finer than a nanosecond, or no number at all.
pub(crate) fn span(text: &str) -> Result<Span, BadValue> {
    if text.trim().parse::<f64>().is_ok_and(f64::is_finite) && !text.trim().starts_with('-') {
        let number = text.trim();
        return bad(format!("`{text}` has no unit: write for example `{number}ms` or `{number}s`"));
    }
    text.parse().map_err(|error: sched_core::ParseSpanError| BadValue(error.to_string()))
}

/// A length of time as files of numbers hold it: in seconds, to the nearest nanosecond.
///
/// # Errors
/// Negative, above 10¹⁰ (some 300 years), or no number.
pub(super) fn seconds(text: &str) -> Result<Span, BadValue> {
    const MOST: f64 = 1e10;
    match number(text)? {
        number if number < 0.0 => bad(format!("`{text}` is negative; a time is at least 0")),
        number if number > MOST => bad(format!("`{text}` seconds are too long: at most {MOST}")),
        // Up to nine decimals are exact; beyond, there are more digits than nanoseconds.
        number => Ok(exact(text, 1_000_000_000)
            .map_or_else(|| Span::from_secs_f64(number), Span::from_nanos)),
    }
}

/// Thousandths of a core or a gpu from a decimal number.
///
/// # Errors
/// Negative, finer than a thousandth, above 4 millions, or no decimal number.
pub(super) fn milli(text: &str) -> Result<u32, BadValue> {
    let wrong = || {
        BadValue(format!(
            "`{text}` is not an amount: write a number with at most three decimals, \
             for example `1` or `0.25`"
        ))
    };
    let thousandths = exact(text, 1000).ok_or_else(wrong)?;
    u32::try_from(thousandths).map_err(|_| wrong())
}

/// Units of memory, from the largest down.
const MEMORY: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

/// Bytes of memory.
///
/// # Errors
/// Without a unit, negative, not a whole number of bytes, or above 2⁶⁴ − 2.
pub(super) fn memory(text: &str) -> Result<u64, BadValue> {
    let wrong = || {
        BadValue(format!(
            "`{text}` is not an amount of memory: write a number and a unit \
             (B, KB, MB, GB, TB, KiB, MiB, GiB, TiB), for example `6MiB`"
        ))
    };
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let (_, scale) = MEMORY.into_iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    exact(number, scale).filter(|&bytes| bytes < Resources::UNLIMITED_MEMORY).ok_or_else(wrong)
}

/// A finite number.
///
/// # Errors
/// Not a number, or not finite.
pub(crate) fn number(text: &str) -> Result<f64, BadValue> {
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => bad(format!("`{text}` is not a number: write for example `0.8`")),
    }
}

/// A finite number above zero.
///
/// # Errors
/// As [`number`], or not above zero.
pub(crate) fn positive(text: &str) -> Result<f64, BadValue> {
    match number(text)? {
        number if number > 0.0 => Ok(number),
        _ => bad(format!("`{text}` is not above 0")),
    }
}

/// A number above 0 and at most `most`: beyond, a run would never end or its numbers would be noise.
///
/// # Errors
/// As [`positive`], and above `most`.
pub(super) fn positive_up_to(text: &str, most: f64) -> Result<f64, BadValue> {
    match positive(text)? {
        number if number <= most => Ok(number),
        _ => bad(format!("`{text}` is too large: at most {most}")),
    }
}

/// A whole number from `min` to `most`.
///
/// # Errors
/// As [`whole`], and above `most`.
pub(super) fn whole_up_to(text: &str, min: u64, most: u64) -> Result<u64, BadValue> {
    match whole(text, min)? {
        number if number <= most => Ok(number),
        _ => bad(format!("`{text}` is too large: at most {most}")),
    }
}

/// A whole number of at least `min`.
///
/// # Errors
/// Not a whole number, below `min`, or above 2⁶⁴ − 1.
pub(super) fn whole(text: &str, min: u64) -> Result<u64, BadValue> {
    match text.trim().parse::<u64>() {
        Ok(number) if number >= min => Ok(number),
        Ok(_) => bad(format!("`{text}` is too small: at least {min}")),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => {
            bad(format!("`{text}` is too large: at most {}", u64::MAX))
        }
        Err(_) => bad(format!("`{text}` is not a whole number of at least {min}")),
    }
}

/// Bytes in the largest unit that needs no fraction, so that reading gives the same back.
pub(super) fn memory_text(bytes: u64) -> String {
    let fits = |(_, scale): &(&str, u64)| bytes > 0 && bytes.is_multiple_of(*scale);
    let (unit, scale) = MEMORY.into_iter().find(fits).unwrap_or(("B", 1));
    format!("{}{unit}", bytes / scale)
}

/// An amount as a person writes it: `cpu 1.5, gpu 0.25, memory 6GiB`.
pub(super) fn resources_text(amount: &Resources) -> String {
    let mut parts = Vec::new();
    for (name, milli) in [("cpu", amount.cpu()), ("gpu", amount.gpu())] {
        if milli > 0 {
            parts.push(format!("{name} {}", f64::from(milli) / 1000.0));
        }
    }
    match amount.memory() {
        0 => {}
        Resources::UNLIMITED_MEMORY => parts.push("unlimited memory".to_owned()),
        bytes => parts.push(format!("memory {}", memory_text(bytes))),
    }
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// `text` × `scale` if that is a whole number.
fn exact(text: &str, scale: u64) -> Option<u64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 18 {
        return None;
    }
    let below = u128::from(fraction.parse::<u64>().unwrap_or(0)) * u128::from(scale);
    let power = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    if !below.is_multiple_of(power) {
        return None;
    }
    let above = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    above.checked_add(u64::try_from(below / power).ok()?)
}

fn bad<T>(message: String) -> Result<T, BadValue> {
    Err(BadValue(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, thousandths) in
            [("1", 1000), ("0.25", 250), ("0.001", 1), ("2.500000", 2500), ("0", 0)]
        {
            assert_eq!(milli(text), Ok(thousandths), "{text}");
        }
        for text in ["", "-1", "0.0005", "1e3", "1.", ".5", "NaN", "5000000", "1 core"] {
            assert!(milli(text).is_err(), "{text}");
        }
    }

    #[test]
    fn memory_reads_and_prints_alike() {
        for (text, bytes, printed) in [
            ("6MiB", 6_291_456, "6MiB"),
            ("1.5 GiB", 1_610_612_736, "1536MiB"),
            ("2GB", 2_000_000_000, "2GB"),
            ("1024B", 1024, "1KiB"),
            ("0B", 0, "0B"),
            ("0.5KB", 500, "500B"),
        ] {
            assert_eq!(memory(text), Ok(bytes), "{text}");
            assert_eq!(memory_text(bytes), printed);
            assert_eq!(memory(printed), Ok(bytes), "{text}");
        }
        for text in ["6", "6mib", "-1GiB", "0.5B", "99999999999TiB", "GiB", "18446744073709551615B"]
        {
            assert!(memory(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_without_a_unit_is_told_so() {
        let message = span("25").unwrap_err().to_string();
        assert_eq!(message, "`25` has no unit: write for example `25ms` or `25s`");
        for text in ["-1s", "-1", "NaN", "NaNs", "inf", "1e3s"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
