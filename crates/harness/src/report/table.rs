//! Aligned text tables.
//!
//! Columns are as wide as what they hold; the first is left-aligned and is the one that is
//! cut when a table would be wider than a page. Widths count characters, not bytes. Marks behind
//! numbers hang, so that digits stay below digits.

use super::number::elided;
use metrics::report::MARK;

/// A table under construction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// What may stand behind a number.
const MARKS: [char; 2] = ['*', MARK];

/// The first column is never cut below this.
const LEAST_FIRST: usize = 16;

impl Table {
    /// A table with these columns.
    pub fn new(head: &[&str]) -> Table {
        Table { head: head.iter().map(|text| (*text).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row; it should have as many cells as the head.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The names of its columns.
    pub(crate) fn head(&self) -> &[String] {
        &self.head
    }

    /// Its rows.
    pub(crate) fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// The table as text, at most `width` columns wide. The first column is cut first; what is still too wide
    /// comes in several tables one below the other, each of which begins with the first column.
    pub fn render(&self, width: usize) -> String {
        let rows = self.hung();
        let mut widths = vec![0; self.head.len()];
        for cells in &rows {
            for (widest, cell) in widths.iter_mut().zip(cells) {
                *widest = (*widest).max(cell.chars().count());
            }
        }
        let total =
            |widths: &[usize]| widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let over = total(&widths).saturating_sub(width);
        if let Some(first) = widths.first_mut() {
            let cut = first.saturating_sub(over);
            *first = match cut >= LEAST_FIRST.min(*first) {
                true => cut,
                false => (*first).min((width / 3).max(LEAST_FIRST)), // it is in every table
            };
        }
        let mut bands: Vec<Vec<usize>> = vec![vec![0]];
        for column in 1..widths.len() {
            let band = bands.last_mut().filter(|band| {
                let used: Vec<usize> = band.iter().chain([&column]).map(|&at| widths[at]).collect();
                band.len() == 1 || total(&used) <= width
            });
            match band {
                Some(band) => band.push(column),
                None => bands.push(vec![0, column]),
            }
        }
        let of = |band: &Vec<usize>, cells: &[String]| -> Vec<String> {
            band.iter().filter_map(|&at| cells.get(at).cloned()).collect()
        };
        let band = |band: &Vec<usize>| -> String {
            let widths: Vec<usize> =
                band.iter().filter_map(|&at| widths.get(at).copied()).collect();
            let rows = rows.iter().map(|cells| of(band, cells));
            let told = rows.filter(|cells| cells.iter().any(|cell| !cell.trim().is_empty()));
            told.map(|cells| row(&cells, &widths)).collect()
        };
        bands.iter().map(band).collect::<Vec<_>>().join("\n")
    }

    /// The head and the rows, with room behind what has no mark in columns where something has.
    fn hung(&self) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> =
            [&self.head].into_iter().chain(&self.rows).cloned().collect();
        for column in 1..self.head.len() {
            let has_mark = |cells: &[String]| {
                cells.get(column).is_some_and(|cell| cell.ends_with(MARKS) && cell.len() > 1)
            };
            if rows.iter().any(|cells| has_mark(cells)) {
                for cells in rows.iter_mut().filter(|cells| !has_mark(cells)) {
                    cells.iter_mut().skip(column).take(1).for_each(|cell| cell.push(' '));
                }
            }
        }
        rows
    }
}

/// Text broken between words into lines of at most `width` characters; the lines after the first
/// begin with `indent`. A longer word has a line of its own.
pub fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let words = text.trim_start();
    let mut line = text[..text.len() - words.len()].to_owned();
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ') {
        let begun = !line.trim_start().is_empty();
        if begun && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
        } else if begun {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn row(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).enumerate().map(|(i, (cell, width))| match i {
        0 => format!("{:<width$}", elided(cell, *width)),
        _ => format!("{cell:>width$}"),
    });
    let line = padded.collect::<Vec<_>>().join("  ");
    format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["run", "n"]);
        table.row(vec!["a".into(), "10".into()]);
        table.row(vec!["long".into(), "9".into()]);
        assert_eq!(table.render(80), "run    n\na     10\nlong   9\n");
    }

    #[test]
    fn marks_hang_behind_the_digits() {
        let mut table = Table::new(&["run", "n", "m"]);
        table.row(vec!["a".into(), "10!".into(), "1".into()]);
        table.row(vec!["b".into(), "9".into(), "20".into()]);
        assert_eq!(table.render(80), "run   n    m\na    10!   1\nb     9   20\n");
    }

    #[test]
    fn what_is_too_wide_comes_one_below_the_other() {
        let mut table = Table::new(&["run", "tasks/s", "p50 ms", "p99 ms"]);
        table.row(vec!["a".into(), "10".into(), "1".into(), "5!".into()]);
        table.row(vec!["".into(), "±1".into(), "".into(), "".into()]);
        let wide = "run  tasks/s  p50 ms  p99 ms\na         10       1       5!\n          ±1\n";
        assert_eq!(table.render(40), wide);
        let narrow = "run  tasks/s  p50 ms\na         10       1\n          ±1\n\nrun  p99 ms\na         5!\n";
        assert_eq!(table.render(22), narrow);
    }

    #[test]
    fn words_are_wrapped() {
        assert_eq!(wrapped("one two three", 8, "  "), "one two\n  three\n");
        assert_eq!(wrapped("  one two", 8, "    "), "  one\n    two\n");
        assert_eq!(wrapped("- extraordinary", 4, "  "), "-\n  extraordinary\n");
    }

    #[test]
    fn the_first_column_is_cut_to_the_page() {
        let mut table = Table::new(&["run", "n"]);
        table.row(vec!["x".repeat(60), "1".into()]);
        let text = table.render(40);
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(text.contains('…'));
    }
}
