//! What the real-time executor loses against the ideal, and how fast it can dispatch.
//!
//! `cargo run --release -p pipeline --example throughput`
//!
//! First, constant calls of 25 ms on full clusters, under every policy: the ideal is slots ÷ 75 ms.
//! Then calls that do nothing: how many a second 64 slots pass on, and how long one takes alone.
//! Every call crosses to another thread and back.

use pipeline::model::{Arrivals, ClusterSetup, Operator, Priorities, ServiceLaw, Stage, Workload};
use pipeline::{CallTimes, Control, Failure, Observer, Outcome, RunSetup, TaskEnd, run_local};
use sched_core::{ClusterSpec, GroupSet, Registry, Resources, Span};
use std::error::Error;

#[derive(Default)]
struct Totals {
    ns: Vec<u64>,
    decisions: u64,
    decision_cost: Span,
}

impl Observer for Totals {
    fn task_succeeded(&mut self, _: &TaskEnd<'_>) {}
    fn task_failed(&mut self, _: &TaskEnd<'_>, _: &Failure) {}
    fn call_finished(&mut self, _: u32, call: &CallTimes) {
        self.ns.push(call.total().as_nanos());
    }
    fn decided(&mut self, cost: Span, decisions: u64) {
        self.decisions += decisions;
        self.decision_cost += cost;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("policy               nodes  tasks/s   ideal  reached  decision ns  timer CPU");
    for (nodes, in_flight, tasks) in [(4, 32, 2_000), (30, 240, 6_000)] {
        for policy in Registry::builtin().names() {
            let (totals, outcome) = run(policy, nodes, in_flight, tasks, Span::from_millis(25))?;
            let (rate, ideal) = (rate(tasks, &outcome), f64::from(nodes * 4) / 0.075);
            println!(
                "{policy:<20} {nodes:>5} {rate:>8.1} {ideal:>7.1} {:>7.2}% {:>12.0} {:>9.0}%",
                100.0 * rate / ideal,
                totals.decision_cost.as_nanos() as f64 / totals.decisions as f64,
                100.0 * outcome.timer.and_then(|timer| timer.share()).unwrap_or(f64::NAN),
            );
        }
    }
    let (_, outcome) = run("load_aware_spread", 16, 128, 500_000, Span::ZERO)?;
    println!("calls that do nothing, 64 slots: {:.0} calls/s", 3.0 * rate(500_000, &outcome));
    let (mut alone, _) = run("load_aware_spread", 16, 1, 20_000, Span::ZERO)?;
    alone.ns.sort_unstable();
    let at = |q: f64| alone.ns[((alone.ns.len() - 1) as f64 * q) as usize] as f64 / 1e3;
    println!("one in flight: p50 {:.1} µs, p99 {:.1} µs", at(0.5), at(0.99));
    Ok(())
}

fn rate(tasks: u64, outcome: &Outcome) -> f64 {
    let span = outcome.last_finish.zip(outcome.first_arrival).map(|(end, start)| end.since(start));
    tasks as f64 / span.unwrap_or_default().as_secs_f64()
}

fn run(
    policy: &str,
    nodes: u32,
    in_flight: u64,
    tasks: u64,
    service: Span,
) -> Result<(Totals, Outcome), Box<dyn Error>> {
    let cluster = ClusterSpec::uniform(nodes, 4)?;
    let mut scheduler = Registry::builtin().build(policy, &cluster)?;
    let stage = |name: &str| Stage {
        name: name.into(),
        service: ServiceLaw::Constant(service),
        demand: Resources::milli_cpu(1000),
        on: GroupSet::ALL,
        operator: Operator::Emulate,
    };
    let workload = Workload {
        tasks,
        warmup: 0,
        arrivals: Arrivals::Closed { in_flight },
        priorities: Priorities::default(),
        stages: vec![stage("a"), stage("b"), stage("c")],
    };
    let setup = RunSetup::new(ClusterSetup::of_equal_speed(cluster), workload, 1);
    let mut totals = Totals::default();
    let outcome = run_local(&setup, &mut *scheduler, &mut totals, &Control::new())?;
    Ok((totals, outcome))
}
