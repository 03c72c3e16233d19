//! Numbers and lists as sentences have them.
//!
//! This crate prints nothing, but a certificate is read where nobody formats it: in JSON, in notes on
//! pictures. Reports and pictures use the same words.

/// A whole number, in groups of three: `1,234,567`.
pub fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A decimal number, its digits before the point in groups of three: `-1,234.5`.
pub fn grouped(digits: &str) -> String {
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

/// About four digits.
pub(crate) fn short(x: f64) -> String {
    let decimals = match x.abs() {
        a if a >= 1_000.0 => 0,
        a if a >= 100.0 => 1,
        a if a >= 10.0 => 2,
        _ => 3,
    };
    format!("{x:.decimals$}")
}

/// `+12 %`, and `0 %` for what is less than half a percent.
pub(crate) fn change(share: f64) -> String {
    match (share * 100.0).round() {
        0.0 => "0 %".to_owned(),
        percent => format!("{percent:+.0} %"),
    }
}

/// `1 node`, `2 nodes`, `1,000 nodes`.
pub fn plural(n: u64, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {what}{s}", count(n))
}

/// `a, b and c`.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match &names[..] {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_as_a_sentence() {
        assert_eq!([0, 999, 1_234_567].map(count), ["0", "999", "1,234,567"]);
        assert_eq!(["-123.0", "-1234.5678"].map(grouped), ["-123.0", "-1,234.5678"]);
        assert_eq!(
            [0.1234, 12.345, 123.45, 12_345.6].map(short),
            ["0.123", "12.35", "123.5", "12346"]
        );
        assert_eq!([-0.004, 0.004, 0.125, -0.2].map(change), ["0 %", "0 %", "+13 %", "-20 %"]);
        assert_eq!((plural(1, "node"), plural(2, "node")), ("1 node".into(), "2 nodes".into()));
        assert_eq!(listed(&["p99"]), "p99");
        assert_eq!(listed(&["p90", "p95", "p99"]), "p90, p95 and p99");
    }
}
