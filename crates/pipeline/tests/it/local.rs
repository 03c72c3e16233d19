//! The executor of real time: operators that fail, panic, block and burn; stopping; the report.

use crate::support::{Log, setup, stage};
use metrics::LatencyCsv;
use pipeline::model::{Arrivals, CustomOperator, Operator, Stage};
use pipeline::{Control, Recording, RunSetup, run_local};
use sched_core::{ClusterSpec, NodeId, Registry, Span};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

fn custom<F>(name: &str, code: F) -> Stage
where
    F: Fn(&pipeline::model::CallContext) -> Result<(), String> + Send + Sync + 'static,
{
    Stage { operator: Operator::Custom(CustomOperator::new(code)), ..stage(name, 0) }
}

fn run(setup: &RunSetup) -> Log {
    let mut log = Log::default();
    let mut fifo = Registry::builtin().build("fifo", &setup.cluster.spec).unwrap();
    run_local(setup, &mut *fifo, &mut log, &Control::new()).unwrap();
    log
}

fn two_by_two(tasks: u64, stages: Vec<Stage>) -> RunSetup {
    setup(ClusterSpec::uniform(2, 2).unwrap(), tasks, Arrivals::Closed { in_flight: 8 }, stages)
}

#[test]
fn failures_and_panics_fail_their_task_and_nothing_else() {
    let moody = custom("moody", |call| match call.task.index % 10 {
        3 => Err(format!("bad item {}", call.task.index)),
        7 => panic!("item {} is unlucky", call.task.index),
        _ => Ok(()),
    });
    let log = run(&two_by_two(40, vec![stage("before", 1), moody, stage("after", 1)]));
    let expected: Vec<(u64, String)> = (0..40)
        .filter_map(|i| match i % 10 {
            3 => Some((i, format!("bad item {i}"))),
            7 => Some((i, format!("panic: item {i} is unlucky"))),
            _ => None,
        })
        .collect();
    assert_eq!(log.failures(), expected);
    assert_eq!(log.tasks.len(), 40);
    for task in &log.tasks {
        assert_eq!(task.calls.len(), if task.failure.is_some() { 2 } else { 3 });
    }
}

#[test]
fn an_operator_is_told_its_call_and_runs_on_another_thread() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let here = thread::current().id();
    let note = {
        let seen = Arc::clone(&seen);
        custom("note", move |call| {
            assert_ne!(thread::current().id(), here);
            seen.lock().unwrap().push(*call);
            Ok(())
        })
    };
    let note = Stage { service: stage("", 3).service, ..note };
    let mut setup = two_by_two(12, vec![stage("before", 0), note]);
    setup.cluster.speeds = vec![0.5];
    let log = run(&setup);
    assert_eq!(log.failures(), []);
    let mut seen = seen.lock().unwrap();
    seen.sort_by_key(|call| call.task);
    let mut tasks = log.tasks;
    tasks.sort_by_key(|task| task.index);
    assert_eq!(seen.len(), 12);
    for (call, task) in seen.iter().zip(&tasks) {
        assert_eq!((call.task.index, call.task.stage, call.attempt), (task.index, 1, 1));
        assert_eq!(call.node, task.calls[1].node);
        assert_eq!(call.service, Span::from_millis(6), "3 ms at speed 0.5");
    }
}

#[test]
fn a_node_runs_as_many_computing_calls_at_once_as_it_has_slots() {
    // Four calls that wait for each other: with fewer than four at once this would not end.
    let barrier = Arc::new(std::sync::Barrier::new(4));
    let meet = custom("meet", move |_| {
        barrier.wait();
        Ok(())
    });
    let log = run(&two_by_two(40, vec![meet]));
    assert_eq!(log.tasks.len(), 40);
    assert!([0, 1].iter().all(|n| log.calls.iter().any(|(_, call)| call.node == NodeId(*n))));
}

#[test]
fn more_rounds_burn_more() {
    let burn =
        |name: &str, rounds| Stage { operator: Operator::Compute { rounds }, ..stage(name, 0) };
    let log = run(&two_by_two(20, vec![burn("little", 200), burn("much", 20_000)]));
    let median = |stage: u32| {
        let of_stage = log.calls.iter().filter(|(s, _)| *s == stage);
        let mut spans: Vec<Span> = of_stage.map(|(_, call)| call.execution()).collect();
        spans.sort_unstable();
        spans[spans.len() / 2]
    };
    // A hundred times the work; the rest of the factor is left to a busy machine.
    assert!(median(1).as_nanos() > 10 * median(0).as_nanos(), "{} {}", median(0), median(1));
}

#[test]
fn a_run_can_be_stopped_while_its_operators_block() {
    let (release, blocked) = mpsc::channel::<()>();
    let (entered, has_entered) = mpsc::channel();
    let gate = Mutex::new((blocked, entered));
    let block = custom("block", move |_| {
        let gate = gate.lock().unwrap();
        gate.1.send(()).unwrap();
        let _ = gate.0.recv(); // until the test lets go
        Ok(())
    });
    let control = Arc::new(Control::new());
    let stopper = {
        let control = Arc::clone(&control);
        thread::spawn(move || {
            has_entered.recv().unwrap();
            control.stop();
        })
    };
    let setup = two_by_two(10, vec![block]);
    let mut fifo = Registry::builtin().build("fifo", &setup.cluster.spec).unwrap();
    let outcome = run_local(&setup, &mut *fifo, &mut Log::default(), &control).unwrap();
    stopper.join().unwrap();
    assert!(outcome.partial);
    assert_eq!((outcome.ended, outcome.unfinished), (0, 8));
    drop(release);
}

#[test]
fn a_run_stopped_before_it_starts_does_nothing() {
    let control = Control::new();
    control.stop();
    let setup = two_by_two(10, vec![stage("s", 1)]);
    let mut fifo = Registry::builtin().build("fifo", &setup.cluster.spec).unwrap();
    let outcome = run_local(&setup, &mut *fifo, &mut Log::default(), &control).unwrap();
    assert!(outcome.partial && outcome.ended == 0 && outcome.unfinished == 0);
}

#[test]
fn a_recording_counts_what_happened_and_its_rows_add_up() {
    let moody = custom("moody", |call| match call.task.index % 8 {
        5 => Err("five".into()),
        _ => Ok(()),
    });
    let mut setup = two_by_two(48, vec![stage("first", 1), moody]);
    setup.workload.warmup = 8;
    let stages = &setup.workload.stages;
    let shape = Recording::<Vec<u8>>::shape(&setup.cluster, stages).unwrap();
    let mut csv = LatencyCsv::new(Vec::new()).unwrap();
    let mut recording = Recording::new(shape, stages, Some((&mut csv, 3)));
    let mut fifo = Registry::builtin().build("fifo", &setup.cluster.spec).unwrap();
    let outcome = run_local(&setup, &mut *fifo, &mut recording, &Control::new()).unwrap();
    let (recorder, written) = recording.finish();
    written.unwrap();
    assert_eq!((recorder.successful_tasks(), recorder.failed_tasks()), (35, 5));
    assert_eq!(recorder.contradictions(), 0);
    let span = outcome.last_finish.unwrap().since(outcome.first_arrival.unwrap());
    assert_eq!(recorder.duration().unwrap().get(), span.as_nanos());
    assert!(outcome.timer.unwrap().share().is_none_or(|share| share > 0.0));

    let text = String::from_utf8(csv.finish().unwrap()).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 40);
    for row in rows {
        assert_eq!(row[0], "3");
        let ns = |column: usize| row[column].replace('.', "").parse::<u64>().unwrap(); // six decimals
        assert_eq!(ns(3), (4..8).map(ns).sum::<u64>(), "{row:?}");
        let index: u64 = row[1].parse().unwrap();
        assert_eq!(row[10], if index % 8 == 5 { "false" } else { "true" });
    }
}
