//! Claims from text.
//!
//! `SIDE < SIDE`, with `<`, `<=`, `>` or `>=`; a side is a measure of a run, `p99(fifo)`, with a
//! factor if need be, `0.9 * p99(fifo)`, or an amount: `150ms` for latencies, a plain number of
//! tasks per second for throughput. Messages say at which character of the text they find
//! fault; the reader of specs adds where that text stands.

use super::{Expectation, Operator, Side, Term};
use crate::run::Measure;
use crate::spec::{BadValue, number, positive, span, unknown};

/// What can be claimed about, by the name in a claim.
const MEASURES: [(&str, Measure); 6] = [
    ("throughput", Measure::Throughput),
    ("mean", Measure::Mean),
    ("p50", Measure::P50),
    ("p95", Measure::P95),
    ("p99", Measure::P99),
    ("wait", Measure::Wait),
];

impl Expectation {
    /// Parses a claim about some of `runs`.
    ///
    /// # Errors
    /// Says what is wrong, at which character, and the remedy.
    pub(crate) fn parse(text: &str, runs: &[&str]) -> Result<Expectation, BadValue> {
        let whole = Part { text, at: 0 }.trimmed();
        let Some((left, operator, right)) = whole.compared() else {
            return Err(BadValue(format!(
                "`{}` compares nothing: write for example `p99(fifo) < 150ms`, with <, <=, > or >=",
                whole.text
            )));
        };
        if let Some((_, _, third)) = right.compared() {
            return Err(third.error(text, "a second comparison; write two expectations"));
        }
        let (left, right) = (side(text, left, runs)?, side(text, right, runs)?);
        let (left, right) = match (left, right) {
            (Raw::Term(left, _), Raw::Term(right, at)) => {
                let throughput = |term: &Term| term.measure == Measure::Throughput;
                if throughput(&left) != throughput(&right) {
                    let why = "tasks per second and a latency cannot be compared";
                    return Err(at.error(text, why));
                }
                (Side::Measured(left), Side::Measured(right))
            }
            (Raw::Term(left, _), Raw::Amount(part)) => {
                let amount = amount(text, part, left.measure)?;
                (Side::Measured(left), Side::Amount(amount))
            }
            (Raw::Amount(part), Raw::Term(right, _)) => {
                let amount = amount(text, part, right.measure)?;
                (Side::Amount(amount), Side::Measured(right))
            }
            (Raw::Amount(left), Raw::Amount(_)) => {
                return Err(match left.text.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    true => no_run(text, left),
                    false => left.error(text, "no side names a measure, as `p99(fifo)` does"),
                });
            }
        };
        Ok(Expectation { text: whole.text.to_owned(), left, operator, right })
    }
}

/// A piece of the text and the byte at which it begins.
#[derive(Clone, Copy)]
struct Part<'t> {
    text: &'t str,
    at: usize,
}

/// A side whose amount, if it is one, waits for its unit to be known.
enum Raw<'t> {
    Term(Term, Part<'t>),
    Amount(Part<'t>),
}

impl<'t> Part<'t> {
    fn trimmed(self) -> Part<'t> {
        let kept = self.text.trim_start();
        Part { text: kept.trim_end(), at: self.at + self.text.len() - kept.len() }
    }

    /// What is before a byte, and from it on.
    fn split(self, middle: usize) -> (Part<'t>, Part<'t>) {
        let (before, after) = self.text.split_at(middle);
        (
            Part { text: before, at: self.at }.trimmed(),
            Part { text: after, at: self.at + middle }.trimmed(),
        )
    }

    /// What is before and after a sign of one or two bytes.
    fn around(self, at: usize, sign: usize) -> (Part<'t>, Part<'t>) {
        let (before, rest) = self.text.split_at(at);
        let after = Part { text: &rest[sign..], at: self.at + at + sign };
        (Part { text: before, at: self.at }.trimmed(), after.trimmed())
    }

    fn compared(self) -> Option<(Part<'t>, Operator, Part<'t>)> {
        let at = self.text.find(['<', '>'])?;
        let sign = &self.text[at..];
        let (operator, length) = match (sign.starts_with('<'), sign[1..].starts_with('=')) {
            (true, false) => (Operator::Less, 1),
            (true, true) => (Operator::AtMost, 2),
            (false, false) => (Operator::Greater, 1),
            (false, true) => (Operator::AtLeast, 2),
        };
        let (left, right) = self.around(at, length);
        Some((left, operator, right))
    }

    fn error(self, text: &str, why: impl std::fmt::Display) -> BadValue {
        let character = text[..self.at].chars().count() + 1;
        BadValue(format!("character {character} of `{text}`: {why}"))
    }
}

fn side<'t>(text: &'t str, part: Part<'t>, runs: &[&str]) -> Result<Raw<'t>, BadValue> {
    if part.text.is_empty() {
        return Err(part.error(text, "a side is missing: write for example `p99(fifo) < 150ms`"));
    }
    let Some(star) = part.text.find('*') else {
        return match part.text.contains(['(', ')']) {
            true => Ok(Raw::Term(term(text, part, 1.0, runs)?, part)),
            false => Ok(Raw::Amount(part)),
        };
    };
    let (one, other) = part.around(star, 1);
    let (factor, measured) = if one.text.contains('(') { (other, one) } else { (one, other) };
    let factor = positive(factor.text).map_err(|error| factor.error(text, error))?;
    Ok(Raw::Term(term(text, measured, factor, runs)?, part))
}

/// `p99(fifo)`
fn term(text: &str, part: Part<'_>, factor: f64, runs: &[&str]) -> Result<Term, BadValue> {
    let Some(open) = part.text.find('(') else { return Err(no_run(text, part)) };
    let (name, rest) = part.split(open);
    let measure = measure(text, name)?;
    let Some(close) = rest.text.find(')') else {
        return Err(part.error(text, format!("a bracket is not closed: `{}`", part.text)));
    };
    let (run, behind) = (Part { text: &rest.text[1..close], at: rest.at + 1 }, close + 1);
    let (_, behind) = rest.split(behind);
    if !behind.text.is_empty() {
        let why = format!("unexpected `{}`; a side is as `0.9 * p99(fifo)`", behind.text);
        return Err(behind.error(text, why));
    }
    let run = run.trimmed();
    match runs.contains(&run.text) {
        true => Ok(Term { factor, measure, run: run.text.to_owned() }),
        false => Err(run.error(text, unknown("run", run.text, runs))),
    }
}

fn measure(text: &str, name: Part<'_>) -> Result<Measure, BadValue> {
    let found = MEASURES.iter().find(|(known, _)| *known == name.text);
    found.map(|(_, measure)| *measure).ok_or_else(|| {
        let names = MEASURES.map(|(name, _)| name);
        name.error(text, unknown("measure", name.text, &names))
    })
}

/// A measure alone, or something else that is no side.
fn no_run(text: &str, part: Part<'_>) -> BadValue {
    match measure(text, part) {
        Ok(_) => part.error(text, format!("of which run? write for example `{}(fifo)`", part.text)),
        Err(error) => error,
    }
}

/// An amount of what it is compared with: tasks per second, or ms.
fn amount(text: &str, part: Part<'_>, measure: Measure) -> Result<f64, BadValue> {
    if part.text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(no_run(text, part));
    }
    let read = match measure {
        Measure::Throughput => match number(part.text) {
            Ok(rate) if rate >= 0.0 => Ok(rate),
            _ => Err(BadValue(format!(
                "`{}` is no throughput: write tasks per second without a unit, as `200`",
                part.text
            ))),
        },
        _ => span(part.text).map(|span| span.as_secs_f64() * 1e3),
    };
    read.map_err(|error| part.error(text, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNS: [&str; 3] = ["fifo", "round_robin", "a.b-2_fifo"];

    fn term(factor: f64, measure: Measure, run: &str) -> Side {
        Side::Measured(Term { factor, measure, run: run.to_owned() })
    }

    #[test]
    fn claims_mean_what_they_say() {
        use Measure::{Mean, P50, P95, P99, Throughput, Wait};
        use Operator::{AtLeast, AtMost, Greater, Less};
        for (text, left, operator, right) in [
            ("p99(fifo) < p99(round_robin)", term(1.0, P99, "fifo"), Less, term(1.0, P99, RUNS[1])),
            ("throughput(fifo) > 200", term(1.0, Throughput, "fifo"), Greater, Side::Amount(200.0)),
            (
                "mean(fifo)<0.9*mean(a.b-2_fifo)",
                term(1.0, Mean, "fifo"),
                Less,
                term(0.9, Mean, RUNS[2]),
            ),
            ("p95( fifo )<=150ms", term(1.0, P95, "fifo"), AtMost, Side::Amount(150.0)),
            ("  wait(fifo) * 2 >= 1.5s ", term(2.0, Wait, "fifo"), AtLeast, Side::Amount(1_500.0)),
            ("250us > p50(fifo)", Side::Amount(0.25), Greater, term(1.0, P50, "fifo")),
            ("p50(fifo) < mean(fifo)", term(1.0, P50, "fifo"), Less, term(1.0, Mean, "fifo")),
        ] {
            let parsed = Expectation::parse(text, &RUNS).unwrap();
            let expected = Expectation { text: text.trim().to_owned(), left, operator, right };
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_placed_and_name_the_remedy() {
        let measures = "valid: throughput, mean, p50, p95, p99, wait";
        let runs = "valid: fifo, round_robin, a.b-2_fifo";
        for (text, message) in [
            ("p99(fifo) = 3ms", "`p99(fifo) = 3ms` compares nothing: write for example".to_owned()),
            ("", "`` compares nothing".to_owned()),
            ("p98(fifo) < 3ms", format!("character 1 of `p98(fifo) < 3ms`: unknown measure `p98`; did you mean `p95`? {measures}")),
            ("1s > men(fifo)", format!("character 6 of `1s > men(fifo)`: unknown measure `men`; did you mean `mean`? {measures}")),
            ("p99(fifo) < 2 * p99(fofo)", format!("character 21 of `p99(fifo) < 2 * p99(fofo)`: unknown run `fofo`; did you mean `fifo`? {runs}")),
            ("p99() < 1s", format!("character 5 of `p99() < 1s`: unknown run ``; {runs}")),
            ("p99 < 1s", "character 1 of `p99 < 1s`: of which run? write for example `p99(fifo)`".to_owned()),
            ("p99(fifo) < mean", "character 13 of `p99(fifo) < mean`: of which run? write for example `mean(fifo)`".to_owned()),
            ("p99(fifo) < 150", "character 13 of `p99(fifo) < 150`: `150` has no unit: write for example `150ms` or `150s`".to_owned()),
            ("throughput(fifo) > 200ms", "character 20 of `throughput(fifo) > 200ms`: `200ms` is no throughput: write tasks per second without a unit, as `200`".to_owned()),
            ("throughput(fifo) > p99(fifo)", "character 20 of `throughput(fifo) > p99(fifo)`: tasks per second and a latency cannot be compared".to_owned()),
            ("p99(fifo) <", "character 12 of `p99(fifo) <`: a side is missing: write for example `p99(fifo) < 150ms`".to_owned()),
            ("< 3ms", "character 1 of `< 3ms`: a side is missing".to_owned()),
            ("1s < 2s", "character 1 of `1s < 2s`: no side names a measure".to_owned()),
            ("1s < p99(fifo) < 2s", "character 18 of `1s < p99(fifo) < 2s`: a second comparison; write two expectations".to_owned()),
            ("p99(fifo < 2s", "character 1 of `p99(fifo < 2s`: a bracket is not closed: `p99(fifo`".to_owned()),
            ("p99(fifo) x < 2s", "character 11 of `p99(fifo) x < 2s`: unexpected `x`; a side is as `0.9 * p99(fifo)`".to_owned()),
            ("-1 * p99(fifo) < 2s", "character 1 of `-1 * p99(fifo) < 2s`: `-1` is not above 0".to_owned()),
            ("2 * 3 < p99(fifo)", format!("character 5 of `2 * 3 < p99(fifo)`: unknown measure `3`; {measures}")),
            ("p99(µ) < 2s", format!("character 5 of `p99(µ) < 2s`: unknown run `µ`; {runs}")),
        ] {
            let error = Expectation::parse(text, &RUNS).unwrap_err().to_string();
            assert!(error.starts_with(&message), "{error}\n{message}");
        }
    }
}
