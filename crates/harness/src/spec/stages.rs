//! The `pipeline:` section.
//!
//! A stage is planned before it is whole: its service time may be in a column of the trace that
//! the workload names, and which columns are needed only the stages say.

use super::checked::Environment;
use super::cluster::{demand, largest};
use super::error::SpecError;
use super::reader::{Field, Fields, unknown};
use super::service::{self, Written};
use super::services::step;
use super::trace::{Needs, Read, SERVICE};
use super::units::resources_text;
use pipeline::model::{Operator, ServiceLaw, Stage, Values};
use sched_core::{ClusterSpec, GroupSet, Resources, Span};
use services::Step;
use std::sync::Arc;

/// Chained MD5 rounds of a `compute` call that names none: the medium work of the experiments.
const DEFAULT_ROUNDS: u32 = 10_000;
/// Name of a pipeline that has none.
const DEFAULT_PIPELINE: &str = "custom";

/// A stage whose service law may still be in a file.
pub(super) struct Planned<'a> {
    stage: Stage,
    service: Option<Written<'a>>,
    field: Field<'a>,
}

/// Name and stages. `traced` says whether there is a trace, which may have their times.
pub(super) fn stages<'a>(
    root: &Fields<'a>,
    environment: Environment,
    cluster: &ClusterSpec,
    traced: bool,
) -> Result<(String, Vec<Planned<'a>>), SpecError> {
    let section =
        root.need("pipeline", "pipeline: {stages: [{name: work, service: {constant: 25ms}}]}")?;
    let fields = section.map(&["name", "stages"])?;
    let name = match fields.get("name") {
        Some(name) => name.name()?,
        None => DEFAULT_PIPELINE.to_owned(),
    };
    let list = fields.need("stages", "stages: [{name: work, service: {constant: 25ms}}]")?;
    let mut stages: Vec<Planned<'_>> = Vec::new();
    for item in list.list()? {
        let planned = stage(&item, environment, cluster, traced)?;
        if stages.iter().any(|other| other.stage.name == planned.stage.name) {
            let message = format!("a second stage is called `{}`; rename it", planned.stage.name);
            return Err(item.error(message));
        }
        stages.push(planned);
    }
    if stages.is_empty() {
        return Err(list.error("a pipeline needs at least one stage"));
    }
    Ok((name, stages))
}

/// What these stages want from a trace.
pub(super) fn needs<'a>(stages: &'a [Planned<'_>]) -> Needs<'a> {
    let columns = stages.iter().filter_map(|planned| match &planned.service {
        Some(Written::Column(column)) => Some((column.text().ok()?, planned.stage.name.as_str())),
        _ => None,
    });
    Needs {
        stages: stages.iter().map(|planned| planned.stage.name.as_str()).collect(),
        columns: columns.collect(),
    }
}

/// Gives each stage its law: the column that it names; else, where the trace overrides, the
/// column `service_s.<stage>`, or `service_s` if no stage claims that by name; else what it says.
pub(super) fn settle(
    stages: Vec<Planned<'_>>,
    trace: Option<&Read>,
) -> Result<Vec<Stage>, SpecError> {
    let find = |name: &str| trace?.services.iter().find(|column| column.name() == name);
    let claimed = needs(&stages).columns.iter().any(|(column, _)| *column == SERVICE);
    let overriding = |stage: &Stage| -> Option<&Arc<Values>> {
        let own = trace.filter(|trace| trace.overrides)?;
        let own = own.services.iter().find(|column| {
            column.name().strip_prefix(SERVICE).and_then(|rest| rest.strip_prefix('.'))
                == Some(&stage.name)
        });
        own.or_else(|| find(SERVICE).filter(|_| !claimed))
    };
    let settled = stages.into_iter().map(|Planned { stage, service, field }| {
        let column = match &service {
            Some(Written::Column(column)) => find(column.text()?),
            _ => overriding(&stage),
        };
        let service = match (column, service) {
            (Some(column), _) => ServiceLaw::Trace(Arc::clone(column)),
            (None, Some(Written::Law(law))) => law,
            // Only `load` arrivals look at it then, and say so when they cannot.
            (None, None) if stage.operator != Operator::Emulate => ServiceLaw::Constant(Span::ZERO),
            (None, _) => return Err(no_service(&field)),
        };
        Ok(Stage { service, ..stage })
    });
    settled.collect()
}

/// Why a stage can run nowhere.
pub(super) fn no_node(cluster: &ClusterSpec, stage: &Stage, demand: &Resources) -> String {
    let nodes: Vec<String> = largest(cluster, stage.on)
        .map(|group| format!("`{}` with {}", group.name, resources_text(&group.capacity)))
        .collect();
    format!(
        "no node can hold stage `{}`, which asks for {}; the largest that it may run on: {}. Ask \
         for less, or declare a larger node",
        stage.name,
        resources_text(demand),
        nodes.join(", ")
    )
}

fn stage<'a>(
    field: &Field<'a>,
    environment: Environment,
    cluster: &ClusterSpec,
    traced: bool,
) -> Result<Planned<'a>, SpecError> {
    let fields = field.map(&["name", "service", "demand", "on", "operator"])?;
    let name = fields.need("name", "name: work")?.name()?;
    let operator = fields
        .get("operator")
        .map_or(Ok(Operator::Emulate), |field| operator(&field, environment))?;
    let service = match fields.get("service") {
        Some(field) => Some(service::service(&field)?),
        None => None,
    };
    match &service {
        None if operator == Operator::Emulate && !traced => return Err(no_service(field)),
        Some(Written::Column(column)) if !traced => {
            return Err(column.error(
                "there is no trace to take it from: write `arrivals: {trace: …}`, or another law",
            ));
        }
        _ => {}
    }
    let on = fields.get("on").map_or(Ok(GroupSet::ALL), |field| groups(&field, cluster))?;
    let demand = demand(&fields)?;
    let stage = Stage { name, service: ServiceLaw::Constant(Span::ZERO), demand, on, operator };
    if cluster.eligible(&demand, on).is_empty() {
        let message = no_node(cluster, &stage, &demand);
        return Err(fields.get("demand").unwrap_or_else(|| field.clone()).error(message));
    }
    Ok(Planned { stage, service, field: field.clone() })
}

fn no_service(stage: &Field<'_>) -> SpecError {
    stage.missing("service", "service: {constant: 25ms}")
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

fn operator(field: &Field<'_>, environment: Environment) -> Result<Operator, SpecError> {
    let mut names = vec!["emulate", "compute"];
    names.extend(Step::ALL.map(Step::name));
    let operator = match field.variant(&names)? {
        ("emulate", None) => Operator::Emulate,
        ("emulate", Some(value)) => {
            return Err(value.error("`emulate` takes nothing: write `emulate`"));
        }
        (name, value) if let Some(step) = step(name) => match value {
            None => Operator::Step(step.number()),
            Some(value) => {
                let message = format!("`{name}` takes nothing: what it asks is in `services:`");
                return Err(value.error(message));
            }
        },
        (_, None) => Operator::Compute { rounds: DEFAULT_ROUNDS },
        (_, Some(value)) => {
            let rounds = value.map(&["rounds"])?.need("rounds", "rounds: 10000")?.whole_u32(1)?;
            Operator::Compute { rounds }
        }
    };
    if operator != Operator::Emulate && environment == Environment::Sim {
        return Err(field.error(
            "virtual time cannot hold real work: write `emulate` and a `service` law, or \
             `environment: local`",
        ));
    }
    Ok(operator)
}
