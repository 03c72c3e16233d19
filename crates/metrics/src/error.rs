//! What can go wrong in this crate.
//!
//! Recording never fails: a record that contradicts itself is kept, counted in
//! [`Recorder::contradictions`](crate::Recorder::contradictions) and noted in the report.

use thiserror::Error;

/// Why a report could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// Give each of them a name of its own.
    #[error("two {what} are called `{name}`; names must differ")]
    DuplicateName {
        /// `stages` or `nodes`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Only repetitions of the same pipeline on the same nodes can be folded.
    #[error("a repetition has other stages, nodes or batches than the first")]
    ShapeMismatch,
    /// The writer under a [`LatencyCsv`](crate::LatencyCsv) failed, as on a full disk. The rows
    /// before stay readable.
    #[error("the latencies could not be written: {0}")]
    Write(#[from] std::io::Error),
}
