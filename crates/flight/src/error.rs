//! What can be wrong with a log, or with writing one.
//!
//! One message per mistake: where it is and what to do. A log that merely ends early is
//! no error; [`End`](crate::End) tells that, because a crash is when one wants it most.

use sched_core::{ClusterError, PROTOCOL_VERSION};
use std::io;

use crate::header::FORMAT_VERSION;

/// A log that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file or stream failed.
    #[error("the log cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// It does not begin as a log does.
    #[error("this is not a flight log: its first bytes are not those of one")]
    NotALog,
    /// It is of another format.
    #[error(
        "the log has format version {0}, this program knows {FORMAT_VERSION}: read it with the \
         version that wrote it"
    )]
    Format(
        /// The version of the log.
        u64,
    ),
    /// Its facts and decisions mean something else than today's.
    #[error(
        "the log was recorded with version {0} of the scheduler's facts and decisions, this \
         program has {PROTOCOL_VERSION}: replay it with the version that recorded it"
    )]
    Protocol(
        /// The version of the log.
        u64,
    ),
    /// It ends before its header does: nothing was recorded.
    #[error("the log ends within its header: nothing was recorded")]
    NoHeader,
    /// Its header is damaged, or was made up.
    #[error("the log's header is damaged: {0}")]
    Header(
        /// What is wrong.
        &'static str,
    ),
    /// Its header declares a cluster that cannot be.
    #[error("the log's header is damaged: {0}")]
    Cluster(#[from] ClusterError),
    /// Something in it means nothing.
    #[error("the log is damaged at byte {at}: {what}; what is before it can be trusted")]
    Damaged {
        /// Offset of the record in the log.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A header that is too long to be written.
    #[error("the header of a log cannot hold this: {0}")]
    TooLong(
        /// What is too long, and how long it may be.
        &'static str,
    ),
    /// A fact or decision of a kind that this format does not know.
    #[error("this format of log has no record for a fact or decision that occurred")]
    Unknown,
}
