//! Stages that pass data on, in this process.

use pipeline::model::{Arrivals, CallContext, Luggage, MAX_DATA, SharedSteps, Stepped, Steps};
use pipeline::model::{ClusterSetup, Operator, Priorities, ServiceLaw, Stage, Workload};
use pipeline::{Control, Failure, Observer, RunError, RunSetup, TaskEnd, run_local, run_sim};
use sched_core::{ClusterSpec, GroupSet, NodeId, Registry, Resources, Span, TaskId};
use std::sync::{Arc, Mutex};

/// Appends the number of each step; fails task 3 at step 1, panics in task 4, and bloats in task 5.
struct Append(Arc<Mutex<Vec<(TaskId, Stepped)>>>);

impl Steps for Append {
    fn first(&self, index: u64) -> Vec<u8> {
        vec![index as u8]
    }

    fn run(&self, number: u8, call: &CallContext, data: &[u8]) -> Stepped {
        assert_eq!(data[0], call.task.index as u8);
        if number == 1 {
            match call.task.index {
                3 => return Stepped { data: b"!".to_vec(), failure: Some("three".into()) },
                4 => panic!("four"),
                5 => return Stepped { data: vec![5; MAX_DATA + 1], failure: None },
                _ => {}
            }
        }
        Stepped { data: [data, &[number]].concat(), failure: None }
    }

    fn ended(&self, task: TaskId, end: &Stepped) {
        self.0.lock().unwrap().push((task, end.clone()));
    }

    fn setup(&self) -> Vec<u8> {
        Vec::new()
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

fn stage(name: &str, operator: Operator) -> Stage {
    let service = ServiceLaw::Constant(Span::from_micros(10));
    let (demand, on) = (Resources::slots(1), GroupSet::ALL);
    Stage { name: name.into(), service, demand, on, operator }
}

fn setup() -> RunSetup {
    let spec = ClusterSpec::uniform(2, 2).unwrap();
    let stages = [Operator::Step(0), Operator::Emulate, Operator::Step(1), Operator::Step(7)];
    let names = ["a", "b", "c", "d"];
    let stages = names.iter().zip(stages).map(|(name, operator)| stage(name, operator));
    let workload = Workload {
        tasks: 50,
        warmup: 0,
        arrivals: Arrivals::Closed { in_flight: 8 },
        priorities: Priorities::default(),
        stages: stages.collect(),
    };
    RunSetup::new(ClusterSetup::of_equal_speed(spec), workload, 1)
}

#[test]
fn data_goes_from_step_to_step_past_other_stages() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut setup = setup();
    setup.steps = Some(SharedSteps::new(Append(Arc::clone(&told))));
    let mut scheduler = Registry::builtin().build("fifo", &setup.cluster.spec).unwrap();
    let mut ends = Ends::default();
    run_local(&setup, &mut *scheduler, &mut ends, &Control::default()).unwrap();
    assert_eq!(ends.0.len(), 47);
    ends.1.sort_unstable();
    let too_much = format!("a step left more than {MAX_DATA} bytes");
    assert_eq!(ends.1, [(3, "three".into()), (4, "panic: four".into()), (5, too_much)]);

    let told = told.lock().unwrap();
    let of = |index, stage| {
        let mut of = told.iter().filter(|(task, _)| *task == TaskId { index, stage });
        (of.next().map(|(_, end)| end.clone()), of.next().is_none())
    };
    for index in (0..50).filter(|index| ![3, 4, 5].contains(index)) {
        let i = index as u8;
        for (stage, data) in [(0, vec![i, 0]), (2, vec![i, 0, 1]), (3, vec![i, 0, 1, 7])] {
            assert_eq!(of(index, stage), (Some(Stepped { data, failure: None }), true));
        }
        assert_eq!(of(index, 1).0, None);
    }
    let failed = Stepped { data: b"!".to_vec(), failure: Some("three".into()) };
    assert_eq!((of(3, 2), of(3, 3).0), ((Some(failed), true), None));
}

#[test]
fn steps_are_refused_where_there_are_none_and_in_virtual_time() {
    let mut setup = setup();
    let mut scheduler = Registry::builtin().build("fifo", &setup.cluster.spec).unwrap();
    let local = run_local(&setup, &mut *scheduler, &mut Ends::default(), &Control::default());
    let Err(RunError::Setup(what)) = local else { panic!("{local:?}") };
    assert_eq!(what, "stage `a` is a step, and this run has no steps");
    setup.steps = Some(SharedSteps::new(Append(Arc::default())));
    let sim = run_sim(&setup, &mut *scheduler, &mut Ends::default(), &Control::default());
    assert!(matches!(sim, Err(RunError::Setup(_))), "{sim:?}");
}

#[test]
fn what_is_carried_is_kept_until_the_last_step_or_a_failure() {
    let setup = setup();
    let steps = SharedSteps::new(Append(Arc::default()));
    let luggage = Luggage::new(Some(&steps), &setup.workload.stages).unwrap();
    let task = |stage| TaskId { index: 9, stage };
    let left = |data: &[u8], failure: Option<&str>| Stepped {
        data: data.to_vec(),
        failure: failure.map(str::to_owned),
    };
    assert_eq!(luggage.of(task(0)), [9]);
    assert_eq!(luggage.ended(task(0), left(b"x", None)), None);
    assert_eq!((luggage.of(task(2)), luggage.of(task(2))), (b"x".to_vec(), b"x".to_vec()));
    assert_eq!(luggage.ended(task(3), left(b"y", None)), None);
    assert_eq!(luggage.of(task(0)), [9]); // forgotten
    luggage.ended(task(0), left(b"x", None));
    assert_eq!(luggage.ended(task(2), left(b"y", Some("why"))), Some("why".into()));
    assert_eq!(luggage.of(task(0)), [9]);
    assert!(Luggage::new(Some(&steps), &[stage("e", Operator::Emulate)]).is_none());
    let call = CallContext { task: task(0), node: NodeId(0), attempt: 1, service: Span::ZERO };
    assert_eq!(luggage.carry_out(0, &call), None);
    assert_eq!(luggage.of(task(2)), [9, 0]);
}
