//! From a policy's name and parameters to a scheduler.
//!
//! [`Registry::builtin`] knows the built-in policies; [`Registry::register`] adds yours, which then
//! works in every experiment, bench and report like the rest. Parameters are typed and
//! checked before anything runs; `bind` is understood by every policy.

mod error;
mod params;

pub use error::PolicyError;
pub use params::{ParamInfo, ParamKind, SEED, Value};

use crate::cluster::ClusterSpec;
use crate::engine::{Bind, ListScheduler, Order, Placement};
use crate::policies;
use crate::scheduler::Scheduler;
use crate::time::Span;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

type Build = dyn Fn(&BuildContext<'_>) -> Box<dyn Scheduler> + Send + Sync;

/// The parameter that every policy has.
const BIND: ParamInfo = ParamInfo {
    name: "bind",
    kind: ParamKind::Choice(&["late", "early"]),
    default: None, // the policy's own
    summary: "late: to a node that can start it at once; early: into a node's queue",
};

/// A policy as a spec file names it: parameters as written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PolicySpec {
    /// Name or alias.
    pub name: String,
    /// Parameters: name → text.
    pub params: BTreeMap<String, String>,
}

impl PolicySpec {
    /// The policy of that name with its defaults.
    pub fn named(name: impl Into<String>) -> PolicySpec {
        PolicySpec { name: name.into(), params: BTreeMap::new() }
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> PolicySpec {
        self.params.insert(name.into(), value.into());
        self
    }
}

/// The rule of a policy that decides each call without regard to other calls, as a name that a host
/// with many threads can carry out without one order of all calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unordered {
    /// The next candidate in turn.
    RoundRobin,
    /// A uniform candidate.
    Random,
    /// The lower load of two uniform candidates.
    PowerOfTwo,
}

/// What the registry knows of a policy.
#[derive(Clone)]
pub struct PolicyInfo {
    name: &'static str,
    aliases: Vec<&'static str>,
    summary: &'static str,
    default_bind: Bind,
    params: Vec<ParamInfo>,
    unordered: Option<Unordered>,
    build: Arc<Build>,
}

/// What a policy is built from.
#[derive(Debug)]
pub struct BuildContext<'a> {
    cluster: &'a ClusterSpec,
    bind: Bind,
    run_seed: u64,
    params: &'a BTreeMap<&'static str, Value>,
}

/// A policy whose name and parameters have been checked.
#[derive(Clone, Debug)]
pub struct ResolvedPolicy {
    info: PolicyInfo,
    bind: Bind,
    params: BTreeMap<&'static str, Value>,
}

/// Policies by name.
#[derive(Clone, Debug)]
pub struct Registry {
    policies: Vec<PolicyInfo>,
}

impl PolicyInfo {
    /// A policy that `build` makes, bound by default as `default_bind` says. Names are in
    /// lower case with underscores, unique in their registry.
    pub fn new(
        name: &'static str,
        summary: &'static str,
        default_bind: Bind,
        build: impl Fn(&BuildContext<'_>) -> Box<dyn Scheduler> + Send + Sync + 'static,
    ) -> PolicyInfo {
        let (aliases, params) = (Vec::new(), Vec::new());
        let build = Arc::new(build);
        PolicyInfo { name, aliases, summary, default_bind, params, unordered: None, build }
    }

    /// The same under one more name.
    #[must_use]
    pub fn alias(mut self, alias: &'static str) -> PolicyInfo {
        self.aliases.push(alias);
        self
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn param(mut self, param: ParamInfo) -> PolicyInfo {
        self.params.push(param);
        self
    }

    /// The same, said to be this rule in arrival order and nothing else.
    pub(crate) fn unordered_as(mut self, rule: Unordered) -> PolicyInfo {
        self.unordered = Some(rule);
        self
    }

    /// Its rule, if it needs no order among calls. Built-in policies only: what another policy
    /// does cannot be known from its name.
    pub fn unordered(&self) -> Option<Unordered> {
        self.unordered
    }

    /// Its name in spec files, flags and reports.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Other names that it answers to.
    pub fn aliases(&self) -> &[&'static str] {
        &self.aliases
    }

    /// What it does, in a line.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// How it binds unless told otherwise.
    pub fn default_bind(&self) -> Bind {
        self.default_bind
    }

    /// Its parameters, besides `bind`.
    pub fn params(&self) -> &[ParamInfo] {
        &self.params
    }

    fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

impl BuildContext<'_> {
    /// The cluster to schedule.
    pub fn cluster(&self) -> &ClusterSpec {
        self.cluster
    }

    /// How to bind.
    pub fn bind(&self) -> Bind {
        self.bind
    }

    /// The policy's seed: its parameter `seed` if it was given, else the run's.
    pub fn seed(&self) -> u64 {
        self.integer(SEED.name).unwrap_or(self.run_seed)
    }

    /// A parameter that is a length of time; `None` for `none`, and for a parameter without value.
    pub fn span(&self, name: &str) -> Option<Span> {
        match self.params.get(name) {
            Some(Value::Span(span)) => *span,
            _ => None,
        }
    }

    /// A parameter that is an integer.
    pub fn integer(&self, name: &str) -> Option<u64> {
        match self.params.get(name) {
            Some(Value::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    /// A parameter that is one of some words.
    pub fn choice(&self, name: &str) -> Option<&'static str> {
        match self.params.get(name) {
            Some(Value::Choice(word)) => Some(word),
            _ => None,
        }
    }

    /// The list scheduler of two halves, on this cluster and with this binding.
    pub fn list<O, P>(&self, order: O, placement: P) -> Box<dyn Scheduler>
    where
        O: Order + 'static,
        P: Placement + 'static,
    {
        Box::new(ListScheduler::new(self.cluster, self.bind, order, placement))
    }
}

impl ResolvedPolicy {
    /// Its canonical name.
    pub fn name(&self) -> &'static str {
        self.info.name
    }

    /// What the registry knows of it.
    pub fn info(&self) -> &PolicyInfo {
        &self.info
    }

    /// How it binds.
    pub fn bind(&self) -> Bind {
        self.bind
    }

    /// The same policy bound otherwise.
    #[must_use]
    pub fn with_bind(mut self, bind: Bind) -> ResolvedPolicy {
        self.bind = bind;
        self
    }

    /// Its parameters besides `bind`, defaults included, as text that resolves to the same.
    pub fn params(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.params.iter().map(|(name, value)| (*name, value.to_string()))
    }

    /// As a spec with everything written out.
    pub fn to_spec(&self) -> PolicySpec {
        let params = self.params().map(|(name, value)| (name.to_owned(), value));
        PolicySpec { name: self.name().to_owned(), params: params.collect() }
            .with(BIND.name, self.bind.to_string())
    }

    /// A fresh scheduler. `run_seed` seeds policies that draw and were given no seed of their own.
    pub fn build(&self, cluster: &ClusterSpec, run_seed: u64) -> Box<dyn Scheduler> {
        let context = BuildContext { cluster, bind: self.bind, run_seed, params: &self.params };
        (self.info.build)(&context)
    }
}

impl PartialEq for ResolvedPolicy {
    /// Same name, binding and parameters.
    fn eq(&self, other: &ResolvedPolicy) -> bool {
        self.to_spec() == other.to_spec()
    }
}

impl Registry {
    /// A registry without policies.
    pub fn empty() -> Registry {
        Registry { policies: Vec::new() }
    }

    /// The built-in policies.
    pub fn builtin() -> Registry {
        use policies::{
            fifo, load_aware_pack, load_aware_spread, power_of_two, priority, random, round_robin,
        };
        Registry {
            policies: vec![
                fifo::info(),
                load_aware_spread::info(),
                load_aware_pack::info(),
                round_robin::info(),
                priority::info(),
                random::info(),
                power_of_two::info(),
            ],
        }
    }

    /// Adds a policy.
    ///
    /// # Errors
    /// [`PolicyError::Duplicate`] if its name or an alias is taken.
    pub fn register(&mut self, policy: PolicyInfo) -> Result<(), PolicyError> {
        for name in policy.aliases.iter().chain([&policy.name]) {
            if self.get(name).is_some() {
                return Err(PolicyError::Duplicate { name: (*name).to_owned() });
            }
        }
        self.policies.push(policy);
        Ok(())
    }

    /// The policy of a name or alias.
    pub fn get(&self, name: &str) -> Option<&PolicyInfo> {
        self.policies.iter().find(|policy| policy.answers_to(name))
    }

    /// The policies, in order of registration.
    pub fn iter(&self) -> impl Iterator<Item = &PolicyInfo> {
        self.policies.iter()
    }

    /// Their names, in order of registration.
    pub fn names(&self) -> Vec<&'static str> {
        self.policies.iter().map(|policy| policy.name).collect()
    }

    /// Checks a policy's name and parameters.
    ///
    /// # Errors
    /// [`PolicyError`] names what is wrong, what is valid, and the nearest valid name.
    pub fn resolve(&self, spec: &PolicySpec) -> Result<ResolvedPolicy, PolicyError> {
        let info = self.get(&spec.name).ok_or_else(|| {
            let aliases = self.policies.iter().flat_map(|policy| policy.aliases.clone());
            PolicyError::unknown(&spec.name, &self.names(), &aliases.collect::<Vec<_>>())
        })?;
        let mut bind = info.default_bind;
        let mut params = BTreeMap::new();
        for param in &info.params {
            if let Some(value) = param.default.and_then(|text| param.kind.parse(text).ok()) {
                params.insert(param.name, value);
            }
        }
        for (name, text) in &spec.params {
            let known = info.params.iter().chain([&BIND]);
            let param = known.clone().find(|param| param.name == name).ok_or_else(|| {
                let names = known.map(|param| param.name).collect::<Vec<_>>();
                PolicyError::unknown_parameter(info.name, name, &names)
            })?;
            let value = param.kind.parse(text).map_err(|expected| PolicyError::BadValue {
                policy: info.name.to_owned(),
                parameter: name.clone(),
                value: text.clone(),
                expected,
            })?;
            match value {
                Value::Choice(word) if param.name == BIND.name => {
                    bind = if word == "late" { Bind::Late } else { Bind::Early };
                }
                value => drop(params.insert(param.name, value)),
            }
        }
        Ok(ResolvedPolicy { info: info.clone(), bind, params })
    }

    /// A fresh scheduler of a policy with its defaults and seed 0: policies that draw, as `random` and
    /// `power_of_two`, draw the same in every instance. A service with several wants
    /// [`build_seeded`](Registry::build_seeded).
    ///
    /// # Errors
    /// [`PolicyError::Unknown`].
    pub fn build(
        &self,
        name: &str,
        cluster: &ClusterSpec,
    ) -> Result<Box<dyn Scheduler>, PolicyError> {
        self.build_seeded(name, cluster, 0)
    }

    /// The same, with the seed of what the policy draws; equal seeds and histories give equal decisions.
    /// Parameters other than the defaults: [`resolve`](Registry::resolve) and [`ResolvedPolicy::build`].
    ///
    /// # Errors
    /// [`PolicyError::Unknown`].
    pub fn build_seeded(
        &self,
        name: &str,
        cluster: &ClusterSpec,
        seed: u64,
    ) -> Result<Box<dyn Scheduler>, PolicyError> {
        Ok(self.resolve(&PolicySpec::named(name))?.build(cluster, seed))
    }
}

impl fmt::Debug for PolicyInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyInfo")
            .field("name", &self.name)
            .field("default_bind", &self.default_bind)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(spec: &PolicySpec) -> Result<ResolvedPolicy, String> {
        Registry::builtin().resolve(spec).map_err(|error| error.to_string())
    }

    #[test]
    fn a_resolved_policy_writes_out_its_defaults_and_resolves_to_itself() {
        let policy = resolve(&PolicySpec::named("priority").with("bind", "early")).unwrap();
        assert_eq!((policy.bind(), policy.name()), (Bind::Early, "priority"));
        assert_eq!(policy.params().collect::<Vec<_>>(), [("aging", "1s".to_owned())]);
        assert_eq!(resolve(&policy.to_spec()).unwrap(), policy);
        let strict = resolve(&PolicySpec::named("priority").with("aging", "none")).unwrap();
        assert_eq!(strict.params().collect::<Vec<_>>(), [("aging", "none".to_owned())]);
        assert_eq!(resolve(&PolicySpec::named("load_aware")).unwrap().name(), "load_aware_spread");
    }

    #[test]
    fn what_is_wrong_is_named_with_the_remedy() {
        let wrong = |spec: PolicySpec| resolve(&spec).unwrap_err();
        assert_eq!(
            wrong(PolicySpec::named("round-robbin")),
            "unknown scheduler `round-robbin`; did you mean `round_robin`? valid: fifo, \
             load_aware_spread, load_aware_pack, round_robin, priority, random, power_of_two"
        );
        assert_eq!(
            wrong(PolicySpec::named("priority").with("ageing", "1s")),
            "`priority` has no parameter `ageing`; did you mean `aging`? valid: aging, bind"
        );
        assert_eq!(
            wrong(PolicySpec::named("fifo").with("bind", "lazy")),
            "`lazy` is no `bind` of `fifo`: expected `late` or `early`"
        );
        for (value, policy, parameter) in [("0s", "priority", "aging"), ("-1", "random", "seed")] {
            assert!(wrong(PolicySpec::named(policy).with(parameter, value)).contains("expected"));
        }
    }

    #[test]
    fn a_name_is_registered_once() {
        let mut registry = Registry::builtin();
        let mine = |name| {
            PolicyInfo::new(name, "", Bind::Late, |context| {
                context.list(policies::Arrival, policies::fifo::FirstFit::default())
            })
        };
        registry.register(mine("mine")).unwrap();
        assert!(registry.build("mine", &ClusterSpec::uniform(1, 1).unwrap()).is_ok());
        for taken in ["mine", "fifo", "load_aware"] {
            let taken = registry.register(mine(taken));
            assert!(matches!(taken, Err(PolicyError::Duplicate { .. })));
        }
    }
}
