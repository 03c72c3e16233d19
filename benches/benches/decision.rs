//! Nanoseconds per decision: submit, decide and finish of one call, for every policy.
//!
//! `decision/uncongested` has half of the slots busy; `decision/100k_waiting` has every slot busy
//! and 100,000 calls waiting. Both through `&mut dyn Scheduler`, with each policy's own binding, at
//! three sizes of cluster: a cost that grew with nodes or calls would show between rows.
//! `baseline` is the least loaded node by a linear scan, place and done, in the same run.

use benches::{SLOTS, Steady};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sched_core::Registry;
use std::hint::black_box;
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

fn linear_scan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision/baseline");
    for nodes in SIZES {
        let mut busy: Vec<u32> = (0..nodes).map(|node| node % SLOTS).collect();
        group.bench_function(BenchmarkId::new("linear_scan", nodes), |b| {
            b.iter(|| {
                let least = (0..busy.len()).min_by_key(|&node| busy[node]).unwrap_or(0);
                busy[least] += 1;
                busy[black_box(least)] -= 1;
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30);
    targets = uncongested, congested, linear_scan
}
criterion_main!(benches);
