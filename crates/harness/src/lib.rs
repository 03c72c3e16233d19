//! From a spec file or flags to a folder of results.
//!
//! ```text
//! presets ─┐
//! file ────┼─► spec::Draft ──check──► spec::Spec ──► execute ──► folder of results, table, JSON
//! flags ───┘
//! ```
//!
//! Experiments and the `sage` command are thin: they say what is laid over what. All that can
//! be wrong with their input is found before [`execute`] runs or writes anything. What a
//! run measures is `metrics`' affair, how it runs `pipeline`'s.

pub mod cli;
mod clock;
mod error;
mod expect;
mod fleet;
mod interrupt;
mod output;
pub mod preset;
mod progress;
pub mod provenance;
pub mod replay;
mod report;
mod run;
pub mod slo;
pub mod spec;
mod validate;
mod worker;

pub use error::{Error, Exit};
pub use expect::Expectation;
pub use fleet::{ClusterCommand, cluster};
/// Reports, for those who make chapters of them.
pub use metrics;
/// The JSON Schema of every `<run>_metrics.json`.
pub use metrics::METRICS_SCHEMA;
pub use output::Home;
/// Tables and numbers as all reports have them.
pub use report::{PAGE, number, table};
pub use run::{
    Chapter, Experiment, Measured, Options, Own, Piece, Running, Workers, execute, execute_with,
    model_server, with_ray,
};
/// Policies and their registry, so that a program with policies of its own depends on one crate.
pub use sched_core;
/// Clients of models, and a service for tests.
pub use services;
pub use validate::validate;
/// Pictures, for the same.
pub use viz;
pub use worker::{WorkerArgs, worker};
