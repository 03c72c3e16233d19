//! `sage llm`: how the model server is found, with a program in its place that says what it was told.

#![allow(clippy::unwrap_used, reason = "a test that fails panics, in its helpers too")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A program cannot be started while a process that another test forks still has it open for writing.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a program that prints its place and its arguments, and ends with 7.
fn stand_in(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "#!/bin/sh\necho \"$0: $*\"\nexit 7\n").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(program: &Path, server: Option<&Path>, arguments: &str) -> Output {
    let mut command = Command::new(program);
    // Not in the checkout of this test, which has a server of its own.
    command.args(arguments.split_whitespace()).env_remove("SAGE_LLM").current_dir("/");
    if let Some(server) = server {
        command.env("SAGE_LLM", server);
    }
    command.output().unwrap()
}

/// The real program in another place.
fn installed(folder: &Path) -> std::path::PathBuf {
    let program = folder.join("sage");
    fs::create_dir_all(folder).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_sage"), &program).unwrap();
    program
}

#[track_caller]
fn started(output: &Output, server: &Path, arguments: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{error}");
    let line = format!("{}: {arguments}\n", server.display());
    assert_eq!(String::from_utf8_lossy(&output.stdout), line);
}

#[test]
fn the_variable_says_where_the_server_is() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("elsewhere");
    stand_in(&server);
    let sage = Path::new(env!("CARGO_BIN_EXE_sage"));
    let arguments = "serve --listen 127.0.0.1:0 --help";
    started(&run(sage, Some(&server), &format!("llm {arguments}")), &server, arguments);

    let wrong = run(sage, Some(&folder.path().join("nothing")), "llm serve");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("SAGE_LLM"));
}

#[test]
fn a_server_beside_the_program_or_in_its_checkout_is_found() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let sage = installed(&root.join("target/debug"));
    let own = root.join("llm/target/release/sage-llm");
    stand_in(&own);
    started(&run(&sage, None, "llm serve"), &own, "serve");
    fs::write(root.join("target/CACHEDIR.TAG"), "").unwrap();
    let release = root.join("target/release/sage-llm");
    stand_in(&release);
    started(&run(&sage, None, "llm serve"), &release, "serve");
    let beside = root.join("target/debug/sage-llm");
    stand_in(&beside);
    started(&run(&sage, None, "llm serve"), &beside, "serve");
}

#[test]
fn without_a_server_or_a_checkout_the_remedy_is_named() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let sage = installed(folder.path());
    let output = run(&sage, None, "llm serve");
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("cargo build --release --manifest-path llm/Cargo.toml"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(output.stdout.is_empty());
}
