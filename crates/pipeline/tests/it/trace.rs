//! Recorded tasks through the loop: each has its own arrival, time, demand and priority.

use crate::support::scheduler;
use crate::support::{Log, setup, stage};
use metrics::report::RunConfig;
use metrics::{Fold, RunFacts};
use pipeline::model::{Arrivals, Overrides, ServiceLaw, Trace, TraceSource, Values};
use pipeline::{Control, Recording, RunError, RunSetup, run_local, run_sim};
use sched_core::{ClusterSpec, Group, GroupSet, Level, Resources, Span, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

const MIB: u64 = 1 << 20;

fn ms(ms: u64) -> Span {
    Span::from_millis(ms)
}

fn trace(arrivals_ms: &[u64], overrides: Overrides) -> Arrivals {
    let source = TraceSource { format: String::new(), path: "jobs.csv".into(), speedup: 1.0 };
    let arrivals = arrivals_ms.iter().map(|&at| Time::ZERO + ms(at)).collect();
    Arrivals::Trace(Arc::new(Trace::new(source, arrivals, overrides).unwrap()))
}

fn column(times_ms: &[u64]) -> ServiceLaw {
    let spans = times_ms.iter().map(|&time| ms(time)).collect();
    ServiceLaw::Trace(Arc::new(Values::new("service_s", spans).unwrap()))
}

fn simulate(setup: &RunSetup, policy: &str, bind: &str) -> Log {
    let mut log = Log::default();
    let mut scheduler = scheduler(policy, bind, &setup.cluster.spec);
    run_sim(setup, &mut *scheduler, &mut log, &Control::new()).unwrap();
    log.tasks.sort_by_key(|task| task.index);
    log
}

/// Start and end of each task's call at a stage, in ms, and the node.
fn calls(log: &Log, stage: usize) -> Vec<(u64, u64, u32)> {
    let whole = |at: Time| {
        let ns = at.as_nanos();
        assert_eq!(ns % 1_000_000, 0);
        ns / 1_000_000
    };
    let call = |task: &crate::support::Ended| {
        let call = &task.calls[stage];
        (whole(call.started), whole(call.ended), call.node.0)
    };
    log.tasks.iter().map(call).collect()
}

/// What a report says of a run besides its numbers: nothing, here.
fn facts() -> RunFacts {
    let config = RunConfig {
        experiment: String::new(),
        part: String::new(),
        configuration: String::new(),
        policy: String::new(),
        bind: String::new(),
        parameters: BTreeMap::new(),
        environment: String::new(),
        work: String::new(),
        pipeline: String::new(),
        stages: 1,
        nodes: 1,
        parallelism: 1,
        tasks: 1,
        view: None,
        arrivals: String::new(),
    };
    RunFacts { partial: false, notes: Vec::new(), config, open_arrivals: false }
}

#[test]
fn rows_bring_their_times_and_their_cores() {
    let cluster = ClusterSpec::uniform(1, 2).unwrap();
    let overrides = Overrides { cpu: Some(vec![2000, 500, 1500, 500]), ..Overrides::default() };
    let mut work = stage("work", 99);
    work.service = column(&[10, 20, 30, 40]);
    let run = setup(cluster, 4, trace(&[0, 0, 5, 5], overrides), vec![work]);
    let log = simulate(&run, "fifo", "late");
    // The first fills the node; when it ends, 0.5 + 1.5 cores fit, and 0.5 more when 1 ends.
    assert_eq!(calls(&log, 0), [(0, 10, 0), (10, 30, 0), (10, 40, 0), (30, 70, 0)]);
    let cores: Vec<u32> = log.tasks.iter().map(|task| task.calls[0].cpu).collect();
    assert_eq!(cores, [2000, 500, 1500, 500]);

    // 2·10 + 0.5·20 + 1.5·30 + 0.5·40 = 95 slot-ms of the 2·70 that there were.
    let stages = &run.workload.stages;
    let shape = Recording::<Vec<u8>>::shape(&run.cluster, stages).unwrap();
    let mut recording = Recording::<Vec<u8>>::new(shape.clone(), stages, None);
    let mut fifo = scheduler("fifo", "late", &run.cluster.spec);
    run_sim(&run, &mut *fifo, &mut recording, &Control::new()).unwrap();
    let mut fold = Fold::new(shape);
    fold.add(&recording.finish().0).unwrap();
    let used = fold.finish(facts()).node_utilization.unwrap();
    assert!((used - 95.0 / 140.0).abs() < 1e-12, "{used}");
}

#[test]
fn each_stage_has_its_own_column_or_its_own_law() {
    let cluster = ClusterSpec::uniform(1, 1).unwrap();
    let mut second = stage("second", 99);
    second.service = column(&[4, 8]);
    let arrivals = trace(&[0, 100], Overrides::default());
    let log =
        simulate(&setup(cluster, 2, arrivals, vec![stage("first", 3), second]), "fifo", "late");
    assert_eq!(calls(&log, 0), [(0, 3, 0), (100, 103, 0)]);
    assert_eq!(calls(&log, 1), [(3, 7, 0), (103, 111, 0)]);
}

#[test]
fn rows_bring_their_urgency() {
    let level = |n| Level::new(n).unwrap();
    let priority = Some(vec![level(5), level(0), level(9), level(3)]);
    let overrides = Overrides { priority, ..Overrides::default() };
    let cluster = ClusterSpec::uniform(1, 1).unwrap();
    let run = setup(cluster, 4, trace(&[0, 1, 2, 3], overrides), vec![stage("work", 10)]);
    let log = simulate(&run, "priority", "late");
    let levels: Vec<u8> = log.tasks.iter().map(|task| task.priority.get()).collect();
    assert_eq!(levels, [5, 0, 9, 3]);
    // When the first ends, the most urgent is next, not the first to come.
    assert_eq!(calls(&log, 0), [(0, 10, 0), (30, 40, 0), (10, 20, 0), (20, 30, 0)]);
}

#[test]
fn memory_and_gpus_choose_the_node() {
    let capacity = |memory, gpu| Resources::slots(4).with_memory(memory).with_milli_gpu(gpu);
    let group = |name: &str, capacity| Group { capacity, ..Group::of_slots(name, 1, 4) };
    let groups =
        vec![group("small", capacity(8 * MIB, 0)), group("large", capacity(64 * MIB, 1000))];
    let overrides = Overrides {
        memory: Some(vec![8 * MIB, 9 * MIB, MIB, MIB]),
        gpu: Some(vec![0, 0, 500, 0]),
        ..Overrides::default()
    };
    let arrivals = trace(&[0, 0, 0, 20], overrides);
    let cluster = ClusterSpec::new(groups).unwrap();
    let run = setup(cluster.clone(), 4, arrivals.clone(), vec![stage("work", 10)]);
    let nodes: Vec<u32> =
        calls(&simulate(&run, "fifo", "late"), 0).iter().map(|call| call.2).collect();
    assert_eq!(nodes, [0, 1, 1, 0]);

    // A row that no node can ever run is found before anything runs, in whichever time.
    let mut only_small = stage("work", 10);
    only_small.on = GroupSet::only(0);
    let run = setup(cluster, 4, arrivals, vec![stage("any", 1), only_small]);
    let mut log = Log::default();
    let mut fifo = scheduler("fifo", "late", &run.cluster.spec);
    for outcome in [
        run_sim(&run, &mut *fifo, &mut log, &Control::new()),
        run_local(&run, &mut *fifo, &mut log, &Control::new()),
    ] {
        match outcome {
            Err(RunError::Setup(why)) => {
                assert!(why.starts_with("task 1 of the trace `jobs.csv` asks for"), "{why}");
                assert!(why.contains("`work`"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(log.tasks.is_empty());
}

#[test]
fn real_time_replays_rows_too() {
    let cluster = ClusterSpec::uniform(2, 1).unwrap();
    let mut work = stage("work", 99);
    work.service = column(&[8, 1, 4]);
    let run = setup(cluster, 3, trace(&[0, 3, 6], Overrides::default()), vec![work]);
    let mut log = Log::default();
    let mut fifo = scheduler("fifo", "late", &run.cluster.spec);
    run_local(&run, &mut *fifo, &mut log, &Control::new()).unwrap();
    log.tasks.sort_by_key(|task| task.index);
    for (task, (arrival, service)) in log.tasks.iter().zip([(0, 8), (3, 1), (6, 4)]) {
        assert_eq!(task.intended, Time::ZERO + ms(arrival));
        assert!(task.calls[0].execution() >= ms(service), "{task:?}");
    }
}

#[test]
fn a_column_of_times_that_is_too_short_is_refused() {
    let mut work = stage("work", 1);
    work.service = column(&[1, 2]);
    let run = setup(ClusterSpec::uniform(1, 1).unwrap(), 3, Arrivals::Batch, vec![work]);
    let mut fifo = scheduler("fifo", "late", &run.cluster.spec);
    let error = run_sim(&run, &mut *fifo, &mut Log::default(), &Control::new()).unwrap_err();
    assert!(error.to_string().contains("`service_s` of stage `work` has 2 values"), "{error}");
}
