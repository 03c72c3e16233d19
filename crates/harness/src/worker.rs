//! `sage worker`: a worker that waits for drivers.
//!
//! For hosts where something else starts processes. It serves one driver after the other until it is ended,
//! and writes a line on stderr for each that it refuses. The token comes from a file or from the environment,
//! never from the command line, which everybody on the host can read. Beyond this host nobody is served
//! without a token and a certificate. Ray's actors start it with `--supervised`.

use crate::run::{make, workers::token};
use crate::{Error, Exit};
use clap::{Args, Parser};
use cluster::{Identity, Listener, Terms, Token};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::{io, process, thread};

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
    /// File with the certificate that the worker shows; connections must then be encrypted
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// File with the private key to it
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Read the secret from the first line of the standard input, and end when it ends
    #[arg(long, conflicts_with = "token_file")]
    supervised: bool,
}

/// The same for programs that are workers behind a hidden argument.
#[derive(Parser, Debug)]
#[command(name = "worker")]
struct Hidden {
    #[command(flatten)]
    args: WorkerArgs,
}

impl WorkerArgs {
    /// Reads flags, of which the first word is the name of the program, and is a worker.
    pub(crate) fn serve(words: &[String]) -> Exit {
        match Hidden::try_parse_from(words) {
            Ok(Hidden { args }) => worker(&args).unwrap_or_else(|error| {
                eprintln!("worker: {error}");
                error.exit()
            }),
            Err(error) => {
                eprintln!("worker: {error}");
                Exit::Usage
            }
        }
    }
}

/// Serves drivers until the process is ended.
///
/// # Errors
/// When it cannot listen, or the token, the certificate or its key are none.
pub fn worker(args: &WorkerArgs) -> Result<Exit, Error> {
    let usage = |error: cluster::Error| Error::Usage(format!("--listen: {error}"));
    let address: SocketAddr = args.listen.parse().map_err(|_| {
        let example = "write for example `127.0.0.1:7401`";
        Error::Usage(format!("--listen: `{}` is no address with a port: {example}", args.listen))
    })?;
    let token = match &args.token_file {
        Some(path) => Some(token(path)?),
        None if args.supervised => Some(from_supervisor()?),
        None => from_environment()?,
    };
    let identity = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(
            Identity::read(certificate, key)
                .map_err(|error| Error::Usage(format!("--tls-cert, --tls-key: {error}")))?,
        ),
        _ => None,
    };
    let terms = Terms { token, identity, slots: args.slots };
    let listener = Listener::bind(address, terms).map_err(usage)?;
    eprintln!("worker: listening on {}", listener.address().map_err(usage)?);
    let served = listener.serve(make, |line| eprintln!("worker: {line}"));
    served.map(|()| Exit::Done).map_err(|error| Error::Usage(error.to_string()))
}

/// The secret that whoever started this process has for it. When that one is gone, so is this.
fn from_supervisor() -> Result<Token, Error> {
    let usage = |error: String| Error::Usage(format!("--supervised: {error}"));
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|error| usage(error.to_string()))?;
    let token = Token::new(line.as_bytes()).map_err(|error| usage(error.to_string()))?;
    let watch = || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink()); // an error is an end as well
        process::exit(0);
    };
    let builder = thread::Builder::new().name("supervisor".into());
    builder.spawn(watch).map_err(|error| usage(error.to_string()))?;
    Ok(token)
}

#[allow(clippy::disallowed_methods, reason = "a secret must not be on the command line")]
fn from_environment() -> Result<Option<Token>, Error> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(None) };
    let token = Token::new(text.as_bytes());
    token.map(Some).map_err(|error| Error::Usage(format!("{VARIABLE}: {error}")))
}
