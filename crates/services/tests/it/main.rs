//! The clients and the steps against a service that answers well, badly, and not at all.
//!
//! `faults` has every way in which a call can fail; `retrieval` a corpus, its store and its index; `steps`
//! the operators.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod faults;
mod retrieval;
mod steps;

use services::{Chat, ChatRequest, Embedder, Endpoint, Message};
use std::time::Duration;

/// An endpoint of a test: quick to give up.
fn endpoint(url: &str) -> Endpoint {
    let mut endpoint = Endpoint::new(url, "model").unwrap();
    (endpoint.timeout, endpoint.retries) = (Duration::from_secs(20), 2);
    endpoint
}

fn chat(url: &str) -> Chat {
    Chat::new(endpoint(url))
}

fn embedder(url: &str) -> Embedder {
    Embedder::new(endpoint(url))
}

fn hello() -> ChatRequest {
    let messages = vec![Message { role: "user".into(), content: "hello".into() }];
    ChatRequest { messages, max_tokens: 8, temperature: 0.0, seed: None }
}
