//! Workers that are killed, stopped and restarted: no task is lost, none is doubled.

use crate::program;
use cluster::{Cluster, Launcher, Program, WINDOW, run_cluster};
use pipeline::drive::drive;
use pipeline::model::{
    Arrivals, ClusterSetup, Fault, FaultKind, Operator, Purpose, ServiceLaw, Spontaneous, Stream,
};
use pipeline::testkit::{Log, assert_parts_add_up, scheduler, setup, stage};
use pipeline::{Control, Failure, Observer, Outcome, RunSetup, TaskEnd};
use rustix::process::{Pid, Signal, kill_process};
use sched_core::{ClusterSpec, NodeId, Span, TaskId, Time};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

pub(crate) fn signal(process: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    // It may be gone by now: then another signal was there first.
    let _ = kill_process(pid, signal);
}

/// Two stages of 1 and 2 ms on four nodes of two slots.
pub(crate) fn two_stages(tasks: u64) -> RunSetup {
    let cluster = ClusterSpec::uniform(4, 2).unwrap();
    let stages = vec![stage("first", 1), stage("second", 2)];
    setup(cluster, tasks, Arrivals::Closed { in_flight: 32 }, stages)
}

#[track_caller]
pub(crate) fn each_has_one_result(log: &Log, tasks: u64) {
    let mut indices: Vec<u64> = log.tasks.iter().map(|task| task.index).collect();
    indices.sort_unstable();
    assert!(indices.into_iter().eq(0..tasks), "a task is missing, or has two results");
    log.tasks.iter().for_each(assert_parts_add_up);
}

/// Sends signals to workers whenever a few more tasks have ended.
struct Saboteur<'a> {
    log: Log,
    workers: &'a [AtomicU32],
    luck: Stream,
    next: usize,
    sent: u32,
}

impl Observer for Saboteur<'_> {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.log.task_succeeded(task);
        if self.log.tasks.len() == self.next {
            let victim = &self.workers[self.luck.next_u64() as usize % self.workers.len()];
            let how = [Signal::KILL, Signal::STOP][self.luck.next_u64() as usize % 2];
            signal(victim.load(Ordering::Relaxed), how);
            self.sent += 1;
            self.next += 150 + self.luck.next_u64() as usize % 100;
        }
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        self.log.task_failed(task, failure);
    }

    fn retried(&mut self, task: TaskId) {
        self.log.retried(task);
    }

    fn node_changed(&mut self, node: NodeId, up: bool) {
        self.log.node_changed(node, up);
    }
}

fn sabotage(seed: u64, policy: &str, bind: &str, tasks: u64) {
    let setup = RunSetup { seed, ..two_stages(tasks) };
    let mut cluster = Cluster::start(&setup, &program()).unwrap();
    let workers = cluster.processes();
    let luck = Stream::new(seed, Purpose::Failure, 0, 0);
    let mut saboteur = Saboteur { log: Log::default(), workers: &workers, luck, next: 50, sent: 0 };
    let mut policy = scheduler(policy, bind, &setup.cluster.spec);
    let plan = setup.plan().unwrap();
    let outcome = drive(&plan, &mut cluster, &mut *policy, &mut saboteur, &Control::new()).unwrap();
    let Saboteur { log, sent, .. } = saboteur;
    each_has_one_result(&log, tasks);
    assert_eq!((log.failures(), outcome.unfinished), (Vec::new(), 0));
    let lost = cluster.incidents().len();
    assert!(sent >= 2 && lost >= 1, "{sent} signals, {lost} workers lost");
    assert!(!log.retried.is_empty(), "calls that ran when a worker was lost ran again");
    assert_eq!(log.nodes.iter().filter(|(_, up)| !up).count(), lost);
}

/// Twenty runs of 2,000 tasks. Most of the time is the silence of stopped workers, so some run at once.
#[test]
fn killed_and_stopped_workers_lose_nothing() {
    thread::scope(|scope| {
        for group in 0..5 {
            scope.spawn(move || {
                for seed in (0..4).map(|run| group * 4 + run) {
                    let (policy, bind) = [
                        ("load_aware_spread", "early"),
                        ("fifo", "late"),
                        ("round_robin", "early"),
                        ("power_of_two", "early"),
                    ][seed as usize % 4];
                    sabotage(seed, policy, bind, 2000);
                }
            });
        }
    });
}

fn fault(ms: u64, node: u32, kind: FaultKind) -> Fault {
    Fault { at: Time::ZERO + Span::from_millis(ms), node: NodeId(node), kind }
}

fn run(setup: &RunSetup, policy: &str) -> (Log, Outcome) {
    let mut log = Log::default();
    let mut policy = scheduler(policy, "early", &setup.cluster.spec);
    let control = Control::new();
    let mut incidents = Vec::new();
    let outcome =
        run_cluster(setup, &program(), &mut *policy, &mut log, &control, &mut incidents).unwrap();
    assert_eq!(incidents, [], "faults of the setup are no incidents");
    (log, outcome)
}

#[test]
fn faults_of_the_setup_happen_to_processes() {
    let mut setup = two_stages(800);
    setup.faults.scheduled = vec![
        fault(20, 0, FaultKind::Kill),
        fault(30, 1, FaultKind::Drain),
        fault(40, 2, FaultKind::Slow { factor: 3.0 }),
        fault(60, 0, FaultKind::Restart),
    ];
    let (log, _) = run(&setup, "round_robin");
    each_has_one_result(&log, 800);
    assert_eq!(log.failures(), []);
    assert_eq!(log.nodes, [(NodeId(0), false), (NodeId(0), true)]);
    // The drained node gets nothing more, however much there is; the restarted one does.
    let calls = |node: u32| log.calls.iter().filter(move |(_, call)| call.node == NodeId(node));
    let after = |ms: u64| Time::ZERO + Span::from_millis(ms);
    assert!(calls(0).any(|(_, call)| call.assign > after(60)));
    let last = log.calls.iter().map(|(_, call)| call.assign).max().unwrap();
    assert!(last > after(60), "the run was over before its faults");
    let drained = calls(1).map(|(_, call)| call.assign).max().unwrap();
    assert!(drained < last, "a node that drains was sent calls to the end");
    // Calls of 1 ms that start on the slow node afterwards take three.
    let slow = calls(2).filter(|(stage, call)| *stage == 0 && call.assign > after(60));
    let slow: Vec<Span> = slow.map(|(_, call)| call.execution()).collect();
    assert!(!slow.is_empty() && slow.iter().all(|took| *took >= Span::from_millis(3)));
}

/// A node of the spec may join late, and may leave again by draining.
#[test]
fn a_node_joins_during_the_run_and_drains() {
    let mut setup = two_stages(6000);
    setup.faults.scheduled = vec![
        fault(0, 3, FaultKind::Kill),
        fault(100, 3, FaultKind::Restart),
        fault(1500, 3, FaultKind::Drain),
    ];
    let (log, _) = run(&setup, "load_aware_spread");
    each_has_one_result(&log, 6000);
    assert_eq!(log.failures(), []);
    assert_eq!(log.nodes, [(NodeId(3), false), (NodeId(3), true)]);
    let after = |ms: u64| Time::ZERO + Span::from_millis(ms);
    let assigned = |here: bool| {
        let calls = log.calls.iter().filter(move |(_, call)| (call.node == NodeId(3)) == here);
        let all: Vec<Time> = calls.map(|(_, call)| call.assign).collect();
        all
    };
    let (joined, last) = (assigned(true), assigned(false).into_iter().max().unwrap());
    assert!(last > after(1500), "the run was over before its faults");
    assert!(joined.iter().all(|at| *at >= after(100) && *at < last));
    assert!(joined.len() > 20, "{} calls on the node that joined", joined.len());
}

#[test]
fn a_node_that_is_killed_for_good_fails_what_only_it_could_run() {
    let mut setup = two_stages(2000);
    setup.cluster = ClusterSetup::of_equal_speed(ClusterSpec::uniform(1, 2).unwrap());
    setup.faults.scheduled = vec![fault(300, 0, FaultKind::Kill)];
    let (log, _) = run(&setup, "fifo");
    each_has_one_result(&log, 2000);
    assert!(log.tasks.iter().any(|task| task.failure.is_none()));
    assert!(log.failures().iter().any(|(_, why)| why.contains("none will come back")));
}

#[test]
fn when_every_worker_is_lost_and_none_comes_back_the_run_fails_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("worker");
    fs::copy(env!("CARGO_BIN_EXE_worker-process"), &path).unwrap();
    let setup = two_stages(100_000);
    let program = Launcher::Process(Program::new(&path, Vec::new()));
    let mut cluster = Cluster::start(&setup, &program).unwrap();
    fs::remove_file(&path).unwrap(); // so that none can be started again
    let workers = cluster.processes();
    workers.iter().for_each(|worker| signal(worker.load(Ordering::Relaxed), Signal::KILL));
    let mut policy = scheduler("fifo", "late", &setup.cluster.spec);
    let (plan, mut log) = (setup.plan().unwrap(), Log::default());
    let ended = drive(&plan, &mut cluster, &mut *policy, &mut log, &Control::new());
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("every worker is lost and none comes back"), "{error}");
    assert!(error.contains("start them again"), "{error}");
}

#[test]
fn nodes_that_fail_by_themselves_lose_nothing() {
    let mut setup = two_stages(600);
    let (mtbf, mttr) = (Span::from_millis(60), Span::from_millis(20));
    setup.faults.spontaneous = Some(Spontaneous { mtbf, mttr });
    let (log, _) = run(&setup, "load_aware_spread");
    each_has_one_result(&log, 600);
    assert_eq!(log.failures(), []);
    assert!(log.nodes.iter().any(|(_, up)| !up) && log.nodes.iter().any(|(_, up)| *up));
}

/// The scheduler binds all at once; what the worker does not take yet is held here, in order.
#[test]
fn more_calls_than_a_worker_takes_wait_for_it() {
    let tasks = 3 * u64::from(WINDOW);
    let mut setup = two_stages(tasks);
    setup.workload.arrivals = Arrivals::Batch;
    setup.cluster = ClusterSetup::of_equal_speed(ClusterSpec::uniform(1, 64).unwrap());
    setup.workload.stages.iter_mut().for_each(|stage| {
        stage.service = ServiceLaw::Constant(Span::ZERO);
    });
    let (log, _) = run(&setup, "round_robin");
    each_has_one_result(&log, tasks);
    assert_eq!(log.failures(), []);
    // All were bound at one instant, and the node is FIFO beyond its window too.
    let mut first: Vec<_> = log.tasks.iter().map(|task| (task.index, task.calls[0])).collect();
    first.sort_unstable_by_key(|(index, _)| *index);
    assert!(first.iter().all(|(_, call)| call.assign == first[0].1.assign));
    assert!(first.windows(2).all(|pair| pair[0].1.finish <= pair[1].1.finish));
}

#[test]
fn what_cannot_be_a_worker_is_named() {
    let setup = two_stages(10);
    let start = |program: &str| {
        let program = Program::new(program, Vec::new());
        Cluster::start(&setup, &Launcher::Process(program))
    };
    let error = start("no-such-program").unwrap_err().to_string();
    assert!(error.starts_with("cannot start no-such-program as a worker process: "), "{error}");
    let error = start("true").unwrap_err().to_string();
    assert!(error.contains("is not there: its process ended: exit status: 0"), "{error}");
    let mut own = two_stages(10);
    own.workload.stages[1].operator =
        Operator::Custom(pipeline::model::CustomOperator::new(|_| Ok(())));
    let error = Cluster::start(&own, &program()).unwrap_err().to_string();
    assert!(error.starts_with("stage `second` runs code of its own"), "{error}");
}
