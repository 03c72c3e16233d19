//! Why somebody or something is refused, by kind.
//!
//! Reasons are sentences for a person; kinds are few, so that they can be counted.

use super::WireError;

/// The kind of a reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No message, or none that belongs there.
    Malformed,
    /// Longer than any message is, or more than the window.
    Oversized,
    /// A call that is not the next one of its session, as one that is sent again.
    Replayed,
    /// Without the token, or without encryption where it is demanded.
    Unauthenticated,
    /// Of another version of the protocol.
    Version,
    /// As it should be, but not now or not here: another driver is served, the node is too large, or nothing
    /// was said in time.
    Unwelcome,
}

impl Refusal {
    /// How many kinds there are.
    pub const COUNT: usize = 6;

    /// All kinds, in the order in which they are counted.
    pub const ALL: [Refusal; Refusal::COUNT] = [
        Refusal::Malformed,
        Refusal::Oversized,
        Refusal::Replayed,
        Refusal::Unauthenticated,
        Refusal::Version,
        Refusal::Unwelcome,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::Malformed => "malformed",
            Refusal::Oversized => "oversized",
            Refusal::Replayed => "replayed",
            Refusal::Unauthenticated => "unauthenticated",
            Refusal::Version => "version",
            Refusal::Unwelcome => "unwelcome",
        }
    }
}

impl From<&WireError> for Refusal {
    fn from(error: &WireError) -> Refusal {
        match error {
            WireError::TooLong(_) => Refusal::Oversized,
            WireError::Version(_) => Refusal::Version,
            _ => Refusal::Malformed,
        }
    }
}
