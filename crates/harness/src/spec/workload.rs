//! The `workload:` and `pipeline:` sections.
//!
//! They are checked together with the cluster they run on: a demand that no declared
//! node can hold is a mistake of the spec, found before anything runs. A demand that
//! only some nodes can hold is fine.

use super::arrivals::{MOST_IN_FLIGHT, Written, arrivals};
use super::checked::Environment;
use super::error::SpecError;
use super::horizon::{TooLong, ends_in_time};
use super::reader::{Field, Fields};
use super::stages::{Planned, needs, no_node, settle, stages};
use super::trace::{self, TraceFile};
use super::units;
use pipeline::model::full_rate;
use pipeline::model::{Arrivals, ClusterSetup, Misfit, Priorities, Stage, Trace, Workload};
use sched_core::{ClusterSpec, Level, Resources};
use std::sync::Arc;

/// Both sections; the name of the pipeline beside them.
pub(super) fn workload(
    root: &Fields<'_>,
    environment: Environment,
    cluster: &ClusterSetup,
) -> Result<(Workload, String), SpecError> {
    let section = root.need("workload", "workload: {tasks: 1000, arrivals: batch}")?;
    let fields = section.map(&["tasks", "warmup", "arrivals", "priorities"])?;
    let tasks_field = fields.need("tasks", "tasks: 1000")?;
    let tasks = tasks_field.whole(1)?;
    let warmup = match fields.get("warmup") {
        None => 0,
        Some(field) => match field.whole(0)? {
            warmup if warmup < tasks => warmup,
            warmup => {
                let message =
                    format!("`{warmup}` leaves nothing to count of {tasks} tasks; make it less");
                return Err(field.error(message));
            }
        },
    };
    let arrivals_field = fields.need("arrivals", "arrivals: {poisson: {rate: 30}}")?;
    let written = arrivals(&arrivals_field)?;
    let priorities = fields
        .get("priorities")
        .map_or_else(|| Ok(Priorities::default()), |field| priorities(&field))?;

    let traced = matches!(written, Written::InFile(_));
    let (name, planned) = stages(root, environment, &cluster.spec, traced)?;
    let (arrivals, stages) = match written {
        Written::Here(arrivals) => (arrivals, settle(planned, None)?),
        Written::InFile(file) => {
            let (trace, stages) = recorded(&file, tasks, planned, &cluster.spec)?;
            (Arrivals::Trace(trace), stages)
        }
    };
    if matches!(arrivals, Arrivals::Batch) && tasks > MOST_IN_FLIGHT {
        return Err(arrivals_field.error(format!(
            "{tasks} tasks at once are too many: at most {MOST_IN_FLIGHT}; ask for fewer tasks, or \
             let them arrive by a rate"
        )));
    }
    if let Arrivals::Load(_) = arrivals {
        full_rate(cluster, &stages).map_err(|error| arrivals_field.error(error))?;
    }
    let workload = Workload { tasks, warmup, arrivals, priorities, stages };
    match ends_in_time(&workload, cluster) {
        Ok(()) => Ok((workload, name)),
        Err(TooLong::Task(why)) => Err(root.need("pipeline", "pipeline: {stages: []}")?.error(why)),
        Err(TooLong::Run(why)) => Err(tasks_field.error(why)),
    }
}

/// A trace, and the stages with what it has for them. Every row has a node that could run it.
fn recorded(
    file: &TraceFile<'_>,
    tasks: u64,
    planned: Vec<Planned<'_>>,
    cluster: &ClusterSpec,
) -> Result<(Arc<Trace>, Vec<Stage>), SpecError> {
    let read = trace::read(file, tasks, &needs(&planned))?;
    let stages = settle(planned, Some(&read))?;
    let Some(Misfit { row, stage, demand }) = read.trace.misfit(tasks, cluster, &stages) else {
        return Ok((read.trace, stages));
    };
    let message = match demand {
        Resources::NONE => {
            let stage = &stages[stage].name;
            format!("asks for nothing at stage `{stage}`: give it some `cpu`")
        }
        demand => no_node(cluster, &stages[stage], &demand),
    };
    Err(SpecError::new(&file.row(row)?, message))
}

fn priorities(field: &Field<'_>) -> Result<Priorities, SpecError> {
    let mut shares: Vec<(Level, f64)> = Vec::new();
    for (key, place, share) in field.pairs()? {
        let Some(level) = key.parse().ok().and_then(Level::new) else {
            let message =
                format!("`{key}` is not a priority level: write 0 to 9, 9 is most urgent");
            return Err(SpecError::new(place, message));
        };
        if shares.iter().any(|(other, _)| *other == level) {
            return Err(SpecError::new(place, format!("level {} a second time", level.get())));
        }
        match share.read(units::number)? {
            number if number >= 0.0 => shares.push((level, number)),
            number => return Err(share.error(format!("a share of `{number}` is below 0"))),
        }
    }
    if shares.is_empty() {
        return Err(field.error("names no level: remove it for `{5: 1}`"));
    }
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    if (sum - 1.0).abs() > 1e-9 {
        return Err(field.error(format!("the shares sum to {sum}; they must sum to 1")));
    }
    shares.sort_by_key(|(level, _)| *level);
    Ok(Priorities(shares))
}
