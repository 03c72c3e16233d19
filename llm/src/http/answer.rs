//! An answer as it comes: the engine's tokens become text, counts and times.
//!
//! `chat` gives it out whole or part by part. Dropping it is how a client that leaves, and a stop text
//! that is found, end the engine's work: its channel closes and the slot is free before the next step.

use super::error::ApiError;
use super::ticket::Ticket;
use crate::chat::Model;
use crate::chat::engine::Event;
use crate::chat::tokens::{Writer, Written};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc::UnboundedReceiver;

/// An answer under way.
pub struct Answer {
    pub ticket: Ticket,
    model: Arc<Model>,
    events: UnboundedReceiver<Event>,
    writer: Writer,
    prompt: usize,
    kept: usize,
    made: usize,
    first: Option<Instant>,
    end: Option<&'static str>,
    over: bool,
}

/// What comes next.
pub enum Part {
    /// More text.
    Text(String),
    /// The answer is complete, for this reason: `stop` or `length`.
    End(&'static str),
    /// There is no complete answer.
    Failed(ApiError),
}

impl Answer {
    /// To a prompt of so many tokens, from what the engine sends.
    pub fn new(
        model: Arc<Model>,
        events: UnboundedReceiver<Event>,
        prompt: usize,
        stops: Vec<String>,
        ticket: Ticket,
    ) -> Answer {
        Answer {
            ticket,
            model,
            events,
            writer: Writer::new(stops),
            prompt,
            kept: 0,
            made: 0,
            first: None,
            end: None,
            over: false,
        }
    }

    /// Waits for the next part; none after the end.
    pub async fn next(&mut self) -> Option<Part> {
        if self.over {
            return None;
        }
        if let Some(reason) = self.end {
            self.over = true;
            self.count();
            return Some(Part::End(reason));
        }
        let part =
            self.more().await.unwrap_or_else(|error| Part::Failed(ApiError::internal(error)));
        match &part {
            Part::Failed(error) => {
                self.over = true;
                self.ticket.end(error.status.as_u16());
            }
            Part::End(_) => {
                self.over = true;
                self.count();
            }
            Part::Text(_) => {}
        }
        Some(part)
    }

    /// Counts of tokens, in OpenAI's form.
    pub fn usage(&self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": self.made,
            "total_tokens": self.prompt + self.made,
            "prompt_tokens_details": {"cached_tokens": self.kept},
        })
    }

    async fn more(&mut self) -> Result<Part, String> {
        loop {
            let Some(event) = self.events.recv().await else {
                return Err("the engine ended before its answer".to_owned());
            };
            let (text, end) = match event {
                Event::Read { kept } => {
                    self.kept = kept;
                    continue;
                }
                Event::Token(token) => {
                    self.made += 1;
                    self.first.get_or_insert_with(Instant::now);
                    let written = self.writer.push(&self.model.tokens, token);
                    match written.map_err(|error| format!("{error:#}"))? {
                        Written::Text(text) => (text, None),
                        Written::Stopped(text) => (text, Some("stop")),
                    }
                }
                Event::End { complete } => {
                    let rest = self.writer.finish(&self.model.tokens);
                    let reason = if complete { "stop" } else { "length" };
                    (rest.map_err(|error| format!("{error:#}"))?, Some(reason))
                }
                Event::Failed(message) => return Err(message),
            };
            if end.is_some() {
                self.events.close();
            }
            match (text.is_empty(), end) {
                (true, None) => {}
                (true, Some(reason)) => return Ok(Part::End(reason)),
                (false, end) => {
                    self.end = end;
                    return Ok(Part::Text(text));
                }
            }
        }
    }

    /// A complete answer is counted.
    fn count(&mut self) {
        self.ticket.end(200);
        let metrics = self.ticket.metrics();
        for (kind, count) in
            [("prompt", self.prompt), ("cached", self.kept), ("completion", self.made)]
        {
            metrics.tokens.with_label_values(&[kind]).inc_by(count as u64);
        }
        let Some(first) = self.first else { return };
        metrics.first_token.observe((first - self.ticket.since).as_secs_f64());
        if self.made > 1 {
            metrics.per_token.observe(first.elapsed().as_secs_f64() / (self.made - 1) as f64);
        }
    }
}
