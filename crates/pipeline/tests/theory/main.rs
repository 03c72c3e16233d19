//! The simulator against mathematics: queues whose answers are known in closed form.
//!
//! Every case goes the whole way of a run, from `RunSetup` through `run_sim`, the drive loop and a
//! built-in policy to the recorder, and is compared with a formula whose source is named beside
//! it. Beside every case that must hold stands one that must not: the same check, with the same
//! expectation, of a policy or law that is wrong, and is refused. The service times of all cases
//! are of the order of a second, so that formulas need no unit but that.
//!
//! `suite` says what is accepted. By default samples are small; the feature `full-theory` makes
//! them a million tasks of each of ten seeds:
//! `cargo test --release -p pipeline --features full-theory --test theory`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod case;
mod closed;
mod coverage;
mod estimate;
mod formula;
mod late;
mod little;
mod many;
mod priority;
mod servers;
mod single;
mod split;
mod suite;
mod tandem;
