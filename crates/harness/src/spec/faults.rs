//! The `faults:` section: what goes wrong with nodes.
//!
//! Faults at given instants keep their written order, which is the order of those that fall on
//! one instant. `mtbf` and `mttr` hold for every node, so one entry with them is all there can be.

use super::checked::Environment;
use super::error::SpecError;
use super::reader::{Field, Fields};
use pipeline::model::{Fault, FaultKind, Faults, Spontaneous};
use sched_core::{ClusterSpec, NodeId, Span, Time};
use serde_json::{Value, json};

const KEYS: [&str; 8] = ["at", "kill", "restart", "drain", "slow", "factor", "mtbf", "mttr"];
const ACTIONS: [&str; 4] = ["kill", "restart", "drain", "slow"];

pub(super) fn faults(
    field: &Field<'_>,
    environment: Environment,
    cluster: &ClusterSpec,
) -> Result<Faults, SpecError> {
    let mut faults = Faults::default();
    for item in field.list()? {
        let fields = item.map(&KEYS)?;
        if fields.get("mtbf").is_none() && fields.get("mttr").is_none() {
            faults.scheduled.push(scheduled(&item, &fields, cluster)?);
        } else if faults.spontaneous.is_none() {
            faults.spontaneous = Some(spontaneous(&item)?);
        } else {
            return Err(item.error("a second `mtbf`; one holds for every node, remove this one"));
        }
    }
    if !faults.is_none() && environment == Environment::Local {
        return Err(field.error(
            "nodes inside this process cannot fail, and this runs in `local`: write `environment: \
             sim` or `environment: cluster`, or remove `faults`",
        ));
    }
    Ok(faults)
}

/// The list that [`faults`] reads.
pub(super) fn faults_json(faults: &Faults) -> Value {
    let scheduled = faults.scheduled.iter().map(|fault| {
        let at = fault.at.since(Time::ZERO).to_string();
        let node = fault.node.to_string();
        match fault.kind {
            FaultKind::Kill => json!({"at": at, "kill": node}),
            FaultKind::Restart => json!({"at": at, "restart": node}),
            FaultKind::Drain => json!({"at": at, "drain": node}),
            FaultKind::Slow { factor } => json!({"at": at, "slow": node, "factor": factor}),
        }
    });
    let spontaneous = faults.spontaneous.iter().map(
        |Spontaneous { mtbf, mttr }| json!({"mtbf": mtbf.to_string(), "mttr": mttr.to_string()}),
    );
    Value::Array(scheduled.chain(spontaneous).collect())
}

fn scheduled(
    item: &Field<'_>,
    fields: &Fields<'_>,
    cluster: &ClusterSpec,
) -> Result<Fault, SpecError> {
    let at = Time::ZERO + fields.need("at", "at: 2s")?.span()?;
    let actions: Vec<(&str, Field<'_>)> =
        ACTIONS.into_iter().filter_map(|action| Some((action, fields.get(action)?))).collect();
    let [(action, target)] = &actions[..] else {
        return Err(item.error("needs exactly one of `kill`, `restart`, `drain`, `slow`"));
    };
    let node = node(target, cluster)?;
    let factor = fields.get("factor");
    let kind = match (*action, factor) {
        ("slow", Some(factor)) => FaultKind::Slow { factor: factor.positive()? },
        ("slow", None) => return Err(item.error("`slow` needs a factor: `factor: 4`")),
        (_, Some(factor)) => return Err(factor.error("only goes with `slow`")),
        ("kill", None) => FaultKind::Kill,
        ("restart", None) => FaultKind::Restart,
        (_, None) => FaultKind::Drain,
    };
    Ok(Fault { at, node, kind })
}

fn spontaneous(item: &Field<'_>) -> Result<Spontaneous, SpecError> {
    let fields = item.map(&["mtbf", "mttr"])?;
    let mean = |key: &str, example: &str| {
        let field = fields.need(key, example)?;
        match field.span()? {
            Span::ZERO => Err(field.error("is not above 0")),
            mean => Ok(mean),
        }
    };
    Ok(Spontaneous { mtbf: mean("mtbf", "mtbf: 60s")?, mttr: mean("mttr", "mttr: 5s")? })
}

fn node(field: &Field<'_>, cluster: &ClusterSpec) -> Result<NodeId, SpecError> {
    let text = field.text()?;
    let count = cluster.node_count();
    let index = text.strip_prefix("node-").and_then(|index| index.parse::<u32>().ok());
    match index.map(NodeId) {
        Some(node) if node.index() < count && text == node.to_string() => Ok(node),
        _ => {
            let last = count - 1;
            let valid = format!("no node is called `{text}`; valid: `node-0` to `node-{last}`");
            Err(field.error(valid))
        }
    }
}
