//! Lost nodes and wrong schedulers, over the executor on paper.
//!
//! Times are in ms and derived by hand beside each test.

use crate::paper::{Fault, Paper};
use crate::support::{Log, setup, stage};
use pipeline::model::Arrivals;
use pipeline::{Control, Outcome, RunError, RunSetup};
use sched_core::{
    Bind, Checked, ClusterSpec, Decision, Event, NodeId, PolicySpec, Registry, Scheduler, Span,
    TaskId, Time,
};
use std::collections::VecDeque;

fn at(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

fn policy(name: &str, bind: &str, cluster: &ClusterSpec) -> Box<dyn Scheduler> {
    let spec = PolicySpec::named(name).with("bind", bind);
    Registry::builtin().resolve(&spec).unwrap().build(cluster, 7)
}

/// `nodes` nodes of one slot, `tasks` tasks at once, one stage of 10 ms.
fn small(nodes: u32, tasks: u64) -> RunSetup {
    let cluster = ClusterSpec::uniform(nodes, 1).unwrap();
    setup(cluster, tasks, Arrivals::Batch, vec![stage("work", 10)])
}

fn run(setup: &RunSetup, faults: &[(u64, Fault)], ghosts: bool) -> (Log, Outcome) {
    let mut log = Log::default();
    let mut scheduler = policy("round_robin", "early", &setup.cluster.spec);
    let mut paper = Paper::new(&setup.cluster, faults);
    paper.ghosts = ghosts;
    let outcome = paper.run(setup, &mut *scheduler, &mut log, &Control::new()).unwrap();
    (log, outcome)
}

#[test]
fn calls_of_a_lost_node_run_elsewhere() {
    // Round robin: node-0 gets 0 and 2, node-1 gets 1 and 3. node-1 is lost at 4 ms with 1
    // running and 3 queued; both go to node-0, behind 2, in arrival order: 0–10, 2: 10–20,
    // 1: 20–30, 3: 30–40. Only 1 had started.
    for ghosts in [false, true] {
        let (log, outcome) = run(&small(2, 4), &[(4, Fault::Down(1))], ghosts);
        let finished: Vec<_> = log.tasks.iter().map(|task| (task.index, task.finish)).collect();
        assert_eq!(finished, [(0, at(10)), (2, at(20)), (1, at(30)), (3, at(40))]);
        assert_eq!(log.retried, [TaskId { index: 1, stage: 0 }]);
        assert_eq!(log.nodes, [(NodeId(1), false)]);
        let again = &log.tasks[2].calls[0];
        assert_eq!((again.submit, again.assign, again.started), (at(0), at(4), at(20)));
        assert!(log.tasks.iter().all(|task| task.failure.is_none()));
        // The ghost of call 1 answers at 10 ms, and is not taken for its second attempt.
        assert_eq!(outcome.late_answers, u64::from(ghosts));
    }
}

/// Passes everything on, and keeps what was submitted.
struct Spy(Box<dyn Scheduler>, Vec<(Time, u64, u32)>);

impl Scheduler for Spy {
    fn on_event(&mut self, now: Time, event: Event) {
        if let Event::Submit(task) = event {
            assert_eq!(task.submit, at(0), "a call keeps its first submit");
            self.1.push((now, task.id.index, task.attempt));
        }
        self.0.on_event(now, event);
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        self.0.poll(now, out);
    }
}

#[test]
fn only_a_call_that_had_started_is_a_new_attempt() {
    let setup = small(2, 4);
    let mut spy = Spy(policy("round_robin", "early", &setup.cluster.spec), Vec::new());
    let paper = Paper::new(&setup.cluster, &[(4, Fault::Down(1))]);
    paper.run(&setup, &mut spy, &mut Log::default(), &Control::new()).unwrap();
    let first = (0..4).map(|index| (at(0), index, 1));
    let expected: Vec<_> = first.chain([(at(4), 1, 2), (at(4), 3, 1)]).collect();
    assert_eq!(spy.1, expected);
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let mut setup = small(2, 6);
    setup.workload.stages.push(stage("again", 5));
    let mut log = Log::default();
    let mut scheduler = policy("round_robin", "early", &setup.cluster.spec);
    let mut paper = Paper::new(&setup.cluster, &[]);
    paper.stutters = true;
    let outcome = paper.run(&setup, &mut *scheduler, &mut log, &Control::new()).unwrap();
    assert_eq!((log.tasks.len(), log.calls.len(), outcome.late_answers), (6, 12, 12));
}

#[test]
fn a_lost_node_that_comes_back_is_used() {
    // One node. 0 runs from 0, is lost at 4, runs again from 30 (back) to 40; 1 follows.
    let (log, _) = run(&small(1, 2), &[(4, Fault::Down(0)), (30, Fault::Up(0))], false);
    let finished: Vec<_> = log.tasks.iter().map(|task| (task.index, task.finish)).collect();
    assert_eq!(finished, [(0, at(40)), (1, at(50))]);
    assert_eq!(log.nodes, [(NodeId(0), false), (NodeId(0), true)]);
    // Back at 5 ms, the second attempt ends at 15; the first answers from its grave at 10.
    let (log, outcome) = run(&small(1, 1), &[(4, Fault::Down(0)), (5, Fault::Up(0))], true);
    assert_eq!((log.tasks[0].finish, outcome.late_answers), (at(15), 1));
}

#[test]
fn what_waits_for_a_node_that_never_returns_fails() {
    let (log, outcome) = run(&small(1, 3), &[(14, Fault::Down(0))], false);
    assert_eq!(log.tasks[0].failure, None);
    assert_eq!(log.failures().len(), 2);
    assert!(log.failures().iter().all(|(_, why)| why.contains("none will come back")));
    assert_eq!(log.tasks[1].unplaced, Some(Span::from_millis(14)));
    assert_eq!((outcome.ended, outcome.partial), (3, false));
}

#[test]
fn attempts_are_bounded() {
    // Lost while running at 5, 15 and 25 ms; the third loss is one too many for task 0.
    let mut setup = small(1, 2);
    setup.max_attempts = 3;
    let faults: Vec<_> = [5, 15, 25]
        .into_iter()
        .flat_map(|ms| [(ms, Fault::Down(0)), (ms + 1, Fault::Up(0))])
        .collect();
    let (log, _) = run(&setup, &faults, false);
    assert_eq!(log.failures(), [(0, "its node was lost in each of 3 attempts".into())]);
    assert_eq!(log.retried.len(), 2);
    assert_eq!(log.tasks[1].finish, at(36)); // 1 was only ever queued, and starts at 26
}

#[test]
fn a_draining_node_finishes_and_gets_no_more() {
    let (log, _) = run(&small(2, 4), &[(1, Fault::Drain(1))], false);
    assert_eq!(log.calls.iter().filter(|(_, call)| call.node == NodeId(1)).count(), 2);
    let mut closed = small(2, 6);
    closed.workload.arrivals = Arrivals::Closed { in_flight: 2 };
    let (log, _) = run(&closed, &[(1, Fault::Drain(1))], false);
    assert_eq!(log.calls.iter().filter(|(_, call)| call.node == NodeId(1)).count(), 1);
}

/// A scheduler that is wrong in a way of its choice.
#[derive(Default)]
struct Wrong {
    waiting: VecDeque<TaskId>,
    decide: Option<fn(TaskId, &mut Vec<Decision>)>,
    timeout: Option<Time>,
}

impl Scheduler for Wrong {
    fn on_event(&mut self, _: Time, event: Event) {
        if let Event::Submit(task) = event {
            self.waiting.push_back(task.id);
        }
    }

    fn poll(&mut self, _: Time, out: &mut Vec<Decision>) {
        if let (Some(decide), Some(task)) = (self.decide, self.waiting.pop_front()) {
            decide(task, out);
        }
    }

    fn next_timeout(&self) -> Option<Time> {
        self.timeout
    }
}

fn error_of(mut scheduler: impl Scheduler) -> RunError {
    let setup = small(1, 2);
    let paper = Paper::new(&setup.cluster, &[]);
    paper.run(&setup, &mut scheduler, &mut Log::default(), &Control::new()).unwrap_err()
}

fn wrong(decide: fn(TaskId, &mut Vec<Decision>)) -> Wrong {
    Wrong { decide: Some(decide), ..Wrong::default() }
}

#[test]
fn a_scheduler_that_loses_calls_is_an_error() {
    let error = error_of(Wrong::default());
    assert!(matches!(error, RunError::Stuck { waiting: 2, .. }), "{error}");
    let error = error_of(wrong(|task, out| {
        let first_only = (task.index == 0).then_some(Decision::Assign { task, node: NodeId(0) });
        out.extend(first_only);
    }));
    assert!(matches!(error, RunError::Stuck { waiting: 1, .. }), "{error}");
}

#[test]
fn decisions_that_cannot_be_carried_out_are_errors() {
    let error = error_of(wrong(|task, out| {
        out.push(Decision::Assign { task: TaskId { index: 99, ..task }, node: NodeId(0) });
    }));
    assert!(error.to_string().contains("no such call"), "{error}");
    let error = error_of(wrong(|task, out| {
        out.extend([Decision::Assign { task, node: NodeId(0) }; 2]);
    }));
    assert!(error.to_string().contains("not waiting"), "{error}");
    let error = error_of(wrong(|task, out| out.push(Decision::Assign { task, node: NodeId(1) })));
    assert!(error.to_string().contains("no such node"), "{error}");
}

#[test]
fn a_timeout_that_is_not_later_is_an_error() {
    let error = error_of(Wrong { timeout: Some(Time::ZERO), ..Wrong::default() });
    assert!(matches!(error, RunError::Timeout { .. }), "{error}");
}

#[test]
fn a_timeout_polls_again_though_nothing_happens() {
    struct Patient(Wrong);
    impl Scheduler for Patient {
        fn on_event(&mut self, now: Time, event: Event) {
            self.0.on_event(now, event);
        }
        fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
            if now >= at(5) {
                let assign = |task| Decision::Assign { task, node: NodeId(0) };
                out.extend(self.0.waiting.drain(..).map(assign));
            }
        }
        fn next_timeout(&self) -> Option<Time> {
            (!self.0.waiting.is_empty()).then_some(at(5))
        }
    }
    let (setup, mut log) = (small(1, 2), Log::default());
    let mut scheduler = Patient(Wrong::default());
    let paper = Paper::new(&setup.cluster, &[]);
    paper.run(&setup, &mut scheduler, &mut log, &Control::new()).unwrap();
    let finished: Vec<_> = log.tasks.iter().map(|task| task.finish).collect();
    assert_eq!(finished, [at(15), at(25)]);
}

#[test]
fn a_violation_seen_by_checked_ends_the_run() {
    let inner = wrong(|task, out| out.push(Decision::Assign { task, node: NodeId(7) }));
    let cluster = ClusterSpec::uniform(1, 1).unwrap();
    let error = error_of(Checked::new(&cluster, Bind::Late, inner));
    assert!(matches!(error, RunError::Scheduler(_)), "{error}");
}

#[test]
fn a_setup_out_of_range_is_refused() {
    let good = small(1, 2);
    let spoil: [fn(&mut RunSetup); 6] = [
        |s| s.workload.stages.clear(),
        |s| s.workload.tasks = 0,
        |s| s.workload.warmup = 2,
        |s| s.cluster.speeds = vec![0.0],
        |s| s.cluster.speeds.clear(),
        |s| s.max_attempts = 0,
    ];
    assert!(good.plan().is_ok());
    for spoil in spoil {
        let mut setup = good.clone();
        spoil(&mut setup);
        assert!(matches!(setup.plan(), Err(RunError::Setup(_))));
    }
}
