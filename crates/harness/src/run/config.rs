//! The facts of a run that tables and pictures show, from its spec.
//!
//! Reports carry them beside the numbers, so that whoever draws or compares needs no spec.

use crate::spec::{RunSpec, arrivals_text};
use metrics::report::RunConfig;

/// The facts of a run.
pub(crate) fn config(run: &RunSpec) -> RunConfig {
    let setup = &run.setup;
    RunConfig {
        experiment: run.experiment.clone(),
        part: run.part.clone(),
        configuration: run.configuration.clone(),
        policy: run.policy.name().to_owned(),
        bind: run.policy.bind().to_string(),
        parameters: run.policy.params().map(|(name, text)| (name.to_owned(), text)).collect(),
        environment: setup.environment.to_string(),
        work: setup.work().to_string(),
        pipeline: setup.pipeline.clone(),
        stages: u32::try_from(setup.workload.stages.len()).unwrap_or(u32::MAX),
        nodes: u32::try_from(setup.cluster.spec.node_count()).unwrap_or(u32::MAX),
        parallelism: setup.cluster.spec.total_slots(),
        tasks: setup.workload.tasks,
        view: setup.view.map(|view| view.to_string()),
        arrivals: arrivals_text(&setup.workload.arrivals),
    }
}
