//! The shape of Rust files: each opens with module docs, and none is long.
//!
//! Lengths count the lines outside `#[cfg(test)]`, so that nobody saves on tests to keep
//! a limit. Files below `tests/` and test modules have no length limit.

use super::Finding;
use super::repo::Repo;

const RULE: &str = "files";

/// Least lines of `//!` at the head of a source file: what it is, its neighbours, the
/// decision that is not obvious. Tests, examples and benches may need one line only.
const HEAD: usize = 3;
const LONGEST: usize = 400;
const MEDIAN: usize = 130;
const P90: usize = 300;
/// An experiment's `main.rs`, tests and all: presets and a report, the rest is the harness's.
const EXPERIMENT_MAIN: usize = 80;

/// Files without a head, files too long, and a tree whose files are long on the whole.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut out = heads(repo);
    for (path, length) in measured(repo) {
        if length > LONGEST {
            let message = format!("{length} lines outside tests, at most {LONGEST}: split it");
            out.push(Finding::new(RULE, &path, 0, message));
        }
    }
    let lengths = lengths(repo);
    for (name, length, most) in [("median", lengths.median, MEDIAN), ("p90", lengths.p90, P90)] {
        if length > most {
            let message = format!("{name} length of source files is {length}, at most {most}");
            out.push(Finding::new(RULE, ".", 0, message));
        }
    }
    for file in repo.under("experiments") {
        let lines = file.text.lines().count();
        if file.path.ends_with("/src/main.rs") && lines > EXPERIMENT_MAIN {
            let message = format!(
                "{lines} lines, at most {EXPERIMENT_MAIN}: what two experiments share belongs \
                 into the harness"
            );
            out.push(Finding::new(RULE, &file.path, 0, message));
        }
    }
    out
}

fn heads(repo: &Repo) -> Vec<Finding> {
    let mut out = Vec::new();
    for file in repo.files.iter().filter(|file| file.path.ends_with(".rs")) {
        let head = file.text.lines().take_while(|line| line.starts_with("//!")).count();
        let least = if file.path.contains("/src/") { HEAD } else { 1 };
        if head < least {
            let message = format!(
                "opens with {head} lines of `//!`, at least {least}: what it is, its \
                 neighbours, the decision that is not obvious"
            );
            out.push(Finding::new(RULE, &file.path, 1, message));
        }
    }
    out
}

/// How long source files are, in lines outside tests.
#[derive(Default, PartialEq, Eq, Debug)]
pub(super) struct Lengths {
    files: usize,
    median: usize,
    p90: usize,
    longest: usize,
}

impl std::fmt::Display for Lengths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Lengths { files, median, p90, longest } = self;
        write!(f, "{files} source files, lines: median {median}, p90 {p90}, longest {longest}")
    }
}

pub(super) fn lengths(repo: &Repo) -> Lengths {
    let mut lengths: Vec<usize> = measured(repo).into_iter().map(|(_, length)| length).collect();
    lengths.sort_unstable();
    // Nearest rank: the least length that this share of the files does not exceed.
    let rank = |percent: usize| {
        let rank = (lengths.len() * percent).div_ceil(100);
        lengths.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    };
    Lengths { files: lengths.len(), median: rank(50), p90: rank(90), longest: rank(100) }
}

fn measured(repo: &Repo) -> Vec<(String, usize)> {
    let outside_tests = |text: &str, tests: usize| text.lines().count().saturating_sub(tests);
    repo.sources()
        .into_iter()
        .map(|(file, source)| (file.path.clone(), outside_tests(&file.text, source.test_lines)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = "//! a\n//! b\n//! c\n";

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Repo::of(files)).iter().map(ToString::to_string).collect()
    }

    fn of_lines(lines: usize) -> String {
        format!("{DOCS}{}", "x\n".repeat(lines - 3))
    }

    #[track_caller]
    fn check_one(files: &[(&str, &str)], expected: &str) {
        let found = messages(files);
        assert!(found.iter().any(|it| it.contains(expected)), "{found:#?}");
    }

    #[test]
    fn a_file_without_a_head_fails() {
        check_one(&[("crates/a/tests/b.rs", "fn f() {}")], "b.rs:1: [files] opens with 0");
        check_one(&[("crates/a/src/b.rs", "//! a\n//! b\n\n//! c")], "opens with 2");
        assert!(
            messages(&[("crates/a/src/b.rs", DOCS), ("crates/a/tests/b.rs", "//! a")]).is_empty()
        );
    }

    #[test]
    fn a_long_file_fails_and_its_tests_do_not_count() {
        let path = "crates/a/src/b.rs";
        check_one(&[(path, &of_lines(401))], "401 lines outside tests");
        let tested =
            format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", of_lines(130), "\n".repeat(600));
        assert!(messages(&[(path, &tested)]).is_empty());
        assert!(messages(&[("crates/a/tests/b.rs", &of_lines(900))]).is_empty());
    }

    #[test]
    fn a_tree_of_long_files_fails() {
        check_one(&[("crates/a/src/b.rs", &of_lines(131))], "median length");
        let (short, long) = (of_lines(10), of_lines(301));
        let of = |shorts: usize| {
            let mut files = vec![("crates/a/src/long.rs", long.as_str())];
            files.resize(shorts + 1, ("crates/a/src/short.rs", short.as_str()));
            lengths(&Repo::of(&files))
        };
        assert_eq!((of(8).p90, of(9).p90), (301, 10));
        check_one(&[("crates/a/src/b.rs", &long)], "p90 length");
    }

    #[test]
    fn a_thick_experiment_fails() {
        let path = "experiments/exp9_x/src/main.rs";
        check_one(&[(path, &of_lines(81))], "81 lines, at most 80");
        assert!(messages(&[(path, &of_lines(80))]).is_empty());
    }
}
