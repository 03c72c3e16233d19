//! The rules that no compiler knows, each a pure function from a [`Repo`] to findings.
//!
//! [`repo`] reads the tree once; [`lexer`] and [`source`] reduce Rust files to what the
//! rules look at. Every rule has a test with a snippet that breaks it, because a check
//! that cannot fail holds nothing; one more test runs all of them on this repository.

mod arrows;
mod bans;
mod files;
mod lexer;
mod manifests;
mod repo;
mod source;
mod words;

use anyhow::{Result, bail};
use repo::Repo;
use std::fmt;
use std::path::Path;

/// One broken rule, at the place where it is broken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Finding {
    /// Relative to the root, with `/`.
    path: String,
    /// One-based; 0 where the whole file is meant.
    line: usize,
    rule: &'static str,
    /// What is wrong, and what to do instead.
    message: String,
}

impl Finding {
    fn new(rule: &'static str, path: &str, line: usize, message: impl Into<String>) -> Self {
        Finding { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": [{}] {}", self.rule, self.message)
    }
}

/// Checks the tree under `root` and prints every finding, sorted by place.
///
/// # Errors
/// When a rule is broken, or when the tree or `cargo metadata` cannot be read.
pub(crate) fn run(root: &Path) -> Result<()> {
    let repo = Repo::load(root)?;
    let findings = findings(&repo);
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} crates, {}", repo.packages.len(), files::lengths(&repo));
    match findings.len() {
        0 => Ok(()),
        1 => bail!("tidy: 1 finding"),
        n => bail!("tidy: {n} findings"),
    }
}

fn findings(repo: &Repo) -> Vec<Finding> {
    let rules = [arrows::check, bans::check, files::check, manifests::check, words::check];
    let mut all: Vec<Finding> = rules.iter().flat_map(|rule| rule(repo)).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let repo = Repo::load(&crate::root().unwrap()).unwrap();
        assert!(repo.packages.iter().any(|package| package.name == "sched-core"));
        assert!(repo.files.iter().any(|file| file.path == "crates/xtask/src/tidy/mod.rs"));
        let findings: Vec<String> = findings(&repo).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }

    #[test]
    fn a_finding_names_place_rule_and_reason() {
        let finding = Finding::new("bans", "crates/a/src/lib.rs", 7, "no clock here");
        assert_eq!(finding.to_string(), "crates/a/src/lib.rs:7: [bans] no clock here");
        let whole = Finding::new("files", "crates/a/src/lib.rs", 0, "too long");
        assert_eq!(whole.to_string(), "crates/a/src/lib.rs: [files] too long");
    }
}
