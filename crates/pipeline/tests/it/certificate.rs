//! The loop's own account against the recorder's: equal when all is well, whatever happens to
//! nodes and tasks; and unequal, by what is wrong and where, when one report is tampered with.

use crate::support::{setup, stage};
use metrics::report::{Check, CheckName, CheckVerdict};
use metrics::{Ledger, audit};
use pipeline::model::{
    Arrivals, CallContext, CustomOperator, Fault, FaultKind, Faults, Operator, ServiceLaw,
    Spontaneous,
};
use pipeline::{
    CallTimes, Control, Failure, Observer, Outcome, Recording, RunSetup, TaskEnd, run_local,
    run_sim,
};
use sched_core::{
    ClusterSpec, NodeId, PolicySpec, Registry, Resources, Scheduler, Span, TaskId, Time,
};

fn scheduler(name: &str, bind: &str, cluster: &ClusterSpec) -> Box<dyn Scheduler> {
    let spec = PolicySpec::named(name).with("bind", bind);
    Registry::builtin().resolve(&spec).unwrap().build(cluster, 7)
}

/// What is done to one report on its way to the recorder. Numbers count from 0.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Tamper {
    Nothing,
    /// The task with this index is not reported.
    DropTask(u64),
    /// This call is not reported.
    DropCall(u64),
    /// The task with this index ends a nanosecond later, in its last call too.
    LaterTask(u64),
    /// Its first call reaches its node and starts a nanosecond earlier.
    EarlierStart(u64),
    /// Its end is a nanosecond later than its parts say.
    Parts(u64),
    /// Its first two calls change places.
    SwapStages(u64),
    /// This call ran a nanosecond longer.
    LongerCall(u64),
    /// This call ran on the next node.
    MoveCall(u64),
    /// The task with this index failed.
    FailTask(u64),
}

struct Tampered<'a> {
    recording: Recording<'a, Vec<u8>>,
    tamper: Tamper,
    calls: u64,
    tasks: u64,
    stop_after: u64,
    control: &'a Control,
}

impl Tampered<'_> {
    fn seen(&mut self) {
        self.tasks += 1;
        if self.tasks == self.stop_after {
            self.control.stop();
        }
    }
}

impl Observer for Tampered<'_> {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.seen();
        let mut calls = task.calls.to_vec();
        let mut changed = *task;
        let last = calls.len() - 1;
        let ns = Span::from_nanos(1);
        match self.tamper {
            Tamper::DropTask(index) if index == task.index => return,
            Tamper::LaterTask(index) if index == task.index => {
                calls[last].ended = calls[last].ended + ns;
                calls[last].finish = calls[last].finish + ns;
                changed.finish = changed.finish + ns;
            }
            Tamper::EarlierStart(index) if index == task.index => {
                let earlier = |at: Time| Time::from_nanos(at.as_nanos() - 1);
                calls[0].arrived = earlier(calls[0].arrived);
                calls[0].started = earlier(calls[0].started);
            }
            Tamper::Parts(index) if index == task.index => changed.finish = changed.finish + ns,
            Tamper::SwapStages(index) if index == task.index => calls.swap(0, 1),
            Tamper::FailTask(index) if index == task.index => {
                let failure = Failure::Failed("tampered".into());
                return self.recording.task_failed(task, &failure);
            }
            _ => {}
        }
        changed.calls = &calls;
        self.recording.task_succeeded(&changed);
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        self.seen();
        self.recording.task_failed(task, failure);
    }

    fn call_finished(&mut self, stage: u32, call: &CallTimes) {
        let number = self.calls;
        self.calls += 1;
        let mut call = *call;
        match self.tamper {
            Tamper::DropCall(which) if which == number => return,
            Tamper::LongerCall(which) if which == number => {
                call.ended = call.ended + Span::from_nanos(1);
                call.finish = call.finish + Span::from_nanos(1);
            }
            Tamper::MoveCall(which) if which == number => call.node = NodeId((call.node.0 + 1) % 2),
            _ => {}
        }
        self.recording.call_finished(stage, &call);
    }

    fn retried(&mut self, task: TaskId) {
        self.recording.retried(task);
    }

    fn node_changed(&mut self, node: NodeId, up: bool) {
        self.recording.node_changed(node, up);
    }

    fn decided(&mut self, cost: Span, decisions: u64) {
        self.recording.decided(cost, decisions);
    }
}

type Execute = fn(
    &RunSetup,
    &mut dyn Scheduler,
    &mut dyn Observer,
    &Control,
) -> Result<Outcome, pipeline::RunError>;

/// Runs it, stopped after so many tasks, and audits what came out.
fn audited(
    execute: Execute,
    setup: &RunSetup,
    bind: &str,
    tamper: Tamper,
    stop_after: u64,
) -> (Vec<Check>, Outcome) {
    let stages = &setup.workload.stages;
    let shape = Recording::<Vec<u8>>::shape(&setup.cluster, stages).unwrap();
    let recording = Recording::new(shape, stages, None);
    let control = Control::new();
    let (calls, tasks) = (0, 0);
    let mut observer = Tampered { recording, tamper, calls, tasks, stop_after, control: &control };
    let mut policy = scheduler("load_aware_spread", bind, &setup.cluster.spec);
    let outcome = execute(setup, &mut *policy, &mut observer, &control).unwrap();
    let (recorder, _) = observer.recording.finish();
    (audit(&outcome.ledger, &recorder), outcome)
}

/// All laws hold; gives the account.
#[track_caller]
fn holds(execute: Execute, setup: &RunSetup, bind: &str, stop_after: u64) -> Ledger {
    let (checks, outcome) = audited(execute, setup, bind, Tamper::Nothing, stop_after);
    let names: Vec<CheckName> = checks.iter().map(|check| check.name).collect();
    let laws = [
        CheckName::Conservation,
        CheckName::LittlesLaw,
        CheckName::UtilisationLaw,
        CheckName::EndToEnd,
    ];
    assert_eq!(names, laws);
    for check in checks {
        assert_eq!(check.verdict, CheckVerdict::Holds, "{check:?}");
    }
    outcome.ledger
}

/// Two nodes of two slots; two stages, of which one holds half a core; one way takes time.
fn two_stages(tasks: u64, arrivals: Arrivals) -> RunSetup {
    let mut second = stage("second", 0);
    second.service = ServiceLaw::Exponential { mean: Span::from_millis(4) };
    second.demand = Resources::milli_cpu(500);
    let mut first = stage("first", 0);
    first.service = ServiceLaw::Lognormal { mean: Span::from_millis(5), cv: 0.7 };
    let mut setup =
        setup(ClusterSpec::uniform(2, 2).unwrap(), tasks, arrivals, vec![first, second]);
    setup.cluster.network = ServiceLaw::Exponential { mean: Span::from_micros(100) };
    setup
}

#[test]
fn an_untouched_run_balances_to_the_nanosecond() {
    for bind in ["late", "early"] {
        for arrivals in [
            Arrivals::Poisson { rate: 300.0 },
            Arrivals::Closed { in_flight: 9 },
            Arrivals::Batch,
            Arrivals::Load(1.5),
        ] {
            let mut run = two_stages(3_000, arrivals);
            run.workload.warmup = 500;
            let ledger = holds(run_sim, &run, bind, u64::MAX);
            let tasks = ledger.tasks;
            assert_eq!(
                (tasks.planned, tasks.submitted, tasks.completed),
                (Some(2_500), 2_500, 2_500)
            );
            let finished: u64 = ledger.nodes.iter().map(|node| node.finished).sum();
            assert_eq!(finished, 5_000);
            assert!(ledger.nodes.iter().all(|node| node.busy > 0 && node.lost == 0));
        }
    }
}

#[test]
fn lost_nodes_and_failed_tasks_balance_too() {
    for (max_attempts, bind) in [(10, "late"), (10, "early"), (1, "late"), (1, "early")] {
        let mut run = two_stages(3_000, Arrivals::Poisson { rate: 250.0 });
        run.workload.warmup = 200;
        run.max_attempts = max_attempts;
        let (mtbf, mttr) = (Span::from_millis(400), Span::from_millis(60));
        run.faults.spontaneous = Some(Spontaneous { mtbf, mttr });
        let ledger = holds(run_sim, &run, bind, u64::MAX);
        let lost: u64 = ledger.nodes.iter().map(|node| node.lost).sum();
        assert!(lost > 10, "{ledger:?}");
        assert_eq!(ledger.tasks.failed > 0, max_attempts == 1, "{ledger:?}");
        assert_eq!(ledger.retries > 0, max_attempts > 1);
    }
    // Both nodes are gone for good: what waits has failed without a node.
    let mut run = two_stages(200, Arrivals::Poisson { rate: 400.0 });
    let kill = |ms, node| Fault {
        at: Time::ZERO + Span::from_millis(ms),
        node: NodeId(node),
        kind: FaultKind::Kill,
    };
    run.faults = Faults { scheduled: vec![kill(100, 0), kill(150, 1)], spontaneous: None };
    let tasks = holds(run_sim, &run, "late", u64::MAX).tasks;
    assert!(tasks.failed > 100 && tasks.completed > 10, "{tasks:?}");
}

#[test]
fn an_interrupted_run_balances_with_what_is_in_flight() {
    for bind in ["late", "early"] {
        let mut run = two_stages(3_000, Arrivals::Closed { in_flight: 20 });
        run.workload.warmup = 100;
        let ledger = holds(run_sim, &run, bind, 700);
        let tasks = ledger.tasks;
        assert_eq!((tasks.planned, tasks.in_flight), (None, 20));
        assert_eq!(tasks.submitted, tasks.completed + 20);
        let unended: u64 = ledger.stages.iter().map(|stage| stage.unended.calls).sum();
        assert!(unended > 0, "some are at their second stage");
    }
}

#[test]
fn real_time_balances_with_operators_that_fail() {
    let code = |context: &CallContext| match context.task.index % 5 {
        3 => Err("every fifth".to_owned()),
        _ => Ok(()),
    };
    let mut second = stage("second", 0);
    second.operator = Operator::Custom(CustomOperator::new(code));
    let mut first = stage("first", 0);
    first.service = ServiceLaw::Constant(Span::from_micros(300));
    let cluster = ClusterSpec::uniform(2, 2).unwrap();
    let mut run = setup(cluster, 400, Arrivals::Poisson { rate: 4_000.0 }, vec![first, second]);
    run.workload.warmup = 50;
    let tasks = holds(run_local, &run, "late", u64::MAX).tasks;
    assert_eq!((tasks.submitted, tasks.failed), (350, 70));
    let tasks = holds(run_local, &run, "early", 120).tasks;
    assert!(
        tasks.planned.is_none()
            && tasks.submitted == tasks.completed + tasks.failed + tasks.in_flight
    );
}

/// The laws that fail, with what they say.
fn findings(tasks: u64, tamper: Tamper) -> Vec<(CheckName, String)> {
    let run = two_stages(tasks, Arrivals::Poisson { rate: 350.0 });
    let (checks, _) = audited(run_sim, &run, "late", tamper, u64::MAX);
    let failed = checks.into_iter().filter(Check::has_failed);
    failed.map(|check| (check.name, check.detail)).collect()
}

#[track_caller]
fn finds(tamper: Tamper, expected: &[(CheckName, &[&str])]) {
    let found = findings(2_000, tamper);
    let names: Vec<CheckName> = found.iter().map(|(name, _)| *name).collect();
    let expected_names: Vec<CheckName> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected_names, "{tamper:?}: {found:?}");
    for ((_, detail), (_, texts)) in found.iter().zip(expected) {
        for text in *texts {
            assert!(detail.contains(text), "{tamper:?}: no `{text}` in {detail}");
        }
    }
}

#[test]
fn one_sample_in_a_million_that_is_dropped_is_noticed() {
    let found = findings(1_000_000, Tamper::DropTask(777_777));
    let [
        (CheckName::Conservation, lost),
        (CheckName::LittlesLaw, time),
        (CheckName::UtilisationLaw, ran),
    ] = found.as_slice()
    else {
        panic!("{found:?}")
    };
    let told = "completed tasks: 1000000 by the engine's counters, 999999 recorded (-1)";
    assert!(lost.contains(told), "{lost}");
    assert!(time.contains("latency of all tasks"), "{time}");
    assert!(ran.contains("running time of stage `first`"), "{ran}");
}

#[test]
fn each_wrong_report_is_named() {
    use CheckName::{Conservation, EndToEnd, LittlesLaw, UtilisationLaw};
    finds(Tamper::Nothing, &[]);
    finds(
        Tamper::DropCall(1_234),
        &[
            (Conservation, &["calls that finished on node-", "(-1)"]),
            (LittlesLaw, &["latency of the calls of node-"]),
            (UtilisationLaw, &["busy time of node-"]),
        ],
    );
    finds(
        Tamper::LaterTask(55),
        &[
            (LittlesLaw, &["latency of all tasks", "(+1 ns)", "latency of stage `second`"]),
            (UtilisationLaw, &["running time of stage `second`", "(+1 ns)"]),
        ],
    );
    finds(
        Tamper::EarlierStart(55),
        &[(UtilisationLaw, &["running time of stage `first`", "(+1 ns)"])],
    );
    finds(
        Tamper::Parts(55),
        &[
            (LittlesLaw, &["latency of all tasks", "(+1 ns)"]),
            (EndToEnd, &["1 records contradict themselves"]),
        ],
    );
    finds(
        Tamper::SwapStages(55),
        &[
            (LittlesLaw, &["latency of stage `first`", "latency of stage `second`"]),
            (UtilisationLaw, &["running time of stage `first`"]),
        ],
    );
    finds(
        Tamper::LongerCall(999),
        &[
            (LittlesLaw, &["latency of the calls of node-", "(+1 ns)"]),
            (UtilisationLaw, &["busy time of node-"]),
        ],
    );
    finds(
        Tamper::MoveCall(999),
        &[
            (Conservation, &["finished on node-0", "finished on node-1", "(-1)", "(+1)"]),
            (LittlesLaw, &["the calls of node-0", "the calls of node-1"]),
            (UtilisationLaw, &["busy time of node-0", "busy time of node-1"]),
        ],
    );
    finds(
        Tamper::FailTask(55),
        &[(Conservation, &["completed tasks: 2000", "failed tasks: 0", "(+1)"])],
    );
}
