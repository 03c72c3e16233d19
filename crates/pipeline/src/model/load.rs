//! The rate at which a pipeline fills its cluster.
//!
//! A task needs `demand × service` of each resource at each stage: cpu-seconds, gpu-seconds,
//! byte-seconds. The nodes of an eligible set offer `capacity × speed` per second. The rate at
//! which the first of these runs out is the highest that any policy could sustain; policies
//! and packing losses can only lower it.

use super::{ClusterSetup, Stage};
use crate::RunError;
use sched_core::{GroupSet, Resources};

/// The rate, in tasks per second, at which the most loaded resource of an eligible set is full:
/// the least, over eligible sets and resources, of `Σ capacity × speed ÷ Σ demand × mean service`.
///
/// Resources without limit or of capacity zero are no bound. A computing stage counts with the
/// mean of its service law, which is what its author says it takes.
///
/// # Errors
/// When two stages' eligible sets overlap without being equal (the bound would then need a
/// flow problem, and a share of it would mean little); when a stage has no eligible node; when no
/// stage needs anything that can run out.
pub fn full_rate(cluster: &ClusterSetup, stages: &[Stage]) -> Result<f64, RunError> {
    let mut sets: Vec<(GroupSet, Needs)> = Vec::new();
    for stage in stages {
        let set = cluster.spec.eligible(&stage.demand, stage.on);
        if set.is_empty() {
            return Err(RunError::Load(format!("no node can hold stage `{}`", stage.name)));
        }
        let needs = Needs::of(&stage.demand, stage.service.mean().as_secs_f64());
        if let Some((_, sum)) = sets.iter_mut().find(|(other, _)| *other == set) {
            sum.add(needs);
        } else if sets.iter().any(|(other, _)| !other.intersection(set).is_empty()) {
            return Err(RunError::Load(format!(
                "stage `{}` shares some of its nodes, but not all, with another stage; give \
                 stages equal or disjoint `on:` sets, or give a `poisson` rate",
                stage.name
            )));
        } else {
            sets.push((set, needs));
        }
    }
    let rate = sets
        .iter()
        .map(|(set, needs)| needs.rate(&Needs::offered(cluster, *set)))
        .fold(f64::INFINITY, f64::min);
    if rate.is_finite() {
        Ok(rate)
    } else {
        Err(RunError::Load("no stage uses any resource for any time; give a `poisson` rate".into()))
    }
}

/// Amounts of cpu, gpu and memory, times seconds or times speed.
#[derive(Clone, Copy)]
struct Needs([f64; 3]);

impl Needs {
    fn of(resources: &Resources, factor: f64) -> Needs {
        let memory = match resources.memory() {
            Resources::UNLIMITED_MEMORY => f64::INFINITY,
            bytes => bytes as f64,
        };
        Needs([f64::from(resources.cpu()), f64::from(resources.gpu()), memory].map(|x| x * factor))
    }

    fn offered(cluster: &ClusterSetup, set: GroupSet) -> Needs {
        let mut sum = Needs([0.0; 3]);
        for group in set.iter() {
            let (group, speed) = (&cluster.spec.groups()[group], cluster.speeds[group]);
            sum.add(Needs::of(&group.capacity, f64::from(group.count) * speed));
        }
        sum
    }

    fn add(&mut self, other: Needs) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// How often per second `offered` holds these needs.
    fn rate(&self, offered: &Needs) -> f64 {
        let rates = self.0.iter().zip(offered.0).filter(|&(&need, _)| need > 0.0);
        rates.map(|(need, offer)| offer / need).fold(f64::INFINITY, f64::min)
    }
}
