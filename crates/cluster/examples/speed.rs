//! What worker processes lose against the ideal, how fast they take calls, and how long one takes alone.
//!
//! `cargo run --release -p cluster --example speed`
//!
//! `-- --nothing` leaves the first part away, which takes minutes. First, three stages of constant 25 ms on full clusters: the ideal is slots ÷ 75 ms, and beside it is what
//! nodes inside this process reach, which on a busy machine is less too. Then calls that do nothing, on 4
//! processes: how many a second, and the round trip of one alone.

use cluster::{Launcher, Program, WORKER_ARGUMENT, no_steps, run_cluster, serve_parent};
use pipeline::model::Arrivals;
use pipeline::testkit::{setup, stage};
use pipeline::{CallTimes, Control, Failure, Observer, Outcome, TaskEnd, run_local};
use sched_core::{ClusterSpec, Registry, Span};
use std::error::Error;

#[derive(Default)]
struct Totals(Vec<u64>, Vec<u64>); // ns of whole calls, and of their transfer

impl Observer for Totals {
    fn task_succeeded(&mut self, _: &TaskEnd<'_>) {}
    fn task_failed(&mut self, _: &TaskEnd<'_>, _: &Failure) {}
    fn call_finished(&mut self, _: u32, call: &CallTimes) {
        self.0.push(call.total().as_nanos());
        self.1.push(call.transfer().as_nanos());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).is_some_and(|first| first == WORKER_ARGUMENT) {
        return Ok(serve_parent(no_steps)?);
    }
    if std::env::args().nth(1).is_none_or(|first| first != "--nothing") {
        three_stages()?;
    }
    for in_flight in [16, 64, 256, 1024] {
        let (_, outcome) = run("load_aware_spread", 4, in_flight, 100_000, 0, true)?;
        let rate = 3.0 * rate(100_000, &outcome);
        println!("calls that do nothing, 4 processes, {in_flight} in flight: {rate:.0} calls/s");
    }
    let (alone, _) = run("load_aware_spread", 4, 1, 10_000, 0, true)?;
    let at = |q: f64| quantile(alone.0.clone(), q);
    println!("one in flight: p50 {:.1} µs, p99 {:.1} µs", at(0.5), at(0.99));
    Ok(())
}

fn three_stages() -> Result<(), Box<dyn Error>> {
    println!(
        "policy               nodes  tasks/s  reached  in one process  transfer p50 µs  timer CPU"
    );
    for nodes in [1, 4, 8, 16] {
        for policy in ["fifo", "load_aware_spread"] {
            let tasks = u64::from(nodes) * 200;
            let of_ideal = |rate: f64| 100.0 * rate / (f64::from(nodes * 4) / 0.075);
            let here = run(policy, nodes, u64::from(nodes) * 8, tasks, 25, false)?.1;
            let (totals, outcome) = run(policy, nodes, u64::from(nodes) * 8, tasks, 25, true)?;
            let rate_here = rate(tasks, &here);
            let rate = rate(tasks, &outcome);
            println!(
                "{policy:<20} {nodes:>5} {rate:>8.1} {:>7.2}% {:>14.2}% {:>16.1} {:>9.0}%",
                of_ideal(rate),
                of_ideal(rate_here),
                quantile(totals.1, 0.5),
                100.0 * outcome.timer.and_then(|timer| timer.share()).unwrap_or(f64::NAN),
            );
        }
    }
    Ok(())
}

/// In microseconds.
fn quantile(mut ns: Vec<u64>, q: f64) -> f64 {
    ns.sort_unstable();
    ns[((ns.len() - 1) as f64 * q) as usize] as f64 / 1e3
}

fn rate(tasks: u64, outcome: &Outcome) -> f64 {
    let span = outcome.last_finish.zip(outcome.first_arrival).map(|(end, start)| end.since(start));
    tasks as f64 / span.unwrap_or(Span::ZERO).as_secs_f64()
}

fn run(
    policy: &str,
    nodes: u32,
    in_flight: u64,
    tasks: u64,
    ms: u64,
    processes: bool,
) -> Result<(Totals, Outcome), Box<dyn Error>> {
    let cluster = ClusterSpec::uniform(nodes, 4)?;
    let mut scheduler = Registry::builtin().build(policy, &cluster)?;
    let stages = ["a", "b", "c"].map(|name| stage(name, ms)).to_vec();
    let setup = setup(cluster, tasks, Arrivals::Closed { in_flight }, stages);
    let mut totals = Totals::default();
    if !processes {
        let outcome = run_local(&setup, &mut *scheduler, &mut totals, &Control::new())?;
        return Ok((totals, outcome));
    }
    let launcher = Launcher::Process(Program::this()?);
    let control = Control::new();
    let mut incidents = Vec::new();
    let outcome =
        run_cluster(&setup, &launcher, &mut *scheduler, &mut totals, &control, &mut incidents)?;
    for incident in incidents {
        eprintln!("{}: {}", incident.node, incident.what);
    }
    Ok((totals, outcome))
}
