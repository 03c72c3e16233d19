//! The report of a run: what `<run>_metrics.json` holds and what is drawn from.
//!
//! A run is a configuration under a policy, with its repetitions folded in. Keys that
//! the Python original also had keep its names, with right values. Units stand in the
//! names of the fields, here and at no other place: inside, time is a type.
//! Maps keep their order (pipeline order, node order), so that equal runs give equal bytes.
//! A change that old readers cannot follow raises [`SCHEMA_VERSION`], and
//! [`METRICS_SCHEMA`] says the same to machines. What was measured is in `measures.rs`, and
//! what the run has checked of itself in `certificate.rs`.

mod certificate;
mod measures;
mod services;

pub use certificate::{Certificate, Check, CheckName, CheckVerdict, MARK, Verdict};
pub use measures::{
    Interval, Latencies, Measures, Method, NodeMeasures, PartsMs, QuantileParts, Summary,
};
pub use services::{EmbeddingMeasures, LlmMeasures, RetrievalMeasures, ServiceMeasures};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of [`RunReport`]'s JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// The JSON Schema (2020-12) of [`RunReport`]; `#/$defs/measures_only` is that of [`Measures`] alone.
pub const METRICS_SCHEMA: &str = include_str!("../../schema/metrics.schema.json");

/// One `<run>_metrics.json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Name of the run, unique in its folder; also the prefix of its files.
    pub name: String,
    /// Where it comes from, and how to repeat it.
    pub provenance: Provenance,
    /// What was measured; its keys stand at the top of the file, as the original's did.
    #[serde(flatten)]
    pub metrics: Measures,
}

/// Where a run comes from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of the program.
    pub version: String,
    /// Commit of the source, if it was built from a checkout; `-dirty` when changed since.
    pub git_commit: Option<String>,
    /// Seed of the first repetition.
    pub seed: u64,
    /// The machine.
    pub host: Host,
    /// The command line, quoted for a shell.
    pub command: String,
    /// `release`, or `dev (optimised)`, or `unoptimised`.
    pub build_profile: String,
    /// Start of the run, UTC, RFC 3339.
    pub started_at: String,
    /// The full effective spec of this run.
    pub spec: serde_json::Value,
}

/// The machine of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Host name.
    pub name: String,
    /// Operating system and architecture, as in `linux x86_64`.
    pub platform: String,
    /// Model of the processor, if the system tells.
    pub cpu_model: Option<String>,
    /// Processors that this process may use.
    pub cores: u32,
}

/// The facts of a run that tables and pictures show.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Name of the experiment or spec.
    pub experiment: String,
    /// The part of the experiment that this run belongs to, as in `load levels`.
    pub part: String,
    /// Name of the configuration; empty if there is only one.
    pub configuration: String,
    /// Name of the policy.
    pub policy: String,
    /// `late` or `early`.
    pub bind: String,
    /// Further parameters of the policy, as in `aging: 2s`.
    pub parameters: BTreeMap<String, String>,
    /// `sim`, `local` or `cluster`.
    pub environment: String,
    /// `emulated`, `cpu` or `real`.
    pub work: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Stages of the pipeline.
    pub stages: u32,
    /// Declared nodes.
    pub nodes: u32,
    /// Slots of the whole cluster.
    pub parallelism: u64,
    /// Tasks per repetition, warm-up included.
    pub tasks: u64,
    /// How late the policy sees finishes and lost nodes, as in `every 500ms`; none: at once.
    pub view: Option<String>,
    /// The arrival law, as in `closed:32`.
    pub arrivals: String,
}
