//! Runs that ask models: against a service of the tests, which answers well or as badly as it is told.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use harness::services::testkit::{Act, Fake};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const SAGE: &str = env!("CARGO_BIN_EXE_sage");

/// A folder with a corpus of 40 files and a spec that asks the service at `url`.
fn folder(environment: &str, url: &str, more: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("texts")).unwrap();
    for i in 0..40 {
        let text = format!("The word{i} is thing {i}.");
        fs::write(folder.path().join(format!("texts/word{i}.txt")), text).unwrap();
    }
    let spec = format!(
        "
name: asks
environment: {environment}
seed: 7
cluster: {{nodes: 2, slots: 2}}
workload: {{tasks: 30, warmup: 4, arrivals: {{closed: {{in_flight: 8}}}}}}
pipeline:
  name: rag
  stages:
    - {{name: embed, operator: embed}}
    - {{name: retrieve, operator: retrieve}}
    - {{name: rerank, operator: rerank}}
    - {{name: prompt, operator: prompt}}
    - {{name: generate, operator: generate}}
services:
  llm: {{base_url: {url}, model: m, max_tokens: 9, retries: 1, timeout: 20s{more}}}
  embedding: {{base_url: {url}, model: e}}
  corpus: texts
schedulers: [fifo, round_robin]
"
    );
    fs::write(folder.path().join("asks.yaml"), spec).unwrap();
    folder
}

fn run(folder: &Path, flags: &str) -> Output {
    let mut sage = Command::new(SAGE);
    sage.current_dir(folder).args(flags.split_whitespace()).env_remove("SAGE_LLM").output().unwrap()
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

fn metrics(folder: &Path, run: &str) -> Value {
    serde_json::from_str(&read(folder, &format!("out/{run}_metrics.json"))).unwrap()
}

#[track_caller]
fn succeeded(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every question is answered, in this process and in workers, and the report says what it cost.
#[test]
fn questions_are_answered_wherever_the_nodes_are() {
    for environment in ["local", "cluster"] {
        let fake = Fake::well().unwrap();
        let folder = folder(environment, &fake.url(), "");
        succeeded(&run(folder.path(), "run asks.yaml --output out"));
        for name in ["fifo", "round_robin"] {
            let metrics = metrics(folder.path(), name);
            assert_eq!([&metrics["successful_tasks"], &metrics["failed_tasks"]], [26, 0]);
            assert_eq!(metrics["config"]["work"], "real");
            let services = &metrics["services"];
            assert_eq!(
                [&services["calls"], &services["failed_calls"], &services["retries"]],
                [52, 0, 0]
            );
            let llm = &services["llm"];
            assert_eq!(
                [&llm["answers"], &llm["prompt_tokens"], &llm["completion_tokens"]],
                [26, 182, 104]
            );
            assert_eq!(llm["cached_prompt_tokens"], 78);
            assert_eq!(llm["time_to_first_token_ms"]["count"], 26);
            assert!(llm["tokens_per_sec"].as_f64().unwrap() > 0.0);
            let found = &services["retrieval"];
            // Two words may share a place of the vectors, which hides one behind others.
            assert_eq!(found["questions"], 26);
            assert!(found["hit_rate"].as_f64().unwrap() > 0.8, "{found}");
            let summary = read(folder.path(), &format!("out/{name}_summary.txt"));
            assert!(
                summary.contains("Services: 52 calls, 0 failed, 0 attempts repeated"),
                "{summary}"
            );
            assert!(
                summary.contains(
                    "Tokens      182 read (of them 78 kept from earlier prompts), 104 written, "
                ),
                "{summary}"
            );
            assert!(
                summary.contains("exact search over 40 passages, 256 dimensions of e"),
                "{summary}"
            );
        }
        assert!(read(folder.path(), "out/report.html").contains("Calls to services"));
        // What was run can be run again, from its own spec.
        fs::rename(folder.path().join("out/spec.yaml"), folder.path().join("again.yaml")).unwrap();
        fs::remove_dir_all(folder.path().join("out")).unwrap();
        succeeded(&run(folder.path(), "run again.yaml --output out --schedulers fifo"));
        assert_eq!(metrics(folder.path(), "fifo")["successful_tasks"], 26);
    }
}

/// A failure is its task's alone, with its reason; what is tried again is counted.
#[test]
fn failures_are_counted_by_their_reasons() {
    for environment in ["local", "cluster"] {
        // Of the chats after the first, which greets, every third is refused, and every other third is cut.
        let chats = std::sync::atomic::AtomicU64::new(0);
        let script = move |_: u64, path: &str| {
            if path.ends_with("/embeddings") {
                return Act::Well;
            }
            match chats.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Act::Well,
                n if n % 3 == 0 => Act::Status(400, r#"{"error":{"message":"no"}}"#, None),
                n if n % 3 == 1 => Act::CutBody,
                _ => Act::Well,
            }
        };
        let fake = Fake::start(script).unwrap();
        let folder = folder(environment, &fake.url(), "");
        succeeded(&run(folder.path(), "run asks.yaml --output out --schedulers fifo"));
        let metrics = metrics(folder.path(), "fifo");
        let number = |at: &str| metrics.pointer(at).unwrap().as_u64().unwrap();
        let failures = metrics["failures"].as_object().unwrap();
        let failed: u64 = failures.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(number("/successful_tasks") + number("/failed_tasks"), 26);
        assert_eq!((number("/failed_tasks"), number("/services/failed_calls")), (failed, failed));
        assert!(failed > 0 && number("/services/retries") > 0, "{metrics}");
        assert_eq!(number("/services/llm/answers"), number("/successful_tasks"));
        for reason in failures.keys() {
            let known = ["generate: status 400: no", "generate: the answer was cut off: "];
            assert!(known.iter().any(|known| reason.starts_with(known)), "{reason}");
        }
    }
}

#[track_caller]
fn refused(folder: &Path, flags: &str, message: &str) {
    let names = || {
        let names = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    let output = run(folder, flags);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(message), "no `{message}` in: {told}");
    assert_eq!(before, names(), "something was left");
}

#[test]
fn what_is_missing_is_refused_before_anything_is_written() {
    let fake = Fake::well().unwrap();
    let gone = {
        let fake = Fake::well().unwrap();
        fake.url()
    };
    let here = folder("local", &gone, "");
    let flags = "run asks.yaml --output out";
    refused(here.path(), flags, "services: the language model: the service cannot be reached");
    let wrong = Fake::start(|_, path| match path.ends_with("/embeddings") {
        true => Act::Well,
        false => Act::Status(404, r#"{"error":{"message":"no model `m`"}}"#, None),
    });
    let wrong = wrong.unwrap();
    let here = folder("local", &wrong.url(), "");
    refused(here.path(), flags, "services: the language model: status 404: no model `m`");
    let here = folder("local", &fake.url(), ", api_key_env: NO_SUCH_VARIABLE_IS_SET");
    refused(here.path(), flags, "the variable NO_SUCH_VARIABLE_IS_SET with the key is not set");
    let here = folder("local", &fake.url(), "");
    fs::remove_dir_all(here.path().join("texts")).unwrap();
    refused(here.path(), flags, "texts: it is not there; `scripts/fetch-corpus.sh` gets");
    let here = folder("sim", &fake.url(), "");
    refused(here.path(), flags, "virtual time cannot hold real work");
    refused(
        here.path(),
        "run asks.yaml --env local --work cpu --output out",
        "which cannot be `cpu`",
    );
}

/// `local` starts the program that the variable names, and ends it.
#[test]
fn the_local_server_is_started_and_ended() {
    let fake = Fake::well().unwrap();
    let here = folder("local", &fake.url(), "");
    let spec = read(here.path(), "asks.yaml");
    let local: String = spec
        .lines()
        .filter(|line| !line.contains("base_url"))
        .map(|it| it.to_owned() + "\n")
        .collect();
    fs::write(here.path().join("local.yaml"), local).unwrap();
    let sage = |program: &str, script: &str| {
        let path = here.path().join(program);
        if !script.is_empty() {
            fs::write(&path, script).unwrap();
            let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(&path, executable).unwrap();
        }
        let mut sage = Command::new(SAGE);
        sage.current_dir(here.path()).env("SAGE_LLM", path);
        sage.args(["run", "local.yaml", "--schedulers", "fifo", "--output", "out"])
            .output()
            .unwrap()
    };
    let output = sage("nothing", "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("which is no file"));
    let output = sage("broken", "#!/bin/sh\necho 'there is no model' >&2\nexit 2\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken: there is no model"));
    let url = fake.url();
    let url = url.trim_end_matches("/v1");
    let script = format!(
        "#!/bin/sh\necho \"$$ $*\" > server\necho listening on {url}\nexec cat > /dev/null\n"
    );
    succeeded(&sage("server.sh", &script));
    assert_eq!(metrics(here.path(), "fifo")["successful_tasks"], 26);
    let server = read(here.path(), "server");
    let (id, arguments) = server.trim().split_once(' ').unwrap();
    assert_eq!(arguments, "serve --listen 127.0.0.1:0 --until-stdin-closes --no-prefix-cache");
    assert!(!Path::new("/proc").join(id).exists(), "the server outlived the run");
}
