//! Place and done through one handle, on one thread and on two, beside baselines.
//!
//! Criterion's throughput is that of all threads together. The bench `table` has the same rows in turns,
//! by their fastest batches.

use benches::threads::rows;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

const NODES: u32 = 1024;

fn place_and_done(criterion: &mut Criterion) {
    for threads in [1_usize, 2] {
        let mut group = criterion.benchmark_group(format!("threads/{threads}"));
        group.throughput(Throughput::Elements(threads as u64));
        for (name, run) in rows(NODES) {
            group.bench_function(BenchmarkId::new(name, NODES), |bencher| {
                bencher.iter_custom(|cycles| run(threads, cycles));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30);
    targets = place_and_done
}
criterion_main!(benches);
