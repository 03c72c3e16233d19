//! One body for all executors: what must hold whoever carries the calls out.
//!
//! Counts and invariants, never times: nothing here can fail because a machine is slow. What was
//! drawn is held against virtual time, where it shows exactly.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

use super::{Ended, Log, setup, stage};
use crate::model::{Arrivals, Priorities, ServiceLaw, Stage};
use crate::{CallTimes, Control, Failure, Observer, Outcome, RunError, RunSetup, TaskEnd, run_sim};
use sched_core::{
    ClusterSpec, Group, GroupSet, Level, NodeId, PolicySpec, Registry, Resources, Scheduler, Span,
    Time,
};

/// An executor under test.
pub trait Arm {
    /// Whether a call sent to a free slot starts at the very instant of its assign.
    const VIRTUAL: bool;
    /// Whether all instants are read from one clock, so that those of different calls on a node can
    /// be compared to the nanosecond.
    const ONE_CLOCK: bool;
    /// How late the scheduler sees the nodes, and whether it sees its own placements at once.
    const VIEW: Option<(Span, bool)> = None;

    /// Runs it there.
    ///
    /// # Errors
    /// As the executor's own.
    fn run(
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError>;
}

/// Virtual time, which the others are held against.
pub struct InVirtualTime;

impl Arm for InVirtualTime {
    const VIRTUAL: bool = true;
    const ONE_CLOCK: bool = true;

    fn run(
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError> {
        run_sim(setup, scheduler, observer, control)
    }
}

/// Makes a test of each check, for an executor under test: `conformance! { MyArm }`.
#[macro_export]
macro_rules! conformance {
    ($arm:ident) => {
        $crate::conformance! { $arm:
            every_policy_runs_everything_once
            a_task_that_fits_nowhere_fails_alone
            luck_does_not_depend_on_the_policy
            warm_up_is_reported_nowhere
            a_stopped_run_is_partial_and_sound
            a_closed_process_keeps_its_number_in_flight
            a_slow_node_takes_longer
        }
    };
    ($arm:ident: $($test:ident)*) => {
        $( #[test] fn $test() { $crate::testkit::$test::<$arm>(); } )*
    };
}

/// A built-in policy, which resolves.
pub fn scheduler(policy: &str, bind: &str, cluster: &ClusterSpec) -> Box<dyn Scheduler> {
    let spec = PolicySpec::named(policy).with("bind", bind);
    Registry::builtin().resolve(&spec).unwrap().build(cluster, 7)
}

fn run<A: Arm>(setup: &RunSetup, policy: &str, bind: &str) -> (Log, Outcome) {
    let mut log = Log::default();
    let mut scheduler = scheduler(policy, bind, &setup.cluster.spec);
    let outcome = A::run(setup, &mut *scheduler, &mut log, &Control::new()).unwrap();
    (log, outcome)
}

fn us(us: u64) -> ServiceLaw {
    ServiceLaw::Constant(Span::from_micros(us))
}

/// Three stages of different demands; the second needs a gpu, which only one group has.
pub fn mixed(tasks: u64, arrivals: Arrivals) -> RunSetup {
    let gpu = Group {
        capacity: Resources::slots(3).with_milli_gpu(1000),
        ..Group::of_slots("gpu", 2, 3)
    };
    let cluster = ClusterSpec::new(vec![Group::of_slots("cpu", 3, 4), gpu]).unwrap();
    let with = |name: &str, law, demand| Stage { service: law, demand, ..stage(name, 0) };
    let stages = vec![
        with("first", us(300), Resources::milli_cpu(1000)),
        with("second", us(100), Resources::milli_cpu(500).with_milli_gpu(250)),
        with(
            "third",
            ServiceLaw::Exponential { mean: Span::from_micros(200) },
            Resources::milli_cpu(2500),
        ),
    ];
    setup(cluster, tasks, arrivals, stages)
}

/// Every policy runs everything once.
pub fn every_policy_runs_everything_once<A: Arm>() {
    let setup = mixed(150, Arrivals::Closed { in_flight: 40 });
    for policy in Registry::builtin().iter() {
        for bind in ["late", "early"] {
            let (log, outcome) = run::<A>(&setup, policy.name(), bind);
            assert!(!outcome.partial && outcome.unfinished == 0 && outcome.late_answers == 0);
            assert_eq!((outcome.ended, outcome.decisions), (150, 450));
            assert_eq!(log.failures(), []);
            check::<A>(&setup, &log);
            let sees_its_own = A::VIEW.is_none_or(|(_, own)| own);
            if A::VIRTUAL && sees_its_own && bind == "late" {
                assert!(log.calls.iter().all(|(_, call)| call.queueing() == Span::ZERO));
            }
        }
    }
}

/// What holds for every log of a run without faults.
fn check<A: Arm>(setup: &RunSetup, log: &Log) {
    let stages = &setup.workload.stages;
    let mut indices: Vec<u64> = log.tasks.iter().map(|task| task.index).collect();
    indices.sort_unstable();
    assert!(indices.windows(2).all(|pair| pair[0] < pair[1]), "a task was reported twice");
    for task in &log.tasks {
        assert_parts_add_up(task);
        for (stage, call) in stages.iter().zip(&task.calls) {
            let eligible = setup.cluster.spec.eligible(&stage.demand, stage.on);
            assert!(eligible.contains(setup.cluster.spec.group_of(call.node)), "{call:?}");
        }
    }
    assert_eq!(log.calls.len(), log.tasks.iter().map(|task| task.calls.len()).sum::<usize>());
    for node in setup.cluster.spec.nodes().filter(|_| A::ONE_CLOCK) {
        assert_capacity(setup, log, node);
        let mut calls: Vec<&CallTimes> =
            log.calls.iter().map(|(_, call)| call).filter(|call| call.node == node).collect();
        calls.sort_by_key(|call| (call.assign, call.started));
        assert!(calls.windows(2).all(|w| w[0].started <= w[1].started), "{node} is not FIFO");
    }
}

/// The parts of a task sum to the whole, to the nanosecond, and its instants are in order.
pub fn assert_parts_add_up(task: &Ended) {
    let mut at = task.intended;
    let mut sum = Span::ZERO;
    for call in &task.calls {
        assert_eq!(call.submit, at, "a stage is ready when the one before is through");
        let instants =
            [call.submit, call.assign, call.arrived, call.started, call.ended, call.finish];
        assert!(instants.is_sorted(), "{call:?}");
        sum += call.scheduling() + call.queueing() + call.execution() + call.transfer();
        at = call.finish;
    }
    sum += task.unplaced.unwrap_or_default();
    assert_eq!(sum, task.finish.since(task.intended));
}

/// Replays a node: it never holds more than it has.
pub fn assert_capacity(setup: &RunSetup, log: &Log, node: NodeId) {
    let here = || log.calls.iter().filter(|(_, call)| call.node == node);
    let demand = |stage: &u32| setup.workload.stages[*stage as usize].demand;
    let mut changes: Vec<(Time, bool, Resources)> = here()
        .flat_map(|(s, c)| [(c.started, true, demand(s)), (c.ended, false, demand(s))])
        .collect();
    changes.sort_by_key(|&(at, starts, _)| (at, starts)); // an end makes room for a start
    let mut free = setup.cluster.spec.capacity(node);
    for (_, starts, demand) in changes {
        free = if starts { free.minus(demand).expect("over capacity") } else { free.plus(demand) };
    }
}

/// A task that fits nowhere fails alone.
pub fn a_task_that_fits_nowhere_fails_alone<A: Arm>() {
    // The third stage of every task is larger than any node of the groups it may run on.
    let mut setup = mixed(30, Arrivals::Batch);
    setup.workload.stages[2].on = GroupSet::only(1);
    setup.workload.stages[2].demand = Resources::milli_cpu(3500);
    let (log, outcome) = run::<A>(&setup, "fifo", "late");
    assert_eq!((outcome.ended, log.tasks.len(), log.calls.len()), (30, 30, 60));
    for task in &log.tasks {
        assert!(matches!(task.failure, Some(Failure::Infeasible(_))));
        assert!(task.calls.len() == 2 && task.unplaced.is_some());
        assert_parts_add_up(task);
    }
}

/// Luck does not depend on the policy.
pub fn luck_does_not_depend_on_the_policy<A: Arm>() {
    let mut setup = mixed(60, Arrivals::Poisson { rate: 5000.0 });
    setup.workload.priorities = Priorities(vec![(Level::new(0).unwrap(), 0.5), (Level::MAX, 0.5)]);
    let luck = |log: &Log| {
        let mut luck: Vec<_> =
            log.tasks.iter().map(|t| (t.index, t.intended, t.priority)).collect();
        luck.sort_unstable();
        luck
    };
    let (fifo, outcome) = run::<A>(&setup, "fifo", "late");
    let (other, _) = run::<A>(&setup, "priority", "early");
    let (drawn_so, _) = run::<InVirtualTime>(&setup, "random", "late");
    assert_eq!(luck(&fifo), luck(&other));
    assert_eq!(luck(&fifo), luck(&drawn_so));
    // Service times are seen as executions: exactly in virtual time, and never shorter elsewhere.
    let drawn = |log: &Log| {
        let mut drawn: Vec<_> =
            log.tasks.iter().map(|t| (t.index, t.calls[2].execution())).collect();
        drawn.sort_unstable();
        drawn
    };
    for (mine, exact) in
        drawn(&fifo).iter().chain(&drawn(&other)).zip(drawn(&drawn_so).iter().cycle())
    {
        assert!(if A::VIRTUAL { mine == exact } else { mine.1 >= exact.1 }, "{mine:?} {exact:?}");
    }
    assert_eq!(outcome.lag.count, 60);
    let urgent = fifo.tasks.iter().filter(|task| task.priority == Level::MAX).count();
    assert!((15..=45).contains(&urgent), "{urgent} of 60 at a share of one half");
    let intended = luck(&fifo)[0].1;
    assert_eq!(outcome.first_arrival, Some(intended));
}

/// Warm up is reported nowhere.
pub fn warm_up_is_reported_nowhere<A: Arm>() {
    let mut setup = mixed(100, Arrivals::Closed { in_flight: 10 });
    setup.workload.warmup = 40;
    let control = Control::new();
    let mut log = Log::default();
    let mut policy = scheduler("load_aware_spread", "early", &setup.cluster.spec);
    let outcome = A::run(&setup, &mut *policy, &mut log, &control).unwrap();
    assert_eq!((log.tasks.len(), log.calls.len()), (60, 180));
    assert!(log.tasks.iter().all(|task| task.index >= 40));
    assert!(log.decisions <= 180);
    let first = log.tasks.iter().find(|task| task.index == 40).unwrap();
    assert_eq!(outcome.first_arrival, Some(first.intended));
    assert_eq!(outcome.last_finish, log.tasks.iter().map(|task| task.finish).max());
    assert_eq!((outcome.ended, outcome.decisions), (100, 300));
    assert_eq!((control.progress().done, control.progress().total), (100, 100));
    setup.workload.arrivals = Arrivals::Uniform { rate: 10_000.0 };
    let (log, outcome) = run::<A>(&setup, "fifo", "late");
    assert_eq!((log.tasks.len(), outcome.lag.count), (60, 60));
}

/// Stops the run when it has seen enough.
struct StopAfter<'a>(usize, Log, &'a Control);

impl Observer for StopAfter<'_> {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.1.task_succeeded(task);
        if self.1.tasks.len() == self.0 {
            self.2.stop();
        }
    }
    fn task_failed(&mut self, _: &TaskEnd<'_>, _: &Failure) {}
    fn call_finished(&mut self, stage: u32, call: &CallTimes) {
        self.1.call_finished(stage, call);
    }
}

/// A stopped run is partial and sound.
pub fn a_stopped_run_is_partial_and_sound<A: Arm>() {
    let setup = mixed(100_000, Arrivals::Closed { in_flight: 12 });
    let control = Control::new();
    let mut observer = StopAfter(50, Log::default(), &control);
    let mut policy = scheduler("round_robin", "early", &setup.cluster.spec);
    let outcome = A::run(&setup, &mut *policy, &mut observer, &control).unwrap();
    assert!(outcome.partial);
    assert_eq!(outcome.ended, observer.1.tasks.len() as u64);
    assert!((50..100).contains(&outcome.ended), "{}", outcome.ended);
    assert_eq!(outcome.unfinished, 12);
    observer.1.tasks.iter().for_each(assert_parts_add_up);
}

/// A closed process keeps its number in flight.
pub fn a_closed_process_keeps_its_number_in_flight<A: Arm>() {
    let (log, outcome) =
        run::<A>(&mixed(80, Arrivals::Closed { in_flight: 9 }), "power_of_two", "early");
    assert_eq!(outcome.lag.count, 0, "a closed process is never late");
    let mut finishes: Vec<Time> = log.tasks.iter().map(|task| task.finish).collect();
    finishes.sort_unstable();
    let mut tasks = log.tasks;
    tasks.sort_by_key(|task| task.index);
    for (i, task) in tasks.iter().enumerate() {
        // Arrives when a task before it ends, so at no instant are there more than nine.
        let open = tasks[..i].iter().filter(|other| other.finish > task.intended).count();
        assert!(open < 9, "task {i} finds {open} others");
        let follows = i < 9 && task.intended == Time::ZERO;
        assert!(follows || finishes.binary_search(&task.intended).is_ok());
    }
}

/// A slow node takes longer.
pub fn a_slow_node_takes_longer<A: Arm>() {
    let cluster =
        ClusterSpec::new(vec![Group::of_slots("fast", 1, 1), Group::of_slots("slow", 1, 1)])
            .unwrap();
    let work = Stage { service: us(400), ..stage("work", 0) };
    let mut setup = setup(cluster, 20, Arrivals::Closed { in_flight: 2 }, vec![work]);
    setup.cluster.speeds = vec![2.0, 0.5];
    let (log, _) = run::<A>(&setup, "round_robin", "early");
    let least = [200, 800].map(Span::from_micros);
    for (_, call) in &log.calls {
        assert!(call.execution() >= least[call.node.index()], "ended early: {call:?}");
    }
    assert!([0, 1].iter().all(|n| log.calls.iter().any(|(_, call)| call.node == NodeId(*n))));
}
