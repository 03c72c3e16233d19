//! What tests of the experiments' programs have in common: a folder to run in, and how a run ends.
//!
//! Compiled into the tests of each experiment; `EXECUTABLE` at their root is the program under test.

use crate::EXECUTABLE;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder that is gone after the test.
pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, started in this folder.
    pub(crate) fn command(&self, flags: &str) -> Command {
        let mut command = Command::new(EXECUTABLE);
        command.current_dir(self.0.path()).args(flags.split_whitespace());
        command
    }

    pub(crate) fn run(&self, flags: &str) -> Output {
        self.command(flags).output().unwrap()
    }

    pub(crate) fn names(&self, name: &str) -> Vec<String> {
        names(&self.path(name))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[track_caller]
pub(crate) fn succeeded(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// Exit code 2, exactly one message on stderr, nothing on stdout, nothing written.
#[track_caller]
pub(crate) fn refused(folder: &Folder, flags: &str, parts: &[&str]) {
    let before = folder.names("");
    let output = folder.run(flags);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{flags}: {message}");
    assert_eq!(message.matches("error:").count(), 1, "{flags}: {message}");
    assert_eq!(text(&output.stdout), "", "{flags}");
    for part in parts {
        assert!(message.contains(part), "{flags}: no `{part}` in: {message}");
    }
    assert_eq!(folder.names(""), before, "{flags} left something");
}
