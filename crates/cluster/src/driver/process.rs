//! Worker processes of this host.
//!
//! The socket to a worker takes the place of its standard input: nobody else can reach it, so it needs no
//! port and no token, and its end is the sign that the other side is gone. That holds for the worker too:
//! however the driver ends, its workers end. They are in a process group of their own, so that Ctrl-C
//! reaches the driver alone, which then saves what there is.

use crate::link::{Link, Stream};
use crate::{Error, WORKER_ARGUMENT};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::{env, io};

/// A program that can be started as a worker process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// This program with [`WORKER_ARGUMENT`]. On Linux the very file that runs, even if another has taken its
    /// place since.
    ///
    /// # Errors
    /// When the system does not tell where it is.
    pub fn this() -> io::Result<Program> {
        let path = match cfg!(target_os = "linux") {
            true => PathBuf::from("/proc/self/exe"),
            false => env::current_exe()?,
        };
        Ok(Program { path, arguments: vec![WORKER_ARGUMENT.into()] })
    }

    /// Another program, with its arguments. It must call [`serve_parent`](crate::serve_parent).
    pub fn new(path: impl Into<PathBuf>, arguments: Vec<OsString>) -> Program {
        Program { path: path.into(), arguments }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A worker process. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Process(Child);

impl Process {
    pub(super) fn start(program: &Program) -> Result<(Process, Link), Error> {
        let failed = |source| Error::Launch { program: program.path.clone(), source };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let child = Command::new(&program.path)
            .args(&program.arguments)
            .arg0("worker")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        Ok((Process(child), Link::new(Stream::Unix(ours)).map_err(failed)?))
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it, if it has not ended by itself, and says how it ended.
    pub(super) fn end(mut self) -> Option<ExitStatus> {
        self.0.kill().and_then(|()| self.0.wait()).ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell of another failure.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}
