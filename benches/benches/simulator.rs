//! Tasks per second of the simulator, all statistics on, beside a bare binary heap.
//!
//! `mm16` is an M/M/16 queue under `fifo`; `spread_10000` is 10,000 nodes of 4 slots at 90 % load
//! under `load_aware_spread`; `bare_heap` is the floor. See `benches::simulated`.

use benches::simulated::{Simulated, bare_heap};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

const TASKS: u64 = 200_000;

fn simulator(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("simulator");
    group.throughput(Throughput::Elements(TASKS));
    group.bench_function("bare_heap", |b| b.iter(|| bare_heap(TASKS, black_box(16), 0.8)));
    for (name, simulated) in
        [("mm16", Simulated::mm16(TASKS)), ("spread_10000", Simulated::spread_10000(TASKS))]
    {
        group.bench_function(name, |b| {
            b.iter(|| assert_eq!(simulated.run(1), TASKS));
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
