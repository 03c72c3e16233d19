//! The state of an item: what one step leaves for the next.
//!
//! It travels between processes, so it is bounded, and a step drops what no later one needs: the vector once
//! it has been searched with, the passages once they are in the prompt.

use crate::call::StepStats;
use crate::chat::Message;
use serde::{Deserialize, Serialize};

/// The most bytes of a state.
pub const MAX_STATE: usize = 16 << 10;

/// What an item is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A question, answered from passages.
    #[default]
    Rag,
    /// A question, answered by the model alone.
    Llm,
    /// No question: it computes.
    Compute,
}

/// A passage that was found for an item.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Found {
    /// The entry that it is a part of.
    pub entry: u32,
    /// What it is about.
    pub title: String,
    /// What it says.
    pub text: String,
}

/// The state of an item.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// What it is.
    pub kind: Kind,
    /// What is asked.
    pub question: String,
    /// The entry that answers it, if that is known.
    pub truth: Option<u32>,
    /// The vector of the question, from `embed` to `retrieve`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vector: Vec<f32>,
    /// Passages, best first, from `retrieve` to `prompt`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Found>,
    /// What is said to the model, from `prompt` to `generate`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompt: Vec<Message>,
    /// What the model says, cut to 2,000 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// What the last step has cost.
    #[serde(default)]
    pub last: StepStats,
}

impl State {
    /// From bytes.
    ///
    /// # Errors
    /// When they are none.
    pub fn read(bytes: &[u8]) -> Result<State, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("a state that is none: {error}"))
    }

    /// As bytes.
    ///
    /// # Errors
    /// When it is longer than [`MAX_STATE`].
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        let bytes = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        match bytes.len() > MAX_STATE {
            true => Err(format!("the state of a task is longer than {MAX_STATE} bytes")),
            false => Ok(bytes),
        }
    }
}
