//! `sage worker`: a worker that waits for drivers.
//!
//! For hosts where something else starts processes. It serves one driver after the other until it is ended,
//! and writes a line on stderr for each that it refuses. The token comes from a file or from the environment,
//! never from the command line, which everybody on the host can read.

use crate::run::{make, workers::token};
use crate::{Error, Exit};
use clap::Args;
use cluster::{Listener, Token};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The variable with the token, where there is no file with it.
const VARIABLE: &str = "SAGE_TOKEN";

/// Flags of `sage worker`.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct WorkerArgs {
    /// Where to listen: an address of this host and a port, 0 for any
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7401")]
    listen: String,
    /// The most slots that a node on this worker may have; default: no limit
    #[arg(long, value_name = "N")]
    slots: Option<u32>,
    /// File with the secret that drivers must know; default: the variable SAGE_TOKEN, or no secret
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Serves drivers until the process is ended.
///
/// # Errors
/// When it cannot listen, or the token is none.
pub fn worker(args: &WorkerArgs) -> Result<Exit, Error> {
    let usage = |error: cluster::Error| Error::Usage(format!("--listen: {error}"));
    let address: SocketAddr = args.listen.parse().map_err(|_| {
        let example = "write for example `127.0.0.1:7401`";
        Error::Usage(format!("--listen: `{}` is no address with a port: {example}", args.listen))
    })?;
    let token = match &args.token_file {
        Some(path) => Some(token(path)?),
        None => from_environment()?,
    };
    let listener = Listener::bind(address, token, args.slots).map_err(usage)?;
    eprintln!("worker: listening on {}", listener.address().map_err(usage)?);
    let served = listener.serve(make, |line| eprintln!("worker: {line}"));
    served.map(|()| Exit::Done).map_err(|error| Error::Usage(error.to_string()))
}

#[allow(clippy::disallowed_methods, reason = "a secret must not be on the command line")]
fn from_environment() -> Result<Option<Token>, Error> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(None) };
    let token = Token::new(text.as_bytes());
    token.map(Some).map_err(|error| Error::Usage(format!("{VARIABLE}: {error}")))
}
