//! The traces of language-model requests that Azure published, as they were published.
//!
//! A request is when it came and how many tokens it read and wrote. What it would take is computed
//! from them (an A100 and a model of 7 billion parameters, without attention: a lower bound):
//! `ContextTokens ÷ 15000 + 0.0095 × GeneratedTokens` seconds. No policy is told of either.
//! Patel et al., *Splitwise: Efficient generative LLM inference using phase splitting*, ISCA 2024.

use super::super::error::{BadValue, SpecError};
use super::super::lines::{Cell, Lines};
use super::super::units;
use super::{Needs, SERVICE, Table, empty, missing};
use sched_core::{Span, Time};

const COLUMNS: [&str; 3] = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];
/// Tokens of a request at most: far above any, and no sum overflows.
const MOST_TOKENS: u64 = 1_000_000_000;

pub(super) fn read(lines: &mut Lines, tasks: u64, needs: &Needs<'_>) -> Result<Table, SpecError> {
    let Some(header) = lines.next()? else { return Err(empty(lines, &COLUMNS.join(","))) };
    let names: Vec<String> = header.cells().map(|cell| cell.text.to_owned()).collect();
    let mut places = [0; 3];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let found = names.iter().position(|name| name == column);
        *place = found.ok_or_else(|| missing(lines, column, "", &names))?;
    }
    if let Some((column, stage)) = needs.columns.iter().find(|(column, _)| *column != SERVICE) {
        return Err(lines.error(format!(
            "stage `{stage}` takes its time from `{column}`; a trace of this format gives times by \
             the name `{SERVICE}`"
        )));
    }
    let mut table = Table::default();
    let mut services = Vec::new();
    let mut start = None;
    while (table.arrivals.len() as u64) < tasks {
        let Some(line) = lines.next()? else { break };
        let cell = |place: usize| -> Result<Cell<'_>, SpecError> {
            let cell = line.cells().nth(place).filter(|cell| !cell.text.is_empty());
            cell.ok_or_else(|| line.error(format!("no `{}`; give a value", names[place])))
        };
        let [at, context, generated] = places;
        let at = cell(at)?;
        let instant = at.read(instant)?;
        let start = *start.get_or_insert(instant);
        if instant < start {
            return Err(at.error("earlier than the first row; sort the rows by `TIMESTAMP`"));
        }
        table.arrive(Time::from_nanos(instant - start), &at)?;
        let (context, generated) = (cell(context)?.read(tokens)?, cell(generated)?.read(tokens)?);
        services.push(service(context, generated));
    }
    if !needs.columns.is_empty() {
        table.services.push((SERVICE.to_owned(), services));
    }
    Ok(table)
}

/// To the nearest nanosecond: ⅔ of 100 µs for each token read, 9.5 ms for each written.
fn service(context: u64, generated: u64) -> Span {
    Span::from_nanos((context * 200_000 + 1) / 3 + generated * 9_500_000)
}

fn tokens(text: &str) -> Result<u64, BadValue> {
    match units::whole(text, 0)? {
        tokens if tokens <= MOST_TOKENS => Ok(tokens),
        _ => Err(BadValue(format!("`{text}` tokens are too many: at most {MOST_TOKENS}"))),
    }
}

/// Nanoseconds since 1970 of `2023-11-16 18:17:03.9799600`; a `+00:00` may follow.
fn instant(text: &str) -> Result<u64, BadValue> {
    parse_instant(text).ok_or_else(|| {
        BadValue(format!(
            "`{text}` is no instant of the form `2023-11-16 18:17:03.9799600`, from 1970 on"
        ))
    })
}

fn parse_instant(text: &str) -> Option<u64> {
    let text = text.strip_suffix("+00:00").or(text.strip_suffix('Z')).unwrap_or(text);
    let (date, time) = text.split_once([' ', 'T'])?;
    let (year, month, day) = three(date, '-')?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let (hour, minute, second) = three(clock, ':')?;
    let digits = fraction.len();
    if !(1..=9).contains(&digits) || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos = fraction.parse::<u64>().ok()? * 10u64.pow(9 - digits as u32);
    let sound = (1970..=2500).contains(&year) && hour < 24 && minute < 60 && second < 60;
    let seconds = (days(year, month, day)? * 24 + hour) * 3600 + minute * 60 + second;
    sound.then(|| seconds * 1_000_000_000 + nanos)
}

fn three(text: &str, separator: char) -> Option<(u64, u64, u64)> {
    let number = |part: &str| {
        let digits =
            !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    let mut parts = text.split(separator).map(number);
    let three = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(three)
}

/// Days since 1 January 1970. Years are counted from March, so that the leap day is the last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if year < 1970 || !(1..=length).contains(&day) {
        return None;
    }
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    // 1 March of year 0 is 719,468 days before 1 January 1970.
    Some(before + (153 * month + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_those_of_the_calendar() {
        const DAY: u64 = 86_400;
        for (text, seconds) in [
            ("1970-01-01 00:00:00", 0),
            ("1970-03-01 00:00:01", 59 * DAY + 1),
            ("1972-02-29 23:59:59", 789 * DAY + DAY - 1),
            ("2000-03-01 00:00:00", 951_868_800),
            ("2023-11-16 18:17:03", 1_700_158_623),
            ("2024-05-10T00:00:00+00:00", 1_715_299_200),
        ] {
            assert_eq!(parse_instant(text), Some(seconds * 1_000_000_000), "{text}");
        }
        let fraction = parse_instant("1970-01-01 00:00:00.9799600");
        assert_eq!(fraction, Some(979_960_000));
        for text in [
            "",
            "2023-11-16",
            "2023-02-29 00:00:00",
            "2023-13-01 00:00:00",
            "2023-00-01 00:00:00",
            "2023-04-31 00:00:00",
            "1969-12-31 00:00:00",
            "2023-11-16 24:00:00",
            "2023-11-16 18:17:03.",
            "2023-11-16 18:17:03.1234567890",
            "2023-11-16 18:17",
            "-2023-11-16 18:17:03",
            "2023-11-16 18:17:03+01:00",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    #[test]
    fn a_request_takes_what_its_tokens_take() {
        // 4,808 ÷ 15,000 s is 320.5333… ms, and 10 × 9.5 ms; 1 ÷ 15,000 s is 66,666.6… ns.
        assert_eq!(service(4808, 10), Span::from_nanos(415_533_333));
        assert_eq!(service(1, 0), Span::from_nanos(66_667));
        assert_eq!(service(2, 0), Span::from_nanos(133_333));
        assert_eq!(service(0, 1), Span::from_nanos(9_500_000));
    }
}
