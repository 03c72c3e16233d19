//! Nanoseconds per decision: submit, decide and finish of one call, for every policy.
//!
//! `decision/uncongested` has half of the slots busy; `decision/100k_waiting` has every slot busy
//! and 100,000 calls waiting; `decision/vector` has 20 shapes of cpu, gpu and memory on 10,000 nodes
//! that are 90 % full. All through `&mut dyn Scheduler`, with each policy's own binding, the first two
//! at three sizes of cluster: a cost that grew with nodes or calls would show between rows.
//! `decision/place_and_done` is `load_aware_spread` without the engine beside a scan, a balanced
//! tree and a tournament tree. The bench `table` puts all of it side by side.

use benches::baseline::{Balanced, Counts, Least, Scan, Tournament};
use benches::{Alone, Steady, Vector};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use sched_core::{Bind, Registry};
use std::time::Duration;

const SIZES: [u32; 3] = [16, 1024, 10_000];

fn policies(criterion: &mut Criterion, name: &str, steady: impl Fn(&str, u32) -> Steady) {
    let mut group = criterion.benchmark_group(name);
    for policy in Registry::builtin().names() {
        for nodes in SIZES {
            let mut steady = steady(policy, nodes);
            group.bench_function(BenchmarkId::new(policy, nodes), |b| b.iter(|| steady.cycle()));
        }
    }
    group.finish();
}

fn uncongested(criterion: &mut Criterion) {
    policies(criterion, "decision/uncongested", Steady::half_full);
}

fn congested(criterion: &mut Criterion) {
    policies(criterion, "decision/100k_waiting", |policy, nodes| {
        Steady::congested(policy, nodes, 100_000)
    });
}

fn vector(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision/vector");
    for policy in ["load_aware_spread", "load_aware_pack"] {
        for bind in [Bind::Late, Bind::Early] {
            let mut vector = Vector::new(policy, bind, 10_000);
            group.bench_function(BenchmarkId::new(policy, bind), |b| b.iter(|| vector.cycle()));
        }
    }
    group.finish();
}

fn place_and_done(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision/place_and_done");
    for nodes in SIZES {
        let mut alone = Alone::spread(nodes);
        let id = BenchmarkId::new("load_aware_spread", nodes);
        group.bench_function(id, |b| b.iter(|| alone.cycle()));
        baseline::<Tournament>(&mut group, "tournament", nodes);
        baseline::<Balanced>(&mut group, "btree_set", nodes);
        baseline::<Scan>(&mut group, "linear_scan", nodes);
    }
    group.finish();
}

fn baseline<L: Least>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, nodes: u32) {
    let mut counts: Counts<L> = Counts::half_full(nodes);
    group.bench_function(BenchmarkId::new(name, nodes), |b| b.iter(|| counts.cycle()));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30);
    targets = uncongested, congested, vector, place_and_done
}
criterion_main!(benches);
