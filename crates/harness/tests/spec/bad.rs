//! What is said of specs that cannot be run, word for word.
//!
//! Each case in `bad.txt` is a spec between `----` lines and the message below it: a reader
//! of that file judges what a user would see. `{small}` stands for the small valid spec
//! without the keys that the case names.

use crate::{parse, small_with};

const CASES: &str = include_str!("bad.txt");

/// Spec and message of each case.
fn cases() -> Vec<(String, String)> {
    let blocks = CASES.split("\n====\n").map(str::trim_end).filter(|block| !block.is_empty());
    blocks
        .map(|block| {
            let (spec, message) = block.split_once("\n----\n").unwrap_or((block, ""));
            let spec = match spec.strip_suffix("{small}") {
                Some(lines) => small_with(lines.trim_end()),
                None => spec.to_owned(),
            };
            (spec.replace("{tab}", "\t"), message.replace('\n', " "))
        })
        .collect()
}

#[test]
fn every_mistake_has_its_message() {
    let cases = cases();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    let mut wrong = String::new();
    for (spec, expected) in cases {
        let actual = match parse(&spec) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        if actual != expected {
            wrong += &format!("{spec}\nexpected: {expected}\n  actual: {actual}\n\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn an_empty_file_is_called_empty() {
    for text in ["", "\n\n", "# only a comment\n", "---\n", "~", "\u{feff}"] {
        let message = parse(text).unwrap_err().to_string();
        assert_eq!(message, "spec.yaml: line 1, column 1: the file is empty; it must hold a spec");
    }
}

#[test]
fn hostile_files_are_refused() {
    // Within what the parser itself reads ahead, and far beyond it.
    for (depth, column) in [(100, 35), (5_000, 259)] {
        let deep = format!("a: {}1{}", "[".repeat(depth), "]".repeat(depth));
        let expected = format!(
            "spec.yaml: line 1, column {column}: more than 32 lists and maps inside each other"
        );
        assert_eq!(parse(&deep).unwrap_err().to_string(), expected);
    }
    let indented: String = (0..500).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert!(parse(&indented).unwrap_err().message().starts_with("more than 32 lists"));

    // Each line holds ten of the line before: a billion values, if anyone counted them.
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..9 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb += &format!("a{n}: &a{n} [{aliases}]\n");
    }
    let message = parse(&bomb).unwrap_err().to_string();
    assert_eq!(message, "spec.yaml: line 5, column 25: more than 50000 values (aliases expanded)");
    assert!(parse("a: &a [*a]").is_err());
    let long = "#".repeat(5 << 20);
    assert!(parse(&long).unwrap_err().message().contains("too long"));
}

#[test]
fn flags_have_the_same_checks() {
    for (text, expected) in [
        (
            "poison:30",
            "unknown arrivals `poison`; did you mean `poisson`? valid: batch, closed, poisson, uniform, load",
        ),
        ("closed", "`closed` needs a number: write for example `closed:30`"),
        ("closed:0", "`closed`: `0` is too small: at least 1"),
        ("closed:1.5", "`closed`: `1.5` is not a whole number of at least 1"),
        ("load:", "`load`: `` is not a number: write for example `0.8`"),
        ("load:0", "`load`: `0` is not above 0"),
        ("load:NaN", "`load`: `NaN` is not a number: write for example `0.8`"),
        ("poisson:inf", "`poisson`: `inf` is not a number: write for example `0.8`"),
        ("uniform:-1", "`uniform`: `-1` is not above 0"),
        ("batch:3", "`batch:3`: `batch` takes no number"),
        (
            "trace:jobs.csv",
            "`trace:jobs.csv`: `trace` can only be written in a spec file, as a map",
        ),
    ] {
        let error = harness::spec::parse_arrivals(text).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}
