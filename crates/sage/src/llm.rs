//! `sage llm serve`: finds the model server and becomes it.
//!
//! The server is a program of its own (`llm/` at the root), because what it is built from takes minutes to
//! compile. The harness finds it, or builds it, as it does for runs that ask real models; everything after
//! `llm` is the server's, its help included.

use harness::{Error, model_server};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Becomes the server with these arguments; comes back only if it cannot.
pub(crate) fn exec(arguments: &[OsString]) -> Error {
    match model_server() {
        Ok(program) => {
            let error = Command::new(&program).args(arguments).exec();
            Error::Usage(format!("{}: {error}", program.display()))
        }
        Err(error) => error,
    }
}
