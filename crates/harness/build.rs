//! Tells the harness which commit it is built from.
//!
//! Outside a checkout, without git, or in a checkout of something else there is no
//! commit, and that is no error. The folders of the sources are watched, so that the mark
//! for uncommitted changes is as fresh as the build.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(commit) = commit(&root) else { return };
    println!("cargo::rustc-env=HARNESS_GIT_COMMIT={commit}");
    for path in ["crates", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    for name in ["HEAD", "index", "logs/HEAD"] {
        if let Some(path) = git(&root, &["rev-parse", "--git-path", name]) {
            let path = root.join(path);
            if path.exists() {
                println!("cargo::rerun-if-changed={}", path.display());
            }
        }
    }
}

/// The commit, with `-dirty` if a tracked file differs from it.
fn commit(root: &Path) -> Option<String> {
    // A source archive unpacked inside another repository is not of that repository.
    git(root, &["ls-files", "--error-unmatch", "crates/harness/build.rs"])?;
    let commit = git(root, &["rev-parse", "HEAD"])?;
    let changes = git(root, &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() { commit } else { format!("{commit}-dirty") })
}

/// What git prints, trimmed; `None` if it fails. It must not refresh the index: that would
/// make every build look like a change.
fn git(root: &Path, args: &[&str]) -> Option<String> {
    let output =
        Command::new("git").arg("--no-optional-locks").arg("-C").arg(root).args(args).output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
