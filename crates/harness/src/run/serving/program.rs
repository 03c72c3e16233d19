//! Where the program of the model server is.
//!
//! It is one of its own, since what it is built from takes minutes to compile. The variable `SAGE_LLM` names
//! it; else it is beside this program, where a common target folder has it, or in that of its own in a
//! checkout, which builds it if it never has: a command that only names another command is no answer.

use crate::Error;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The variable with its path.
const VARIABLE: &str = "SAGE_LLM";
const PROGRAM: &str = "sage-llm";

/// The model server's program, built where that is needed and possible.
///
/// # Errors
/// When it is nowhere and cannot be built; says how to get it.
pub fn model_server() -> Result<PathBuf, Error> {
    if let Some(path) = named() {
        return match path.is_file() {
            true => Ok(path),
            false => {
                let message = format!("{VARIABLE} names {}, which is no file", path.display());
                Err(Error::Usage(message))
            }
        };
    }
    let this = env::current_exe().unwrap_or_default();
    let here = env::current_dir().unwrap_or_default();
    if let Some(program) = places(&this, &here).into_iter().find(|path| path.is_file()) {
        return Ok(program);
    }
    let checkouts = this.ancestors().chain(here.ancestors()).map(|it| it.join("llm"));
    match checkouts.into_iter().find(|folder| folder.join("Cargo.toml").is_file()) {
        Some(folder) => build(&folder),
        None => Err(Error::Usage(format!(
            "there is no {PROGRAM} beside {}; build it in a checkout with `cargo build --release \
             --manifest-path llm/Cargo.toml`, name it in {VARIABLE}, or name a server in `services:` of a \
             spec",
            this.display()
        ))),
    }
}

/// Beside this program, in the release folder of its target folder, and in the server's own target folder of
/// the checkout around the program or this folder.
fn places(this: &Path, here: &Path) -> Vec<PathBuf> {
    let beside = this.parent().map(|folder| folder.join(PROGRAM));
    let target = this.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let release = target.map(|target| target.join("release").join(PROGRAM));
    let around = this.ancestors().chain(here.ancestors());
    let own = around.map(|folder| folder.join("llm/target/release").join(PROGRAM));
    beside.into_iter().chain(release).chain(own).collect()
}

/// Its target folder is its own, also where the variable for that is set, so that it is found again.
fn build(folder: &Path) -> Result<PathBuf, Error> {
    let (manifest, target) = (folder.join("Cargo.toml"), folder.join("target"));
    eprintln!("The model server is built once, which takes some minutes.");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--quiet", "--manifest-path"]).arg(&manifest);
    cargo.arg("--target-dir").arg(&target).stdin(Stdio::null()).stdout(Stdio::null());
    let wrong = |what: String| Error::Usage(format!("the model server was not built: {what}"));
    match cargo.status() {
        Ok(status) if status.success() => Ok(target.join("release").join(PROGRAM)),
        Ok(status) => Err(wrong(format!("cargo, for {}, ended with {status}", manifest.display()))),
        Err(error) => Err(wrong(format!("cargo does not start: {error}"))),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "where programs are is the machine's affair, not a run's"
)]
fn named() -> Option<PathBuf> {
    env::var(VARIABLE).ok().filter(|path| !path.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_for_where_builds_and_installations_put_it() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir(path("target")).unwrap();
        std::fs::write(path("target/CACHEDIR.TAG"), "").unwrap();
        let places = places(&path("target/debug/exp1"), &path("folder"));
        for place in ["target/debug", "target/release", "llm/target/release"] {
            assert!(places.contains(&path(place).join(PROGRAM)), "{place}: {places:?}");
        }
        assert_eq!(places[0], path("target/debug").join(PROGRAM));
    }
}
