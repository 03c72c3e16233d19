//! How accurate emulated service times are on this machine, and what that costs.
//!
//! `cargo run --release -p pipeline --example timer_accuracy`
//!
//! Each row keeps 1,000 (or fewer) constant calls in flight, started at even distances, so that they
//! end one by one. The error of a call is its measured execution less the time it should have
//! taken. The thread that times them spins for at most 50 µs before an end; with ends
//! closer than that, it takes a whole core.

use pipeline::model::{Arrivals, ClusterSetup, Operator, Priorities, ServiceLaw, Stage, Workload};
use pipeline::{CallTimes, Control, Failure, Observer, RunSetup, TaskEnd, run_local};
use sched_core::{ClusterSpec, GroupSet, Registry, Resources, Span};
use std::error::Error;

struct Errors {
    service: Span,
    ns: Vec<u64>,
}

impl Observer for Errors {
    fn task_succeeded(&mut self, _: &TaskEnd<'_>) {}
    fn task_failed(&mut self, _: &TaskEnd<'_>, _: &Failure) {}
    fn call_finished(&mut self, _: u32, call: &CallTimes) {
        self.ns.push((call.execution() - self.service).as_nanos());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("in flight    ends/s   p50 µs   p90 µs   p99 µs   max µs  timer CPU  arrival lag µs");
    for (in_flight, ends_per_sec) in [(1, 100), (100, 4_000), (1_000, 10_000), (1_000, 50_000)] {
        measure(in_flight, ends_per_sec)?;
    }
    Ok(())
}

fn measure(in_flight: u32, ends_per_sec: u32) -> Result<(), Box<dyn Error>> {
    let service = Span::from_secs_f64(f64::from(in_flight) / f64::from(ends_per_sec));
    let cluster = ClusterSpec::uniform(1, 2 * in_flight)?;
    let mut scheduler = Registry::builtin().build("fifo", &cluster)?;
    let tasks = u64::from(ends_per_sec) * 4;
    let stage = Stage {
        name: "wait".into(),
        service: ServiceLaw::Constant(service),
        demand: Resources::milli_cpu(1000),
        on: GroupSet::ALL,
        operator: Operator::Emulate,
    };
    let workload = Workload {
        tasks,
        warmup: tasks / 8,
        arrivals: Arrivals::Uniform { rate: f64::from(ends_per_sec) },
        priorities: Priorities::default(),
        stages: vec![stage],
    };
    let setup = RunSetup::new(ClusterSetup::of_equal_speed(cluster), workload, 1);
    let mut errors = Errors { service, ns: Vec::new() };
    let outcome = run_local(&setup, &mut *scheduler, &mut errors, &Control::new())?;
    errors.ns.sort_unstable();
    let at = |q: f64| errors.ns[((errors.ns.len() - 1) as f64 * q) as usize] as f64 / 1e3;
    let cpu = outcome.timer.and_then(|timer| timer.share()).unwrap_or(f64::NAN);
    println!(
        "{in_flight:>9} {ends_per_sec:>9} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>9.0}% {:>15.1}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
        cpu * 100.0,
        outcome.lag.mean().unwrap_or_default().as_nanos() as f64 / 1e3,
    );
    Ok(())
}
