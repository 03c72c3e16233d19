//! The `services:` section: who answers and embeds, and where passages come from.
//!
//! Without it, or as `local`, a model server of this repository is started for the run and ended with it.
//! Keys never stand in a spec: it names the variable that holds one. What does not matter to any stage may
//! be written all the same, so that a file can be shared between pipelines.

use super::error::SpecError;
use super::reader::{Field, Fields};
use super::units;
use pipeline::model::{Operator, Stage};
use sched_core::Span;
use serde_json::{Value, json};
use services::{Endpoint, MAX_RETRIES, Step};

const LOCAL: &str = "local";
/// The models of the local server.
const LOCAL_LLM: &str = "smollm2-135m-instruct";
const LOCAL_EMBEDDING: &str = "all-minilm-l6-v2";
const CORPUS: &str = "corpus/foldoc";
const LLM_KEYS: [&str; 8] = [
    "base_url",
    "model",
    "max_tokens",
    "temperature",
    "api_key_env",
    "timeout",
    "retries",
    "concurrency",
];
const EMBEDDING_KEYS: [&str; 6] =
    ["base_url", "model", "api_key_env", "timeout", "retries", "concurrency"];
/// Passages that fit into what travels with a task.
const MOST_PASSAGES: u32 = 10;

/// The services of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Services {
    /// Who answers.
    pub llm: Service,
    /// Tokens of an answer at most.
    pub max_tokens: u32,
    /// 0 is greedy; at most 2.
    pub temperature: f64,
    /// Who embeds.
    pub embedding: Service,
    /// The folder with the corpus.
    pub corpus: String,
    /// Passages that are retrieved.
    pub retrieve: u32,
    /// Passages that go into a prompt.
    pub keep: u32,
}

/// A model, and where it is.
#[derive(Clone, PartialEq, Debug)]
pub struct Service {
    /// Where; none: the local server.
    pub base_url: Option<String>,
    /// Its name there.
    pub model: String,
    /// The variable with the key; none: no key.
    pub key_env: Option<String>,
    /// The most that a call takes.
    pub timeout: Span,
    /// Attempts after the first.
    pub retries: u32,
    /// Calls at once, of one process.
    pub concurrency: u32,
}

/// The services of a configuration; none if no stage asks one.
pub(super) fn services(root: &Fields<'_>, stages: &[Stage]) -> Result<Option<Services>, SpecError> {
    let written = match root.get("services") {
        None => read(None)?,
        Some(field) => match field.text() {
            Ok("none") => return needed(stages, None, &field),
            Ok(LOCAL) => read(None)?,
            Ok(text) => {
                return Err(field.error(format!(
                    "`{text}` is no service: write `local`, or for example `{{llm: {{base_url: \
                     http://127.0.0.1:8080/v1, model: NAME}}}}`"
                )));
            }
            Err(_) => read(Some(&field))?,
        },
    };
    let section = root.need("pipeline", "pipeline: {stages: […]}")?;
    ordered(stages, &section)?;
    needed(stages, Some(written), &section)
}

/// The section that [`services`] reads.
pub(super) fn services_json(services: Option<&Services>) -> Value {
    let Some(it) = services else { return json!("none") };
    let mut llm = service_json(&it.llm);
    llm["max_tokens"] = json!(it.max_tokens);
    llm["temperature"] = json!(it.temperature);
    json!({
        "llm": llm,
        "embedding": service_json(&it.embedding),
        "corpus": it.corpus,
        "retrieve": it.retrieve,
        "keep": it.keep,
    })
}

/// The step of an operator's name.
pub(super) fn step(name: &str) -> Option<Step> {
    Step::ALL.into_iter().find(|step| step.name() == name)
}

/// The step of an operator.
pub(crate) fn step_of(operator: &Operator) -> Option<Step> {
    match operator {
        Operator::Step(number) => Step::ALL.get(usize::from(*number)).copied(),
        _ => None,
    }
}

fn needed(
    stages: &[Stage],
    services: Option<Services>,
    field: &Field<'_>,
) -> Result<Option<Services>, SpecError> {
    let asks = stages.iter().any(|stage| step_of(&stage.operator).is_some());
    match (asks, services) {
        (true, None) => Err(field.error("the stages ask services; write `local`")),
        (true, services) => Ok(services),
        (false, _) => Ok(None),
    }
}

/// A step that another must come before.
fn ordered(stages: &[Stage], section: &Field<'_>) -> Result<(), SpecError> {
    const BEFORE: [(Step, Step); 4] = [
        (Step::Retrieve, Step::Embed),
        (Step::Rerank, Step::Retrieve),
        (Step::Generate, Step::Prompt),
        (Step::Answer, Step::Prepare),
    ];
    let steps: Vec<Option<Step>> = stages.iter().map(|it| step_of(&it.operator)).collect();
    for (at, stage) in stages.iter().enumerate() {
        let missing = BEFORE.iter().find(|(step, before)| {
            steps[at] == Some(*step) && !steps[..at].contains(&Some(*before))
        });
        if let Some((step, before)) = missing {
            return Err(section.error(format!(
                "stage `{}` has the operator `{}`, and no stage before it `{}`, which it builds on",
                stage.name,
                step.name(),
                before.name()
            )));
        }
    }
    Ok(())
}

fn read(field: Option<&Field<'_>>) -> Result<Services, SpecError> {
    let fields = field.map(|it| it.map(&["llm", "embedding", "corpus", "retrieve", "keep"]));
    let fields = fields.transpose()?;
    let get = |key: &str| fields.as_ref().and_then(|fields| fields.get(key));
    let (llm, own) = service(get("llm"), &LLM_KEYS, LOCAL_LLM)?;
    let own = |key: &str| own.as_ref().and_then(|own| own.get(key));
    let (embedding, _) = service(get("embedding"), &EMBEDDING_KEYS, LOCAL_EMBEDDING)?;
    let whole = |field: Option<Field<'_>>, default: u32| match field {
        None => Ok(default),
        Some(field) => field.whole_u32(1),
    };
    let temperature = match own("temperature") {
        None => 0.0,
        Some(field) => match field.read(units::number)? {
            number if (0.0..=2.0).contains(&number) => number,
            number => return Err(field.error(format!("`{number}` is not from 0 to 2"))),
        },
    };
    let retrieve = match get("retrieve") {
        None => 5,
        Some(field) => match field.whole_u32(1)? {
            n if n <= MOST_PASSAGES => n,
            n => return Err(field.error(format!("`{n}` are too many: at most {MOST_PASSAGES}"))),
        },
    };
    let corpus = get("corpus").map_or(Ok(CORPUS.to_owned()), |it| it.text().map(str::to_owned))?;
    let (max_tokens, keep) = (whole(own("max_tokens"), 48)?, whole(get("keep"), 3)?);
    Ok(Services { llm, max_tokens, temperature, embedding, corpus, retrieve, keep })
}

/// A service, and the keys that were written of it.
fn service<'a>(
    field: Option<Field<'a>>,
    keys: &[&str],
    local: &str,
) -> Result<(Service, Option<Fields<'a>>), SpecError> {
    let mut service = Service {
        base_url: None,
        model: local.to_owned(),
        key_env: None,
        timeout: Span::from_secs(120),
        retries: 3,
        concurrency: 32,
    };
    let Some(field) = field else { return Ok((service, None)) };
    match field.text() {
        Ok(LOCAL) => return Ok((service, None)),
        Ok(text) => {
            let message = format!("`{text}` is no service: write `local`, or `{{base_url: …}}`");
            return Err(field.error(message));
        }
        Err(_) => {} // a map, or refused below
    }
    let fields = field.map(keys)?;
    if let Some(url) = fields.get("base_url") {
        let text = url.text()?;
        if text != LOCAL {
            Endpoint::new(text, "").map_err(|error| url.error(error))?;
            service.base_url = Some(text.to_owned());
        }
    }
    match (fields.get("model"), &service.base_url) {
        (Some(model), _) => service.model = model.text()?.to_owned(),
        (None, Some(_)) => return Err(field.missing("model", "model: NAME")),
        (None, None) => {}
    }
    if let Some(name) = fields.get("api_key_env") {
        let text = name.text()?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if text.is_empty() || !text.chars().all(is_name) {
            return Err(name.error("write the name of the variable with the key, not the key"));
        }
        service.key_env = Some(text.to_owned());
    }
    if let Some(field) = fields.get("timeout") {
        service.timeout = match field.span()? {
            Span::ZERO => return Err(field.error("a call needs some time: write `120s`")),
            span => span,
        };
    }
    if let Some(field) = fields.get("retries") {
        let number = field.whole(0)?;
        let few = u32::try_from(number).ok().filter(|n| *n <= MAX_RETRIES);
        service.retries = few.ok_or_else(|| {
            field.error(format!("`{number}` are too many: at most {MAX_RETRIES}"))
        })?;
    }
    if let Some(field) = fields.get("concurrency") {
        service.concurrency = field.whole_u32(1)?;
    }
    Ok((service, Some(fields)))
}

fn service_json(it: &Service) -> Value {
    let mut value = json!({
        "base_url": it.base_url.as_deref().unwrap_or(LOCAL),
        "model": it.model,
        "timeout": it.timeout.to_string(),
        "retries": it.retries,
        "concurrency": it.concurrency,
    });
    if let Some(name) = &it.key_env {
        value["api_key_env"] = json!(name);
    }
    value
}
