//! A local model server with OpenAI's interface: chat completions and embeddings on the processors of
//! this machine.
//!
//! `chat` and `embed` are the models, each with its own thread; `http` is the interface; `args` and
//! `serve` are the command's. It is a package outside the workspace, because candle and tokenizers take
//! minutes to compile and nobody who schedules without models should wait for them.

pub mod args;
pub mod chat;
pub mod embed;
pub mod http;
pub mod metrics;
pub mod serve;
