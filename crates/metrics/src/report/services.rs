//! What calls to services have cost, as it stands in the JSON under `metrics.services`.
//!
//! Plain data, made by [`Fold`](crate::Fold). Parts that a run does not have are null.

use super::Summary;
use serde::{Deserialize, Serialize};

/// Calls to services, summed over repetitions; those of warm-up tasks are not counted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceMeasures {
    /// Requests: those that were answered, and those that failed for good.
    pub calls: u64,
    /// Of these, those that failed for good.
    pub failed_calls: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Answers of a language model. Null without one.
    pub llm: Option<LlmMeasures>,
    /// Calls for vectors. Null without one.
    pub embedding: Option<EmbeddingMeasures>,
    /// What was found. Null where no answer is known.
    pub retrieval: Option<RetrievalMeasures>,
}

/// Answers of a language model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmMeasures {
    /// Complete answers.
    pub answers: u64,
    /// Of these, those whose tokens the service did not count; they are in no figure of tokens.
    pub uncounted_answers: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Of these, those that the service had kept from earlier prompts, and which cost it next to nothing. Null
    /// if no service tells.
    pub cached_prompt_tokens: Option<u64>,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Tokens written ÷ duration of the run. Null where none were counted.
    pub tokens_per_sec: Option<f64>,
    /// From the begin of a call, attempts in vain included, to the first piece of text, ms.
    pub time_to_first_token_ms: Summary,
    /// Time after the first token ÷ tokens after the first, ms; a sample is an answer.
    pub time_per_token_ms: Summary,
    /// From the begin of a call to its end, ms.
    pub answer_ms: Summary,
}

/// Calls for vectors.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingMeasures {
    /// Texts.
    pub texts: u64,
    /// From the begin of a call to its end, ms.
    pub call_ms: Summary,
}

/// What was found, of what was looked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievalMeasures {
    /// Questions whose answer is known.
    pub questions: u64,
    /// Of these, those whose answer is among the passages retrieved.
    pub hits: u64,
    /// Hits ÷ questions.
    pub hit_rate: f64,
}
