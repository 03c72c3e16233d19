//! `cargo xtask`: the checks that a person and the continuous integration both run.
//!
//! `tidy` holds the rules no compiler knows (arrows between crates, what each crate
//! never knows, the shape of files); `check` runs everything, `tidy` included.
//! Few dependencies on purpose: this builds before anything else does.

mod check;
mod tidy;

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "\
usage: cargo xtask <command>

  tidy            the repository's own rules: arrows, bans, file shapes, manifests, words
  check           tidy, format, clippy, tests, docs, and that the benches build
  check --full    the same with a locked Cargo.lock, the whole theory suite, a report read in
                  Chromium (a missing browser is a failure), the model server with its models from
                  PyPI, then the README's main command

exit code: 0 all held, 1 something did not, 2 wrong usage";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["tidy"] => root().and_then(|root| tidy::run(&root)),
        ["check"] => root().and_then(|root| check::run(&root, false)),
        ["check", "--full"] => root().and_then(|root| check::run(&root, true)),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace around the current folder. Asked at run time: a path compiled
/// in would name another checkout where two of them share a target folder.
fn root() -> Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["locate-project", "--workspace", "--message-format", "plain"])
        .output()
        .context("running cargo locate-project")?;
    let manifest = String::from_utf8_lossy(&output.stdout);
    match Path::new(manifest.trim()).parent() {
        Some(root) if output.status.success() => Ok(root.to_path_buf()),
        _ => bail!("no workspace here: {}", String::from_utf8_lossy(&output.stderr).trim()),
    }
}
