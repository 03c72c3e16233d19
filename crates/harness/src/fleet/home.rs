//! What `start` must remember: a folder for each cluster, which only this user can read.
//!
//! It is in the runtime folder of the session if there is one, which ends with it, else beside other temporary
//! files under a name of this user; there it could be another's trap, so its owner and rights are looked at.
//! A process is known by its number and its start, because numbers are used again.

use super::keygen;
use crate::Error;
use rustix::process::{Pid, Signal, getuid, kill_process};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// The file that a run reads.
pub(super) const FILE: &str = "cluster.yaml";
/// The secret that it names.
pub(super) const TOKEN: &str = "token";
/// Which processes there are.
const STATE: &str = "state.json";

/// The folder of a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Home {
    pub(super) name: String,
    folder: PathBuf,
}

/// Which processes a cluster has.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) workers: Vec<Worker>,
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Worker {
    pub(super) process: u32,
    /// When it started, as the system counts; `None` where it does not tell.
    pub(super) started: Option<u64>,
    /// Where it listens; not known yet while it starts.
    pub(super) address: Option<SocketAddr>,
}

impl Home {
    /// That of a cluster of this name, whether there is one or not.
    ///
    /// # Errors
    /// When the name is none, or the folder above it cannot be used.
    pub(super) fn named(name: &str) -> Result<Home, Error> {
        if !is_name(name) {
            return Err(Error::Usage(format!(
                "`{name}` is no name for a cluster: use up to 64 letters, digits, `-` and `_`"
            )));
        }
        Ok(Home { name: name.to_owned(), folder: root()?.join(name) })
    }

    /// That of a cluster that was started under this name; `None` if this can be no name.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub(super) fn of_running(named: &Path) -> Result<Option<Home>, Error> {
        let Some(name) = named.to_str().filter(|name| is_name(name)) else { return Ok(None) };
        let home = Home::named(name)?;
        match home.file(FILE).exists() {
            true => Ok(Some(home)),
            false => Err(Error::Usage(format!(
                "`{name}` is neither a file nor a cluster that is running; \
                 `sage cluster start --name {name}` starts one"
            ))),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn exists(&self) -> bool {
        self.folder.exists()
    }

    /// Takes the name; `false` if somebody else has it.
    pub(super) fn claim(&self) -> Result<bool, Error> {
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(Error::write(&self.folder, error)),
        }
    }

    /// Gives the name back.
    pub(super) fn remove(&self) -> Result<(), Error> {
        fs::remove_dir_all(&self.folder).map_err(|error| Error::write(&self.folder, error))
    }

    /// The processes; `None` if that was not written, or is not readable.
    pub(super) fn state(&self) -> Option<State> {
        serde_json::from_slice(&fs::read(self.file(STATE)).ok()?).ok()
    }

    pub(super) fn save(&self, state: &State) -> Result<(), Error> {
        let path = self.file(STATE);
        let text = serde_json::to_vec_pretty(state).unwrap_or_default();
        crate::output::write_file(&path, &text)
    }

    /// Writes a file that nobody has written before.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.file(name);
        keygen::write(&path, text, true).map_err(|error| Error::write(&path, error))
    }
}

impl Worker {
    pub(super) fn of(process: u32) -> Worker {
        Worker { process, started: started(process), address: None }
    }

    /// Whether this very process is alive. Only where the system tells when it started.
    pub(super) fn is_alive(&self) -> bool {
        self.started.is_some() && started(self.process) == self.started
    }

    /// Ends it, if it is this very process.
    pub(super) fn kill(&self) {
        let id = i32::try_from(self.process).ok().and_then(Pid::from_raw);
        if let Some(id) = id.filter(|_| self.is_alive()) {
            let _ = kill_process(id, Signal::KILL); // whether it worked is seen by looking
        }
    }
}

/// When a process started, as the system counts; `None` if there is none, or only its remains, or where
/// there is no `/proc`.
fn started(process: u32) -> Option<u64> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let mut fields = line.get(line.rfind(')')? + 1..)?.split_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// The folder of all clusters of this user.
fn root() -> Result<PathBuf, Error> {
    let uid = getuid().as_raw();
    let root = match session_folder() {
        Some(folder) => folder.join("sage"),
        None => std::env::temp_dir().join(format!("sage-{uid}")),
    };
    let failed = |error| Error::write(&root, error);
    match DirBuilder::new().mode(0o700).create(&root) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let found = fs::symlink_metadata(&root).map_err(failed)?;
    match found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0 {
        true => Ok(root),
        false => Err(Error::Usage(format!(
            "{} is not a folder that only you can use; remove it, or give XDG_RUNTIME_DIR another place",
            root.display()
        ))),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "where the session keeps such files is no part of a run"
)]
fn session_folder() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR")?);
    folder.is_dir().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_start() {
        let this = Worker::of(std::process::id());
        assert!(this.is_alive());
        assert!(!Worker { started: this.started.map(|at| at + 1), ..this }.is_alive());
        assert!(!Worker::of(u32::MAX).is_alive(), "there is none");
    }

    #[test]
    fn names_cannot_lead_elsewhere() {
        for name in ["", "..", "a/b", "a.yaml", "ü", &"a".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
        assert!(is_name("default") && is_name("a-1_B"));
    }
}
