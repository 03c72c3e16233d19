//! A checked spec: everything in it can be run.
//!
//! Types carry what the checks found: units, ids, levels, sets of groups. A spec is a
//! list of configurations, of which a file without `configurations` has one without a
//! name, times their schedulers; nothing after this knows how it was written.

use super::cluster::{cluster, view};
use super::draft::{Draft, laid_over, stem};
use super::error::SpecError;
use super::faults::faults;
use super::reader::{Field, check_name};
use super::repetitions::{Until, repetitions};
use super::schedulers::{RunNames, schedulers};
use super::services::{Services, services};
use super::tree::Node;
use super::workload::workload;
use crate::expect::Expectation;
use pipeline::model::{ClusterSetup, Faults, Operator, Workload};
use sched_core::{Registry, ResolvedPolicy, View};
use std::fmt;
use std::path::Path;

/// A checked spec.
#[derive(Clone, PartialEq, Debug)]
pub struct Spec {
    /// Its name; can be part of a file name.
    pub name: String,
    /// At least one. With several, or with `configurations` in the file, each has a name.
    pub configurations: Vec<Configuration>,
    /// What is claimed of its runs, in written order. Each names runs of this spec only.
    pub expect: Vec<Expectation>,
}

/// One way to set everything up, and the schedulers to try on it.
#[derive(Clone, PartialEq, Debug)]
pub struct Configuration {
    /// Empty if the spec declares no configurations.
    pub name: String,
    /// The part of the experiment that it belongs to, for tables and pictures; empty if none is
    /// named.
    pub part: String,
    /// All but the scheduler.
    pub setup: Setup,
    /// Policies with their parameters, at least one, in written order.
    pub schedulers: Vec<ResolvedPolicy>,
}

/// All of a run but its scheduler.
#[derive(Clone, PartialEq, Debug)]
pub struct Setup {
    /// Where it runs.
    pub environment: Environment,
    /// Seed of the first repetition; the next have the next numbers.
    pub seed: u64,
    /// At least 1; at most so many where `until` is given.
    pub repetitions: u32,
    /// The precision at which fewer repetitions are enough; none but in virtual time.
    pub until: Option<Until>,
    /// Nodes, their speeds and the network between; outside of virtual time it takes no time.
    pub cluster: ClusterSetup,
    /// How late the policy sees the cluster; none: everything at once.
    pub view: Option<View>,
    /// Tasks, arrivals, priorities and stages. Every stage has a node that can hold it.
    pub workload: Workload,
    /// What goes wrong with nodes; nothing where they are in this process.
    pub faults: Faults,
    /// Whom its stages ask; none if they ask nobody.
    pub services: Option<Services>,
    /// Name of the pipeline.
    pub pipeline: String,
}

/// One run: a configuration under a policy. Stands for itself.
#[derive(Clone, PartialEq, Debug)]
pub struct RunSpec {
    /// Unique in its spec, and can be part of a file name.
    pub name: String,
    /// Name of the spec.
    pub experiment: String,
    /// Name of the configuration; empty if there are none.
    pub configuration: String,
    /// The part of the experiment that it belongs to; empty if none is named.
    pub part: String,
    /// All but the scheduler.
    pub setup: Setup,
    /// The scheduler.
    pub policy: ResolvedPolicy,
}

/// Where a run takes place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Environment {
    /// In virtual time.
    Sim,
    /// In real time, in this process.
    Local,
    /// In real time, in worker processes.
    Cluster,
}

/// What stage calls do; the more real the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Work {
    /// All stages emulate.
    Emulated,
    /// At least one stage burns cpu or runs code of its own.
    Cpu,
    /// At least one stage asks a service.
    Real,
}

const ENVIRONMENTS: [(&str, Environment); 3] =
    [("sim", Environment::Sim), ("local", Environment::Local), ("cluster", Environment::Cluster)];
const DEFAULT_SEED: u64 = 42;
const CONFIGURATION_KEYS: [&str; 9] = [
    "environment",
    "seed",
    "repetitions",
    "cluster",
    "workload",
    "pipeline",
    "services",
    "schedulers",
    "faults",
];

impl Spec {
    /// Parses and checks YAML or JSON. `source` is the name that errors give to it.
    ///
    /// # Errors
    /// At the first place that is wrong.
    pub fn parse(text: &str, source: &str, registry: &Registry) -> Result<Spec, SpecError> {
        Spec::check(&Draft::parse(text, source)?, registry)
    }

    /// Reads, parses and checks a file.
    ///
    /// # Errors
    /// At the first place that is wrong, or when the file cannot be read.
    pub fn read(path: &Path, registry: &Registry) -> Result<Spec, SpecError> {
        Spec::check(&Draft::read(path)?, registry)
    }

    /// Checks a draft. Policies are those that `registry` knows.
    ///
    /// # Errors
    /// At the first place that is wrong.
    pub fn check(draft: &Draft, registry: &Registry) -> Result<Spec, SpecError> {
        let root = Field::root(draft.root());
        let keys = [&["name"], &CONFIGURATION_KEYS[..], &["expect", "configurations"]].concat();
        let fields = root.map(&keys)?;
        let name = match fields.get("name") {
            Some(name) => name.name()?,
            None => stem(draft.root())
                .filter(|stem| check_name(stem).is_ok())
                .map_or_else(|| "run".to_owned(), |stem| stem.to_string()),
        };
        let mut base = draft.root().clone();
        if let Some(entries) = base.entries_mut() {
            entries.retain(|entry| {
                !["name", "expect", "configurations"].contains(&entry.key.as_str())
            });
        }
        let mut configurations = Vec::new();
        if let Some(section) = fields.get("configurations") {
            for (name, place, partial) in section.pairs()? {
                check_name(name).map_err(|error| SpecError::new(place, error.to_string()))?;
                let keys = partial.map(&[&CONFIGURATION_KEYS[..], &["part"]].concat())?;
                let part = keys.get("part").map_or(Ok(""), |part| part.text());
                let part = part.map_err(|error| error.within(name))?.to_owned();
                let mut whole = laid_over(&base, partial.node);
                if let Some(entries) = whole.entries_mut() {
                    entries.retain(|entry| entry.key != "part");
                }
                let configuration = configuration(name, &whole, registry);
                let configuration = configuration.map_err(|error| error.within(name))?;
                configurations.push(Configuration { part, ..configuration });
            }
        }
        if configurations.is_empty() {
            configurations.push(configuration("", &base, registry)?);
        }
        let mut spec = Spec { name, configurations, expect: Vec::new() };
        if let Some(field) = fields.get("expect") {
            let runs = spec.runs();
            let runs: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
            let claims = field.list()?.into_iter();
            let claims = claims.map(|claim| claim.read(|text| Expectation::parse(text, &runs)));
            spec.expect = claims.collect::<Result<_, _>>()?;
        }
        Ok(spec)
    }

    /// The runs, configuration by configuration, each with its schedulers in written order.
    pub fn runs(&self) -> Vec<RunSpec> {
        let mut names = RunNames::new();
        let mut runs = Vec::new();
        for configuration in &self.configurations {
            for policy in &configuration.schedulers {
                runs.push(RunSpec {
                    name: names.next(&configuration.name, policy),
                    experiment: self.name.clone(),
                    configuration: configuration.name.clone(),
                    part: configuration.part.clone(),
                    setup: configuration.setup.clone(),
                    policy: policy.clone(),
                });
            }
        }
        runs
    }
}

impl Setup {
    /// What its stage calls do.
    pub fn work(&self) -> Work {
        let of = |operator: &Operator| match operator {
            Operator::Emulate => Work::Emulated,
            Operator::Step(_) => Work::Real,
            _ => Work::Cpu,
        };
        let works = self.workload.stages.iter().map(|stage| of(&stage.operator));
        works.max().unwrap_or(Work::Emulated)
    }
}

impl Environment {
    /// Its name in spec files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Environment::Sim => "sim",
            Environment::Local => "local",
            Environment::Cluster => "cluster",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Work::Emulated => "emulated",
            Work::Cpu => "cpu",
            Work::Real => "real",
        })
    }
}

/// One configuration from a tree that has everything.
fn configuration(name: &str, root: &Node, registry: &Registry) -> Result<Configuration, SpecError> {
    let fields = Field::root(root).map(&CONFIGURATION_KEYS)?;
    let environment = match fields.get("environment") {
        None => Environment::Local,
        Some(field) => field.choice(&ENVIRONMENTS)?,
    };
    let seed = fields.get("seed").map_or(Ok(DEFAULT_SEED), |field| field.whole(0))?;
    let (repetitions, until) = match fields.get("repetitions") {
        None => (1, None),
        Some(field) => repetitions(&field, environment, seed)?,
    };
    let section = fields.need("cluster", "cluster: {nodes: 10, slots: 4}")?;
    let (cluster, view) = (cluster(&section, environment)?, view(&section)?);
    let (workload, pipeline) = workload(&fields, environment, &cluster)?;
    let services = services(&fields, &workload.stages)?;
    let schedulers = schedulers(&fields.need("schedulers", "schedulers: [fifo]")?, registry)?;
    let faults = match fields.get("faults") {
        Some(field) => faults(&field, environment, &cluster.spec)?,
        None => Faults::default(),
    };
    let setup = Setup {
        environment,
        seed,
        repetitions,
        until,
        cluster,
        view,
        workload,
        faults,
        services,
        pipeline,
    };
    if let (Some(field), Some(_)) = (fields.get("repetitions"), until)
        && setup.one_history()
    {
        return Err(field.error(
            "this trace is one history, which more repetitions do not make more precise: its \
             intervals come from batches of its tasks; write `repetitions: 1`, or more for policies \
             that draw",
        ));
    }
    Ok(Configuration { name: name.to_owned(), part: String::new(), setup, schedulers })
}
