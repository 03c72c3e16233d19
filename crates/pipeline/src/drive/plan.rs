//! A run, checked and prepared: everything the loop looks up per task or per call.
//!
//! When a service time is drawn does not matter, because streams are keyed by item and stage. Those of
//! first calls are drawn some tasks ahead, so that nobody waits for a logarithm.

use crate::RunError;
use crate::model::{
    ArrivalProcess, Arrivals, ClusterSetup, Misfit, Purpose, Sampler, ServiceLaw, Stage, Streams,
    Trace, Workload,
};
use sched_core::{Level, NodeId, Resources, Span, TaskId};
use std::sync::Arc;

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
    capacities: Vec<Resources>, // by group
    groups: Vec<u8>,            // by node
    levels: Vec<(Level, f64)>,  // with the sum of the shares up to and including its own
    trace: Option<Arc<Trace>>,
    priorities: Streams,
    services: Streams,
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
        let trace = match &workload.arrivals {
            Arrivals::Trace(trace) => Some(Arc::clone(trace)),
            _ => None,
        };
        Ok(Plan {
            tasks,
            warmup: workload.warmup,
            max_attempts,
            arrivals: ArrivalProcess::new(&workload.arrivals, tasks, seed, cluster, &stages)?,
            samplers: stages.iter().map(|stage| Sampler::new(&stage.service)).collect(),
            capacities: cluster.spec.groups().iter().map(|group| group.capacity).collect(),
            groups: cluster.spec.nodes().map(|node| cluster.spec.group_of(node) as u8).collect(),
            levels: levels.collect(),
            trace,
            stages,
            priorities: Streams::new(seed, Purpose::Priority),
            services: Streams::new(seed, Purpose::Service),
        })
    }

    /// How many nodes there are.
    pub(super) fn nodes(&self) -> usize {
        self.groups.len()
    }

    /// The priority of a task.
    #[inline]
    pub(super) fn priority(&self, index: u64) -> Level {
        if let Some(level) = self.trace.as_ref().and_then(|trace| trace.priority(index)) {
            return level;
        }
        if let [(only, _)] = self.levels[..] {
            return only;
        }
        let drawn = self.priorities.stream(index, 0).unit();
        let found = self.levels.iter().find(|(_, up_to)| drawn < *up_to);
        // Shares that sum to a hair less than 1 leave the rest to the last level.
        found.or(self.levels.last()).map(|&(level, _)| level).unwrap_or_default()
    }

    /// What a call holds while it runs.
    #[inline]
    pub(super) fn demand(&self, task: TaskId) -> Resources {
        let declared = self.stages[task.stage as usize].demand;
        self.trace.as_ref().map_or(declared, |trace| trace.demand(task.index, declared))
    }

    /// What a call would hold on this node, or why it cannot be there.
    #[inline]
    pub(super) fn demand_on(&self, task: TaskId, node: NodeId) -> Result<Resources, &'static str> {
        let demand = self.demand(task);
        let group = self.groups.get(node.index()).ok_or("there is no such node")?;
        if !demand.fits(&self.capacities[usize::from(*group)]) {
            return Err("the node could not hold the call even when empty");
        }
        Ok(demand)
    }

    /// How long the first calls of the tasks from `index` on run, as [`service`](Self::service).
    #[inline]
    pub(super) fn first_services<const N: usize>(&self, index: u64) -> [Span; N] {
        if index + N as u64 <= self.tasks {
            return self.samplers[0].of_tasks(index, 0, &self.services);
        }
        let mut services = [Span::ZERO; N]; // of those that there are not
        for (index, service) in (index..self.tasks).zip(&mut services) {
            *service = self.service(TaskId { index, stage: 0 });
        }
        services
    }

    /// How long a call runs on a node of speed 1.
    #[inline]
    pub(super) fn service(&self, task: TaskId) -> Span {
        self.samplers[task.stage as usize].of_task(task.index, task.stage, &self.services)
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
    for stage in &workload.stages {
        if let ServiceLaw::Trace(values) = &stage.service
            && (values.spans().len() as u64) < workload.tasks
        {
            let (name, rows) = (values.name(), values.spans().len());
            let tasks = workload.tasks;
            return refuse(&format!(
                "the column `{name}` of stage `{}` has {rows} values for {tasks} tasks",
                stage.name
            ));
        }
    }
    if let Arrivals::Trace(trace) = &workload.arrivals
        && let Some(Misfit { row, stage, demand }) =
            trace.misfit(workload.tasks, &cluster.spec, &workload.stages)
    {
        let (path, stage) = (&trace.source().path, &workload.stages[stage].name);
        return refuse(&format!(
            "task {row} of the trace `{path}` asks for {demand} at stage `{stage}`, for which no \
             node is made"
        ));
    }
    if max_attempts == 0 {
        return refuse("a call needs at least one attempt");
    }
    Ok(())
}
