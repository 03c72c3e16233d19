//! Clients of language and embedding models, retrieval, and the operators made of them.
//!
//! ```text
//!  Steps ── embed, rerank ──► Embedder ─┐
//!    │ └─── generate ───────► Chat ─────┴─► Wire: limit, time-out, retries ──► any OpenAI-compatible server
//!    └───── retrieve ───────► Index ◄── Store: vectors on disk, by model and corpus
//! ```
//!
//! Nothing here knows scheduling: a step takes the state of an item as bytes and gives it back as bytes, so
//! that whoever runs it may do so in another process. Calls block, because they are made on threads that
//! have nothing else to do.
//!
//! What is not a complete and well-formed answer is an error with its reason. An answer that was cut, is
//! empty, or does not parse is never a success.

mod call;
mod chat;
mod clock;
pub mod corpus;
mod embeddings;
mod endpoint;
mod error;
mod gate;
mod index;
mod sse;
mod state;
mod steps;
mod store;
pub mod testkit;
mod wire;

pub use call::{ChatStats, EmbeddingStats, StepStats};
pub use chat::{Chat, ChatAnswer, ChatRequest, Finish, Message};
pub use corpus::{Corpus, Passage};
pub use embeddings::{Embedded, Embedder};
pub use endpoint::{Endpoint, MAX_RETRIES};
pub use error::{CallError, Error};
pub use index::{Hit, Index};
pub use state::{Found, Kind, MAX_STATE, State};
pub use steps::{Model, Outcome, Setup, Step, Steps, question};
pub use store::{Store, build};
