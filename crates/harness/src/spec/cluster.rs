//! The `cluster:` section.
//!
//! `{nodes: 10, slots: 4}` is short for one group called `nodes`. Everything is kept per
//! group; the cluster's own `queue_limit` is only the default of the groups'.

use super::checked::Environment;
use super::error::{BadValue, SpecError};
use super::reader::{Field, Fields};
use super::service;
use super::units;
use pipeline::model::{ClusterSetup, ServiceLaw};
use sched_core::{ClusterSpec, Group, GroupSet, QueueLimit, Resources, Span, View};

/// Name of the group that the short form stands for.
const ONLY_GROUP: &str = "nodes";
const KEYS: [&str; 6] = ["groups", "nodes", "slots", "queue_limit", "network", "view"];
const NO_NETWORK: ServiceLaw = ServiceLaw::Constant(Span::ZERO);

pub(super) fn cluster(
    field: &Field<'_>,
    environment: Environment,
) -> Result<ClusterSetup, SpecError> {
    let fields = field.map(&KEYS)?;
    let default_limit = match fields.get("queue_limit") {
        Some(limit) => queue_limit(&limit)?,
        None => QueueLimit::Unbounded,
    };
    let mut speeds = Vec::new();
    let mut groups = Vec::new();
    if let Some(list) = fields.get("groups") {
        if let Some(short) = fields.get("nodes").or_else(|| fields.get("slots")) {
            return Err(short.error("is short for one group: remove it, or `groups`"));
        }
        for item in list.list()? {
            let (group, speed) = group(&item, default_limit)?;
            if groups.iter().any(|other: &Group| other.name == group.name) {
                let message = format!("a second group is called `{}`; rename it", group.name);
                return Err(item.error(message));
            }
            groups.push(group);
            speeds.push(speed);
        }
    } else {
        let count = fields.need("nodes", "nodes: 10")?.whole_u32(1)?;
        let capacity = slots(&fields.need("slots", "slots: 4")?, 1)?;
        let name = ONLY_GROUP.to_owned();
        groups.push(Group { name, count, capacity, queue_limit: default_limit });
        speeds.push(1.0);
    }
    let network = match fields.get("network") {
        Some(network) => self::network(&network, environment)?,
        None => NO_NETWORK,
    };
    let spec = ClusterSpec::new(groups).map_err(|error| field.error(error))?;
    Ok(ClusterSetup { spec, speeds, network })
}

/// The way between scheduler and node. Of real time, only that it takes none can be said ahead.
fn network(field: &Field<'_>, environment: Environment) -> Result<ServiceLaw, SpecError> {
    let law = service::law(field)?;
    let zero = matches!(law, ServiceLaw::Uniform { max: Span::ZERO, .. }) || law == NO_NETWORK;
    if zero {
        return Ok(NO_NETWORK);
    }
    if environment != Environment::Sim {
        return Err(field.error(format!(
            "a network that takes time exists in virtual time only, and this runs in \
             `{environment}`: write `environment: sim`, or `{{constant: 0s}}`"
        )));
    }
    Ok(law)
}

/// How late the policy sees the cluster: `{refresh: 500ms, own: true}`, or `none`, for a
/// configuration that is laid over one that has a view.
pub(super) fn view(cluster: &Field<'_>) -> Result<Option<View>, SpecError> {
    let Some(field) = cluster.map(&KEYS)?.get("view") else { return Ok(None) };
    match field.text() {
        Ok("none") => return Ok(None),
        Ok(text) => {
            return Err(field.error(format!(
                "`{text}` is no view: write for example `{{refresh: 500ms}}`, or `none`"
            )));
        }
        Err(_) => {} // a map, or refused below
    }
    let fields = field.map(&["refresh", "own"])?;
    let refresh = fields.need("refresh", "refresh: 500ms")?;
    let own = fields.get("own");
    let own = own.map_or(Ok(true), |own| own.choice(&[("true", true), ("false", false)]))?;
    let view = View::new(refresh.span()?, own);
    let nothing = || refresh.error("is not above 0; remove `view` to see everything at once");
    view.ok_or_else(nothing).map(Some)
}

fn group(field: &Field<'_>, default_limit: QueueLimit) -> Result<(Group, f64), SpecError> {
    let keys = ["name", "count", "slots", "speed", "memory", "gpu", "queue_limit"];
    let fields = field.map(&keys)?;
    let name = fields.need("name", "name: fast")?.name()?;
    let count = fields.need("count", "count: 8")?.whole_u32(1)?;
    let gpu = fields.get("gpu").map_or(Ok(0), |gpu| gpu.read(units::milli))?;
    // A node may be all gpu and no slots; one with neither could run nothing.
    let capacity = slots(&fields.need("slots", "slots: 4")?, u32::from(gpu == 0))?;
    let memory = match fields.get("memory") {
        Some(memory) => memory.read(memory_limit)?,
        None => Resources::UNLIMITED_MEMORY,
    };
    let speed = fields.get("speed").map_or(Ok(1.0), |speed| speed.positive())?;
    let queue_limit = match fields.get("queue_limit") {
        Some(limit) => queue_limit(&limit)?,
        None => default_limit,
    };
    let capacity = capacity.with_milli_gpu(gpu).with_memory(memory);
    Ok((Group { name, count, capacity, queue_limit }, speed))
}

fn slots(field: &Field<'_>, min: u32) -> Result<Resources, SpecError> {
    let slots = field.whole_u32(min)?;
    let most = u32::MAX / Resources::MILLI_PER_SLOT;
    if slots > most {
        return Err(field.error(format!("`{slots}` is too large: at most {most}")));
    }
    Ok(Resources::slots(slots))
}

fn queue_limit(field: &Field<'_>) -> Result<QueueLimit, SpecError> {
    field.read(|text| match text {
        "unbounded" => Ok(QueueLimit::Unbounded),
        _ => match text.parse() {
            Ok(limit) => Ok(QueueLimit::AtMost(limit)),
            Err(_) => Err(BadValue(format!(
                "`{text}` is not a queue limit: write `unbounded`, or how many calls may wait at \
                 a node, for example `4`"
            ))),
        },
    })
}

fn memory_limit(text: &str) -> Result<u64, BadValue> {
    if text == "unlimited" { Ok(Resources::UNLIMITED_MEMORY) } else { units::memory(text) }
}

/// The largest of the groups that a stage may run on, to be shown where none is large enough.
pub(super) fn largest(cluster: &ClusterSpec, on: GroupSet) -> impl Iterator<Item = &Group> {
    let allowed = move |i: usize| on.contains(i);
    let groups = cluster.groups();
    groups
        .iter()
        .enumerate()
        .filter(move |(i, group)| {
            let above = |(j, other): (usize, &Group)| {
                allowed(j)
                    && group.capacity.fits(&other.capacity)
                    && (other.capacity != group.capacity || j < *i)
            };
            allowed(*i) && !groups.iter().enumerate().any(above)
        })
        .map(|(_, group)| group)
}

/// What a stage call holds while it runs. Each amount has its own default: a call that asks
/// for memory and does not speak of cpu still takes a slot.
pub(super) fn demand(fields: &Fields<'_>) -> Result<Resources, SpecError> {
    let Some(field) = fields.get("demand") else { return Ok(Resources::milli_cpu(1000)) };
    let amounts = field.map(&["cpu", "gpu", "memory"])?;
    let cpu = amounts.get("cpu").map_or(Ok(1000), |cpu| cpu.read(units::milli))?;
    let gpu = amounts.get("gpu").map_or(Ok(0), |gpu| gpu.read(units::milli))?;
    let memory = amounts.get("memory").map_or(Ok(0), |memory| memory.read(units::memory))?;
    if cpu == 0 && gpu == 0 && memory == 0 {
        return Err(
            field.error("asks for nothing, so no node would ever be full: give it `cpu: 1`")
        );
    }
    Ok(Resources::milli_cpu(cpu).with_milli_gpu(gpu).with_memory(memory))
}
