//! Spec files: what is accepted, what it means, and what is said of what is not.
//!
//! One binary, for the sake of compile time. `good` holds meanings to values worked out by
//! hand, `bad` holds messages word for word, `traces` both for the files beside a spec, `fuzz` holds the promise that there is
//! always either a spec or a placed error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails panics, in its helpers too"
)]

mod bad;
mod drafts;
mod fuzz;
mod good;
mod history;
mod traces;

use harness::spec::{Spec, SpecError};
use sched_core::Registry;

/// A small spec with everything that must be there, and a place for more lines.
const SMALL: &str = "\
cluster: {nodes: 2, slots: 4}
workload: {tasks: 100, arrivals: batch}
pipeline: {stages: [{name: work, service: {constant: 25ms}}]}
schedulers: [fifo]
";

fn parse(text: &str) -> Result<Spec, SpecError> {
    Spec::parse(text, "spec.yaml", &Registry::builtin())
}

/// Lines of [`SMALL`] replaced by those of `lines` that have the same key, others added.
fn small_with(lines: &str) -> String {
    let key = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
    let mut text = String::new();
    for line in SMALL.lines().filter(|old| lines.lines().all(|new| key(new) != key(old))) {
        text += line;
        text += "\n";
    }
    lines.to_owned() + "\n" + &text
}
