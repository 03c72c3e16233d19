//! Every interleaving of a few threads, and every stale read that the memory model permits (loom).
//!
//! `protocols` runs the two protocols under the counters, compiled from their own source files, beside
//! versions with one thing left out, and shows that the model finds each of those: a model that finds
//! nothing may not be looking. `handle` runs the whole handle, both ways of it, through losses, returns
//! and lines. `cargo test -p sched-shared --features model --test model`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod handle;
mod protocols;

/// What the protocols' files take from their crate.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};

    pub(crate) fn between_seq_cst() {
        fence(Ordering::SeqCst);
    }
}

#[path = "../../src/padded.rs"]
mod padded;

#[path = "../../src/counters/word.rs"]
#[allow(dead_code, reason = "the model uses part of it")]
mod word;

#[path = "../../src/counters/notice.rs"]
#[allow(dead_code, reason = "the model uses part of it")]
mod notice;

/// Checks every interleaving with at most so many preemptions per execution: where a bug needs more
/// than three it needs more threads than there are here.
fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(body);
}
