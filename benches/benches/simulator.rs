//! Tasks per second of the simulator, all statistics on, beside a bare binary heap.
//!
//! `mm16` is an M/M/16 queue under `fifo`; `spread_10000` is 10,000 nodes of 4 slots at 90 % load
//! under `load_aware_spread`. Both go the general path: `RunSetup`, the drive loop, the
//! recorder. `bare_heap` holds the same arrivals and services in one `BinaryHeap` of
//! departures and measures nothing: the floor for any event list of comparison keys.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pipeline::model::{
    Arrivals, ClusterSetup, Operator, Priorities, Purpose, Sampler, ServiceLaw, Stage, Streams,
    Workload,
};
use pipeline::{Control, Recording, RunSetup, run_sim};
use sched_core::{ClusterSpec, GroupSet, Registry, Resources, Span, Time};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::io::Sink;
use std::time::Duration;

const TASKS: u64 = 200_000;
const MEAN: Span = Span::from_millis(100);

fn setup(nodes: u32, slots: u32, load: f64) -> RunSetup {
    let spec = ClusterSpec::uniform(nodes, slots).expect("a valid cluster");
    let stage = Stage {
        name: "work".to_owned(),
        service: ServiceLaw::Exponential { mean: MEAN },
        demand: Resources::milli_cpu(Resources::MILLI_PER_SLOT),
        on: GroupSet::ALL,
        operator: Operator::Emulate,
    };
    let workload = Workload {
        tasks: TASKS,
        warmup: 0,
        arrivals: Arrivals::Load(load),
        priorities: Priorities::default(),
        stages: vec![stage],
    };
    RunSetup::new(ClusterSetup::of_equal_speed(spec), workload, 1)
}

fn simulate(setup: &RunSetup, policy: &str) -> u64 {
    let stages = &setup.workload.stages;
    let scheduler = Registry::builtin().build(policy, &setup.cluster.spec);
    let shape = Recording::<Sink>::shape(&setup.cluster, stages).expect("distinct names");
    let mut recording: Recording<'_, Sink> = Recording::new(shape, stages, None);
    let mut scheduler = scheduler.expect("a built-in policy");
    run_sim(setup, &mut *scheduler, &mut recording, &Control::new()).expect("a run");
    recording.finish().0.successful_tasks()
}

/// `servers` servers at this load: arrivals wait for the earliest departure. Nothing is recorded.
fn bare_heap(servers: usize, load: f64) -> Time {
    let service = Sampler::new(&ServiceLaw::Exponential { mean: MEAN });
    let gap = Span::from_secs_f64(MEAN.as_secs_f64() / (servers as f64 * load));
    let gaps = Sampler::new(&ServiceLaw::Exponential { mean: gap });
    let mut free: BinaryHeap<Reverse<Time>> = vec![Reverse(Time::ZERO); servers].into();
    let arrivals = Streams::new(1, Purpose::Arrival);
    let services = Streams::new(1, Purpose::Service);
    let mut now = Time::ZERO;
    for task in 0..TASKS {
        now = now + gaps.sample(&mut arrivals.stream(task, 0));
        let Some(Reverse(at)) = free.pop() else { continue };
        let took = service.sample(&mut services.stream(task, 0));
        free.push(Reverse(at.max(now) + took));
    }
    now
}

fn simulator(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("simulator");
    group.throughput(Throughput::Elements(TASKS));
    group.bench_function("bare_heap", |b| b.iter(|| bare_heap(black_box(16), 0.8)));
    for (name, policy, setup) in [
        ("mm16", "fifo", setup(16, 1, 0.8)),
        ("spread_10000", "load_aware_spread", setup(10_000, 4, 0.9)),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| assert_eq!(simulate(&setup, policy), TASKS));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5))
        .sample_size(10);
    targets = simulator
}
criterion_main!(benches);
