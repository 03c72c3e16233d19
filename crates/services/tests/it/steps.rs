//! The steps, one after the other, as the stages of a pipeline take them; through bytes, as between
//! processes.

use crate::retrieval::corpus;
use crate::{embedder, endpoint};
use services::testkit::{Act, Fake};
use services::{Corpus, Kind, Model, Setup, State, Step, Steps, Store, build, question};

fn model(url: &str) -> Option<Model> {
    let endpoint = endpoint(url);
    Some(Model {
        base_url: url.into(),
        model: endpoint.model,
        key_env: None,
        timeout_ms: 20_000,
        retries: 1,
        concurrency: 4,
    })
}

fn setup(url: &str) -> Setup {
    Setup {
        llm: model(url),
        max_tokens: 16,
        temperature: 0.0,
        embedding: model(url),
        corpus: None,
        retrieve: 5,
        keep: 3,
        seed: 42,
        mix: None,
    }
}

/// As it would come from another process.
fn sent(setup: &Setup) -> Steps {
    Steps::new(Setup::read(&setup.bytes()).unwrap(), |_| None).unwrap()
}

const RAG: [Step; 5] = [Step::Embed, Step::Retrieve, Step::Rerank, Step::Prompt, Step::Generate];

#[test]
fn a_question_is_answered_from_passages() {
    let (_folder, path) = corpus(60);
    let fake = Fake::well().unwrap();
    let texts = Corpus::read(&path).unwrap();
    build(&Store::beside(&path), &texts, &embedder(&fake.url()), |_, _| true).unwrap();
    let steps = sent(&Setup { corpus: Some(path), ..setup(&fake.url()) });
    for index in 0..20 {
        let mut state = question((42, index), Some(&texts), Kind::Rag, None);
        let mut seen = Vec::new();
        for step in RAG {
            let outcome = steps.run(step, State::read(&state.bytes().unwrap()).unwrap());
            assert_eq!(outcome.failure, None);
            state = outcome.state;
            seen.push((state.vector.len(), state.found.len(), state.prompt.len(), state.last.hit));
        }
        assert_eq!(seen[0], (256, 0, 0, None));
        assert_eq!(seen[1], (0, 5, 0, Some(true)));
        assert_eq!(&seen[2..], [(0, 3, 0, None), (0, 0, 2, None), (0, 0, 0, None)]);
        assert_eq!(state.answer, "It is a thing.");
        let chat = state.last.chat.unwrap();
        assert_eq!((chat.prompt_tokens, chat.completion_tokens), (Some(7), Some(4)));
        assert_eq!(chat.cached_tokens, Some(3));
        assert!(chat.first_token_ns.unwrap() <= chat.took_ns);
    }
}

#[test]
fn a_failed_step_leaves_the_state_and_says_what_it_cost() {
    let fake = Fake::start(|_, _| Act::Status(500, "", None)).unwrap();
    let steps = sent(&setup(&fake.url()));
    let state = State { question: "What?".into(), truth: Some(3), ..State::default() };
    let outcome = steps.run(Step::Embed, state.clone());
    assert_eq!(outcome.failure.unwrap(), "embed: status 500:  (attempt 2 of a call)");
    let last = outcome.state.last;
    assert_eq!((last.calls, last.failed, last.retries), (1, 1, 1));
    assert_eq!(State { last: state.last, ..outcome.state }, state);
}

#[test]
fn what_a_step_needs_and_is_not_there_is_its_failure() {
    let none = Setup { llm: None, embedding: None, ..setup("http://127.0.0.1:1/v1") };
    let steps = sent(&none);
    for (step, reason) in [
        (Step::Embed, "embed: there is no embedding service"),
        (Step::Retrieve, "retrieve: there is no index"),
        (Step::Generate, "generate: there is no language model"),
    ] {
        assert_eq!(steps.run(step, State::default()).failure.as_deref(), Some(reason));
    }
}

#[test]
fn items_that_compute_ask_nobody() {
    let fake = Fake::well().unwrap();
    let steps = sent(&setup(&fake.url()));
    let state = State { kind: Kind::Compute, ..State::default() };
    for step in [Step::Prepare, Step::Answer] {
        assert_eq!(steps.run(step, state.clone()).failure, None);
    }
    assert_eq!(fake.requests(), 0);
    let llm = question((1, 1), None, Kind::Llm, None);
    let prepared = steps.run(Step::Prepare, llm).state;
    assert_eq!(steps.run(Step::Answer, prepared).state.answer, "It is a thing.");
    assert_eq!(fake.requests(), 1);
}

#[test]
fn a_key_comes_from_its_variable_and_is_missed() {
    let mut with_key = setup("http://127.0.0.1:1/v1");
    with_key.llm.as_mut().unwrap().key_env = Some("KEY".into());
    assert!(Steps::new(with_key.clone(), |name| (name == "KEY").then(|| "k".into())).is_ok());
    let error = Steps::new(with_key, |_| None).unwrap_err().to_string();
    assert!(error.contains("the variable KEY with the key is not set"), "{error}");
}

#[test]
fn a_state_that_is_too_long_or_none_is_refused() {
    let long = State { question: "x".repeat(services::MAX_STATE), ..State::default() };
    assert!(long.bytes().unwrap_err().starts_with("the state of a task is longer than"));
    assert!(State::read(b"{").unwrap_err().starts_with("a state that is none"));
}
