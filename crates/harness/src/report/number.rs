//! Numbers as a person reads them in a table.
//!
//! Four significant digits or all digits before the point: more would claim a precision
//! that no run has. What was not measured is a dash, never a zero.

pub use metrics::words::count;

/// A whole number that takes little room: as `200k` or `3M` where nothing is lost.
pub fn thousands(n: u64) -> String {
    match n {
        n if n >= 1_000_000 && n.is_multiple_of(1_000_000) => format!("{}M", n / 1_000_000),
        n if n >= 10_000 && n.is_multiple_of(1_000) => format!("{}k", n / 1_000),
        n => n.to_string(),
    }
}

/// With this many significant digits, none of them before the point being lost.
pub fn digits(x: f64, significant: i32) -> String {
    match x.abs() {
        a if a > 0.0 && a.is_finite() => {
            let decimals = (significant - 1 - a.log10().floor() as i32).clamp(0, 6);
            format!("{x:.*}", decimals as usize)
        }
        _ => fixed(Some(x), 0),
    }
}

/// The same; a dash for what is not there.
pub fn digits_of(x: Option<f64>, significant: i32) -> String {
    x.map_or("-".to_owned(), |x| digits(x, significant))
}

/// One decimal above 100, two above 10, three below, so that all numbers of a size in a column have as many.
pub fn rate(x: f64) -> String {
    let decimals = match x.abs() {
        a if !a.is_finite() => return "-".to_owned(),
        a if a >= 1_000.0 => 0,
        a if a >= 100.0 => 1,
        a if a >= 10.0 => 2,
        _ => 3,
    };
    format!("{x:.decimals$}")
}

/// The same without zeros at the end, in a sentence.
pub fn short(x: f64) -> String {
    let text = rate(x);
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// With a fixed number of decimals, so that a column lines up; a dash for what is not there.
pub fn fixed(x: Option<f64>, decimals: usize) -> String {
    match x {
        Some(x) if x.is_finite() => {
            let text = format!("{x:.decimals$}");
            match text.strip_prefix('-') {
                Some(zero) if zero.chars().all(|c| matches!(c, '0' | '.')) => zero.to_owned(),
                _ => text,
            }
        }
        _ => "-".to_owned(),
    }
}

/// A column entry: as many decimals as fit its size.
pub fn cell(x: Option<f64>) -> String {
    let decimals = match x.map(f64::abs) {
        Some(a) if a >= 9_999.5 => 0,
        Some(a) if a >= 999.95 => 1,
        _ => 2,
    };
    fixed(x, decimals)
}

/// A length of time that somebody waits for.
pub fn seconds(s: f64) -> String {
    match s.ceil() {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

/// Cut in the middle to at most `width` characters; beginnings and ends tell names apart.
pub fn elided(text: &str, width: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= width || width == 0 {
        return text.to_owned();
    }
    let head = width / 2;
    let tail = width - 1 - head;
    let ends = chars[..head].iter().chain([&'…']).chain(&chars[chars.len() - tail..]);
    ends.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_honest() {
        for (x, text) in [
            (0.0, "0"),
            (0.12345, "0.123"),
            (9.5, "9.5"),
            (12.345, "12.35"),
            (213.333, "213.3"),
            (4_266.7, "4267"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(short(x), text);
        }
        assert_eq!(
            [0.0123, 1.26, 45.2, 1234.0, 0.0].map(|x| digits(x, 2)),
            ["0.012", "1.3", "45", "1234", "0"]
        );
        assert_eq!(
            [999, 10_001, 200_000, 3_000_000].map(thousands),
            ["999", "10001", "200k", "3M"]
        );
        assert_eq!(
            [524.0, 529.34, 30.0, 4_266.7, f64::NAN].map(rate),
            ["524.0", "529.3", "30.00", "4267", "-"]
        );
        assert_eq!(fixed(None, 1), "-");
        assert_eq!(fixed(Some(-0.04), 1), "0.0");
        assert_eq!(cell(Some(12_345.6)), "12346");
        assert_eq!(cell(Some(1_234.56)), "1234.6");
        assert_eq!(cell(Some(1.0)), "1.00");
        assert_eq!(seconds(5.2), "6 s");
        assert_eq!(seconds(200.0), "3 min");
    }

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(elided("load_aware_spread", 17), "load_aware_spread");
        assert_eq!(elided("load_aware_spread", 9), "load…read");
    }
}
