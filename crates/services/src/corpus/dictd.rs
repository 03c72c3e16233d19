//! Dictionaries in the format of `dictd`: FOLDOC and many others.
//!
//! `NAME.index` has a line for each headword: the word, where its entry begins in `NAME.dict`, and how long
//! it is, as numbers to the base of 64. Several words may share an entry; the one that it begins with names
//! it. Words that begin with `00-database` are about the dictionary, and are left out. `NAME.dict` must not
//! be packed any more.

use super::{Passage, tidied};
use crate::Error;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The entries, in the order in which they stand in the dictionary.
pub(super) fn read(index: &Path) -> Result<Vec<Passage>, Error> {
    let path = index.with_extension("dict");
    let file =
        |path: &Path| fs::read(path).map_err(|source| Error::Read { path: path.into(), source });
    let (lines, dict) = (file(index)?, file(&path)?);
    let wrong = |line: usize, what: &str| Error::Corpus {
        path: index.into(),
        what: format!("line {line}: {what}"),
    };
    let lines = String::from_utf8(lines).map_err(|_| wrong(1, "it is no UTF-8"))?;
    let mut words: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    for (at, line) in lines.lines().enumerate() {
        let mut cells = line.split('\t');
        let (Some(word), Some(start), Some(length)) = (cells.next(), cells.next(), cells.next())
        else {
            return Err(wrong(at + 1, "it has no headword, begin and length"));
        };
        if word.starts_with("00-database") || word.starts_with("00database") {
            continue;
        }
        let place = number(start).zip(number(length));
        let place = place.filter(|(start, length)| {
            start.checked_add(*length).is_some_and(|end| end <= dict.len())
        });
        let place = place.ok_or_else(|| wrong(at + 1, "it points beyond the dictionary"))?;
        words.entry(place).or_default().push(word);
    }
    let passages = words.into_iter().enumerate().map(|(entry, ((start, length), words))| {
        let text = String::from_utf8_lossy(&dict[start..start + length]);
        // The headword stands before its text. Cross references are in braces.
        let text = text.replace(['{', '}'], "");
        let text = text.trim_start();
        let title = title(text, &words);
        let text = text.strip_prefix(title.as_str()).unwrap_or(text);
        Passage { text: tidied(text), title, entry: entry as u32 }
    });
    Ok(passages.filter(|passage| !passage.text.is_empty()).collect())
}

/// The headword that the entry begins with, as it is written there: an index has all of them, in the order of
/// the alphabet and often in small letters.
fn title(text: &str, words: &[&str]) -> String {
    let first = text.lines().next().unwrap_or_default().trim();
    match words.iter().any(|word| word.eq_ignore_ascii_case(first)) {
        true => first.to_owned(),
        false => words.first().copied().unwrap_or_default().to_owned(),
    }
}

fn number(digits: &str) -> Option<usize> {
    let digit = |byte: u8| DIGITS.iter().position(|known| *known == byte);
    let add = |sum: usize, byte| sum.checked_mul(64)?.checked_add(digit(byte)?);
    if digits.is_empty() { None } else { digits.bytes().try_fold(0, add) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dictionary of `index` lines over `dict`, in a folder of its own.
    fn read_of(index: &str, dict: &str) -> Result<Vec<Passage>, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.index"), index).unwrap();
        fs::write(folder.path().join("x.dict"), dict).unwrap();
        read(&folder.path().join("x.index")).map_err(|error| error.to_string())
    }

    #[test]
    fn entries_are_found_by_their_index() {
        let dict =
            "about this\nALPS\nGO-GO\n\n   A {language}\n   of 1966.\nRust\n\n   Iron oxide.\n";
        let index = "00-database-info\tA\tL\na\tL\to\nalps\tL\to\ngo-go\tL\to\nrust\tz\tV\n";
        let found = read_of(index, dict).unwrap();
        let passage = |title: &str, text: &str, entry| Passage {
            title: title.into(),
            text: text.into(),
            entry,
        };
        assert_eq!(found[0].title, "ALPS");
        assert!(found[0].text.ends_with("A language of 1966."), "{found:?}");
        assert_eq!(found[1], passage("Rust", "Iron oxide.", 1));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn places_are_numbers_to_the_base_of_64() {
        for (digits, value) in [("A", 0), ("/", 63), ("BA", 64), ("BCy", 4274)] {
            assert_eq!(number(digits), Some(value), "{digits}");
        }
        assert_eq!((number(""), number("-"), number("//////////////")), (None, None, None));
    }

    #[test]
    fn a_damaged_index_is_refused_by_line() {
        let line = |index: &str| read_of(index, "0123456789").unwrap_err();
        assert!(line("a\tA\tB\nb\tA\tL\n").contains("line 2: it points beyond"));
        assert!(line("a\tA\n").contains("line 1: it has no headword"));
    }
}
