//! `/v1/chat/completions`: admits a request to the engine and gives its answer out, whole or as a
//! stream of server-sent events.
//!
//! All checks come before admission, so that what is queued can be answered.

use super::answer::{Answer, Part};
use super::body::{Body, ChatBody};
use super::error::ApiError;
use super::ticket::Ticket;
use super::{Chat, Server};
use crate::chat::engine;
use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{TryAcquireError, mpsc};

/// Answers a chat.
pub async fn complete(
    State(server): State<Arc<Server>>,
    body: Result<Body<ChatBody>, ApiError>,
) -> Response {
    let mut ticket = Ticket::new("chat", &server.metrics);
    let admitted = match body {
        Ok(Body(body)) => admit(&server, &body).await.map(|it| (it, body)),
        Err(error) => Err(error),
    };
    let ((model, prompt, events, stops), body) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => {
            ticket.end(error.status.as_u16());
            return error.into_response();
        }
    };
    let answer = Answer::new(model, events, prompt, stops, ticket);
    let head = Head {
        id: format!("chatcmpl-{}", server.answers.fetch_add(1, Ordering::Relaxed)),
        created: server.created + answer.ticket.since.elapsed().as_secs(),
        model: body.model.clone(),
    };
    match body.stream {
        true => streamed(answer, head, body.usage(), server).into_response(),
        false => whole(answer, &head, &server).await,
    }
}

type Admitted =
    (Arc<crate::chat::Model>, usize, mpsc::UnboundedReceiver<engine::Event>, Vec<String>);

async fn admit(server: &Server, body: &ChatBody) -> Result<Admitted, ApiError> {
    let chat = server.chat.as_ref().filter(|chat| chat.model.id == body.model);
    let chat = chat.ok_or_else(|| ApiError::no_model(&body.model, &server.models()))?;
    body.check()?;
    let (sampling, stops, asked) = (body.sampling()?, body.stops()?, body.most()?);
    let messages = body.messages()?;
    let text = chat
        .model
        .template
        .render(&messages)
        .map_err(|refusal| ApiError::invalid("messages", refusal))?;
    // Reading megabytes takes a while, in which others want answers.
    let model = Arc::clone(&chat.model);
    let prompt = tokio::task::spawn_blocking(move || model.tokens.encode(&text)).await;
    let prompt = match prompt {
        Ok(Ok(prompt)) => prompt,
        Ok(Err(error)) => return Err(ApiError::internal(format!("{error:#}"))),
        Err(error) => return Err(ApiError::internal(error.to_string())),
    };
    let most = most(chat, prompt.len(), asked)?;
    let permit = match Arc::clone(&chat.places).try_acquire_owned() {
        Ok(permit) => permit,
        Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
            return Err(ApiError::full(chat.patience(server)));
        }
    };
    let (sender, events) = mpsc::unbounded_channel();
    let length = prompt.len();
    let request = engine::Request {
        prompt,
        most,
        sampling,
        // Without a seed, one that nobody can foresee.
        seed: body.seed.map_or_else(|| RandomState::new().hash_one(0), i64::cast_unsigned),
        events: sender,
        queued: std::time::Instant::now(),
        permit,
    };
    chat.requests.send(request).map_err(|_| ApiError::internal("the engine has ended"))?;
    Ok((Arc::clone(&chat.model), length, events, stops))
}

/// How many tokens the answer may have.
fn most(chat: &Chat, prompt: usize, asked: Option<usize>) -> Result<usize, ApiError> {
    let bounds = chat.bounds;
    if let Some(asked) = asked.filter(|asked| *asked > bounds.most) {
        let message = format!("`max_tokens` is {asked}, this server gives at most {}", bounds.most);
        return Err(ApiError::invalid("max_tokens", message));
    }
    let room = bounds.context.saturating_sub(prompt);
    let wanted = asked.unwrap_or(bounds.usual.min(room));
    match wanted > room || room == 0 {
        true => Err(ApiError::too_long(
            "messages",
            format!(
                "the prompt has {prompt} tokens and the answer up to {}: more than {} together",
                wanted.max(1),
                bounds.context
            ),
        )),
        false => Ok(wanted),
    }
}

impl Chat {
    /// Seconds until a place should be free: the requests that wait, at the pace of the last answers.
    fn patience(&self, server: &Server) -> u64 {
        let waiting = u64::try_from(server.metrics.queue_length.get()).unwrap_or(0);
        let rounds = waiting / self.batch.max(1) as u64 + 1;
        (rounds * self.held.load(Ordering::Relaxed)).div_ceil(1000).clamp(1, 60)
    }

    /// Remembers how long an answer took, queue included, so that patience errs to the long side.
    fn remember(&self, ticket: &Ticket) {
        let took = u64::try_from(ticket.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        smooth(&self.held, took);
    }
}

/// Moves an eighth of the way.
fn smooth(average: &AtomicU64, value: u64) {
    let old = average.load(Ordering::Relaxed);
    average.store(old - old / 8 + value / 8, Ordering::Relaxed);
}

/// What all parts of an answer begin with.
struct Head {
    id: String,
    created: u64,
    model: String,
}

impl Head {
    fn json(&self, object: &str, choice: Option<Value>) -> Value {
        json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": self.model,
            "choices": choice.map_or_else(Vec::new, |choice| vec![choice]),
        })
    }

    fn chunk(&self, delta: &Value, reason: Option<&str>) -> Value {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason});
        self.json("chat.completion.chunk", Some(choice))
    }
}

async fn whole(mut answer: Answer, head: &Head, server: &Server) -> Response {
    let mut text = String::new();
    while let Some(part) = answer.next().await {
        match part {
            Part::Text(more) => text.push_str(&more),
            Part::Failed(error) => return error.into_response(),
            Part::End(reason) => {
                server.chat.iter().for_each(|chat| chat.remember(&answer.ticket));
                let mut json = head.json(
                    "chat.completion",
                    Some(json!({
                        "index": 0,
                        "message": {"role": "assistant", "content": text, "refusal": null},
                        "logprobs": null,
                        "finish_reason": reason,
                    })),
                );
                json["usage"] = answer.usage();
                return Json(json).into_response();
            }
        }
    }
    ApiError::internal("the answer has no end").into_response()
}

/// Events from the first token on. A failure in the middle is an event with an `error`, and the end
/// without `[DONE]`.
fn streamed(answer: Answer, head: Head, usage: bool, server: Arc<Server>) -> impl IntoResponse {
    let start = Stream { answer, head, usage, server, begun: false };
    let events = stream::unfold(start, |mut stream| async move {
        let events = stream.next().await?;
        Some((stream::iter(events.into_iter().map(Ok::<_, Infallible>)), stream))
    });
    Sse::new(futures_util::StreamExt::flatten(events)).keep_alive(KeepAlive::default())
}

struct Stream {
    answer: Answer,
    head: Head,
    usage: bool,
    server: Arc<Server>,
    begun: bool,
}

impl Stream {
    async fn next(&mut self) -> Option<Vec<Event>> {
        let part = self.answer.next().await?;
        let mut out = Vec::new();
        if !self.begun && !matches!(part, Part::Failed(_)) {
            self.begun = true;
            out.push(self.head.chunk(&json!({"role": "assistant", "content": ""}), None));
        }
        match part {
            Part::Text(text) => out.push(self.head.chunk(&json!({"content": text}), None)),
            Part::Failed(error) => out.push(error.json()),
            Part::End(reason) => {
                self.server.chat.iter().for_each(|chat| chat.remember(&self.answer.ticket));
                out.push(self.head.chunk(&json!({}), Some(reason)));
                if self.usage {
                    let mut last = self.head.json("chat.completion.chunk", None);
                    last["usage"] = self.answer.usage();
                    out.push(last);
                }
                let done = Event::default().data("[DONE]");
                return Some(out.iter().map(event).chain([done]).collect());
            }
        }
        Some(out.iter().map(event).collect())
    }
}

fn event(json: &Value) -> Event {
    Event::default().data(json.to_string())
}
