//! Why a cluster could not be brought up, or could not go on.
//!
//! A worker that is lost is no error: its calls run elsewhere. These are what no other node can make
//! good.

use crate::wire::{MAX_TOKEN, Refusal, WireError};
use sched_core::NodeId;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A cluster that is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A worker process could not be started.
    #[error("cannot start {} as a worker process: {source}", program.display())]
    Launch {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A worker was not there in time.
    #[error("{node} is not there: {why}")]
    NotThere {
        /// Which node it was to be.
        node: NodeId,
        /// What was seen of it.
        why: String,
    },
    /// Ray is not there, or not any more.
    #[error("Ray: {0}")]
    Ray(String),
    /// Every worker was lost in mid-run, and none came back.
    #[error(
        "every worker is lost and none comes back, the last because: {0}; start them again, then the run"
    )]
    AllLost(String),
    /// This system has no worker processes.
    #[error("workers need a Unix system; use `--env local`")]
    Elsewhere,
    /// There are fewer workers than nodes.
    #[error(
        "the run has {needed} nodes and there are {known} workers; name more, or run fewer nodes"
    )]
    TooFew {
        /// Nodes of the run.
        needed: usize,
        /// Workers that are known.
        known: usize,
    },
    /// A socket beyond this host, without what protects it.
    #[error(
        "{address} is not a loopback address, and beyond this host a worker needs a token and TLS on both \
         sides: {missing} missing; `sage cluster keygen DIR` makes all files"
    )]
    Beyond {
        /// Where.
        address: SocketAddr,
        /// What is missing.
        missing: &'static str,
    },
    /// Keys or certificates that are none, or could not be made.
    #[error("{0}")]
    Keys(String),
    /// A worker could not listen.
    #[error("cannot listen on {address}: {source}; choose another address or port")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A token that cannot be one.
    #[error("a token has 16 to {MAX_TOKEN} bytes, and this one has {0}")]
    Token(usize),
    /// Code of one's own cannot travel to another process.
    #[error(
        "stage `{0}` runs code of its own, which no worker process has; run it with `--env local`"
    )]
    Custom(String),
    /// A worker does not say how it is.
    #[error("{0}")]
    Inquiry(String),
    /// The system refuses to wait for sockets.
    #[error("the system refuses to wait for the workers: {0}; lower the number of nodes")]
    Poll(#[source] io::Error),
    /// Somebody was refused, by a worker or by the driver that told it.
    #[error("the connection to the driver is over: {why}")]
    Refused {
        /// Of what kind the reason is.
        refusal: Refusal,
        /// The reason.
        why: String,
    },
    /// What the other side said is no message.
    #[error("the other side sent {0}")]
    Wire(#[from] WireError),
    /// The system refused a socket, or a thread for one.
    #[error("the system refused a socket: {0}")]
    Socket(#[source] io::Error),
}

impl Error {
    /// Somebody is refused for this reason.
    #[cfg(unix)]
    pub(crate) fn refused(refusal: Refusal, why: impl Into<String>) -> Error {
        Error::Refused { refusal, why: why.into() }
    }

    /// What kind of refusal this is; `None` if it is the system's failure, not the other side's.
    #[cfg(unix)]
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Error::Refused { refusal, .. } => Some(*refusal),
            Error::Wire(error) => Some(error.into()),
            _ => None,
        }
    }
}
