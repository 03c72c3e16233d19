//! Steps of the pipeline, made of calls to services.
//!
//! The only place where the two vocabularies meet: the data of a task is the state of an item. What a step
//! has cost travels back in the state and is recorded where the run is driven, so that it does not matter in
//! which process the step ran.

use metrics::{AnswerRecord, Nanos, ServiceRecorder};
use pipeline::kit::burn;
use pipeline::model::{CallContext, SharedSteps, Stepped, Steps};
use sched_core::TaskId;
use services::{Index, Kind, Setup, State, Step, StepStats, question};
use std::sync::{Arc, Mutex, PoisonError};

/// Chained MD5 rounds at each stage of a task that computes: the medium work of the experiments.
const ROUNDS: u64 = 10_000;

/// What a repetition has of services.
pub(crate) struct Errands {
    steps: SharedSteps,
    recorder: Arc<Mutex<ServiceRecorder>>,
}

struct Inner {
    services: Arc<services::Steps>,
    seed: u64,
    warmup: u64,
    kind: Kind,
    recorder: Arc<Mutex<ServiceRecorder>>,
}

impl Errands {
    pub(super) fn new(
        services: Arc<services::Steps>,
        seed: u64,
        warmup: u64,
        retrieves: bool,
    ) -> Errands {
        let recorder = Arc::new(Mutex::new(ServiceRecorder::default()));
        let kind = if retrieves { Kind::Rag } else { Kind::Llm };
        let inner = Inner { services, seed, warmup, kind, recorder: Arc::clone(&recorder) };
        Errands { steps: SharedSteps::new(inner), recorder }
    }

    /// What its stages do.
    pub(crate) fn steps(&self) -> SharedSteps {
        self.steps.clone()
    }

    /// What the calls have cost.
    pub(crate) fn recorded(&self) -> ServiceRecorder {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a worker process makes of the setup that it is sent.
///
/// # Errors
/// When it is none, or something is missing there.
pub(crate) fn make(setup: &[u8]) -> Result<SharedSteps, String> {
    let setup = Setup::read(setup).map_err(|error| error.to_string())?;
    let services = services::Steps::new(setup, key).map_err(|error| error.to_string())?;
    Ok(Errands::new(Arc::new(services), 0, 0, false).steps)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a secret must not be in a spec or on a command line"
)]
pub(super) fn key(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|key| !key.is_empty())
}

impl Steps for Inner {
    fn first(&self, index: u64) -> Vec<u8> {
        let corpus = self.services.index().map(Index::corpus);
        let mix = self.services.setup().mix;
        // A question is a title and a few words, far below the bound.
        question((self.seed, index), corpus, self.kind, mix).bytes().unwrap_or_default()
    }

    fn run(&self, number: u8, call: &CallContext, data: &[u8]) -> Stepped {
        let failed = |why: String| Stepped { data: data.to_vec(), failure: Some(why) };
        let Some(step) = Step::ALL.get(usize::from(number)) else {
            return failed(format!("there is no step {number}"));
        };
        let state = match State::read(data) {
            Ok(state) => state,
            Err(why) => return failed(why),
        };
        if state.kind == Kind::Compute {
            burn(ROUNDS, call.task.index);
        }
        let outcome = self.services.run(*step, state);
        match outcome.state.bytes() {
            Ok(data) => Stepped { data, failure: outcome.failure },
            Err(why) => failed(why),
        }
    }

    fn ended(&self, task: TaskId, end: &Stepped) {
        if task.index < self.warmup {
            return;
        }
        let Ok(State { last, .. }) = State::read(&end.data) else { return };
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut recorder, &last);
    }

    fn setup(&self) -> Vec<u8> {
        self.services.setup().bytes()
    }
}

fn note(recorder: &mut ServiceRecorder, stats: &StepStats) {
    recorder.calls(stats.calls.into(), stats.failed.into(), stats.retries.into());
    if let Some(chat) = &stats.chat {
        recorder.answer(&AnswerRecord {
            prompt_tokens: chat.prompt_tokens,
            cached_tokens: chat.cached_tokens,
            completion_tokens: chat.completion_tokens,
            first_token: chat.first_token_ns.map(Nanos::new),
            took: Nanos::new(chat.took_ns),
        });
    }
    if let Some(embedding) = &stats.embedding {
        recorder.embedded(embedding.texts, Nanos::new(embedding.took_ns));
    }
    if let Some(hit) = stats.hit {
        recorder.retrieved(hit);
    }
}
