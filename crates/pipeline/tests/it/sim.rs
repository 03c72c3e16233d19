//! The executor of virtual time against the one on paper, and what only it can do.
//!
//! `paper` has its own node queues and event list. On equal runs the two must report the same
//! tasks with the same instants, to the nanosecond and in the same order, faults included.

use crate::paper::{Fault as Scripted, Paper};
use crate::support::{Log, setup, stage};
use crate::support::{mixed, scheduler};
use pipeline::model::{Arrivals, Fault, FaultKind, Faults, Priorities, ServiceLaw, Spontaneous};
use pipeline::{Control, Outcome, RunSetup, run_sim};
use sched_core::{ClusterSpec, Level, NodeId, Registry, Span, StaleView, Time, View};

fn at(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

fn simulate(setup: &RunSetup, policy: &str, bind: &str) -> (Log, Outcome) {
    let mut log = Log::default();
    let mut scheduler = scheduler(policy, bind, &setup.cluster.spec);
    let outcome = run_sim(setup, &mut *scheduler, &mut log, &Control::new()).unwrap();
    (log, outcome)
}

fn fault(ms: u64, node: u32, kind: FaultKind) -> Fault {
    Fault { at: at(ms), node: NodeId(node), kind }
}

#[test]
fn sim_and_paper_agree_to_the_nanosecond() {
    let script = [
        (2, Scripted::Down(1)),
        (3, Scripted::Drain(0)),
        (5, Scripted::Down(4)),
        (7, Scripted::Up(1)),
        (9, Scripted::Up(0)),
        (9, Scripted::Down(2)),
        (11, Scripted::Up(4)),
    ];
    let same = |&(ms, scripted): &(u64, Scripted)| match scripted {
        Scripted::Down(node) => fault(ms, node, FaultKind::Kill),
        Scripted::Up(node) => fault(ms, node, FaultKind::Restart),
        Scripted::Drain(node) => fault(ms, node, FaultKind::Drain),
    };
    let none: &[(u64, Scripted)] = &[];
    let view = |us, own| View::new(Span::from_micros(us), own);
    for (arrivals, view) in [
        (Arrivals::Closed { in_flight: 40 }, None),
        (Arrivals::Batch, None),
        (Arrivals::Poisson { rate: 20_000.0 }, None),
        (Arrivals::Uniform { rate: 10_000.0 }, None), // meets service times of whole 100 µs: many ties
        (Arrivals::Closed { in_flight: 40 }, view(300, false)),
        (Arrivals::Poisson { rate: 10_000.0 }, view(1_700, true)), // nodes are lost and back in between
        (Arrivals::Uniform { rate: 10_000.0 }, view(3_100, false)),
    ] {
        for script in [none, &script] {
            let mut setup = mixed(400, arrivals.clone());
            setup.workload.priorities =
                Priorities(vec![(Level::new(2).unwrap(), 0.7), (Level::new(8).unwrap(), 0.3)]);
            setup.faults.scheduled = script.iter().map(same).collect();
            for policy in Registry::builtin().names() {
                for bind in ["late", "early"] {
                    let scheduler =
                        || StaleView::over(scheduler(policy, bind, &setup.cluster.spec), view);
                    let (mut log, control) = (Log::default(), Control::new());
                    let outcome = run_sim(&setup, &mut *scheduler(), &mut log, &control).unwrap();
                    let mut paper_log = Log::default();
                    let mut scheduler = scheduler();
                    let paper = Paper::new(&setup.cluster, script);
                    paper.run(&setup, &mut *scheduler, &mut paper_log, &Control::new()).unwrap();
                    let faults = script.len();
                    let context = format!("{policy} {bind} {arrivals:?} {faults} faults {view:?}");
                    assert_eq!(outcome.ended, 400, "{context}");
                    assert_same(&log, &paper_log, &context);
                }
            }
        }
    }
}

/// All that is reported but the sampled cost of decisions, and where they first differ.
fn assert_same(one: &Log, other: &Log, context: &str) {
    let text = |log: &Log| {
        let tasks = log.tasks.iter().map(|task| format!("{task:?}"));
        let calls = log.calls.iter().map(|call| format!("{call:?}"));
        let mut retried = log.retried.clone();
        retried.sort_unstable(); // calls lost at one instant come back in no agreed order
        tasks.chain(calls).chain([format!("{retried:?} {:?}", log.nodes)]).collect()
    };
    let (one, other): (Vec<String>, Vec<String>) = (text(one), text(other));
    for (a, b) in one.iter().zip(&other) {
        assert_eq!(a, b, "{context}");
    }
    assert_eq!(one.len(), other.len(), "{context}");
}

#[test]
fn a_network_is_transfer_and_nothing_else() {
    // One node of one slot, two tasks at once, 10 ms each, 3 ms each way. Early binding sends
    // both at once: there at 3, run 3–13 and 13–23, back at 16 and 26.
    let cluster = ClusterSpec::uniform(1, 1).unwrap();
    let mut setup = setup(cluster, 2, Arrivals::Batch, vec![stage("work", 10)]);
    setup.cluster.network = ServiceLaw::Constant(Span::from_millis(3));
    let parts = |bind: &str| {
        let (log, _) = simulate(&setup, "fifo", bind);
        let ms = |span: Span| span.as_nanos() / 1_000_000;
        let calls = log.tasks.iter().map(|task| task.calls[0]);
        let all =
            calls.map(|c| [c.scheduling(), c.queueing(), c.execution(), c.transfer()].map(ms));
        let finished = log.tasks.iter().map(|task| task.finish).collect::<Vec<_>>();
        (all.collect::<Vec<_>>(), finished)
    };
    assert_eq!(parts("early"), (vec![[0, 0, 10, 6], [0, 10, 10, 6]], vec![at(16), at(26)]));
    // Late binding hears of the free slot only when the result is back: 16 and 32.
    assert_eq!(parts("late"), (vec![[0, 0, 10, 6], [16, 0, 10, 6]], vec![at(16), at(32)]));
}

#[test]
fn a_slow_node_slows_what_starts_afterwards() {
    let cluster = ClusterSpec::uniform(1, 1).unwrap();
    let mut setup = setup(cluster, 4, Arrivals::Batch, vec![stage("work", 10)]);
    let slow = |factor| FaultKind::Slow { factor };
    setup.faults.scheduled = vec![fault(5, 0, slow(4.0)), fault(55, 0, slow(1.0))];
    let (log, _) = simulate(&setup, "fifo", "late");
    // The first has started before; 10–50 and 50–90 are slow, the last runs 90–100.
    let finished: Vec<_> = log.tasks.iter().map(|task| task.finish).collect();
    assert_eq!(finished, [at(10), at(50), at(90), at(100)]);
}

#[test]
fn a_call_under_way_to_a_lost_node_comes_back() {
    // Sent to node-0 at 0, there at 3; node-0 is lost at 1, so the call has not started and is
    // the same attempt, on node-1 from 6 on: it turned at node-0's door at 3 and left at once.
    let cluster = ClusterSpec::uniform(2, 1).unwrap();
    let mut setup = setup(cluster, 1, Arrivals::Batch, vec![stage("work", 10)]);
    setup.cluster.network = ServiceLaw::Constant(Span::from_millis(3));
    setup.faults.scheduled = vec![fault(1, 0, FaultKind::Kill)];
    let (log, _) = simulate(&setup, "fifo", "late");
    let call = log.tasks[0].calls[0];
    assert_eq!((call.node, call.assign, call.arrived), (NodeId(1), at(3), at(6)));
    assert!(log.retried.is_empty());
}

#[test]
fn nodes_fail_by_themselves_and_nothing_is_lost() {
    let cluster = ClusterSpec::uniform(6, 2).unwrap();
    let mut setup =
        setup(cluster, 3000, Arrivals::Closed { in_flight: 20 }, vec![stage("work", 10)]);
    let spontaneous = Spontaneous { mtbf: Span::from_millis(300), mttr: Span::from_millis(60) };
    setup.faults = Faults { scheduled: Vec::new(), spontaneous: Some(spontaneous) };
    for policy in Registry::builtin().names() {
        let (log, outcome) = simulate(&setup, policy, "early");
        let mut indices: Vec<u64> = log.tasks.iter().map(|task| task.index).collect();
        indices.sort_unstable();
        assert!(indices.into_iter().eq(0..3000), "{policy}");
        assert_eq!((outcome.ended, outcome.unfinished), (3000, 0));
        assert!(!log.retried.is_empty(), "{policy}");
        // Each node fails once in mtbf + mttr on average, a renewal process with less spread than
        // Poisson's: the count is within 4 √mean.
        let last = log.tasks.iter().map(|task| task.finish).max().unwrap();
        let expected = 6.0 * last.since(Time::ZERO).as_secs_f64() / 0.360;
        let failures = log.nodes.iter().filter(|(_, up)| !up).count() as f64;
        assert!((failures - expected).abs() < 4.0 * expected.sqrt(), "{failures} of {expected}");
    }
}

#[test]
fn equal_seeds_give_equal_runs_and_others_do_not() {
    let run = |seed| {
        let mut setup = mixed(500, Arrivals::Poisson { rate: 9_000.0 });
        setup.seed = seed;
        let (log, _) = simulate(&setup, "power_of_two", "early");
        format!("{:?} {:?}", log.tasks, log.calls)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
