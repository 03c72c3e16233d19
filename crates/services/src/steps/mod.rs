//! The operators: what a stage does with the state of an item.
//!
//! Each is a function from a state to a state. What they call is made once for a process, from a [`Setup`]
//! that is plain data, so that a worker in another process can make the same. A key is not part of it: it
//! names the variable that holds the key, which every process reads for itself.

mod prompt;
mod questions;
mod rerank;

pub use questions::question;

use crate::call::{ChatStats, EmbeddingStats, StepStats};
use crate::state::{Found, Kind, State};
use crate::{Chat, ChatRequest, Corpus, Embedder, Endpoint, Error, Index, Store};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Bytes of a passage that travel with an item.
const FOUND: usize = 800;
/// Bytes of an answer that are kept.
const ANSWER: usize = 2_000;

/// What a stage does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// The vector of the question.
    Embed,
    /// The passages nearest to it.
    Retrieve,
    /// These in a better order, and fewer of them.
    Rerank,
    /// What is said to the model.
    Prompt,
    /// What the model answers.
    Generate,
    /// All that comes before the answer, in one: for items of several kinds.
    Prepare,
    /// The answer, for items of several kinds.
    Answer,
}

/// A model behind an interface, as plain data.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Model {
    /// Where.
    pub base_url: String,
    /// Its name there.
    pub model: String,
    /// The environment variable with the key; none: no key is sent.
    pub key_env: Option<String>,
    /// The most that a call takes, ms.
    pub timeout_ms: u64,
    /// Attempts after the first.
    pub retries: u32,
    /// Calls at once, of one process.
    pub concurrency: u32,
}

/// All that the steps of a run need to know.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Setup {
    /// Who answers.
    pub llm: Option<Model>,
    /// Tokens of an answer at most.
    pub max_tokens: u32,
    /// 0 is greedy.
    pub temperature: f64,
    /// Who embeds.
    pub embedding: Option<Model>,
    /// The folder of the corpus.
    pub corpus: Option<PathBuf>,
    /// Passages that are retrieved, ≥ 1.
    pub retrieve: u32,
    /// Passages that are left of them for the prompt, ≥ 1.
    pub keep: u32,
    /// Questions, kinds of items and answers that are sampled follow from it.
    pub seed: u64,
    /// Shares of items that compute, and that ask with retrieval; the rest asks without.
    pub mix: Option<(f64, f64)>,
}

/// What came of a step.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// The state as it is now; after a failure as it was, with what the step has cost.
    pub state: State,
    /// Why it failed, if so.
    pub failure: Option<String>,
}

/// The steps of a run, with their clients and their index. Threads may share them.
#[derive(Debug)]
pub struct Steps {
    setup: Setup,
    chat: Option<Chat>,
    embedder: Option<Embedder>,
    index: Option<Index>,
}

impl Step {
    /// All, in the order of their numbers.
    pub const ALL: [Step; 7] = [
        Step::Embed,
        Step::Retrieve,
        Step::Rerank,
        Step::Prompt,
        Step::Generate,
        Step::Prepare,
        Step::Answer,
    ];

    /// Its name in a spec.
    pub fn name(self) -> &'static str {
        match self {
            Step::Embed => "embed",
            Step::Retrieve => "retrieve",
            Step::Rerank => "rerank",
            Step::Prompt => "prompt",
            Step::Generate => "generate",
            Step::Prepare => "prepare",
            Step::Answer => "answer",
        }
    }

    /// By which it is known between processes.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Whether it asks a language model.
    pub fn needs_llm(self) -> bool {
        matches!(self, Step::Generate | Step::Answer)
    }

    /// Whether it asks an embedding model.
    pub fn needs_embedding(self) -> bool {
        matches!(self, Step::Embed | Step::Prepare)
    }

    /// Whether it looks into a corpus.
    pub fn needs_corpus(self) -> bool {
        matches!(self, Step::Retrieve | Step::Prepare)
    }
}

impl Model {
    /// Where it is and how patient its clients are, with the key that `key` finds.
    ///
    /// # Errors
    /// When the URL is none, or there is no key of that name.
    pub fn endpoint(&self, key: impl Fn(&str) -> Option<String>) -> Result<Endpoint, Error> {
        let mut endpoint = Endpoint::new(&self.base_url, &self.model)?;
        if let Some(name) = &self.key_env {
            let missing = || Error::Missing(format!("the variable {name} with the key is not set"));
            endpoint.key = Some(key(name).ok_or_else(missing)?);
        }
        endpoint.timeout = Duration::from_millis(self.timeout_ms);
        (endpoint.retries, endpoint.concurrency) = (self.retries, self.concurrency);
        Ok(endpoint)
    }
}

impl Setup {
    /// As bytes, for another process.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default() // plain data with names as keys
    }

    /// From bytes.
    ///
    /// # Errors
    /// When they are none.
    pub fn read(bytes: &[u8]) -> Result<Setup, Error> {
        serde_json::from_slice(bytes).map_err(|error| Error::Setup(error.to_string()))
    }
}

impl Steps {
    /// Makes clients, and reads the index, which must have been built. `key` finds keys by the names of
    /// their variables.
    ///
    /// # Errors
    /// When an address is none, a key is missing, or the index is not there.
    pub fn new(setup: Setup, key: impl Fn(&str) -> Option<String>) -> Result<Steps, Error> {
        let endpoint =
            |model: &Option<Model>| model.as_ref().map(|it| it.endpoint(&key)).transpose();
        let chat = endpoint(&setup.llm)?.map(Chat::new);
        let embedder = endpoint(&setup.embedding)?.map(Embedder::new);
        let index = match (&setup.corpus, &setup.embedding) {
            (Some(folder), Some(embedding)) => {
                Some(Store::beside(folder).index(Corpus::read(folder)?, &embedding.model)?)
            }
            _ => None,
        };
        Ok(Steps { setup, chat, embedder, index })
    }

    /// What they were made from.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The index, if there is one.
    pub fn index(&self) -> Option<&Index> {
        self.index.as_ref()
    }

    /// Carries a step out. Blocks until the services have answered, at most for their time-outs.
    pub fn run(&self, step: Step, mut state: State) -> Outcome {
        let before = state.clone();
        state.last = StepStats::default();
        match self.step(step, &mut state) {
            Ok(()) => Outcome { state, failure: None },
            Err(reason) => {
                let failure = Some(format!("{}: {reason}", step.name()));
                Outcome { state: State { last: state.last, ..before }, failure }
            }
        }
    }

    fn step(&self, step: Step, state: &mut State) -> Result<(), String> {
        match step {
            Step::Embed => self.embed(state),
            Step::Retrieve => self.retrieve(state),
            Step::Rerank => {
                rerank::rerank(state, self.setup.keep as usize);
                Ok(())
            }
            Step::Prompt => {
                prompt::prompt(state);
                Ok(())
            }
            Step::Generate => self.generate(state),
            Step::Prepare => {
                if state.kind == Kind::Rag {
                    self.embed(state)?;
                    self.retrieve(state)?;
                    rerank::rerank(state, self.setup.keep as usize);
                }
                if state.kind != Kind::Compute {
                    prompt::prompt(state);
                }
                Ok(())
            }
            Step::Answer if state.kind == Kind::Compute => Ok(()),
            Step::Answer => self.generate(state),
        }
    }

    fn embed(&self, state: &mut State) -> Result<(), String> {
        let embedder = self.embedder.as_ref().ok_or("there is no embedding service")?;
        let answer = embedder.embed(std::slice::from_ref(&state.question));
        let answer = counted(&mut state.last, answer, |answer| answer.retries)?;
        state.last.embedding =
            Some(EmbeddingStats { texts: 1, tokens: answer.tokens, took_ns: ns(answer.took) });
        state.vector = answer.vectors.into_iter().next().unwrap_or_default();
        Ok(())
    }

    fn retrieve(&self, state: &mut State) -> Result<(), String> {
        let index = self.index.as_ref().ok_or("there is no index")?;
        let vector = std::mem::take(&mut state.vector);
        let hits = index.search(&vector, self.setup.retrieve as usize);
        if hits.is_empty() {
            return Err("the vector of the question is none of the index".into());
        }
        let found = hits.iter().filter_map(|hit| index.passage(hit.passage));
        let cut = |text: &str| text[..text.floor_char_boundary(FOUND)].to_owned();
        let found =
            found.map(|it| Found { entry: it.entry, title: cut(&it.title), text: cut(&it.text) });
        state.found = found.collect();
        state.last.hit = state.truth.map(|truth| state.found.iter().any(|it| it.entry == truth));
        Ok(())
    }

    fn generate(&self, state: &mut State) -> Result<(), String> {
        let chat = self.chat.as_ref().ok_or("there is no language model")?;
        let request = ChatRequest {
            messages: std::mem::take(&mut state.prompt),
            max_tokens: self.setup.max_tokens,
            temperature: self.setup.temperature,
            seed: Some(self.setup.seed),
        };
        let answer = chat.streamed(&request, |_| {});
        let answer = counted(&mut state.last, answer, |answer| answer.retries)?;
        state.last.chat = Some(ChatStats {
            prompt_tokens: answer.prompt_tokens,
            cached_tokens: answer.cached_tokens,
            completion_tokens: answer.completion_tokens,
            first_token_ns: answer.first_token.map(ns),
            took_ns: ns(answer.took),
        });
        state.answer = answer.text;
        state.answer.truncate(state.answer.floor_char_boundary(ANSWER));
        Ok(())
    }
}

/// Notes a request and what it came to.
fn counted<T>(
    stats: &mut StepStats,
    answer: Result<T, (crate::CallError, u32)>,
    retries: impl Fn(&T) -> u32,
) -> Result<T, String> {
    stats.calls += 1;
    match answer {
        Ok(answer) => {
            stats.retries += retries(&answer);
            Ok(answer)
        }
        Err((error, retries)) => {
            stats.retries += retries;
            stats.failed += 1;
            Err(match retries {
                0 => error.to_string(),
                n => format!("{error} (attempt {} of a call)", n + 1),
            })
        }
    }
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
