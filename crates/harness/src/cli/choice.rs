//! One of some words, for flags.
//!
//! A word that is planned but not built is refused by name, with what to use instead: it is
//! no typing mistake, and listing it as valid would be a lie.

use crate::Error;
use crate::spec::unknown;
use std::ops::RangeInclusive;

/// The word among `valid` that a flag was given.
///
/// # Errors
/// Names the flag, what is valid, and the nearest or what to use instead.
pub fn choose<T: Copy>(
    flag: &str,
    what: &str,
    text: &str,
    valid: &[(&str, T)],
    planned: &[&str],
) -> Result<T, Error> {
    if let Some((_, choice)) = valid.iter().find(|(name, _)| *name == text) {
        return Ok(*choice);
    }
    let names: Vec<&str> = valid.iter().map(|(name, _)| *name).collect();
    let message = if planned.contains(&text) {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        format!("{what} `{text}` is not supported yet; use {}", quoted.join(" or "))
    } else {
        unknown(what, text, &names)
    };
    Err(Error::Usage(format!("{flag}: {message}")))
}

/// The words that a flag with several values was given, each once, in their order.
///
/// # Errors
/// As [`choose`], and for a word given twice.
pub fn choose_all<T: Copy>(
    flag: &str,
    what: &str,
    texts: &[String],
    valid: &[(&str, T)],
) -> Result<Vec<T>, Error> {
    let mut chosen = Vec::with_capacity(texts.len());
    for (i, text) in texts.iter().enumerate() {
        if texts[..i].contains(text) {
            let message = format!("{flag}: {what} `{text}` is given twice; remove one");
            return Err(Error::Usage(message));
        }
        chosen.push(choose(flag, what, text, valid, &[])?);
    }
    Ok(chosen)
}

/// The whole numbers that a flag with several values was given, each once, in their order.
///
/// # Errors
/// Names the first that is none, is out of range, or is there twice.
pub fn choose_numbers(
    flag: &str,
    texts: &[String],
    range: RangeInclusive<u64>,
) -> Result<Vec<u64>, Error> {
    let mut chosen = Vec::with_capacity(texts.len());
    for text in texts {
        let number = text.parse::<u64>().ok().filter(|number| range.contains(number));
        let wrong = match number {
            Some(number) if chosen.contains(&number) => {
                format!("`{text}` is given twice; remove one")
            }
            Some(number) => {
                chosen.push(number);
                continue;
            }
            None => format!(
                "`{text}` is not valid; write whole numbers from {} to {}",
                range.start(),
                range.end()
            ),
        };
        return Err(Error::Usage(format!("{flag}: {wrong}")));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: [(&str, u8); 2] = [("emulated", 0), ("cpu", 1)];

    fn message(text: &str) -> String {
        choose("--work", "kind of work", text, &WORK, &["real"]).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_and_plans_are_told_apart() {
        assert_eq!(choose("--work", "kind of work", "cpu", &WORK, &[]).unwrap(), 1);
        assert_eq!(
            message("emulate"),
            "--work: unknown kind of work `emulate`; did you mean `emulated`? valid: emulated, cpu"
        );
        assert!(message("c").contains("did you mean `cpu`?"), "{}", message("c"));
        assert!(!message("x").contains("did you mean"), "{}", message("x"));
        assert_eq!(
            message("real"),
            "--work: kind of work `real` is not supported yet; use `emulated` or `cpu`"
        );
    }

    #[test]
    fn a_word_given_twice_is_refused() {
        let texts = ["cpu".to_owned(), "cpu".to_owned()];
        let error = choose_all("--work", "kind of work", &texts, &WORK).unwrap_err();
        assert_eq!(error.to_string(), "--work: kind of work `cpu` is given twice; remove one");
    }

    #[test]
    fn numbers_are_whole_in_range_and_different() {
        let numbers = |texts: &str| {
            let texts: Vec<String> = texts.split(' ').map(str::to_owned).collect();
            choose_numbers("--nodes", &texts, 1..=100).map_err(|error| error.to_string())
        };
        assert_eq!(numbers("8 1 100"), Ok(vec![8, 1, 100]));
        for (texts, message) in [
            ("4 4", "--nodes: `4` is given twice; remove one"),
            ("0", "--nodes: `0` is not valid; write whole numbers from 1 to 100"),
            ("-1", "--nodes: `-1` is not valid; write whole numbers from 1 to 100"),
            ("four", "--nodes: `four` is not valid; write whole numbers from 1 to 100"),
        ] {
            assert_eq!(numbers(texts), Err(message.to_owned()));
        }
    }
}
