//! Instants and lengths of time, in integer nanoseconds.
//!
//! The scheduler never reads a clock: every call receives `now`. An instant is
//! counted from the start of its run, so that a history recorded on one machine
//! means the same on another, and integers make equal histories compare equal.
//! 2⁶⁴ ns are 584 years; arithmetic saturates there instead of wrapping.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;
use std::time::Duration;

/// An instant: nanoseconds since the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// Later than every instant of a run.
    pub const MAX: Time = Time(u64::MAX);

    /// The instant `ns` nanoseconds after the start of the run.
    pub const fn from_nanos(ns: u64) -> Time {
        Time(ns)
    }

    /// Nanoseconds since the start of the run.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// The longest span.
    pub const MAX: Span = Span(u64::MAX);

    /// A span of `ns` nanoseconds.
    pub const fn from_nanos(ns: u64) -> Span {
        Span(ns)
    }

    /// A span of `us` microseconds.
    pub const fn from_micros(us: u64) -> Span {
        Span(us.saturating_mul(1_000))
    }

    /// A span of `ms` milliseconds.
    pub const fn from_millis(ms: u64) -> Span {
        Span(ms.saturating_mul(1_000_000))
    }

    /// A span of `s` seconds.
    pub const fn from_secs(s: u64) -> Span {
        Span(s.saturating_mul(1_000_000_000))
    }

    /// The span nearest to `s` seconds; negative and NaN give zero, too large gives [`Span::MAX`].
    #[inline]
    pub fn from_secs_f64(s: f64) -> Span {
        Span(nearest(s * 1e9))
    }

    /// The span nearest to `factor` times this one; as [`Span::from_secs_f64`] for what is no length.
    #[inline]
    pub fn scaled(self, factor: f64) -> Span {
        Span(nearest(self.0 as f64 * factor))
    }

    /// The length in nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The length in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// Rounds half up. `f64::round` is a call into the C library where the target has no instruction for
/// it, and simulated time is rounded several times per task. Not by a branch, since nobody can
/// foretell it, and by way of signed integers, which processors convert to and from.
#[inline]
fn nearest(x: f64) -> u64 {
    const SIGNED: f64 = (1u64 << 63) as f64;
    if x < SIGNED {
        let x = x.max(0.0);
        let whole = x as i64;
        return whole as u64 + u64::from(x - whole as f64 >= 0.5);
    }
    x as u64 // has no fraction; saturates, and takes NaN to 0
}

impl Add<Span> for Time {
    type Output = Time;
    #[inline]
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl Add for Span {
    type Output = Span;
    #[inline]
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    #[inline]
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Span;
    #[inline]
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Span {
        Span(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Duration {
        Duration::from_nanos(span.0)
    }
}

/// Units from the largest down, each with its length in nanoseconds.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl fmt::Display for Span {
    /// In the largest unit that needs no fraction, so that parsing gives the same span back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, ns): &(&str, u64)| self.0.is_multiple_of(*ns);
        let (unit, ns) = match self.0 {
            0 => ("s", 1),
            _ => UNITS.into_iter().find(whole).unwrap_or(("ns", 1)),
        };
        f.pad(&format!("{}{unit}", self.0 / ns))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{self}")
    }
}

/// A text that is not a length of time, or one of a length that no [`Span`] has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseSpanError {
    text: String,
    too_long: bool,
}

impl fmt::Display for ParseSpanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.too_long {
            let most = Span::MAX.0 / UNITS[0].1;
            return write!(f, "`{}` is too long: at most {most}h, some 584 years", self.text);
        }
        write!(
            f,
            "`{}` is not a length of time: write a number and a unit (ns, us, ms, s, m, h), \
             for example `25ms` or `1.5s`",
            self.text
        )
    }
}

impl std::error::Error for ParseSpanError {}

impl FromStr for Span {
    type Err = ParseSpanError;

    /// A decimal number and a unit: `25ms`, `1.5s`, `2 m`. Exact to the nanosecond, no floats.
    fn from_str(text: &str) -> Result<Span, ParseSpanError> {
        let wrong = |too_long| ParseSpanError { text: text.to_owned(), too_long };
        let ns = parse(text.trim()).ok_or_else(|| wrong(false))?;
        u64::try_from(ns).map(Span).map_err(|_| wrong(true))
    }
}

/// In nanoseconds; what no integer holds is the largest.
fn parse(text: &str) -> Option<u128> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic() || c == 'µ')?;
    let unit = match text[unit_at..].trim_end() {
        "µs" => "us",
        other => other,
    };
    let (_, ns) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = {
        let number = text[..unit_at].trim_end();
        number.split_once('.').unwrap_or((number, "0"))
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 15 {
        return None;
    }
    let below = u128::from(ns) * fraction.parse::<u128>().ok()?;
    let scale = 10u128.pow(fraction.len() as u32);
    if !below.is_multiple_of(scale) {
        return None; // finer than a nanosecond
    }
    let whole = whole.parse::<u128>().unwrap_or(u128::MAX); // digits alone, so that they are too many
    Some(whole.saturating_mul(ns.into()).saturating_add(below / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_print_alike() {
        for (text, ns) in [
            ("0s", 0),
            ("25ms", 25_000_000),
            ("1.5s", 1_500_000_000),
            ("2 m", 120_000_000_000),
            ("0.001us", 1),
            ("10µs", 10_000),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.as_nanos(), ns, "{text}");
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_span_is_refused() {
        for text in ["", "5", "ms", "-1s", "1e3s", "1.s", "0.0001us", "5 parsec", "99999999999h"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert_eq!("18446744073709551615ns".parse(), Ok(Span::MAX));
        for text in
            ["6000000h", "18446744073709551616ns", "99999999999999999999999999999999999999999h"]
        {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert_eq!(error, format!("`{text}` is too long: at most 5124095h, some 584 years"));
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Time::MAX + Span::from_secs(1), Time::MAX);
        assert_eq!(Time::ZERO.since(Time::from_nanos(5)), Span::ZERO);
        assert_eq!(Span::from_secs_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_secs_f64(-1.0), Span::ZERO);
        assert_eq!(Span::from_secs_f64(0.025), Span::from_millis(25));
        assert_eq!(Span::from_secs_f64(f64::INFINITY), Span::MAX);
        assert_eq!(Span::from_nanos(3).scaled(0.5), Span::from_nanos(2));
        for x in [0.0, 0.49999999999999994, 0.5, 1.5, 2.5, 1e15 + 0.5, 9e18, 1e300, -0.7] {
            assert_eq!(nearest(x), x.round() as u64, "{x}");
        }
    }
}
