//! A checked spec written out in full.
//!
//! Every default is spelt out, so a later version with other defaults runs the same.
//! What all configurations share is written once, the rest under their names: the inverse
//! of laying over. Reading it back gives an equal spec.

use super::checked::{RunSpec, Setup, Spec};
use super::draft::is_choice;
use super::faults::faults_json;
use super::repetitions::Until;
use super::services::{services_json, step_of};
use super::units::memory_text;
use crate::expect::Expectation;
use pipeline::model::{Arrivals, Operator, ServiceLaw, TokenTimes, Tokens, TraceSource};
use sched_core::{QueueLimit, ResolvedPolicy, Resources, View};
use serde_json::{Map, Value, json};
use services::Step;

type Object = Map<String, Value>;

impl Spec {
    /// The full spec as YAML.
    ///
    /// # Errors
    /// If a name holds what YAML cannot; checked specs have no such name.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::SerializeError> {
        serde_yaml::to_string(&self.to_json())
    }

    /// The full spec as JSON, with the same keys.
    pub fn to_json(&self) -> Value {
        let mut whole = Object::new();
        whole.insert("name".to_owned(), json!(self.name));
        let parts: Vec<Object> =
            self.configurations.iter().map(|c| keys(&c.setup, &c.schedulers)).collect();
        let (common, rests) = factor(&parts.iter().collect::<Vec<_>>(), &mut Vec::new());
        whole.extend(common);
        let named: Object = self
            .configurations
            .iter()
            .zip(rests)
            .filter(|(configuration, _)| !configuration.name.is_empty())
            .map(|(configuration, rest)| {
                let mut keys = part_key(&configuration.part);
                keys.extend(rest);
                (configuration.name.clone(), Value::Object(keys))
            })
            .collect();
        if !self.expect.is_empty() {
            let claims = self.expect.iter().map(Expectation::text);
            whole.insert("expect".to_owned(), claims.collect());
        }
        if !named.is_empty() {
            whole.insert("configurations".to_owned(), Value::Object(named));
        }
        Value::Object(whole)
    }
}

impl RunSpec {
    /// The full spec of this run alone, with the keys of a spec file.
    pub fn to_json(&self) -> Value {
        let mut whole = Object::new();
        whole.insert("name".to_owned(), json!(self.experiment));
        whole.extend(keys(&self.setup, std::slice::from_ref(&self.policy)));
        if !self.configuration.is_empty() {
            let alone = json!({ self.configuration.as_str(): part_key(&self.part) });
            whole.insert("configurations".to_owned(), alone);
        }
        Value::Object(whole)
    }
}

/// The part that a configuration belongs to, if it is named.
fn part_key(part: &str) -> Object {
    let named = (!part.is_empty()).then(|| ("part".to_owned(), json!(part)));
    named.into_iter().collect()
}

/// All keys of a configuration.
fn keys(setup: &Setup, schedulers: &[ResolvedPolicy]) -> Object {
    let workload = &setup.workload;
    let priorities: Object = workload
        .priorities
        .0
        .iter()
        .map(|(level, share)| (level.get().to_string(), json!(share)))
        .collect();
    let schedulers: Vec<Value> = schedulers.iter().map(policy).collect();
    [
        ("environment", json!(setup.environment.name())),
        ("seed", json!(setup.seed)),
        ("repetitions", setup.until.map_or_else(|| json!(setup.repetitions), Until::json)),
        (
            "cluster",
            json!({
                "groups": groups(setup),
                "network": service(&setup.cluster.network),
                "view": view(setup.view),
            }),
        ),
        (
            "workload",
            json!({
                "tasks": workload.tasks,
                "warmup": workload.warmup,
                "arrivals": arrivals(&workload.arrivals),
                "priorities": priorities,
            }),
        ),
        ("pipeline", json!({"name": setup.pipeline, "stages": stages(setup)})),
        ("services", services_json(setup.services.as_ref())),
        ("schedulers", Value::Array(schedulers)),
        ("faults", faults_json(&setup.faults)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

fn groups(setup: &Setup) -> Vec<Value> {
    let groups = setup.cluster.spec.groups().iter().zip(&setup.cluster.speeds);
    groups
        .map(|(group, speed)| {
            json!({
                "name": group.name,
                "count": group.count,
                "slots": group.capacity.whole_slots(),
                "speed": speed,
                "memory": match group.capacity.memory() {
                    Resources::UNLIMITED_MEMORY => "unlimited".to_owned(),
                    bytes => memory_text(bytes),
                },
                "gpu": milli(group.capacity.gpu()),
                "queue_limit": match group.queue_limit {
                    QueueLimit::Unbounded => json!("unbounded"),
                    QueueLimit::AtMost(limit) => json!(limit),
                },
            })
        })
        .collect()
}

fn view(view: Option<View>) -> Value {
    match view {
        None => json!("none"),
        Some(view) => json!({"refresh": view.refresh().to_string(), "own": view.own()}),
    }
}

fn stages(setup: &Setup) -> Vec<Value> {
    let groups = setup.cluster.spec.groups();
    let stages = setup.workload.stages.iter();
    stages
        .map(|stage| {
            let on = groups.iter().enumerate().filter(|(i, _)| stage.on.contains(*i));
            json!({
                "name": stage.name,
                "operator": match &stage.operator {
                    Operator::Emulate => json!("emulate"),
                    Operator::Compute { rounds } => json!({"compute": {"rounds": rounds}}),
                    Operator::Step(_) => json!(step_of(&stage.operator).map(Step::name)),
                    // Code cannot be written down; reading this back is refused by name.
                    Operator::Custom(_) => json!("custom"),
                },
                "service": service(&stage.service),
                "demand": {
                    "cpu": milli(stage.demand.cpu()),
                    "gpu": milli(stage.demand.gpu()),
                    "memory": memory_text(stage.demand.memory()),
                },
                "on": on.map(|(_, group)| group.name.as_str()).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn arrivals(arrivals: &Arrivals) -> Value {
    match arrivals {
        Arrivals::Batch => json!("batch"),
        Arrivals::Closed { in_flight } => json!({"closed": {"in_flight": in_flight}}),
        Arrivals::Poisson { rate } => json!({"poisson": {"rate": rate}}),
        Arrivals::Uniform { rate } => json!({"uniform": {"rate": rate}}),
        Arrivals::Load(share) => json!({"load": share}),
        Arrivals::Mmpp(mmpp) => {
            let (rates, sojourn): (Vec<f64>, Vec<String>) =
                mmpp.states().iter().map(|(rate, time)| (rate, time.to_string())).unzip();
            json!({"mmpp": {"rates": rates, "sojourn": sojourn}})
        }
        Arrivals::Trace(trace) => {
            let TraceSource { format, path, speedup } = trace.source();
            json!({"trace": {"format": format, "path": path, "speedup": speedup}})
        }
    }
}

fn service(law: &ServiceLaw) -> Value {
    match law {
        ServiceLaw::Constant(span) => json!({"constant": span.to_string()}),
        ServiceLaw::Exponential { mean } => json!({"exponential": {"mean": mean.to_string()}}),
        ServiceLaw::Lognormal { mean, cv } => {
            json!({"lognormal": {"mean": mean.to_string(), "cv": cv}})
        }
        ServiceLaw::Pareto { mean, alpha } => {
            json!({"pareto": {"mean": mean.to_string(), "alpha": alpha}})
        }
        ServiceLaw::Uniform { min, max } => {
            json!({"uniform": {"min": min.to_string(), "max": max.to_string()}})
        }
        ServiceLaw::Erlang { mean, k } => json!({"erlang": {"mean": mean.to_string(), "k": k}}),
        ServiceLaw::Hyperexponential { mean, cv } => {
            json!({"hyperexponential": {"mean": mean.to_string(), "cv": cv}})
        }
        ServiceLaw::Empirical(values) => json!({"empirical": {"path": values.name()}}),
        ServiceLaw::Trace(values) => json!({"trace": {"column": values.name()}}),
        ServiceLaw::Tokens(tokens) => json!({"tokens": token_times(tokens)}),
        ServiceLaw::Mix(mix) => {
            let part =
                |(share, law): &(f64, ServiceLaw)| json!({"share": share, "service": service(law)});
            json!({"mix": mix.parts().iter().map(part).collect::<Vec<_>>()})
        }
    }
}

fn token_times(tokens: &Tokens) -> Object {
    let TokenTimes { base, context_rate, per_generated } = tokens.times();
    let mut keys = Object::new();
    keys.insert("base".to_owned(), json!(base.to_string()));
    if context_rate > 0 {
        keys.insert("context_rate".to_owned(), json!(context_rate));
    }
    keys.insert("per_generated".to_owned(), json!(per_generated.to_string()));
    keys.insert("lengths".to_owned(), json!(tokens.lengths().name()));
    keys
}

fn policy(policy: &ResolvedPolicy) -> Value {
    let mut keys = Object::new();
    keys.insert("policy".to_owned(), json!(policy.name()));
    keys.insert("bind".to_owned(), json!(policy.bind().to_string()));
    for (name, text) in policy.params() {
        keys.insert(name.to_owned(), json!(text));
    }
    Value::Object(keys)
}

/// Thousandths as the number that is read back to the same; whole ones without a fraction.
fn milli(thousandths: u32) -> Value {
    match thousandths % 1000 {
        0 => json!(thousandths / 1000),
        _ => json!(f64::from(thousandths) / 1000.0),
    }
}

/// What all objects (of equal keys) share, and what each has besides: laying each rest over
/// the common part gives the objects back.
fn factor<'a>(objects: &[&'a Object], path: &mut Vec<&'a str>) -> (Object, Vec<Object>) {
    let mut common = Object::new();
    let mut rests = vec![Object::new(); objects.len()];
    let Some(first) = objects.first() else { return (common, rests) };
    for (key, value) in *first {
        let inner: Vec<&Object> =
            objects.iter().filter_map(|object| object.get(key)?.as_object()).collect();
        if objects.iter().all(|object| object.get(key) == Some(value)) {
            common.insert(key.clone(), value.clone());
            continue;
        }
        path.push(key);
        if inner.len() == objects.len() && !is_choice(path) {
            let (shared, differing) = factor(&inner, path);
            if !shared.is_empty() {
                common.insert(key.clone(), Value::Object(shared));
            }
            for (rest, object) in rests.iter_mut().zip(differing) {
                if !object.is_empty() {
                    rest.insert(key.clone(), Value::Object(object));
                }
            }
        } else {
            for (rest, object) in rests.iter_mut().zip(objects) {
                rest.extend(object.get(key).map(|value| (key.clone(), value.clone())));
            }
        }
        path.pop();
    }
    (common, rests)
}
