//! The search itself: a bisection per repetition, all of them at once on all cores.
//!
//! It goes between 1 % and 99.9 % of the rate at which the first resource is full. Beyond, no queue
//! has an end, and a run that is long enough misses every objective.

use super::Objective;
use crate::Error;
use crate::report::number;
use crate::run::{Running, end_to_end, in_order};
use crate::spec::{Environment, RunSpec};
use metrics::ratio_interval;
use pipeline::model::{Arrivals, full_rate};
use sched_core::Span;
use std::thread::available_parallelism;

/// The lowest rate that is tried, as a share of the full one.
pub const LOWEST: f64 = 0.01;
/// The highest.
pub const HIGHEST: f64 = 0.999;
/// How close a bisection comes, as a share of the full rate.
pub const STEP: f64 = 0.001;

/// What was found.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// What was to be met.
    pub objective: Objective,
    /// Mean over the repetitions of the highest rate that meets it, tasks per second.
    pub rate: f64,
    /// The 95 % interval of the mean, Student's t; none for one repetition.
    pub ci95: Option<[f64; 2]>,
    /// The rate at which the first resource is full, tasks per second.
    pub full: f64,
    /// Seed and rate of each repetition.
    pub repetitions: Vec<(u64, f64)>,
    /// Repetitions that meet it even at [`HIGHEST`]: there the capacity is the bound.
    pub capped: usize,
    /// Runs that it took.
    pub runs: u32,
}

/// A repetition's rate, whether it is the highest that is tried, and the runs it took.
struct Crossing {
    rate: f64,
    capped: bool,
    runs: u32,
}

/// Whether there is a search with this run, so that it can be refused before anything is begun.
///
/// # Errors
/// When it is not in virtual time, or its repetitions are to end at a precision.
pub fn can_search(run: &RunSpec) -> Result<(), Error> {
    if run.setup.environment != Environment::Sim || run.setup.until.is_some() {
        let message = "--slo: the search is in virtual time with a number of repetitions; leave `--env` \
                       away, and give `repetitions` a number";
        return Err(Error::Usage(message.to_owned()));
    }
    Ok(())
}

/// Searches with the policy, cluster, tasks and repetitions of `run`, whose arrivals are not looked at.
/// `None` if it was stopped.
///
/// # Errors
/// When a run breaks off, is not in virtual time, or the objective is missed at the lowest rate.
pub fn search(
    run: &RunSpec,
    objective: Objective,
    running: &Running,
) -> Result<Option<Found>, Error> {
    can_search(run)?;
    let setup = &run.setup;
    let full = full_rate(&setup.cluster, &setup.workload.stages)
        .map_err(|source| Error::Run { run: run.name.clone(), source })?;
    let threads = available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1));
    let mut crossings = Vec::new();
    running.begin(0);
    in_order(
        setup.repetitions,
        threads,
        || !running.stopped(),
        || running.give_up(),
        |repetition| crossing(run, setup.seed + u64::from(repetition), (full, objective), running),
        |crossing| {
            crossings.push(crossing);
            Ok(())
        },
    )?;
    let Some(crossings) = crossings.into_iter().collect::<Option<Vec<Crossing>>>() else {
        return Ok(None);
    };
    if crossings.len() < setup.repetitions as usize {
        return Ok(None);
    }
    let pairs: Vec<(f64, f64)> = crossings.iter().map(|it| (it.rate, 1.0)).collect();
    let rate = crossings.iter().map(|it| it.rate).sum::<f64>() / crossings.len() as f64;
    let seeds = setup.seed..;
    Ok(Some(Found {
        objective,
        rate,
        ci95: ratio_interval(&pairs),
        full,
        repetitions: seeds.zip(crossings.iter().map(|it| it.rate)).collect(),
        capped: crossings.iter().filter(|it| it.capped).count(),
        runs: crossings.iter().map(|it| it.runs).sum(),
    }))
}

/// The highest rate at which the repetition of this seed meets the objective.
fn crossing(
    run: &RunSpec,
    seed: u64,
    (full, objective): (f64, Objective),
    running: &Running,
) -> Result<Option<Crossing>, Error> {
    let mut runs = 0;
    let mut latency = |share: f64| {
        runs += 1;
        let mut run = run.clone();
        run.setup.workload.arrivals = Arrivals::Poisson { rate: share * full };
        end_to_end(&run, seed, objective.permille, running)
    };
    let Some(highest) = latency(HIGHEST)? else { return Ok(None) };
    if highest <= objective.limit {
        return Ok(Some(Crossing { rate: HIGHEST * full, capped: true, runs }));
    }
    let Some(lowest) = latency(LOWEST)? else { return Ok(None) };
    if lowest == Span::MAX {
        return Err(Error::Usage(format!(
            "--slo: with `{}`, tasks fail even at {} % of the full rate (seed {seed}), so that no rate \
             has a {}",
            run.policy.name(),
            LOWEST * 100.0,
            objective.quantile()
        )));
    }
    if lowest > objective.limit {
        return Err(Error::Usage(format!(
            "--slo: with `{}`, {} is {} ms even at {} % of the full rate (seed {seed}); write a longer \
             time than that",
            run.policy.name(),
            objective.quantile(),
            number::short(lowest.as_secs_f64() * 1e3),
            LOWEST * 100.0
        )));
    }
    let (mut meets, mut misses) = (LOWEST, HIGHEST);
    while misses - meets > STEP {
        let middle = f64::midpoint(meets, misses);
        match latency(middle)? {
            None => return Ok(None),
            Some(latency) if latency <= objective.limit => meets = middle,
            Some(_) => misses = middle,
        }
    }
    Ok(Some(Crossing { rate: f64::midpoint(meets, misses) * full, capped: false, runs }))
}
