//! Numbers and lists as the sentences of a certificate have them.
//!
//! This crate prints nothing, but a certificate is read where nobody formats it: in JSON, in notes on
//! pictures.

/// A whole number, in groups of three.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// About four digits.
pub(super) fn short(x: f64) -> String {
    let decimals = match x.abs() {
        a if a >= 1_000.0 => 0,
        a if a >= 100.0 => 1,
        a if a >= 10.0 => 2,
        _ => 3,
    };
    format!("{x:.decimals$}")
}

/// `+12 %`, and `0 %` for what is less than half a percent.
pub(super) fn change(share: f64) -> String {
    match (share * 100.0).round() {
        0.0 => "0 %".to_owned(),
        percent => format!("{percent:+.0} %"),
    }
}

/// `1 node`, `2 nodes`.
pub(super) fn plural(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// `a, b and c`.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
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
        assert_eq!([0, 999, 1_234_567].map(grouped), ["0", "999", "1,234,567"]);
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
