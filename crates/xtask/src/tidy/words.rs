//! Words that the repository does not say: work left undone, and places on one machine.
//!
//! The lock file is machine-written and has a rule of its own: every package in it comes
//! from the public registry, so that a clone builds anywhere.

use super::Finding;
use super::repo::Repo;

const RULE: &str = "words";

/// Word and reason. Written in halves, so that this file passes its own rule.
const WORDS: &[(&str, &str)] = &[
    (concat!("TO", "DO"), UNDONE),
    (concat!("FIX", "ME"), UNDONE),
    (concat!("#[ig", "nore"), "a test that never runs holds nothing: delete it or repair it"),
    (concat!("registry", "+"), REGISTRY),
    (concat!("sparse", "+http"), REGISTRY),
    (concat!("index.crates", ".io"), REGISTRY),
    (concat!("static.crates", ".io"), REGISTRY),
    (concat!("crates.io", "-index"), REGISTRY),
    (concat!("/wo", "rk/"), MACHINE),
    (concat!("/ro", "ot/"), MACHINE),
    (concat!("/ho", "me/"), MACHINE),
    (concat!("/Us", "ers/"), MACHINE),
    (concat!("DESIGN", ".md"), "the reason belongs here or into ARCHITECTURE.md"),
    (concat!("STYLE", ".md"), "the reason belongs here or into CONTRIBUTING.md"),
];
const UNDONE: &str = "do it, or file it: nobody reads it here";
const REGISTRY: &str = "where packages come from is cargo's configuration, not ours";
const MACHINE: &str = "a path of one machine: nobody else has it";

const LOCK_FILE: &str = "Cargo.lock";
const PUBLIC: &str =
    concat!("source = \"registry", "+https://github.com/rust-lang/crates.io", "-index\"");

/// Every line that says one of the words, and every locked package from elsewhere.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut out = Vec::new();
    for file in &repo.files {
        for (at, line) in file.text.lines().enumerate() {
            let message = if is_lock(&file.path) {
                let elsewhere = line.starts_with("source = ") && line != PUBLIC;
                elsewhere.then(|| "a package that is not from the public registry".to_owned())
            } else {
                let said = WORDS.iter().find(|(word, _)| line.contains(word));
                said.map(|(word, reason)| format!("says `{word}`: {reason}"))
            };
            out.extend(message.map(|message| Finding::new(RULE, &file.path, at + 1, message)));
        }
    }
    out
}

/// The workspace's lock file, or that of the model server.
fn is_lock(path: &str) -> bool {
    path.rsplit('/').next() == Some(LOCK_FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_can_fail() {
        for (word, reason) in WORDS {
            let text = format!("fine\nnot {word} fine\n");
            let found = check(&Repo::of(&[("README.md", &text)]));
            assert_eq!(found.len(), 1, "{word}: {found:?}");
            assert_eq!(found[0].line, 2);
            assert!(found[0].message.contains(word) && found[0].message.contains(reason));
        }
        assert_eq!(check(&Repo::of(&[("README.md", "a todo list in lower case")])), []);
    }

    #[test]
    fn a_package_from_elsewhere_fails() {
        let fine = format!("[[package]]\n{PUBLIC}\n");
        assert_eq!(check(&Repo::of(&[(LOCK_FILE, &fine)])), []);
        let other = format!("{fine}source = \"git+https://example.org/a\"\n");
        let found = check(&Repo::of(&[(LOCK_FILE, &other)]));
        assert_eq!(found.iter().map(|it| it.line).collect::<Vec<_>>(), [3]);
    }
}
