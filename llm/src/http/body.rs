//! Bodies of requests: JSON of a bounded length, and each field checked before anything is queued.
//!
//! Fields that would change the answer and are not implemented are refused, not ignored: an answer
//! that is not what was asked for is worse than none. Fields that are only labels are ignored.

use super::error::ApiError;
use crate::chat::template::Message;
use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::http::StatusCode;
use candle_transformers::generation::Sampling;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};
use std::time::Duration;

/// A body that was JSON of this form.
pub struct Body<T>(pub T);

/// Bytes of a body at most.
pub const LONGEST: usize = 2 << 20;

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Body<T>, ApiError> {
        let bytes = tokio::time::timeout(SLOWEST, Bytes::from_request(request, state))
            .await
            .map_err(|_| ApiError::too_slow(SLOWEST))?
            .map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(LONGEST),
                _ => ApiError::invalid(None, rejection.body_text()),
            })?;
        serde_json::from_slice(&bytes)
            .map(Body)
            .map_err(|error| ApiError::invalid(None, format!("the body: {error}")))
    }
}

/// How long a body may take to be here.
const SLOWEST: Duration = Duration::from_secs(30);

/// The body of `/v1/chat/completions`.
#[derive(Deserialize)]
pub struct ChatBody {
    pub model: String,
    messages: Vec<MessageBody>,
    #[serde(default)]
    pub stream: bool,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop: Option<Stop>,
    pub seed: Option<i64>,
    n: Option<u32>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
struct MessageBody {
    role: String,
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Some(Vec<String>),
}

/// Fields that would change the answer, each with the values that ask for nothing.
const REFUSED: [(&str, &[&str]); 9] = [
    ("logprobs", &["false"]),
    ("top_logprobs", &["0"]),
    ("logit_bias", &["{}"]),
    ("presence_penalty", &["0", "0.0"]),
    ("frequency_penalty", &["0", "0.0"]),
    ("tools", &["[]"]),
    ("functions", &["[]"]),
    ("response_format", &["{\"type\":\"text\"}"]),
    ("audio", &[]),
];

const ROLES: [&str; 4] = ["system", "developer", "user", "assistant"];

impl ChatBody {
    /// The messages, each with its text in one piece.
    ///
    /// # Errors
    /// An unknown role, or content that is no text.
    pub fn messages(&self) -> Result<Vec<Message>, ApiError> {
        if self.messages.is_empty() {
            return Err(ApiError::invalid("messages", "`messages` is empty"));
        }
        self.messages.iter().map(MessageBody::checked).collect()
    }

    /// How many tokens are asked for, if it is said.
    ///
    /// # Errors
    /// Zero.
    pub fn most(&self) -> Result<Option<usize>, ApiError> {
        match self.max_completion_tokens.or(self.max_tokens) {
            Some(0) => Err(ApiError::invalid("max_tokens", "`max_tokens` must be at least 1")),
            most => Ok(most),
        }
    }

    /// How tokens are chosen: the most likely one at temperature 0.
    ///
    /// # Errors
    /// A number out of its range.
    pub fn sampling(&self) -> Result<Sampling, ApiError> {
        let temperature = self.temperature.unwrap_or(1.0);
        if !(0.0..=2.0).contains(&temperature) {
            return Err(ApiError::invalid("temperature", "`temperature` must be from 0 to 2"));
        }
        let p = self.top_p.unwrap_or(1.0);
        if !(p > 0.0 && p <= 1.0) {
            return Err(ApiError::invalid("top_p", "`top_p` must be above 0 and at most 1"));
        }
        Ok(match () {
            () if temperature < 1e-4 => Sampling::ArgMax,
            () if p < 1.0 => Sampling::TopP { p, temperature },
            () => Sampling::All { temperature },
        })
    }

    /// Texts that end the answer.
    ///
    /// # Errors
    /// More than four, or an empty one.
    pub fn stops(&self) -> Result<Vec<String>, ApiError> {
        let stops = match &self.stop {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop.clone()],
            Some(Stop::Some(stops)) => stops.clone(),
        };
        if stops.len() > 4 || stops.iter().any(String::is_empty) {
            return Err(ApiError::invalid("stop", "`stop` takes up to four texts, none empty"));
        }
        Ok(stops)
    }

    /// Whether a stream ends with the counts of tokens.
    pub fn usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|it| it.include_usage)
    }

    /// Refuses what is not implemented.
    ///
    /// # Errors
    /// The first such field.
    pub fn check(&self) -> Result<(), ApiError> {
        if self.n.is_some_and(|n| n != 1) {
            return Err(ApiError::invalid("n", "only one answer per request: `n` must be 1"));
        }
        for (name, harmless) in REFUSED {
            let value = self.others.get(name).unwrap_or(&Value::Null);
            if !value.is_null() && !harmless.contains(&value.to_string().as_str()) {
                return Err(ApiError::invalid(name, format!("`{name}` is not implemented")));
            }
        }
        Ok(())
    }
}

impl MessageBody {
    fn checked(&self) -> Result<Message, ApiError> {
        if !ROLES.contains(&self.role.as_str()) {
            let message = format!("the role `{}` is none of {}", self.role, ROLES.join(", "));
            return Err(ApiError::invalid("messages", message));
        }
        let content = match &self.content {
            Content::Text(text) => text.clone(),
            Content::Parts(parts) => parts
                .iter()
                .map(|part| match (part.kind.as_str(), &part.text) {
                    ("text", Some(text)) => Ok(text.as_str()),
                    (kind, _) => {
                        let message = format!("content of type `{kind}`: this model reads text");
                        Err(ApiError::invalid("messages", message))
                    }
                })
                .collect::<Result<String, ApiError>>()?,
        };
        // OpenAI's newer name for it, which no template knows.
        let role = if self.role == "developer" { "system" } else { &self.role };
        Ok(Message { role: role.to_owned(), content })
    }
}

/// The body of `/v1/embeddings`.
#[derive(Deserialize)]
pub struct EmbeddingBody {
    pub model: String,
    pub input: Input,
    #[serde(default)]
    pub encoding_format: Encoding,
    pub dimensions: Option<usize>,
}

/// What to embed.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// A text.
    One(String),
    /// Several.
    Some(Vec<String>),
    /// Anything else, such as arrays of tokens.
    Other(IgnoredAny),
}

/// How embeddings are written.
#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// An array of numbers.
    #[default]
    Float,
    /// Little-endian 32-bit floats in base64, a third as long.
    Base64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(change: Value) -> ChatBody {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        let fields = body.as_object_mut().unwrap();
        fields.extend(change.as_object().unwrap().clone());
        serde_json::from_value(body).unwrap()
    }

    #[track_caller]
    fn refused<T>(result: Result<T, ApiError>, expected: &str) {
        let error = result.err().unwrap().json();
        assert_eq!(error["error"]["param"], expected, "{error}");
    }

    #[test]
    fn what_is_not_implemented_is_refused_unless_it_asks_for_nothing() {
        refused(body(json!({"tools": [{"type": "function"}]})).check(), "tools");
        refused(body(json!({"logprobs": true})).check(), "logprobs");
        refused(body(json!({"presence_penalty": 0.5})).check(), "presence_penalty");
        refused(body(json!({"n": 2})).check(), "n");
        let nothing = json!({
            "tools": [], "logprobs": false, "presence_penalty": 0, "frequency_penalty": 0.0,
            "response_format": {"type": "text"}, "user": "me", "logit_bias": null, "n": 1,
        });
        assert!(body(nothing).check().is_ok());
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        refused(body(json!({"temperature": 2.1})).sampling(), "temperature");
        refused(body(json!({"temperature": -1})).sampling(), "temperature");
        refused(body(json!({"top_p": 0})).sampling(), "top_p");
        refused(body(json!({"max_tokens": 0})).most(), "max_tokens");
        refused(body(json!({"stop": ["a", "b", "c", "d", "e"]})).stops(), "stop");
        refused(body(json!({"stop": ""})).stops(), "stop");
        refused(body(json!({"messages": []})).messages(), "messages");
        let role = json!({"messages": [{"role": "tool", "content": "x"}]});
        refused(body(role).messages(), "messages");
    }

    #[test]
    fn content_in_parts_is_joined_and_pictures_are_refused() {
        let parts = json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]);
        let messages = json!({"messages": [{"role": "developer", "content": parts}]});
        let read = body(messages).messages().unwrap();
        assert_eq!((read[0].role.as_str(), read[0].content.as_str()), ("system", "ab"));
        let picture = json!({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]});
        refused(body(picture).messages(), "messages");
    }

    #[test]
    fn temperature_0_is_greedy() {
        assert_eq!(body(json!({"temperature": 0})).sampling().unwrap(), Sampling::ArgMax);
        let body = body(json!({"temperature": 0.5, "top_p": 0.9}));
        assert_eq!(body.sampling().unwrap(), Sampling::TopP { p: 0.9, temperature: 0.5 });
    }
}
