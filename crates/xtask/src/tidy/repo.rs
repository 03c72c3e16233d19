//! The repository as data: its text files, and its packages as cargo sees them.
//!
//! Read once by [`Repo::load`], so that every rule is a pure function and its tests need
//! no files. The tree is walked rather than listed by git: a source archive is checked
//! like a clone, and a file not yet added is seen.

use super::source::Source;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// All that the rules look at. Everything is sorted.
pub(super) struct Repo {
    pub(super) packages: Vec<Package>,
    pub(super) files: Vec<File>,
}

/// A text file.
pub(super) struct File {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// A member of the workspace.
#[derive(Default)]
pub(super) struct Package {
    pub(super) name: String,
    /// Folder relative to the root, with `/`.
    pub(super) folder: String,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) targets: Vec<Target>,
}

pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) dev: bool,
    pub(super) optional: bool,
    /// Whether it is a member of this workspace.
    pub(super) ours: bool,
}

pub(super) struct Target {
    pub(super) name: String,
    /// `lib`, `bin`, `test`, `example`, `bench`, …
    pub(super) kind: String,
}

/// Names with a leading dot are left out …
/// … except these.
const DOTTED: [&str; 4] = [".cargo", ".ci", ".github", ".gitignore"];
/// Endings of files that hold no text.
const BINARY: [&str; 6] = [".png", ".svg", ".ttf", ".gz", ".zst", ".parquet"];

impl Repo {
    /// Reads the tree under `root` and asks cargo for its packages.
    pub(super) fn load(root: &Path) -> Result<Repo> {
        let mut files = Vec::new();
        walk(root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Repo { packages: packages(root)?, files })
    }

    /// The files of `folder` below the root; `""` is everything.
    pub(super) fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| {
            folder.is_empty()
                || file.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Files in some `src` folder that are not test modules, with their parsed text.
    pub(super) fn sources(&self) -> Vec<(&File, Source)> {
        let sources: Vec<(&File, Source)> = self
            .files
            .iter()
            .filter(|file| file.path.ends_with(".rs") && file.path.contains("/src/"))
            .map(|file| (file, Source::parse(&file.text)))
            .collect();
        let tests: BTreeSet<String> = sources
            .iter()
            .flat_map(|(file, source)| {
                source.test_modules.iter().map(|name| submodule(&file.path, name))
            })
            .collect();
        let is_test = |path: &str| {
            tests.iter().any(|module| {
                path.strip_prefix(module.as_str())
                    .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            })
        };
        sources.into_iter().filter(|(file, _)| !is_test(&file.path)).collect()
    }
}

/// Where the module `name`, declared in the file `parent`, lies; without its ending.
fn submodule(parent: &str, name: &str) -> String {
    let stem = parent.trim_end_matches(".rs");
    let (folder, last) = stem.rsplit_once('/').unwrap_or(("", stem));
    if matches!(last, "mod" | "lib" | "main") {
        format!("{folder}/{name}")
    } else {
        format!("{stem}/{name}")
    }
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let hidden = name.starts_with('.') && !DOTTED.contains(&name.as_str());
        if hidden || entry.file_type()?.is_symlink() {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if !is_output(&path) {
                walk(&entry.path(), &path, files)?;
            }
        } else if !BINARY.iter().any(|ending| name.ends_with(ending)) {
            let bytes = fs::read(entry.path()).with_context(|| format!("reading {path}"))?;
            files.push(File { path, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }
    Ok(())
}

/// Whether a folder holds what builds and runs leave, not source. Only at the places
/// that .gitignore names: a module may well be called `results`.
fn is_output(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [top] => ["results", "models", "corpus"].contains(top) || top.starts_with("target"),
        ["llm", inner] => inner.starts_with("target"),
        ["experiments", _, "results"] => true,
        ["crates", _, "fuzz", "target" | "corpus" | "artifacts" | "coverage"] => true,
        _ => false,
    }
}

fn packages(root: &Path) -> Result<Vec<Package>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .context("running cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    parse_metadata(&metadata)
}

fn parse_metadata(metadata: &Value) -> Result<Vec<Package>> {
    let root = text(metadata, "workspace_root")?;
    let mut packages = list(metadata, "packages")?
        .iter()
        .map(|package| parse_package(package, root))
        .collect::<Result<Vec<_>>>()?;
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

fn parse_package(package: &Value, root: &str) -> Result<Package> {
    let manifest = text(package, "manifest_path")?.replace('\\', "/");
    let folder = manifest
        .strip_prefix(&root.replace('\\', "/"))
        .and_then(|path| path.strip_suffix("/Cargo.toml"))
        .with_context(|| format!("{manifest} is not below the workspace"))?
        .trim_start_matches('/');
    let dependencies = list(package, "dependencies")?
        .iter()
        .map(|dependency| {
            Ok(Dependency {
                name: text(dependency, "name")?.to_owned(),
                dev: dependency["kind"].as_str() == Some("dev"),
                optional: dependency["optional"].as_bool().unwrap_or(false),
                ours: dependency["path"].is_string(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let targets = list(package, "targets")?
        .iter()
        .map(|target| {
            let kind = list(target, "kind")?.first().and_then(Value::as_str).unwrap_or_default();
            Ok(Target { name: text(target, "name")?.to_owned(), kind: kind.to_owned() })
        })
        .collect::<Result<Vec<_>>>()?;
    let name = text(package, "name")?.to_owned();
    Ok(Package { name, folder: folder.to_owned(), dependencies, targets })
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("cargo metadata gives no `{key}`"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("cargo metadata gives no `{key}`"))
}

#[cfg(test)]
impl Repo {
    /// A repository of these files and no packages.
    pub(super) fn of(files: &[(&str, &str)]) -> Repo {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Repo { packages: Vec::new(), files: files.iter().map(file).collect() }
    }

    /// Adds a package without targets; a dependency is `name`, `dev:name` or `optional:name`,
    /// and ours when a package of that name was added before.
    pub(super) fn with(mut self, folder: &str, name: &str, dependencies: &[&str]) -> Repo {
        let known: Vec<String> = self.packages.iter().map(|it| it.name.clone()).collect();
        let dependencies = dependencies.iter().map(|written| {
            let (kind, name) = written.split_once(':').unwrap_or(("", written));
            Dependency {
                name: name.to_owned(),
                dev: kind == "dev",
                optional: kind == "optional",
                ours: known.iter().any(|it| it == name),
            }
        });
        self.packages.push(Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            dependencies: dependencies.collect(),
            targets: Vec::new(),
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read() {
        let metadata = serde_json::json!({
            "workspace_root": "/r",
            "packages": [{
                "name": "a", "manifest_path": "/r/crates/a/Cargo.toml",
                "dependencies": [
                    {"name": "b", "kind": null, "optional": true, "path": "/r/crates/b"},
                    {"name": "c", "kind": "dev", "optional": false},
                ],
                "targets": [{"name": "a", "kind": ["lib"]}],
            }],
        });
        let packages = parse_metadata(&metadata).unwrap();
        let package = &packages[0];
        assert_eq!((package.name.as_str(), package.folder.as_str()), ("a", "crates/a"));
        let [b, c] = package.dependencies.as_slice() else { panic!("two dependencies") };
        assert!(b.ours && b.optional && !b.dev);
        assert!(c.dev && !c.ours && !c.optional);
        assert_eq!(package.targets[0].kind, "lib");
    }

    #[test]
    fn output_is_told_from_source_of_the_same_name() {
        let fuzz = ["crates/a/fuzz/target", "crates/a/fuzz/corpus"];
        let inner = ["experiments/exp2/results", "llm/target"];
        let top = ["target", "target-2", "results", "models", "corpus"];
        for path in top.iter().chain(&inner).chain(&fuzz) {
            assert!(is_output(path), "{path}");
        }
        for path in [
            "crates",
            "crates/harness/src/results",
            "crates/a/src/target",
            "crates/a/src/models",
            "crates/a/corpus",
            "crates/a/fuzz",
        ] {
            assert!(!is_output(path), "{path}");
        }
    }

    #[test]
    fn files_of_test_modules_are_no_sources() {
        let repo = Repo::of(&[
            ("crates/a/src/engine/mod.rs", "#[cfg(test)]\nmod oracle;\nmod queue;"),
            ("crates/a/src/engine/oracle.rs", ""),
            ("crates/a/src/engine/queue.rs", "#[cfg(test)]\nmod tests;"),
            ("crates/a/src/engine/queue/tests.rs", ""),
            ("crates/a/tests/it.rs", ""),
        ]);
        let paths: Vec<&str> = repo.sources().iter().map(|(file, _)| file.path.as_str()).collect();
        assert_eq!(paths, ["crates/a/src/engine/mod.rs", "crates/a/src/engine/queue.rs"]);
    }
}
