//! What can go wrong from flags to files, and what the shell is told of it.
//!
//! One message per mistake: it names the flag, file or folder and the remedy. The exit
//! code follows from the variant and is written down here alone, so that all
//! commands agree.

use crate::spec::SpecError;
use pipeline::RunError;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Why a command did not do all of what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A flag is wrong. Nothing has been run or written.
    #[error("{0}")]
    Usage(String),
    /// The spec, or a flag that stands for a part of it, is wrong. Nothing has been run or written.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The folder for the results cannot be used. Nothing has been run or written.
    #[error("--output {}: {why}", path.display())]
    Output {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        why: String,
    },
    /// A file of results could not be written, as on a full disk. What was written before is whole.
    #[error(
        "cannot write {}: {source}; what was written before is complete, look at the free space \
         and the rights of the folder",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A run broke off.
    #[error("run `{run}` failed: {source}")]
    Run {
        /// Its name.
        run: String,
        /// Why.
        source: RunError,
    },
    /// The account of a run contradicts itself: tasks were lost or doubled.
    #[error("run `{run}`: {what}; its numbers cannot be trusted, please report this")]
    Conservation {
        /// Its name.
        run: String,
        /// What does not add up.
        what: String,
    },
    /// A picture could not be drawn.
    #[error(transparent)]
    Picture(#[from] viz::VizError),
    /// A report could not be made.
    #[error("the report of run `{run}` could not be made: {source}")]
    Report {
        /// Its name.
        run: String,
        /// Why.
        source: metrics::MetricsError,
    },
    /// The system refused a thread.
    #[error("the system refused a thread: {0}")]
    Thread(#[source] io::Error),
}

impl Error {
    /// A failed write of `path`.
    pub(crate) fn write(path: &Path, source: io::Error) -> Error {
        Error::Write { path: path.to_owned(), source }
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Error::Usage(_) | Error::Spec(_) | Error::Output { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// How a command ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Everything was done. Failed tasks and statistical marks are results.
    Done,
    /// A run failed, the account of one contradicts itself, or an expectation does not hold.
    Failed,
    /// Bad usage or bad spec; nothing was run or written.
    Usage,
    /// Interrupted; what was measured so far is saved and marked partial.
    Interrupted,
}

impl Exit {
    /// The code for the shell.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
