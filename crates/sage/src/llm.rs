//! `sage llm serve`: finds the model server and becomes it.
//!
//! The server is a program of its own (`llm/` at the root), because what it is built from takes minutes to
//! compile. The harness finds it, or builds it, as it does for runs that ask real models; everything after
//! `llm` is the server's, its help included. It listens to Unix signals, so elsewhere there is none.

use harness::Error;
use std::ffi::OsString;

/// Becomes the server with these arguments; comes back only if it cannot.
#[cfg(unix)]
pub(crate) fn exec(arguments: &[OsString]) -> Error {
    use std::os::unix::process::CommandExt as _;
    match harness::model_server() {
        Ok(program) => {
            let error = std::process::Command::new(&program).args(arguments).exec();
            Error::Usage(format!("{}: {error}", program.display()))
        }
        Err(error) => error,
    }
}

/// Says that it cannot.
#[cfg(not(unix))]
pub(crate) fn exec(_: &[OsString]) -> Error {
    let message = "sage llm: the local model server needs a Unix system; name another one, by its `base_url`, \
                   in `services:` of a spec";
    Error::Usage(message.to_owned())
}
