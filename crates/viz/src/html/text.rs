//! Text for HTML, and numbers for coordinates.
//!
//! Names and specs may hold `<`, quotes or the end of a script; nothing reaches the page but
//! through here. Numbers that a reader sees are made by `crate::number`.

use crate::number::readable;

/// Text between tags, or in a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // What HTML has no place for, not even escaped.
            c if c.is_control() && !matches!(c, '\n' | '\t') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// A sentence: as [`escaped`], with what stands between backquotes as code, and no line that begins with
/// a percent sign.
pub(super) fn prose(text: &str) -> String {
    let safe = escaped(text).replace(" %", "\u{a0}%");
    // An odd one at the end is no pair.
    let pairs = safe.matches('`').count() / 2;
    (0..pairs).fold(safe, |text, _| text.replacen('`', "<code>", 1).replacen('`', "</code>", 1))
}

/// A string of JSON inside a `script` element, with its quotes.
pub(crate) fn json_string(text: &str) -> String {
    let mut safe = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => safe.push_str("\\\""),
            '\\' => safe.push_str("\\\\"),
            // `<` could end the script, or begin a comment in it.
            c if c.is_control() || matches!(c, '<' | '>' | '&') => {
                safe.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => safe.push(c),
        }
    }
    safe + "\""
}

/// A coordinate: a tenth of a point is finer than any screen shows.
pub(super) fn at(x: f64) -> String {
    let text = format!("{x:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A number for a reader; a dash for what was not measured.
pub(super) fn shown(x: Option<f64>) -> String {
    x.filter(|x| x.is_finite()).map_or("–".to_owned(), readable)
}

/// A number and half of its interval, as in `507.7 ± 1.2`; all of it where it ends at 0, as in
/// `167.0 (0 to 379.5)`, since it is no longer even on both sides.
pub(super) fn with_interval(x: Option<f64>, interval: Option<[f64; 2]>) -> String {
    if let (Some(value), Some([0.0, high])) = (x, interval)
        && high - value > value
    {
        return format!("{} (0 to {})", shown(x), shown(Some(high)));
    }
    let half = interval.map(|[low, high]| (high - low) / 2.0).filter(|half| half.is_finite());
    let half = half.map_or_else(String::new, |half| format!(" ± {}", two_digits(half)));
    shown(x) + &half
}

/// To two significant digits, which is more than half of an interval deserves.
fn two_digits(x: f64) -> String {
    match x {
        x if x >= 9.95 || x <= 0.0 => crate::number::count(x.max(0.0).round() as u64),
        x => {
            let decimals = (1.0 - x.log10().floor()).clamp(0.0, 9.0) as usize;
            format!("{x:.decimals$}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place() {
        assert_eq!(
            escaped("a <b> & \"c\" 'd'\u{0}"),
            "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{fffd}"
        );
        let json = json_string("</script><!-- \"\\\n");
        assert_eq!(json, "\"\\u003c/script\\u003e\\u003c!-- \\\"\\\\\\u000a\"");
    }

    #[test]
    fn sentences_keep_code_and_percent_together() {
        assert_eq!(prose("1 % of `a<b` and `"), "1\u{a0}% of <code>a&lt;b</code> and `");
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!([1.0, 1.25, -0.04, 12.96].map(at), ["1", "1.2", "0", "13"]);
        assert_eq!(shown(None), "–");
        assert_eq!(with_interval(Some(507.7), Some([506.5, 508.9])), "507.7 ± 1.2");
        assert_eq!(with_interval(Some(507.7), None), "507.7");
        assert_eq!(with_interval(Some(167.0), Some([0.0, 379.5])), "167.0 (0 to 379.5)");
        assert_eq!(with_interval(Some(0.0), Some([0.0, 0.0])), "0 ± 0");
    }
}
