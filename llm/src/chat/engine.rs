//! The thread that runs the model for all requests at once (continuous batching).
//!
//! A step takes one row of every answer under way and, up to a bound, rows of prompts still to be read,
//! so that a long prompt delays others by one step and not by its length. Requests wait here, first
//! come first served, until a slot and memory are free. A request whose client has left is dropped
//! before the next step. `http` admits requests and turns tokens into text.

use super::Model;
use super::kv::{Kv, Prefixes};
use super::llama::Piece;
use crate::metrics::Metrics;
use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_transformers::generation::{LogitsProcessor, Sampling};
use std::collections::VecDeque;
use std::sync::{Arc, mpsc};
use std::time::Instant;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedSender;

/// Bounds of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Answers under way at once.
    pub batch: usize,
    /// Rows of prompts in a step.
    pub chunk: usize,
    /// Tokens whose keys and values are in memory, kept ones included.
    pub memory: usize,
    /// Whether finished sequences are kept for prompts that begin alike.
    pub prefixes: bool,
}

/// A prompt to be continued.
pub struct Request {
    /// One token at least.
    pub prompt: Vec<u32>,
    /// Tokens to add at most.
    pub most: usize,
    pub sampling: Sampling,
    pub seed: u64,
    /// Where tokens go; a closed one ends the request.
    pub events: UnboundedSender<Event>,
    pub queued: Instant,
    /// The request's place in the queue or the batch, given back when it is dropped.
    pub permit: OwnedSemaphorePermit,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Event {
    /// The prompt is read; so many of its tokens were kept from before.
    Read { kept: usize },
    /// The next token.
    Token(u32),
    /// No more tokens: the model ended its answer, or `most` is reached.
    End { complete: bool },
    /// The model failed.
    Failed(String),
}

/// An answer under way.
struct Slot {
    request: Request,
    kv: Kv,
    kept: usize,
    /// Tokens whose rows are not computed yet: the rest of the prompt, or the last token.
    ahead: VecDeque<u32>,
    sampler: LogitsProcessor,
    made: usize,
    done: bool,
}

/// Runs until all senders of requests are gone and their requests are answered.
pub fn run(model: &Model, limits: Limits, requests: &mpsc::Receiver<Request>, metrics: &Metrics) {
    let mut engine = Engine {
        model,
        limits,
        metrics,
        waiting: VecDeque::new(),
        slots: Vec::new(),
        prefixes: Prefixes::new(),
    };
    loop {
        if engine.slots.is_empty() && engine.waiting.is_empty() {
            engine.report();
            match requests.recv() {
                Ok(request) => engine.waiting.push_back(request),
                Err(mpsc::RecvError) => return,
            }
        }
        engine.waiting.extend(requests.try_iter());
        engine.waiting.retain(|request| !request.events.is_closed());
        engine.leave();
        engine.admit();
        engine.report();
        if let Err(error) = engine.step() {
            let failed = format!("{error:#}");
            for slot in engine.slots.drain(..) {
                let _ = slot.request.events.send(Event::Failed(failed.clone()));
            }
        }
    }
}

/// Starts the thread. Requests sent to the sender are answered in turn.
///
/// # Errors
/// The system's, when it starts no thread.
pub fn start(
    model: Arc<Model>,
    limits: Limits,
    metrics: Arc<Metrics>,
) -> Result<mpsc::Sender<Request>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name("chat".to_owned())
        .spawn(move || run(&model, limits, &receiver, &metrics))?;
    Ok(sender)
}

struct Engine<'a> {
    model: &'a Model,
    limits: Limits,
    metrics: &'a Metrics,
    waiting: VecDeque<Request>,
    slots: Vec<Slot>,
    prefixes: Prefixes,
}

impl Engine<'_> {
    /// Frees the slots of answers that are done or that nobody waits for.
    fn leave(&mut self) {
        let (left, stay) = std::mem::take(&mut self.slots)
            .into_iter()
            .partition(|slot: &Slot| slot.done || slot.request.events.is_closed());
        self.slots = stay;
        if self.limits.prefixes {
            left.into_iter().for_each(|slot: Slot| self.prefixes.keep(slot.kv));
        }
    }

    /// Gives free slots to waiting requests, as long as memory for their longest answers is there.
    fn admit(&mut self) {
        while self.slots.len() < self.limits.batch {
            let Some(next) = self.waiting.front() else { break };
            let taken: usize = self.slots.iter().map(Slot::reserved).sum();
            let wanted = next.prompt.len() + next.most;
            if taken + wanted > self.limits.memory && !self.slots.is_empty() {
                break;
            }
            let Some(request) = self.waiting.pop_front() else { break };
            let kv = self.prefixes.take(&request.prompt);
            self.prefixes.shrink(self.limits.memory.saturating_sub(taken + wanted));
            let kv = kv.unwrap_or_else(|| Kv::new(&self.model.llama.shape));
            self.metrics.queue_wait.observe(request.queued.elapsed().as_secs_f64());
            self.slots.push(Slot {
                kept: kv.len(),
                ahead: request.prompt[kv.len()..].iter().copied().collect(),
                sampler: LogitsProcessor::from_sampling(request.seed, request.sampling.clone()),
                made: 0,
                done: false,
                kv,
                request,
            });
        }
    }

    fn report(&self) {
        let count = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
        self.metrics.queue_length.set(count(self.waiting.len()));
        self.metrics.answering.set(count(self.slots.len()));
        self.metrics.kept_tokens.set(count(self.prefixes.tokens()));
        let used = self.slots.iter().map(|slot| slot.kv.len()).sum::<usize>();
        self.metrics.used_tokens.set(count(used));
    }

    fn step(&mut self) -> Result<()> {
        if self.slots.is_empty() {
            return Ok(());
        }
        // Rows of prompts are shared out first come first served; answers always get their one.
        let mut room = self.limits.chunk;
        let mut rows: Vec<Vec<u32>> = Vec::with_capacity(self.slots.len());
        for slot in &mut self.slots {
            let reading = slot.made == 0;
            let count = if reading { slot.ahead.len().min(room) } else { 1 };
            room -= if reading { count } else { 0 };
            rows.push(slot.ahead.drain(..count).collect());
        }
        let mut pieces: Vec<Piece<'_>> = self
            .slots
            .iter_mut()
            .zip(&rows)
            .filter(|(_, tokens)| !tokens.is_empty())
            .map(|(slot, tokens)| Piece { scores: slot.ahead.is_empty(), kv: &mut slot.kv, tokens })
            .collect();
        let scores = self.model.llama.step(&mut pieces)?;
        self.metrics.step_rows.observe(rows.iter().map(Vec::len).sum::<usize>() as f64);
        let ready = self
            .slots
            .iter_mut()
            .zip(&rows)
            .filter(|(slot, rows)| slot.ahead.is_empty() && !rows.is_empty());
        for ((slot, _), scores) in ready.zip(scores) {
            slot.next(self.model, scores)?;
        }
        Ok(())
    }
}

impl Slot {
    /// Tokens for which it may need memory.
    fn reserved(&self) -> usize {
        self.request.prompt.len() + self.request.most
    }

    /// Chooses the next token by the scores. That nobody listens is seen before the next step.
    fn next(&mut self, model: &Model, scores: Vec<f32>) -> Result<()> {
        let events = &self.request.events;
        if self.made == 0 {
            let _ = events.send(Event::Read { kept: self.kept });
        }
        let length = scores.len();
        let token = self.sampler.sample(&Tensor::from_vec(scores, length, &Device::Cpu)?)?;
        self.made += 1;
        if model.tokens.ends(token) {
            self.done = true;
            let _ = events.send(Event::End { complete: true });
            return Ok(());
        }
        let _ = events.send(Event::Token(token));
        self.ahead.push_back(token);
        if self.made == self.request.most {
            self.done = true;
            let _ = events.send(Event::End { complete: false });
        }
        Ok(())
    }
}
