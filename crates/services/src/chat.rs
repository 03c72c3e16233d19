//! Chat completions, whole and streamed.
//!
//! An answer is complete when it says why it ended, and a streamed one when its stream ends with `[DONE]`
//! too. Everything else, however much text has come, is a failure: an answer that was cut reads like a short
//! one. Counts of tokens are the server's; where it gives none there are none.

use crate::clock::Timer;
use crate::error::shortened;
use crate::sse::Events;
use crate::wire::{Called, Wire, broken, message};
use crate::{CallError, Endpoint};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::time::Duration;

/// A message of a conversation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What it says.
    pub content: String,
}

/// What to complete, and how.
#[derive(Clone, PartialEq, Debug)]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// Tokens to generate at most, ≥ 1.
    pub max_tokens: u32,
    /// 0 is greedy; at most 2.
    pub temperature: f64,
    /// Makes sampling repeatable, where the server can.
    pub seed: Option<u64>,
}

/// Why an answer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finish {
    /// The model had said it all.
    Stop,
    /// It reached `max_tokens`, or the end of its context.
    Length,
}

/// A complete answer.
#[derive(Clone, PartialEq, Debug)]
pub struct ChatAnswer {
    /// What was generated; not empty.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of the conversation, if the server counts them.
    pub prompt_tokens: Option<u64>,
    /// Of these, those that the server had kept from an earlier prompt, if it tells.
    pub cached_tokens: Option<u64>,
    /// Tokens generated, if the server counts them.
    pub completion_tokens: Option<u64>,
    /// From the begin of the call, attempts in vain and pauses included, to the first piece of text. `None`
    /// of an answer that came whole.
    pub first_token: Option<Duration>,
    /// From the begin of the call to its last byte.
    pub took: Duration,
    /// Attempts after the first.
    pub retries: u32,
}

/// A client of chat completions. Threads may share it.
#[derive(Debug)]
pub struct Chat(Wire);

impl Chat {
    /// A client; connects when it is used.
    pub fn new(endpoint: Endpoint) -> Chat {
        Chat(Wire::new(endpoint))
    }

    /// An answer that comes whole.
    ///
    /// # Errors
    /// Why there is none, and the attempts after the first.
    pub fn whole(&self, request: &ChatRequest) -> Result<ChatAnswer, (CallError, u32)> {
        self.ask(request, false, |from, _| {
            let mut text = String::new();
            from.read_to_string(&mut text).map_err(|error| broken(&error))?;
            whole(&text)
        })
    }

    /// An answer that comes piece by piece; `piece` is told each. After a retry they begin anew.
    ///
    /// # Errors
    /// Why there is none, and the attempts after the first.
    pub fn streamed(
        &self,
        request: &ChatRequest,
        mut piece: impl FnMut(&str),
    ) -> Result<ChatAnswer, (CallError, u32)> {
        self.ask(request, true, |from, timer| streamed(from, timer, &mut piece))
    }

    fn ask(
        &self,
        request: &ChatRequest,
        stream: bool,
        mut read: impl FnMut(&mut dyn Read, &Timer) -> Result<ChatAnswer, CallError>,
    ) -> Result<ChatAnswer, (CallError, u32)> {
        let endpoint = self.0.endpoint();
        let timer = Timer::start(endpoint.timeout);
        let body = Body {
            model: &endpoint.model,
            messages: &request.messages,
            max_tokens: request.max_tokens,
            temperature: request.temperature,
            seed: request.seed,
            stream,
            stream_options: stream.then_some(StreamOptions { include_usage: true }),
        };
        let Called { result, retries } =
            self.0.call("chat/completions", &body, &timer, |from| read(from, &timer));
        match result {
            Ok(answer) => Ok(ChatAnswer { took: timer.elapsed(), retries, ..answer }),
            Err(error) => Err((error, retries)),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message],
    max_tokens: u32,
    temperature: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Whole {
    choices: Vec<WholeChoice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct WholeChoice {
    message: Text,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Piece {
    choices: Vec<PieceChoice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct PieceChoice {
    delta: Text,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Text {
    content: Option<String>,
}

fn whole(text: &str) -> Result<ChatAnswer, CallError> {
    let whole: Whole = parsed(text)?;
    let choice = whole.choices.into_iter().next();
    let choice = choice.ok_or_else(|| malformed("it has no choice"))?;
    let reason = choice.finish_reason.ok_or_else(|| malformed("it does not say why it ended"))?;
    finished(choice.message.content.unwrap_or_default(), &reason, whole.usage.as_ref(), None)
}

fn streamed(
    from: &mut dyn Read,
    timer: &Timer,
    piece: &mut dyn FnMut(&str),
) -> Result<ChatAnswer, CallError> {
    let mut events = Events::new(from);
    let (mut text, mut first, mut reason, mut usage) = (String::new(), None, None, None);
    loop {
        let Some(data) = events.next()? else {
            return Err(CallError::Cut("its stream has no end".into()));
        };
        if data.trim() == "[DONE]" {
            break;
        }
        if let Some(words) = message(&data) {
            return Err(CallError::GaveUp(shortened(&words)));
        }
        let next: Piece = parsed(&data)?;
        usage = next.usage.or(usage);
        let Some(choice) = next.choices.into_iter().next() else { continue };
        if let Some(more) = choice.delta.content.filter(|more| !more.is_empty()) {
            first.get_or_insert_with(|| timer.elapsed());
            text.push_str(&more);
            piece(&more);
        }
        reason = choice.finish_reason.or(reason);
    }
    // A connection whose body was read to its end is used again. What else may come is not looked at.
    while let Ok(Some(_)) = events.next() {}
    let reason = reason.ok_or_else(|| malformed("it does not say why it ended"))?;
    finished(text, &reason, usage.as_ref(), first)
}

fn finished(
    text: String,
    reason: &str,
    usage: Option<&Usage>,
    first_token: Option<Duration>,
) -> Result<ChatAnswer, CallError> {
    let finish = match reason {
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        other => return Err(CallError::Withheld(shortened(other))),
    };
    if text.trim().is_empty() {
        return Err(CallError::Empty);
    }
    let details = usage.and_then(|usage| usage.prompt_tokens_details.as_ref());
    Ok(ChatAnswer {
        text,
        finish,
        prompt_tokens: usage.and_then(|usage| usage.prompt_tokens),
        cached_tokens: details.and_then(|details| details.cached_tokens),
        completion_tokens: usage.and_then(|usage| usage.completion_tokens),
        first_token,
        took: Duration::ZERO,
        retries: 0,
    })
}

/// A JSON document, as an answer of the interface.
pub(crate) fn parsed<T: for<'d> Deserialize<'d>>(text: &str) -> Result<T, CallError> {
    serde_json::from_str(text).map_err(|error| malformed(&shortened(&error.to_string())))
}

pub(crate) fn malformed(what: &str) -> CallError {
    CallError::Malformed(what.to_owned())
}
