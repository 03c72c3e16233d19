//! The `workload:` and `pipeline:` sections.
//!
//! They are checked together with the cluster they run on: a demand that no declared
//! node can hold is a mistake of the spec, found before anything runs. A demand that
//! only some nodes can hold is fine.

use super::cluster::{demand, largest};
use super::error::SpecError;
use super::laws;
use super::reader::{Field, Fields, unknown};
use super::units::{self, resources_text};
use pipeline::model::full_rate;
use pipeline::model::{Arrivals, ClusterSetup, Operator, Priorities, ServiceLaw, Stage, Workload};
use sched_core::{ClusterSpec, GroupSet, Level, Span};

/// Chained MD5 rounds of a `compute` call that names none: the medium work of the experiments.
pub(super) const DEFAULT_ROUNDS: u32 = 10_000;
/// Name of a pipeline that has none.
const DEFAULT_PIPELINE: &str = "custom";

/// Both sections; the name of the pipeline beside them.
pub(super) fn workload(
    root: &Fields<'_>,
    cluster: &ClusterSetup,
) -> Result<(Workload, String), SpecError> {
    let section = root.need("workload", "workload: {tasks: 1000, arrivals: batch}")?;
    let fields = section.map(&["tasks", "warmup", "arrivals", "priorities"])?;
    let tasks = fields.need("tasks", "tasks: 1000")?.whole(1)?;
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
    let arrivals = laws::arrivals(&arrivals_field)?;
    let priorities = fields
        .get("priorities")
        .map_or_else(|| Ok(Priorities::default()), |field| priorities(&field))?;

    let section =
        root.need("pipeline", "pipeline: {stages: [{name: work, service: {constant: 25ms}}]}")?;
    let fields = section.map(&["name", "stages"])?;
    let name = match fields.get("name") {
        Some(name) => name.name()?,
        None => DEFAULT_PIPELINE.to_owned(),
    };
    let list = fields.need("stages", "stages: [{name: work, service: {constant: 25ms}}]")?;
    let mut stages: Vec<Stage> = Vec::new();
    for item in list.list()? {
        let stage = stage(&item, &cluster.spec)?;
        if stages.iter().any(|other| other.name == stage.name) {
            let message = format!("a second stage is called `{}`; rename it", stage.name);
            return Err(item.error(message));
        }
        stages.push(stage);
    }
    if stages.is_empty() {
        return Err(list.error("a pipeline needs at least one stage"));
    }
    if let Arrivals::Load(_) = arrivals {
        full_rate(cluster, &stages).map_err(|error| arrivals_field.error(error))?;
    }
    Ok((Workload { tasks, warmup, arrivals, priorities, stages }, name))
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

fn stage(field: &Field<'_>, cluster: &ClusterSpec) -> Result<Stage, SpecError> {
    let fields = field.map(&["name", "service", "demand", "on", "operator"])?;
    let name = fields.need("name", "name: work")?.name()?;
    let operator =
        fields.get("operator").map_or(Ok(Operator::Emulate), |field| operator(&field))?;
    let service = match (fields.get("service"), &operator) {
        (Some(field), _) => laws::service(&field)?,
        // Only `load` arrivals look at it then, and say so when they cannot.
        (None, Operator::Compute { .. }) => ServiceLaw::Constant(Span::ZERO),
        (None, _) => laws::service(&fields.need("service", "service: {constant: 25ms}")?)?,
    };
    let on = fields.get("on").map_or(Ok(GroupSet::ALL), |field| groups(&field, cluster))?;
    let demand = demand(&fields)?;
    if cluster.eligible(&demand, on).is_empty() {
        let nodes: Vec<String> = largest(cluster, on)
            .map(|group| format!("`{}` with {}", group.name, resources_text(&group.capacity)))
            .collect();
        let message = format!(
            "no node can hold stage `{name}`, which asks for {}; the largest that it may run on: \
             {}. Ask for less, or declare a larger node",
            resources_text(&demand),
            nodes.join(", ")
        );
        return Err(fields.get("demand").unwrap_or_else(|| field.clone()).error(message));
    }
    Ok(Stage { name, service, demand, on, operator })
}

/// Names of groups as a set; all of them are the same as no restriction.
fn groups(field: &Field<'_>, cluster: &ClusterSpec) -> Result<GroupSet, SpecError> {
    let names: Vec<&str> = cluster.groups().iter().map(|group| group.name.as_str()).collect();
    let mut set = GroupSet::NONE;
    for item in field.list()? {
        let name = item.text()?;
        match names.iter().position(|other| *other == name) {
            Some(group) => set = set.union(GroupSet::only(group)),
            None => return Err(item.error(unknown("node group", name, &names))),
        }
    }
    if set.is_empty() {
        return Err(field.error("names no group; remove it to allow all"));
    }
    Ok(if set == GroupSet::first(names.len()) { GroupSet::ALL } else { set })
}

fn operator(field: &Field<'_>) -> Result<Operator, SpecError> {
    match field.variant(&["emulate", "compute"])? {
        ("emulate", None) => Ok(Operator::Emulate),
        ("emulate", Some(value)) => Err(value.error("`emulate` takes nothing: write `emulate`")),
        (_, None) => Ok(Operator::Compute { rounds: DEFAULT_ROUNDS }),
        (_, Some(value)) => {
            let rounds = value.map(&["rounds"])?.need("rounds", "rounds: 10000")?.whole_u32(1)?;
            Ok(Operator::Compute { rounds })
        }
    }
}
