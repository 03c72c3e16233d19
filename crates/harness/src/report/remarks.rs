//! What the notes of all runs say together: beside every number, not only where runs agree to the letter.
//!
//! Each run writes its notes for itself, with its own numbers. Told one by one they would be as many as
//! the runs; told only where they are equal, what matters most would be missing, since no two runs lose
//! the same number of tasks. So notes that differ in numbers alone are one, with the range of each number
//! and the runs that it is about.

use super::Comparison;
use crate::run::{Measured, UNWRITTEN};
use metrics::on_failures;
use metrics::words::listed;
use std::collections::BTreeMap;

/// Runs that are named one by one.
const NAMED: usize = 4;

/// A note that some runs share, but for its numbers.
struct Remark<'a> {
    /// Its words; the numbers among them are in `ranges`.
    words: Vec<&'a str>,
    /// Of each number the least and the largest, as they are written; by its place among the words.
    ranges: BTreeMap<usize, [&'a str; 2]>,
    runs: Vec<&'a Measured>,
}

impl Comparison<'_> {
    /// That tasks failed, in which runs and why; empty if none did. To be said before anything else.
    pub(super) fn failures(&self) -> Vec<String> {
        let notes = self.runs.iter().filter_map(|run| on_failures(&run.report.metrics));
        let notes: Vec<String> = notes.collect();
        let failed = self.runs.iter().filter(|run| run.report.metrics.failed_tasks > 0);
        let told = merged(failed.zip(notes.iter().map(String::as_str)));
        let told = told.iter().map(|remark| {
            let who = match self.runs.len() {
                1 => None,
                n if n == remark.runs.len() => Some("In each run, ".to_owned()),
                n => Some(format!("{}: ", named(&remark.names(), n))),
            };
            who.unwrap_or_default() + &remark.text()
        });
        told.collect()
    }

    /// All other notes, those of all runs first; the ones about files alone only if asked for.
    pub(super) fn remarks(&self, files: bool) -> Vec<String> {
        let failures = |run: &Measured| on_failures(&run.report.metrics);
        let notes = self.runs.iter().flat_map(|run| {
            let notes = run.report.metrics.notes.iter().map(String::as_str);
            let wanted = notes.filter(move |note| Some(*note) != failures(run).as_deref());
            wanted.map(move |note| (run, note))
        });
        let notes = notes.filter(|(_, note)| files || !note.starts_with(UNWRITTEN));
        let mut remarks = merged(notes);
        remarks.sort_by_key(|remark| !self.is_shared(remark)); // stable
        let told = remarks.iter().map(|remark| match self.is_shared(remark) {
            true => remark.text(),
            false => format!("{}: {}", named(&remark.names(), self.runs.len()), remark.text()),
        });
        told.collect()
    }

    /// Whether it is about all runs of an environment, so that nobody asks which.
    fn is_shared(&self, remark: &Remark<'_>) -> bool {
        let environment = |run: &'_ Measured| run.report.metrics.config.environment.clone();
        let mine: Vec<String> = remark.runs.iter().map(|run| environment(run)).collect();
        let theirs = self.runs.iter().map(environment).filter(|name| mine.contains(name));
        theirs.count() == remark.runs.len()
    }
}

/// Some of so many runs, or where they are many, how many.
pub(super) fn named(some: &[&str], all: usize) -> String {
    match some.len() {
        n if n > NAMED => format!("{n} of {all} runs"),
        _ => some.join(", "),
    }
}

/// That of some of these runs only what succeeded is compared; empty if no task of them failed. `name` is how
/// a run is called.
pub(super) fn of_the_others<'a>(
    runs: &'a [Measured],
    name: impl Fn(&'a Measured) -> &'a str,
) -> String {
    let failed: Vec<&Measured> =
        runs.iter().filter(|run| run.report.metrics.failed_tasks > 0).collect();
    let who = match failed.len() {
        0 => return String::new(),
        n if n == runs.len() => "each of these runs".to_owned(),
        n if n > NAMED => format!("{n} of these {} runs", runs.len()),
        _ => listed(&failed.iter().map(|run| name(run)).collect::<Vec<_>>()),
    };
    format!(" Tasks failed in {who}: of those, this compares only what succeeded.")
}

/// Notes, each with its run, in the order in which they first come; those that differ in numbers alone as one.
fn merged<'a>(notes: impl Iterator<Item = (&'a Measured, &'a str)>) -> Vec<Remark<'a>> {
    let mut remarks: Vec<Remark<'a>> = Vec::new();
    for (run, note) in notes {
        let one = Remark::new(run, note);
        match remarks.iter_mut().find(|remark| remark.is_like(&one)) {
            Some(remark) => remark.add(&one),
            None => remarks.push(one),
        }
    }
    remarks
}

impl<'a> Remark<'a> {
    fn new(run: &'a Measured, note: &'a str) -> Remark<'a> {
        let words: Vec<&str> = note.split(' ').collect();
        let numbers = words.iter().enumerate().filter_map(|(at, word)| Some((at, number(word)?)));
        let ranges = numbers.map(|(at, (text, _))| (at, [text; 2])).collect();
        Remark { words, ranges, runs: vec![run] }
    }

    /// Whether another says the same of other numbers.
    fn is_like(&self, other: &Remark<'_>) -> bool {
        let words = || self.words.iter().zip(&other.words);
        let around = |word: &'_ str, number: &str| {
            word.split_once(number).map(|(before, behind)| [before.to_owned(), behind.to_owned()])
        };
        self.words.len() == other.words.len()
            && words().enumerate().all(|(at, (mine, theirs))| {
                match (self.ranges.get(&at), other.ranges.get(&at)) {
                    (Some([mine_is, _]), Some([theirs_is, _])) => {
                        // Of a merged one, the word is still that of the first.
                        let first = number(mine).map_or(*mine_is, |(text, _)| text);
                        around(mine, first) == around(theirs, theirs_is)
                    }
                    (None, None) => mine == theirs,
                    _ => false,
                }
            })
    }

    fn add(&mut self, other: &Remark<'a>) {
        let value = |text: &str| number(text).map_or(f64::NAN, |(_, value)| value);
        for (at, [least, most]) in &mut self.ranges {
            let Some([text, _]) = other.ranges.get(at) else { continue };
            if value(text) < value(least) {
                *least = text;
            }
            if value(text) > value(most) {
                *most = text;
            }
        }
        self.runs.extend(&other.runs);
    }

    fn names(&self) -> Vec<&'a str> {
        self.runs.iter().map(|run| run.report.name.as_str()).collect()
    }

    fn text(&self) -> String {
        let word = |(at, word): (usize, &&str)| match self.ranges.get(&at) {
            Some([least, most]) if least != most => {
                let own = number(word).map_or(*least, |(text, _)| text);
                let signed = least.starts_with(['+', '-']) || most.starts_with(['+', '-']);
                let range = if signed { " to " } else { "\u{2013}" };
                word.replacen(own, &format!("{least}{range}{most}"), 1)
            }
            _ => (*word).to_owned(),
        };
        self.words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
    }
}

/// The number that a word is, without brackets and points around it; none of a word such as `node-3` or `p99`.
fn number(word: &str) -> Option<(&str, f64)> {
    let text = word.trim_start_matches('(').trim_end_matches([')', '.', ',', ';', ':']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.replace(',', "").parse().ok().map(|value| (text, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_words_of_digits_and_names_are_not() {
        let texts =
            ["3,217", "(by", "0.35)", "+98", "p99", "node-3", "2-fold", "12.", "-", "1.5ms"];
        let found = texts.map(|word| number(word).map(|(text, _)| text));
        let none = None;
        let expected = [
            Some("3,217"),
            none,
            Some("0.35"),
            Some("+98"),
            none,
            none,
            none,
            Some("12"),
            none,
            none,
        ];
        assert_eq!(found, expected);
        assert_eq!(number("3,217").unwrap().1, 3217.0);
    }
}
