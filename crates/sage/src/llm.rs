//! `sage llm serve`: finds the model server and becomes it.
//!
//! The server is a program of its own (`llm/` at the root), because what it is built from takes minutes to
//! compile. It is looked for where builds and installations put it; in a checkout that has never built
//! it, cargo does so now, said in one line, since a command that names another command is no answer.
//! Everything after `llm` is the server's, its help included.

use harness::Error;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The variable with its path, where it is somewhere else.
const VARIABLE: &str = "SAGE_LLM";
const PROGRAM: &str = "sage-llm";

/// Becomes the server with these arguments; comes back only if it cannot.
pub(crate) fn exec(arguments: &[OsString]) -> Error {
    match find() {
        Ok(program) => {
            let error = Command::new(&program).args(arguments).exec();
            Error::Usage(format!("{}: {error}", program.display()))
        }
        Err(error) => error,
    }
}

/// The server's program, built where that is possible and needed.
fn find() -> Result<PathBuf, Error> {
    if let Some(path) = from_environment() {
        return match path.is_file() {
            true => Ok(path),
            false => Err(Error::Usage(format!("{VARIABLE}: {} is no file", path.display()))),
        };
    }
    let this = std::env::current_exe().unwrap_or_default();
    let places = places(&this);
    if let Some(program) = places.iter().find(|path| path.is_file()) {
        return Ok(program.clone());
    }
    match this.ancestors().map(|it| it.join("llm/Cargo.toml")).find(|it| it.is_file()) {
        Some(manifest) => build(&manifest),
        None => Err(Error::Usage(format!(
            "{PROGRAM}, the model server, is not beside {}; `cargo build --release \
             --manifest-path llm/Cargo.toml` in a checkout builds it, {VARIABLE}=PATH names it",
            this.display()
        ))),
    }
}

/// Beside this program, in the release folder beside its own (with a common target folder), and in the
/// server's own target folder of the checkout around this program.
fn places(this: &Path) -> Vec<PathBuf> {
    let beside = this.parent().map(|folder| folder.join(PROGRAM));
    let release = this
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map(|target| target.join("release").join(PROGRAM));
    let own = this.ancestors().map(|folder| folder.join("llm/target/release").join(PROGRAM));
    beside.into_iter().chain(release).chain(own).collect()
}

/// Builds the server. Its target folder is its own, also where the variable for it is set, so that it is
/// found again by a program that knows nothing of that.
fn build(manifest: &Path) -> Result<PathBuf, Error> {
    let folder = manifest.parent().map_or_else(|| PathBuf::from("llm"), Path::to_path_buf);
    let target = folder.join("target");
    eprintln!("building the model server, once: some minutes");
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--quiet", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .stdin(Stdio::null())
        // What the server prints is for programs to read; what cargo says is not.
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(target.join("release").join(PROGRAM)),
        Ok(status) => Err(Error::Usage(format!(
            "the model server was not built: cargo, for {}, ended with {status}",
            manifest.display()
        ))),
        Err(error) => Err(Error::Usage(format!(
            "the model server is not built, and cargo does not start: {error}"
        ))),
    }
}

#[allow(clippy::disallowed_methods, reason = "where programs lie is the environment's to say")]
fn from_environment() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).map(PathBuf::from)
}
