//! What the calls of a step have cost.
//!
//! It travels with the state of an item to whoever reports it, as integers: durations in nanoseconds, and
//! counts of tokens that are there only if the server counts.

use serde::{Deserialize, Serialize};

/// Of one answer of a language model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChatStats {
    /// Tokens read, if counted.
    pub prompt_tokens: Option<u64>,
    /// Of these, those that the server had kept from an earlier prompt, if it tells.
    pub cached_tokens: Option<u64>,
    /// Tokens written, if counted.
    pub completion_tokens: Option<u64>,
    /// From the begin of the call to the first piece of text, ns.
    pub first_token_ns: Option<u64>,
    /// From the begin of the call to its end, ns.
    pub took_ns: u64,
}

/// Of one call for vectors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EmbeddingStats {
    /// Texts.
    pub texts: u64,
    /// Their tokens, if counted.
    pub tokens: Option<u64>,
    /// From the begin of the call to its end, ns.
    pub took_ns: u64,
}

/// Of one step of one item.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct StepStats {
    /// Requests to services: those that were answered, and failed ones.
    pub calls: u32,
    /// Of these, those that failed for good.
    pub failed: u32,
    /// Attempts after the first, of all of them.
    pub retries: u32,
    /// Of an answer.
    pub chat: Option<ChatStats>,
    /// Of vectors.
    pub embedding: Option<EmbeddingStats>,
    /// Whether what was looked for is among the passages found; `None` if the step looks for none, or the
    /// truth is not known.
    pub hit: Option<bool>,
}
