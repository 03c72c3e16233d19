//! Manifests: shared lints, no default benches, and every version in one place.
//!
//! `bench = false` on libraries and binaries keeps `cargo bench` from starting test
//! harnesses that refuse Criterion's flags. Manifests are read line by line, which is
//! enough for how we write them; a dependency written in a way this does not understand
//! is a finding, so nothing slips through.

use super::Finding;
use super::repo::{Package, Repo};

const RULE: &str = "manifests";

/// Every package whose manifest lacks what all of ours have.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut out = Vec::new();
    for package in &repo.packages {
        let path = format!("{}/Cargo.toml", package.folder);
        let Some(file) = repo.file(&path) else {
            out.push(Finding::new(RULE, &path, 0, "not among the files of this repository"));
            continue;
        };
        let sections = sections(&file.text);
        if !sections.iter().any(|it| it.header == "[lints]" && it.has("workspace", "true")) {
            let message = "no `[lints] workspace = true`: the lints are the same everywhere";
            out.push(Finding::new(RULE, &path, 0, message));
        }
        benches(package, &path, &sections, &mut out);
        versions(&path, &sections, &mut out);
    }
    out
}

/// Targets that `cargo bench` would start although they hold no benches.
fn benches(package: &Package, path: &str, sections: &[Section<'_>], out: &mut Vec<Finding>) {
    for target in &package.targets {
        let off = |it: &&Section<'_>| it.has("bench", "false");
        let (shown, held) = match target.kind.as_str() {
            "lib" => ("[lib]", sections.iter().filter(off).any(|it| it.header == "[lib]")),
            "bin" => {
                let name = format!("\"{}\"", target.name);
                let is_it = |it: &Section<'_>| it.header == "[[bin]]" && it.has("name", &name);
                ("[[bin]]", sections.iter().filter(off).any(is_it))
            }
            _ => continue,
        };
        if !held {
            let message = format!("`{shown}` of `{}` has no `bench = false`", target.name);
            out.push(Finding::new(RULE, path, 0, message));
        }
    }
}

/// Dependencies that do not come from the root's `[workspace.dependencies]`.
fn versions(path: &str, sections: &[Section<'_>], out: &mut Vec<Finding>) {
    let message = |name: &str| {
        format!(
            "`{name}`: name the version in the root's [workspace.dependencies] and write \
             `{name}.workspace = true` here"
        )
    };
    for section in sections {
        let header = section.header.trim_matches(['[', ']']);
        if header.ends_with("dependencies") {
            for &(line, key, value) in &section.entries {
                let dotted = key.ends_with(".workspace") && value == "true";
                if !dotted && !is_inline_workspace(value) {
                    let name = key.split('.').next().unwrap_or(key);
                    out.push(Finding::new(RULE, path, line, message(name)));
                }
            }
        } else if let Some((_, name)) = header.split_once("dependencies.")
            && !section.has("workspace", "true")
        {
            out.push(Finding::new(RULE, path, section.line, message(name)));
        }
    }
}

/// Whether `value` is `{ …, workspace = true, … }`.
fn is_inline_workspace(value: &str) -> bool {
    let fields = value.strip_prefix('{').and_then(|value| value.strip_suffix('}'));
    fields.is_some_and(|fields| fields.replace(' ', "").split(',').any(|it| it == "workspace=true"))
}

/// A table of a manifest.
struct Section<'a> {
    /// With its brackets.
    header: &'a str,
    line: usize,
    /// Line, key and value; a line without `=` is all key.
    entries: Vec<(usize, &'a str, &'a str)>,
}

impl Section<'_> {
    fn has(&self, key: &str, value: &str) -> bool {
        self.entries.iter().any(|&(_, k, v)| k == key && v == value)
    }
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut out: Vec<Section<'_>> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') {
            out.push(Section { header: line, line: at + 1, entries: Vec::new() });
        } else if let Some(section) = out.last_mut() {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            section.entries.push((at + 1, key.trim(), value.trim()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::repo::Target;
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\n[lib]\nbench = false\n\
        [[bin]]\nname = \"a\"\nbench = false # why\n\
        [lints]\nworkspace = true\n\
        [dependencies]\nb.workspace = true\nc = { workspace = true, optional = true }\n";

    #[track_caller]
    fn check_text(text: &str, expected: &[&str]) {
        let mut repo = Repo::of(&[("crates/a/Cargo.toml", text)]).with("crates/a", "a", &[]);
        for kind in ["lib", "bin", "test"] {
            let target = Target { name: "a".to_owned(), kind: kind.to_owned() };
            repo.packages[0].targets.push(target);
        }
        let found: Vec<String> = check(&repo).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn a_good_manifest_passes() {
        check_text(GOOD, &[]);
    }

    #[test]
    fn lints_of_its_own_fail() {
        check_text(
            &GOOD.replace("[lints]\nworkspace = true\n", ""),
            &["no `[lints] workspace = true`"],
        );
    }

    #[test]
    fn a_target_that_benches_would_start_fails() {
        check_text(&GOOD.replace("[lib]\nbench = false\n", ""), &["`[lib]` of `a`"]);
        check_text(&GOOD.replace("bench = false # why\n", ""), &["`[[bin]]` of `a`"]);
        check_text(
            &GOOD.replace("name = \"a\"\nbench", "name = \"z\"\nbench"),
            &["`[[bin]]` of `a`"],
        );
    }

    #[test]
    fn a_version_of_its_own_fails() {
        let with = |line: &str| format!("{GOOD}{line}\n");
        check_text(&with("d = \"1\""), &["Cargo.toml:13: [manifests] `d`"]);
        check_text(&with("d = { path = \"../d\" }"), &["`d`: name the version"]);
        check_text(&with("d.version = \"1\""), &["`d`"]);
        check_text(&with("[target.'cfg(unix)'.dependencies]\nd = \"1\""), &["`d`"]);
        check_text(
            &with("[dev-dependencies.d]\nversion = \"1\""),
            &["Cargo.toml:13: [manifests] `d`"],
        );
        check_text(&with("[dev-dependencies.d]\nworkspace = true"), &[]);
    }

    #[test]
    fn a_missing_manifest_fails() {
        let repo = Repo::of(&[]).with("crates/a", "a", &[]);
        assert_eq!(check(&repo).len(), 1);
    }
}
