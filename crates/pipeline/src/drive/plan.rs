//! A run, checked and prepared: everything the loop looks up per task or per call.
//!
//! Service times are drawn when a call is assigned, not when its task arrives, so a waiting task
//! holds none; they are the same either way, because streams are keyed by item and stage.

use super::executor::{Call, CallKey};
use crate::RunError;
use crate::model::{ArrivalProcess, ClusterSetup, Purpose, Sampler, Stage, Stream, Workload};
use sched_core::{Level, NodeId, Resources, Time};

/// What to run, ready to be run. The same plan under another scheduler or another executor has the
/// same arrivals, priorities and service times.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) tasks: u64,
    pub(super) warmup: u64,
    pub(super) max_attempts: u32,
    pub(super) arrivals: ArrivalProcess,
    pub(super) stages: Vec<Stage>,
    samplers: Vec<Sampler>,
    capacities: Vec<Resources>,
    levels: Vec<(Level, f64)>, // with the sum of the shares up to and including its own
    seed: u64,
}

impl Plan {
    /// Checks and prepares a run.
    ///
    /// # Errors
    /// [`RunError::Setup`] and [`RunError::Load`] name what is out of range.
    pub fn new(
        cluster: &ClusterSetup,
        workload: &Workload,
        seed: u64,
        max_attempts: u32,
    ) -> Result<Plan, RunError> {
        check(cluster, workload, max_attempts)?;
        let (tasks, stages) = (workload.tasks, workload.stages.clone());
        let mut sum = 0.0;
        let levels = workload.priorities.0.iter().map(|&(level, share)| {
            sum += share;
            (level, sum)
        });
        Ok(Plan {
            tasks,
            warmup: workload.warmup,
            max_attempts,
            arrivals: ArrivalProcess::new(&workload.arrivals, tasks, seed, cluster, &stages)?,
            samplers: stages.iter().map(|stage| Sampler::new(&stage.service)).collect(),
            capacities: cluster.spec.nodes().map(|node| cluster.spec.capacity(node)).collect(),
            levels: levels.collect(),
            stages,
            seed,
        })
    }

    /// The priority of a task.
    pub(super) fn priority(&self, index: u64) -> Level {
        let drawn = Stream::new(self.seed, Purpose::Priority, index, 0).unit();
        let found = self.levels.iter().find(|(_, up_to)| drawn < *up_to);
        // Shares that sum to a hair less than 1 leave the rest to the last level.
        found.or(self.levels.last()).map(|&(level, _)| level).unwrap_or_default()
    }

    /// The call that carries a decision out, or why it cannot be.
    pub(super) fn call(
        &self,
        key: CallKey,
        node: NodeId,
        assigned: Time,
    ) -> Result<Call, &'static str> {
        let stage = key.task.stage as usize;
        let demand = self.stages[stage].demand;
        let capacity = self.capacities.get(node.index()).ok_or("there is no such node")?;
        if !demand.fits(capacity) {
            return Err("the node could not hold the call even when empty");
        }
        let mut stream = Stream::new(self.seed, Purpose::Service, key.task.index, key.task.stage);
        let service = self.samplers[stage].sample(&mut stream);
        Ok(Call { key, node, demand, service, assigned })
    }
}

fn check(cluster: &ClusterSetup, workload: &Workload, max_attempts: u32) -> Result<(), RunError> {
    let refuse = |what: &str| Err(RunError::Setup(what.into()));
    let positive = |x: &f64| *x > 0.0 && x.is_finite();
    if workload.stages.is_empty() {
        return refuse("the pipeline has no stage");
    }
    if workload.tasks <= workload.warmup {
        return refuse("there must be more tasks than warm-up tasks, and at least one");
    }
    if workload.priorities.0.is_empty() {
        return refuse("there is no priority level");
    }
    if cluster.speeds.len() != cluster.spec.groups().len() || !cluster.speeds.iter().all(positive) {
        return refuse("every group of nodes needs one speed, positive and finite");
    }
    if max_attempts == 0 {
        return refuse("a call needs at least one attempt");
    }
    Ok(())
}
