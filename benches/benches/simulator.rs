//! Tasks per second of the simulator, all statistics on, beside a bare binary heap.
//!
//! `mm16` is an M/M/16 queue under `fifo`; `spread_10000` is 10,000 nodes of 4 slots at 90 % load
//! under `load_aware_spread`; `bare_heap` is the floor. See `benches::simulated`. `mm16_two_threads` are
//! two repetitions at once, each on a thread: twice the tasks of `mm16`, on two idle cores in nearly
//! the same time. `record` is the recorder alone.

use benches::Recorded;
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
    let mm16 = Simulated::mm16(TASKS);
    group.throughput(Throughput::Elements(2 * TASKS));
    group.bench_function("mm16_two_threads", |b| {
        b.iter(|| {
            std::thread::scope(|scope| {
                [1, 2]
                    .map(|seed| {
                        scope.spawn({
                            let mm16 = &mm16;
                            move || mm16.run(seed)
                        })
                    })
                    .map(|run| run.join().ok())
            })
        });
    });
    group.throughput(Throughput::Elements(1));
    let mut recorded = Recorded::new();
    group.bench_function("record", |b| b.iter(|| recorded.task()));
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
