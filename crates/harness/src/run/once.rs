//! One repetition, where it is to run: in virtual time, in this process, on workers or as tasks of Ray.
//!
//! The scheduler is built here, with what is around it: a stale view, a recorder, and, unless it is built in,
//! `Checked`, so that a wrong one gives an error that names the call, never a wrong number. `measure` makes a
//! run of the repetitions.

use super::running::Running;
use super::workers::{Loss, Workers, strategy};
use crate::spec::{Environment, RunSpec};
use crate::{Error, replay, replay::Header};
use pipeline::drive::Paced;
use pipeline::model::{Fault, FaultKind, Operator, Purpose, SharedSteps, Stage, Stream};
use pipeline::{Control, Observer, Outcome, Recording, RunError, RunSetup, run_local, run_sim};
use sched_core::{Checked, Registry, Scheduler, Span, StaleView, Time};
use std::path::Path;

/// A quantile, in thousandths, of the end-to-end latency in the repetition of this seed; a task that did
/// not succeed is none that was in time. `None` if it was stopped.
///
/// # Errors
/// When the run breaks off.
pub(crate) fn end_to_end(
    run: &RunSpec,
    seed: u64,
    permille: u16,
    running: &Running,
) -> Result<Option<Span>, Error> {
    let failed = |source| Error::Report { run: run.name.clone(), source };
    let stages = &run.setup.workload.stages;
    let shape = Recording::<Vec<u8>>::shape(&run.setup.cluster, stages).map_err(failed)?;
    let mut recording = Recording::<Vec<u8>>::new(shape, stages, None);
    let outcome = run_once(run, (seed, None), None, &mut recording, &running.repetition(), None)?;
    let (recorder, _) = recording.finish();
    if outcome.partial {
        return Ok(None);
    }
    let quantile = recorder.latencies().end_to_end.quantiles([permille]);
    let late = recorder.failed_tasks() > 0;
    let found = quantile.filter(|_| !late).map(|[latency]| Span::from_nanos(latency.get()));
    Ok(Some(found.unwrap_or(Span::MAX)))
}

/// Runs one repetition where it is to run, and writes its flight log, if it is to have one. `workers` are
/// those of a cluster, with where the loss of one is told; who searches in virtual time has none.
pub(super) fn run_once(
    run: &RunSpec,
    (seed, steps): (u64, Option<SharedSteps>),
    log: Option<&Path>,
    observer: &mut dyn Observer,
    control: &Control,
    mut workers: Option<(&Workers, &mut Vec<Loss>)>,
) -> Result<Outcome, Error> {
    let cluster = &run.setup.cluster;
    // A stream of its own: a policy that draws must not see the numbers that made its workload.
    let policy_seed = Stream::new(seed, Purpose::Policy, 0, 0).next_u64();
    let mut scheduler = run.policy.build(&cluster.spec, policy_seed);
    let ray = strategy(run);
    // Where Ray places the calls, the nodes of decisions are none to be checked.
    if !is_built_in(run) && ray.is_none() {
        scheduler = Box::new(Checked::new(&cluster.spec, run.policy.bind(), scheduler))
            as Box<dyn Scheduler>;
    }
    let faults = run.setup.faults.clone();
    let setup = RunSetup::new(cluster.clone(), run.setup.workload.clone(), seed);
    let setup = RunSetup { faults, steps, ..setup };
    let mut execute = |scheduler: &mut dyn Scheduler| {
        let outcome = match run.setup.environment {
            Environment::Sim | Environment::Local if ray.is_some() => {
                Err(RunError::Setup("there is no Ray here".to_owned()))
            }
            Environment::Sim => {
                run_sim(&setup, scheduler, observer, control).and_then(ended_in_time)
            }
            Environment::Local => {
                paced(&setup, observer, |observer| run_local(&setup, scheduler, observer, control))
            }
            Environment::Cluster => match &mut workers {
                Some((workers, losses)) if ray.is_some() => {
                    workers.run((&setup, ray), scheduler, observer, control, losses)
                }
                Some((workers, losses)) => paced(&setup, observer, |observer| {
                    workers.run((&setup, ray), scheduler, observer, control, losses)
                }),
                None => Err(RunError::Setup("there are no workers here".to_owned())),
            },
        };
        outcome.map_err(|source| Error::Run { run: run.name.clone(), source })
    };
    // A guard judges inside of the view, by what the policy can know; a log is written outside, of what is true.
    let view = run.setup.view;
    let mut scheduler = StaleView::over(scheduler, view);
    let Some(path) = log else { return execute(&mut *scheduler) };
    let note = format!("{} of {}, seed {seed}", run.name, run.experiment);
    let header = Header::of(&run.policy, &cluster.spec, policy_seed, &note).with_view(view);
    let mut recorder = replay::record(path, scheduler, &header)?;
    let outcome = execute(&mut recorder);
    replay::finish(path, recorder)?;
    outcome
}

/// Runs in real time, and keeps the pace where it is known how long calls are to run.
fn paced(
    setup: &RunSetup,
    observer: &mut dyn Observer,
    run: impl FnOnce(&mut dyn Observer) -> Result<Outcome, RunError>,
) -> Result<Outcome, RunError> {
    let emulated = |stage: &Stage| matches!(stage.operator, Operator::Emulate);
    let slows = |fault: &Fault| matches!(fault.kind, FaultKind::Slow { .. });
    if !setup.workload.stages.iter().all(emulated) || setup.faults.scheduled.iter().any(slows) {
        return run(observer);
    }
    let plan = setup.plan()?;
    let mut paced = Paced::new(observer, &plan, setup.cluster.node_speeds());
    let mut outcome = run(&mut paced)?;
    outcome.pace = Some(paced.pace());
    Ok(outcome)
}

/// At the end of the clock all instants are one, and nothing that was measured is true.
fn ended_in_time(outcome: Outcome) -> Result<Outcome, RunError> {
    if outcome.last_finish.is_none_or(|last| last < Time::MAX) {
        return Ok(outcome);
    }
    let why = "virtual time ran out: its clock counts nanoseconds in 64 bits, which are 584 years; shorten \
               the service times or ask for fewer tasks";
    Err(RunError::Executor(why.into()))
}

/// Built-in policies are proved by the tests of their crate, and are spared the cost of a check.
pub(super) fn is_built_in(run: &RunSpec) -> bool {
    let registry = Registry::builtin();
    let built_in = registry.get(run.policy.name());
    built_in.is_some_and(|info| info.summary() == run.policy.info().summary())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;
    use pipeline::Recording;

    /// What can be known beforehand is refused there; that a node is slow only shows on the way.
    #[test]
    fn a_run_that_outlasts_its_clock_is_an_error_and_no_number() {
        let yaml = "environment: sim\ncluster: {nodes: 1, slots: 1}\n\
                    workload: {tasks: 2, arrivals: batch}\nschedulers: [fifo]\n\
                    pipeline: {stages: [{name: a, service: {constant: 1000000h}}]}\n\
                    faults: [{at: 0s, slow: node-0, factor: 4}]\n";
        let run = Spec::parse(yaml, "test", &Registry::builtin()).unwrap().runs().remove(0);
        let stages = &run.setup.workload.stages;
        let shape = Recording::<Vec<u8>>::shape(&run.setup.cluster, stages).unwrap();
        let mut recording = Recording::<Vec<u8>>::new(shape, stages, None);
        let control = Control::new();
        let error = run_once(&run, (1, None), None, &mut recording, &control, None).unwrap_err();
        assert!(error.to_string().contains("virtual time ran out"), "{error}");
        assert_eq!(error.exit().code(), 1);
    }
}
