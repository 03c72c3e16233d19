//! Stages that pass data on, in worker processes.

use crate::program;
use cluster::run_cluster;
use pipeline::model::{
    Arrivals, CallContext, ClusterSetup, Fault, FaultKind, Operator, Priorities,
};
use pipeline::model::{ServiceLaw, SharedSteps, Stage, Stepped, Steps, Workload};
use pipeline::{Control, Failure, Observer, Outcome, RunSetup, TaskEnd};
use sched_core::{ClusterSpec, GroupSet, NodeId, Registry, Resources, Span, TaskId, Time};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Told = Arc<Mutex<BTreeMap<(u64, u32), Vec<Stepped>>>>;

/// The driver's half: begins with the index, and keeps what it is told.
struct Half(&'static [u8], Told);

impl Steps for Half {
    fn first(&self, index: u64) -> Vec<u8> {
        vec![index as u8]
    }

    fn run(&self, _: u8, _: &CallContext, _: &[u8]) -> Stepped {
        panic!("steps run in the workers");
    }

    fn ended(&self, task: TaskId, end: &Stepped) {
        let mut told = self.1.lock().unwrap();
        told.entry((task.index, task.stage)).or_default().push(end.clone());
    }

    fn setup(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

#[derive(Default)]
struct Ends(Vec<u64>, Vec<(u64, String)>);

impl Observer for Ends {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.0.push(task.index);
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        self.1.push((task.index, failure.to_string()));
    }
}

fn run(operators: &[Operator], setup: &'static [u8], faults: Vec<Fault>) -> (Ends, Told, Outcome) {
    let stage = |(i, operator): (usize, &Operator)| Stage {
        name: format!("s{i}"),
        service: ServiceLaw::Constant(Span::from_millis(2)),
        demand: Resources::slots(1),
        on: GroupSet::ALL,
        operator: operator.clone(),
    };
    let workload = Workload {
        tasks: 60,
        warmup: 0,
        arrivals: Arrivals::Closed { in_flight: 16 },
        priorities: Priorities::default(),
        stages: operators.iter().enumerate().map(stage).collect(),
    };
    let spec = ClusterSpec::uniform(2, 2).unwrap();
    let mut scheduler = Registry::builtin().build("fifo", &spec).unwrap();
    let mut run = RunSetup::new(ClusterSetup::of_equal_speed(spec), workload, 1);
    run.faults.scheduled = faults;
    let told = Told::default();
    run.steps = Some(SharedSteps::new(Half(setup, Arc::clone(&told))));
    let (mut ends, mut incidents) = (Ends::default(), Vec::new());
    let control = Control::default();
    let outcome =
        run_cluster(&run, &program(), &mut *scheduler, &mut ends, &control, &mut incidents);
    (ends, told, outcome.unwrap())
}

const STEPS: [Operator; 4] =
    [Operator::Step(3), Operator::Emulate, Operator::Step(5), Operator::Step(8)];

#[track_caller]
fn all_went_through(ends: &Ends, told: &Told) {
    assert_eq!((ends.0.len(), &ends.1), (60, &Vec::new()));
    let told = told.lock().unwrap();
    for index in 0..60 {
        let i = index as u8;
        // A worker puts its setup, `+`, before the number of a step.
        for (stage, data) in [
            (0, vec![i, b'+', 3]),
            (2, vec![i, b'+', 3, b'+', 5]),
            (3, vec![i, b'+', 3, b'+', 5, b'+', 8]),
        ] {
            assert_eq!(told[&(index, stage)], [Stepped { data, failure: None }]);
        }
    }
    assert_eq!(told.len(), 180);
}

#[test]
fn data_travels_to_the_workers_and_back() {
    let (ends, told, outcome) = run(&STEPS, b"+", Vec::new());
    all_went_through(&ends, &told);
    assert_eq!(outcome.late_answers, 0);
}

/// Calls of a lost node begin again with what the step before has left.
#[test]
fn a_lost_node_loses_no_data() {
    let at = |ms| Time::ZERO + Span::from_millis(ms);
    let fault = |at, kind| Fault { at, node: NodeId(0), kind };
    let faults = vec![fault(at(8), FaultKind::Kill), fault(at(20), FaultKind::Restart)];
    let (ends, told, _) = run(&STEPS, b"+", faults);
    all_went_through(&ends, &told);
}

#[test]
fn a_step_that_fails_fails_its_task_and_says_what_it_left() {
    let (mut ends, told, _) = run(&[Operator::Step(1), Operator::Step(255)], b"", Vec::new());
    ends.1.sort();
    let all: Vec<_> = (0..60).map(|i| (i, format!("task {i} ends here"))).collect();
    assert_eq!((ends.0.len(), ends.1), (0, all));
    let told = told.lock().unwrap();
    let failure = Some("task 7 ends here".into());
    assert_eq!(told[&(7, 1)], [Stepped { data: vec![7, 1, 255], failure }]);
}

#[test]
fn steps_that_cannot_be_made_are_the_reason_of_every_failure() {
    let (ends, told, _) = run(&[Operator::Step(1)], b"wrong", Vec::new());
    assert_eq!((ends.0.len(), ends.1.len()), (0, 60));
    assert!(ends.1.iter().all(|(_, why)| why == "the setup is wrong"), "{:?}", ends.1[0]);
    assert_eq!(told.lock().unwrap().len(), 60);
}
