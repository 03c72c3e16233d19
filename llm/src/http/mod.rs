//! The server's addresses, in the form of OpenAI's API.
//!
//! `connections` has them, `chat`, `embeddings` and `models` answer, `body` reads what is asked, `error` says no. Every request
//! is counted once, by a `Ticket` that knows when its client left. What is admitted holds a place;
//! without a free one the answer is 429 at once, so that the queue cannot grow.

mod answer;
mod body;
mod chat;
pub mod connections;
mod embeddings;
mod error;
mod models;
mod ticket;

use crate::chat::Model;
use crate::chat::engine::{self, Limits};
use crate::embed::{self, Embedder};
use crate::metrics::Metrics;
use anyhow::Result;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use error::ApiError;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, mpsc};
use tokio::sync::Semaphore;

/// What the handlers share.
pub struct Server {
    chat: Option<Chat>,
    embedding: Option<Embedding>,
    metrics: Arc<Metrics>,
    key: Option<String>,
    /// Seconds since 1970 at the start, which `/v1/models` gives.
    created: u64,
    /// Answers so far, for their names.
    answers: AtomicU64,
}

struct Chat {
    model: Arc<Model>,
    bounds: Bounds,
    batch: usize,
    places: Arc<Semaphore>,
    requests: mpsc::Sender<engine::Request>,
    /// Milliseconds that a slot was held, averaged over the last answers.
    held: AtomicU64,
}

/// Bounds of a single chat request, in tokens.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Prompt and answer together.
    pub context: usize,
    /// The answer.
    pub most: usize,
    /// The answer, where the request does not say.
    pub usual: usize,
}

struct Embedding {
    model: Arc<Embedder>,
    texts: usize,
    places: Arc<Semaphore>,
    requests: mpsc::Sender<embed::Request>,
}

impl Server {
    /// A server without models.
    ///
    /// # Errors
    /// That of `Metrics::new`.
    pub fn new(key: Option<String>, created: u64) -> Result<Server> {
        Ok(Server {
            chat: None,
            embedding: None,
            metrics: Arc::new(Metrics::new()?),
            key,
            created,
            answers: AtomicU64::new(0),
        })
    }

    /// Answers chats with this model; so many requests may wait for a slot.
    ///
    /// # Errors
    /// The system's, when it starts no thread.
    pub fn with_chat(
        mut self,
        model: Model,
        limits: Limits,
        bounds: Bounds,
        queue: usize,
    ) -> Result<Server> {
        let model = Arc::new(model);
        self.chat = Some(Chat {
            requests: engine::start(Arc::clone(&model), limits, Arc::clone(&self.metrics))?,
            model,
            bounds,
            batch: limits.batch,
            places: Arc::new(Semaphore::new(limits.batch + queue)),
            held: AtomicU64::new(1000),
        });
        Ok(self)
    }

    /// Embeds with this model, so many texts per request; so many requests may wait.
    ///
    /// # Errors
    /// The system's, when it starts no thread.
    pub fn with_embedding(mut self, model: Embedder, texts: usize, queue: usize) -> Result<Server> {
        let model = Arc::new(model);
        self.embedding = Some(Embedding {
            requests: embed::start(Arc::clone(&model))?,
            model,
            texts,
            places: Arc::new(Semaphore::new(1 + queue)),
        });
        Ok(self)
    }

    /// The addresses.
    pub fn router(self) -> Router {
        let server = Arc::new(self);
        Router::new()
            .route("/v1/chat/completions", post(chat::complete))
            .route("/v1/embeddings", post(embeddings::embed))
            .route("/v1/models", get(models::list))
            .route("/v1/models/{id}", get(models::one))
            .route("/metrics", get(metrics))
            .route("/health", get(models::health))
            .fallback(|method: Method, uri: Uri| async move {
                let message = format!("`{method} {}` is not here", uri.path());
                ApiError::no_route(StatusCode::NOT_FOUND, message)
            })
            .method_not_allowed_fallback(|method: Method, uri: Uri| async move {
                let message = format!("`{}` takes no {method}", uri.path());
                ApiError::no_route(StatusCode::METHOD_NOT_ALLOWED, message)
            })
            .layer(DefaultBodyLimit::max(body::LONGEST))
            .layer(middleware::from_fn_with_state(Arc::clone(&server), authorise))
            .with_state(server)
    }

    /// The names of the models.
    fn models(&self) -> Vec<String> {
        let chat = self.chat.as_ref().map(|it| it.model.id.clone());
        chat.into_iter().chain(self.embedding.as_ref().map(|it| it.model.id.clone())).collect()
    }
}

/// Demands the key, where there is one. Whether the server lives is no secret.
async fn authorise(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let Some(key) = server.key.as_deref().filter(|_| request.uri().path() != "/health") else {
        return next.run(request).await;
    };
    let given = request.headers().get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let given = given.and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
    match same(given.as_bytes(), key.as_bytes()) {
        true => next.run(request).await,
        false => ApiError::unauthorized().into_response(),
    }
}

/// Whether they are equal, in a time that does not tell where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

async fn metrics(State(server): State<Arc<Server>>) -> Result<Response, ApiError> {
    let text = server.metrics.text().map_err(|error| ApiError::internal(format!("{error:#}")))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn keys_are_compared_whole() {
        assert!(same(b"secret", b"secret"));
        for wrong in ["secres", "Secret", "secre", "secrets", ""] {
            assert!(!same(wrong.as_bytes(), b"secret"), "{wrong}");
        }
    }
}
