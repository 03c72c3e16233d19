//! Flags of `sage-llm serve`, and what they mean once checked.
//!
//! Raw flags and checked ones are two types, as in the other commands. Errors name the flag and the
//! remedy; `serve` takes the checked ones.

use crate::chat::engine::Limits;
use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Local model server with OpenAI's interface.
#[derive(Parser, Debug)]
#[command(name = "sage-llm", version, subcommand_required = true)]
pub struct Command {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum What {
    /// Serve /v1/chat/completions, /v1/embeddings, /v1/models, /health and /metrics
    ///
    /// Prints `listening on http://ADDRESS` when ready. SIGTERM and SIGINT end it once the answers under
    /// way are complete. Exit codes: 0 ended, 1 failed, 2 bad usage, 130 interrupted.
    Serve(Box<Flags>),
}

/// Flags as given.
#[derive(Args, Debug)]
pub struct Flags {
    /// Address and port to listen at; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Chat model, any GGUF of the llama architecture [default: models/smollm2-135m-instruct.gguf]
    #[arg(long, value_name = "FILE")]
    chat_model: Option<PathBuf>,
    /// Embedding model, a folder with model.safetensors, tokenizer.json, config.json [default:
    /// models/all-minilm-l6-v2]
    #[arg(long, value_name = "FOLDER")]
    embedding_model: Option<PathBuf>,
    /// Load this kind of model only
    #[arg(long, value_name = "KIND")]
    only: Option<Kind>,
    /// File whose first line is the key that clients must send; demanded beyond the loopback address
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// Requests that may wait, per kind; more are refused with 429
    #[arg(long, value_name = "N", default_value_t = 64)]
    queue: usize,
    /// Chats answered at once
    #[arg(long, value_name = "N", default_value_t = 8)]
    max_batch: usize,
    /// Prompt and answer together, in tokens; at most what the model was trained for
    #[arg(long, value_name = "TOKENS", default_value_t = 4096)]
    context: usize,
    /// Longest answer that a request may ask for, in tokens
    #[arg(long, value_name = "TOKENS", default_value_t = 1024)]
    max_tokens: usize,
    /// Tokens of prompts that are read in one step, between two tokens of other answers
    #[arg(long, value_name = "TOKENS", default_value_t = 64)]
    prefill: usize,
    /// Tokens whose keys and values are in memory at most (45 KiB each with the default model)
    #[arg(long, value_name = "TOKENS", default_value_t = 16_384)]
    kv_tokens: usize,
    /// Read every prompt from its beginning, even where an earlier one began alike
    #[arg(long)]
    no_prefix_cache: bool,
    /// Threads of the models. More than one help only where as many processors have nothing else to do:
    /// they wait for each other some hundred times per token
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// Texts in one embedding request
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_texts: usize,
    /// How long answers under way may take after the signal to end
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    grace: u64,
    /// End when standard input is closed, so that no server outlives the program that started it
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Chat,
    Embeddings,
}

/// Checked flags.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub chat_model: Option<PathBuf>,
    pub embedding_model: Option<PathBuf>,
    pub key: Option<String>,
    pub queue: usize,
    pub limits: Limits,
    pub context: usize,
    pub max_tokens: usize,
    pub max_texts: usize,
    pub grace: Duration,
    pub until_stdin_closes: bool,
}

/// Answers are this long where the request does not say.
pub const USUAL: usize = 256;

impl Flags {
    /// Threads of the models.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Checks everything that can be checked without loading a model.
    ///
    /// # Errors
    /// The first flag that is wrong, with the remedy.
    pub fn check(self) -> Result<Config> {
        for (name, value) in [
            ("--max-batch", self.max_batch),
            ("--context", self.context),
            ("--max-tokens", self.max_tokens),
            ("--prefill", self.prefill),
            ("--max-texts", self.max_texts),
            ("--threads", self.threads),
        ] {
            ensure!(value > 0, "{name} must be at least 1");
        }
        ensure!(
            self.kv_tokens >= self.context,
            "--kv-tokens {} holds no request of --context {}: raise the one or lower the other",
            self.kv_tokens,
            self.context
        );
        let key = self.api_key_file.as_deref().map(key).transpose()?;
        if key.is_none() && !self.listen.ip().is_loopback() {
            bail!(
                "--listen {}: whoever reaches this address could use the server; give \
                 --api-key-file FILE, or listen at 127.0.0.1",
                self.listen
            );
        }
        let find = |kind: Kind, given: Option<PathBuf>, flag: &str, default: &str| match self.only {
            Some(only) if only != kind => Ok(None),
            _ => model(given, flag, default).map(Some),
        };
        Ok(Config {
            listen: self.listen,
            chat_model: find(
                Kind::Chat,
                self.chat_model,
                "--chat-model",
                "models/smollm2-135m-instruct.gguf",
            )?,
            embedding_model: find(
                Kind::Embeddings,
                self.embedding_model,
                "--embedding-model",
                "models/all-minilm-l6-v2",
            )?,
            key,
            queue: self.queue,
            limits: Limits {
                batch: self.max_batch,
                chunk: self.prefill,
                memory: self.kv_tokens,
                prefixes: !self.no_prefix_cache,
            },
            context: self.context,
            max_tokens: self.max_tokens,
            max_texts: self.max_texts,
            grace: Duration::from_secs(self.grace),
            until_stdin_closes: self.until_stdin_closes,
        })
    }
}

fn key(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("--api-key-file {}", path.display()))?;
    let key = text.lines().next().unwrap_or_default().trim();
    ensure!(
        key.len() >= 16 && key.bytes().all(|byte| byte.is_ascii_graphic()),
        "--api-key-file {}: the first line must be a key of 16 printable characters or more",
        path.display()
    );
    Ok(key.to_owned())
}

/// The path given, or the default below this folder, the program's, or one above them.
fn model(given: Option<PathBuf>, flag: &str, default: &str) -> Result<PathBuf> {
    if let Some(path) = given {
        ensure!(path.exists(), "{flag} {}: not there", path.display());
        return Ok(path);
    }
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    let found = starts
        .iter()
        .flatten()
        .flat_map(|start| start.ancestors())
        .map(|folder| folder.join(default))
        .find(|path| path.exists());
    found.with_context(|| {
        format!("{default}: not there; run scripts/fetch-models.sh, or name another with {flag}")
    })
}
