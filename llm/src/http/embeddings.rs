//! `/v1/embeddings`: texts in, one vector of length 1 each out.
//!
//! As numbers or, as OpenAI's own client asks for, as base64 of little-endian floats.

use super::body::{Body, EmbeddingBody, Encoding, Input};
use super::error::ApiError;
use super::ticket::Ticket;
use super::{Embedding, Server};
use crate::embed;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Embeds texts.
pub async fn embed(
    State(server): State<Arc<Server>>,
    body: Result<Body<EmbeddingBody>, ApiError>,
) -> Response {
    let mut ticket = Ticket::new("embeddings", &server.metrics);
    let answer = match body {
        Ok(Body(body)) => answer(&server, body).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(json) => {
            ticket.end(200);
            Json(json).into_response()
        }
        Err(error) => {
            ticket.end(error.status.as_u16());
            error.into_response()
        }
    }
}

async fn answer(server: &Server, body: EmbeddingBody) -> Result<Value, ApiError> {
    let known = server.embedding.as_ref().filter(|it| it.model.id == body.model);
    let embedding = known.ok_or_else(|| ApiError::no_model(&body.model, &server.models()))?;
    let texts = check(embedding, body.input, body.dimensions)?;
    let permit = Arc::clone(&embedding.places).try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::full(1))?;
    let _counted = InFlight::new(server);
    let tokens = tokens(embedding, texts).await?;
    let count: usize = tokens.iter().map(Vec::len).sum();
    let (sender, receiver) = oneshot::channel();
    embedding
        .requests
        .send(embed::Request { texts: tokens, answer: sender, permit })
        .map_err(|_| ApiError::internal("the engine has ended"))?;
    let embeddings = match receiver.await {
        Ok(Ok(embeddings)) => embeddings,
        Ok(Err(error)) => return Err(ApiError::internal(format!("{error:#}"))),
        Err(_) => return Err(ApiError::internal("the engine ended before its answer")),
    };
    server.metrics.tokens.with_label_values(&["embedding"]).inc_by(count as u64);
    let data: Vec<Value> = embeddings
        .iter()
        .enumerate()
        .map(|(index, embedding)| {
            let written = written(embedding, body.encoding_format);
            json!({"object": "embedding", "index": index, "embedding": written})
        })
        .collect();
    Ok(json!({
        "object": "list",
        "data": data,
        "model": body.model,
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }))
}

fn check(
    embedding: &Embedding,
    input: Input,
    dimensions: Option<usize>,
) -> Result<Vec<String>, ApiError> {
    let texts = match input {
        Input::One(text) => vec![text],
        Input::Some(texts) => texts,
        Input::Other(_) => {
            let message =
                "`input` must be a text or several: tokens of another model's mean nothing here";
            return Err(ApiError::invalid("input", message));
        }
    };
    let width = embedding.model.width;
    if dimensions.is_some_and(|it| it != width) {
        let message = format!("this model's embeddings have {width} dimensions, no others");
        return Err(ApiError::invalid("dimensions", message));
    }
    if texts.is_empty() || texts.len() > embedding.texts {
        let message = format!("`input` has {} texts: 1 to {}", texts.len(), embedding.texts);
        return Err(ApiError::invalid("input", message));
    }
    Ok(texts)
}

async fn tokens(embedding: &Embedding, texts: Vec<String>) -> Result<Vec<Vec<u32>>, ApiError> {
    let model = Arc::clone(&embedding.model);
    let longest = model.longest;
    let read =
        move || texts.iter().map(|text| model.tokens(text)).collect::<anyhow::Result<Vec<_>>>();
    let tokens = match tokio::task::spawn_blocking(read).await {
        Ok(Ok(tokens)) => tokens,
        Ok(Err(error)) => return Err(ApiError::internal(format!("{error:#}"))),
        Err(error) => return Err(ApiError::internal(error.to_string())),
    };
    match tokens.iter().position(|tokens| tokens.len() > longest) {
        None => Ok(tokens),
        Some(index) => {
            let length = tokens[index].len();
            let message = format!("`input[{index}]` has {length} tokens: at most {longest}");
            Err(ApiError::too_long("input", message))
        }
    }
}

fn written(embedding: &[f32], encoding: Encoding) -> Value {
    match encoding {
        Encoding::Float => json!(embedding),
        Encoding::Base64 => {
            let bytes: Vec<u8> = embedding.iter().flat_map(|it| it.to_le_bytes()).collect();
            json!(STANDARD.encode(bytes))
        }
    }
}

/// Counts a request as long as it is not answered, however it ends.
struct InFlight<'a>(&'a Server);

impl InFlight<'_> {
    fn new(server: &Server) -> InFlight<'_> {
        server.metrics.embedding.inc();
        InFlight(server)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.metrics.embedding.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_of_little_endian_floats() {
        // 1.0 is 0x3f800000, -2.0 is 0xc0000000.
        let written = written(&[1.0, -2.0], Encoding::Base64);
        assert_eq!(written, "AACAPwAAAMA=");
    }
}
