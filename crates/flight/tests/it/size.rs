//! How large a log is, on a load like that of a service.

use crate::support::{SEED, policy};
use flight::{Header, Recorded, Recorder};
use sched_core::rng::Rng;
use sched_core::{
    ClusterSpec, Decision, Event, Level, NodeId, Resources, Scheduler, Span, Task, TaskId, Time,
};
use std::collections::BTreeMap;

/// Three stages of 1 s on average, Poisson arrivals at 80 %, two levels: times are to the nanosecond,
/// so nothing is short by luck.
fn run(name: &str, nodes: u32, tasks: u64) -> Recorded {
    let cluster = ClusterSpec::uniform(nodes, 4).unwrap();
    let policy = policy(name);
    let header = Header::of(&policy, &cluster, SEED, "");
    let mut bytes = Vec::new();
    let mut recorder = Recorder::new(policy.build(&cluster, SEED), &mut bytes, &header).unwrap();
    let mut rng = Rng::new(1);
    let mut exponential = |mean: f64| {
        let uniform = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        Span::from_secs_f64(-mean * (1.0 - uniform).ln())
    };
    let gap = 3.0 / (0.8 * f64::from(nodes) * 4.0);
    let mut agenda: BTreeMap<(Time, TaskId), Option<NodeId>> = BTreeMap::new();
    let first = TaskId { index: 0, stage: 0 };
    agenda.insert((Time::ZERO, first), None);
    let (mut running, mut queues) = (vec![0u32; nodes as usize], vec![Vec::new(); nodes as usize]);
    let mut decisions = Vec::new();
    while let Some(((now, id), node)) = agenda.pop_first() {
        let submit = |id: TaskId| {
            let level = if id.index.is_multiple_of(5) { 9 } else { 0 };
            let task = Task::new(id, now, Resources::milli_cpu(1000));
            Event::Submit(Task { priority: Level::new(level).unwrap(), ..task })
        };
        match node {
            None => {
                recorder.on_event(now, submit(id));
                let next = TaskId { index: id.index + 1, stage: 0 };
                if next.index < tasks {
                    agenda.insert((now + exponential(gap), next), None);
                }
            }
            Some(node) => {
                recorder.on_event(now, Event::Finished { task: id, node });
                if id.stage < 2 {
                    recorder.on_event(now, submit(TaskId { stage: id.stage + 1, ..id }));
                }
                if queues[node.index()].is_empty() {
                    running[node.index()] -= 1;
                } else {
                    let next = queues[node.index()].remove(0);
                    agenda.insert((now + exponential(1.0), next), Some(node));
                }
            }
        }
        recorder.poll(now, &mut decisions);
        for decision in decisions.drain(..) {
            let Decision::Assign { task, node } = decision else { panic!("{decision}") };
            if running[node.index()] < 4 {
                running[node.index()] += 1;
                agenda.insert((now + exponential(1.0), task), Some(node));
            } else {
                queues[node.index()].push(task);
            }
        }
    }
    let recorded = recorder.finish().1.unwrap();
    assert_eq!(recorded.events, 6 * tasks);
    assert_eq!(recorded.decisions, 3 * tasks);
    recorded
}

#[test]
fn an_event_takes_few_bytes() {
    for (name, nodes) in [("fifo", 4), ("load_aware_spread", 256), ("random", 4_000)] {
        let recorded = run(name, nodes, 5_000);
        let per_event = recorded.bytes as f64 / recorded.events as f64;
        let each = recorded.bytes as f64 / (recorded.events + recorded.decisions) as f64;
        println!(
            "{name}, {nodes} nodes: {per_event:.2} bytes per fact, {each:.2} per fact or decision"
        );
        assert!(per_event <= 12.0, "{per_event:.2} bytes per fact");
    }
}
