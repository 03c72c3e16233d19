//! The services of a command: there before its first run, gone after its last.
//!
//! Everything that can be missing is missed here, before anything is written: the server's program, a model,
//! a key, the corpus, and a service that does not answer. Clients and index are made once and shared by all
//! runs of equal services; `errands` is what a run has of them, `local` the server that is started for it.

mod errands;
mod local;
mod program;

pub(crate) use errands::{Errands, make};
pub use program::model_server;

use super::running::Running;
use crate::Error;
use crate::report::number;
use crate::spec::{RunSpec, Service, Services, step_of};
use local::Local;
use pipeline::model::Stage;
use services::{
    CallError, Chat, ChatRequest, Corpus, Embedder, Message, Model, Setup, Step, Steps, Store,
    build,
};
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

/// Shares of tasks that compute, and that ask with retrieval, where stages serve several kinds; the same as
/// in the emulated pipeline.
const MIX: (f64, f64) = (0.7, 0.2);

/// What the runs of a command need of services.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    each: Vec<Arc<Steps>>,
    local: Option<Local>,
}

impl Serving {
    /// Starts the local server if a run asks it, embeds what is not embedded yet, and makes sure that everybody
    /// answers. `None` if it was stopped.
    ///
    /// # Errors
    /// The first that is missing, with the remedy.
    pub(super) fn start(runs: &[RunSpec], running: &Running) -> Result<Option<Serving>, Error> {
        let mut serving = Serving::default();
        let asking = || runs.iter().filter_map(|run| Some((run, run.setup.services.as_ref()?)));
        let of_local = |wants: fn(Step) -> bool, service: fn(&Services) -> &Service| {
            asking().any(|(run, services)| {
                service(services).base_url.is_none() && any(&run.setup.workload.stages, wants)
            })
        };
        let chat = of_local(Step::needs_llm, |it| &it.llm);
        let embeddings = of_local(needs_embedding, |it| &it.embedding);
        if chat || embeddings {
            serving.local = Some(Local::start(chat, embeddings, running)?);
        }
        for (run, services) in asking() {
            let setup = serving.setup(run, services);
            if serving.of(&setup).is_some() {
                continue;
            }
            match ready(setup, running) {
                Ok(steps) => serving.each.push(Arc::new(steps)),
                Err(services::Error::Stopped) => return Ok(None),
                Err(error) => return Err(Error::Usage(format!("services: {error}"))),
            }
        }
        Ok(Some(serving))
    }

    /// What a repetition with this seed has of them; none if its run asks no service.
    pub(super) fn errands(&self, run: &RunSpec, seed: u64) -> Option<Errands> {
        let setup = self.setup(run, run.setup.services.as_ref()?);
        let retrieves = any(&run.setup.workload.stages, needs_embedding);
        Some(Errands::new(self.of(&setup)?, seed, run.setup.workload.warmup, retrieves))
    }

    /// What a reader of a run's numbers must know of its services.
    pub(super) fn remarks(&self, run: &RunSpec) -> Vec<String> {
        let Some(services) = &run.setup.services else { return Vec::new() };
        let mut remarks = vec![
            "All nodes ask the same services: more nodes ask more at once, and what they then wait for \
             is in the execution latency."
                .to_owned(),
        ];
        let asks = any(&run.setup.workload.stages, Step::needs_llm);
        if asks && services.llm.base_url.is_some() {
            remarks.push(
                "All runs ask the same questions: a language model that keeps prompts answers later runs \
                 sooner. Tokens kept are counted if the service tells them."
                    .to_owned(),
            );
        }
        let steps = self.of(&self.setup(run, services));
        if let Some(index) = steps.as_ref().and_then(|steps| steps.index()) {
            remarks.push(format!("Retrieval: {}.", index.description()));
        }
        remarks
    }

    fn of(&self, setup: &Setup) -> Option<Arc<Steps>> {
        self.each.iter().find(|steps| steps.setup() == setup).map(Arc::clone)
    }

    fn setup(&self, run: &RunSpec, services: &Services) -> Setup {
        let stages = &run.setup.workload.stages;
        let here = self.local.as_ref().map_or("", Local::base_url);
        let model = |it: &Service| Model {
            base_url: it.base_url.clone().unwrap_or_else(|| here.to_owned()),
            model: it.model.clone(),
            key_env: it.key_env.clone(),
            timeout_ms: (it.timeout.as_nanos() / 1_000_000).max(1),
            retries: it.retries,
            concurrency: it.concurrency,
        };
        let embeds = any(stages, needs_embedding);
        Setup {
            llm: any(stages, Step::needs_llm).then(|| model(&services.llm)),
            max_tokens: services.max_tokens,
            temperature: services.temperature,
            embedding: embeds.then(|| model(&services.embedding)),
            corpus: embeds.then(|| absolute(&services.corpus)),
            retrieve: services.retrieve,
            keep: services.keep,
            seed: run.setup.seed,
            mix: any(stages, |step| step == Step::Prepare).then_some(MIX),
        }
    }
}

/// Whether a stage looks into the corpus, for which its question is embedded.
fn needs_embedding(step: Step) -> bool {
    step.needs_embedding() || step.needs_corpus()
}

fn any(stages: &[Stage], wants: impl Fn(Step) -> bool) -> bool {
    stages.iter().filter_map(|stage| step_of(&stage.operator)).any(wants)
}

/// Workers need not be in the folder in which this program is.
fn absolute(path: &str) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

/// Makes sure that all is there and answers, and makes the steps.
fn ready(setup: Setup, running: &Running) -> Result<Steps, services::Error> {
    if let Some(llm) = &setup.llm {
        greet(&Chat::new(llm.endpoint(errands::key)?))?;
    }
    if let (Some(folder), Some(embedding)) = (&setup.corpus, &setup.embedding) {
        let embedder = Embedder::new(embedding.endpoint(errands::key)?);
        embed(&Store::beside(folder), &Corpus::read(folder)?, &embedder, running)?;
    }
    Steps::new(setup, errands::key)
}

/// A word from the model: that it answers, by this name and with this key.
fn greet(chat: &Chat) -> Result<(), services::Error> {
    let messages = vec![Message { role: "user".into(), content: "Hello.".into() }];
    let request = ChatRequest { messages, max_tokens: 1, temperature: 0.0, seed: None };
    match chat.whole(&request) {
        // One token need not be a word.
        Ok(_) | Err((CallError::Empty, _)) => Ok(()),
        Err((error, _)) => Err(services::Error::Missing(format!("the language model: {error}"))),
    }
}

/// Embeds what is missing, and shows how far it is: the first time takes minutes.
fn embed(
    store: &Store,
    corpus: &Corpus,
    embedder: &Embedder,
    running: &Running,
) -> Result<(), services::Error> {
    let terminal = std::io::stderr().is_terminal();
    let mut begun = false;
    let embedded = build(store, corpus, embedder, |done, all| {
        let line = format!(
            "embedding the corpus: {} of {} passages",
            number::count(done as u64),
            number::count(all as u64)
        );
        // Nobody reads a terminal that is gone.
        let _ = match terminal {
            true => write!(std::io::stderr(), "\r\x1b[K{line}"),
            false if begun => Ok(()),
            false => {
                writeln!(std::io::stderr(), "{line} are there; the rest is embedded now, once")
            }
        };
        begun = true;
        !running.stopped()
    });
    if begun && terminal {
        eprintln!();
    }
    embedded.map(drop)
}
