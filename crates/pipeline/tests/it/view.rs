//! Runs behind a stale view, each calculated by hand. Times are in ms.

use crate::support::{Log, setup, stage};
use pipeline::model::{Arrivals, Fault, FaultKind, ServiceLaw, Spontaneous};
use pipeline::testkit::{assert_capacity, mixed, scheduler};
use pipeline::{Control, Failure, RunSetup, run_sim};
use sched_core::{Bind, Checked, ClusterSpec, NodeId, Registry, Span, StaleView, Time, View};

fn at(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

fn run(setup: &RunSetup, policy: &str, bind: &str, refresh: u64, own: bool) -> Log {
    let view = View::new(Span::from_millis(refresh), own);
    let mut scheduler = StaleView::over(scheduler(policy, bind, &setup.cluster.spec), view);
    let mut log = Log::default();
    run_sim(setup, &mut *scheduler, &mut log, &Control::new()).unwrap();
    log.tasks.sort_by_key(|task| task.index);
    log
}

/// Of each task its node, and when it was assigned, started and finished.
fn calls(log: &Log) -> Vec<(u32, u64, u64, u64)> {
    let ms = |time: Time| time.as_nanos() / 1_000_000;
    let calls = log.tasks.iter().map(|task| &task.calls[0]);
    calls.map(|it| (it.node.0, ms(it.assign), ms(it.started), ms(it.finish))).collect()
}

fn work(nodes: u32, slots: u32, tasks: u64, arrivals: Arrivals, ms: u64) -> RunSetup {
    let cluster = ClusterSpec::uniform(nodes, slots).unwrap();
    setup(cluster, tasks, arrivals, vec![stage("work", ms)])
}

#[test]
fn a_slot_is_used_again_at_the_refresh_after_it_was_freed() {
    // D/D/1: ends at 10 are seen at 14, so that a call costs two intervals of 7.
    let log = run(&work(1, 1, 4, Arrivals::Batch, 10), "fifo", "late", 7, true);
    assert_eq!(calls(&log), [(0, 0, 0, 10), (0, 14, 14, 24), (0, 28, 28, 38), (0, 42, 42, 52)]);
    // Service of two whole intervals: an end at a refresh is seen at once.
    let log = run(&work(1, 1, 3, Arrivals::Batch, 10), "fifo", "late", 5, true);
    assert_eq!(calls(&log), [(0, 0, 0, 10), (0, 10, 10, 20), (0, 20, 20, 30)]);
    // One in 12, from 0 on: the first ends at 10, seen at 14, when the second has come at 12;
    // that ends at 24, when the third comes, and is seen at 28.
    let every = Arrivals::Uniform { rate: 1000.0 / 12.0 };
    let log = run(&work(1, 1, 3, every, 10), "fifo", "late", 7, true);
    let came: Vec<Time> = log.tasks.iter().map(|task| task.intended).collect();
    assert_eq!(came, [at(0), at(12), at(24)]);
    assert_eq!(calls(&log), [(0, 0, 0, 10), (0, 14, 14, 24), (0, 28, 28, 38)]);
}

#[test]
fn early_binding_does_not_wait_for_a_refresh() {
    // The queue is at the node, which knows when it is free.
    let log = run(&work(1, 1, 3, Arrivals::Batch, 10), "round_robin", "early", 7, true);
    assert_eq!(calls(&log), [(0, 0, 0, 10), (0, 0, 10, 20), (0, 0, 20, 30)]);
}

#[test]
fn blind_to_its_own_placements_a_policy_overfills_a_slot_though_nothing_may_queue() {
    // Two idle nodes; all of an interval go to the one that has been idle longest, whose one slot
    // takes them in turn, though late binding lets nothing queue.
    let log = run(&work(2, 1, 3, Arrivals::Batch, 10), "load_aware_spread", "late", 100, false);
    assert_eq!(calls(&log), [(0, 0, 0, 10), (0, 0, 10, 20), (0, 0, 20, 30)]);
    // Seeing them it uses both, and the third waits for the refresh.
    let log = run(&work(2, 1, 3, Arrivals::Batch, 10), "load_aware_spread", "late", 100, true);
    assert_eq!(calls(&log), [(0, 0, 0, 10), (1, 0, 0, 10), (0, 100, 100, 110)]);
}

#[test]
fn a_call_sent_to_a_node_that_is_down_comes_back_at_the_next_refresh() {
    // One call every 10 (0, 10, 20, …) of 8, first fit; a refresh every 25. node-0 is lost at 4 with call 0 and is
    // back at 60.
    let every = Arrivals::Uniform { rate: 100.0 };
    let mut setup = work(2, 1, 4, every, 8);
    let fault = |ms, kind| Fault { at: at(ms), node: NodeId(0), kind };
    setup.faults.scheduled = vec![fault(4, FaultKind::Kill), fault(60, FaultKind::Restart)];
    // node-0 looks busy with 0 until 25, so 1 goes to node-1 at 10 and 2, at 20, waits. At 25 node-0 is
    // seen down and node-1 free (1 ended at 18): 0 is first, to 33. The next look is at 50: 2, to 58.
    // 3, ready at 30, at 75, when node-0 is seen back: there.
    let log = run(&setup, "fifo", "late", 25, true);
    assert_eq!(calls(&log), [(1, 25, 25, 33), (1, 10, 10, 18), (1, 50, 50, 58), (0, 75, 75, 83)]);
    assert_eq!(log.retried.len(), 1);
    assert!(log.tasks.iter().all(|task| task.calls[0].submit == task.intended));

    // Blind to its own: 0, 1 and 2 all go to node-0, which looks idle until 25. 1 and 2 find it down and
    // are back at 25 together with 0. All three then go to node-1, which looks idle, and so does 3 at 30.
    let log = run(&setup, "fifo", "late", 25, false);
    let expected = [(1, 25, 25, 33), (1, 25, 33, 41), (1, 25, 41, 49), (1, 30, 49, 57)];
    assert_eq!(calls(&log), expected);
    assert_eq!(log.retried.len(), 1, "1 and 2 had not started: the same attempt");
}

#[test]
fn a_node_lost_and_back_between_two_refreshes_keeps_what_it_got_since() {
    // One node of two slots, lost at 4 with call 0 and back at 6; calls at 0, 10, 20, 30 of 100; a look
    // at 25. Call 1 gets the other slot at 10, when the node is up again. 2 and 3 wait: both slots
    // look taken. At 25 call 0 is seen to have left, and runs again; 1 still has its slot until 110,
    // seen at 125: then 2. 0 ends at 125, seen there: 3 goes too.
    let every = Arrivals::Uniform { rate: 100.0 };
    let mut setup = work(1, 2, 4, every, 100);
    let fault = |ms, kind| Fault { at: at(ms), node: NodeId(0), kind };
    setup.faults.scheduled = vec![fault(4, FaultKind::Kill), fault(6, FaultKind::Restart)];
    let log = run(&setup, "fifo", "late", 25, true);
    let expected = [(0, 25, 25, 125), (0, 10, 10, 110), (0, 125, 125, 225), (0, 125, 125, 225)];
    assert_eq!(calls(&log), expected);
}

#[test]
fn what_waits_for_nodes_that_never_return_fails_once_that_is_seen() {
    // Lost at 4 with call 0, and seen at 25: until then the node looks busy, and 1 waits for it.
    let mut setup = work(1, 1, 2, Arrivals::Batch, 10);
    setup.faults.scheduled = vec![Fault { at: at(4), node: NodeId(0), kind: FaultKind::Kill }];
    for own in [true, false] {
        let log = run(&setup, "fifo", "late", 25, own);
        assert_eq!(log.tasks.len(), 2);
        for task in &log.tasks {
            assert_eq!((&task.failure, task.finish), (&Some(Failure::NoNode), at(25)));
        }
    }
}

/// Nodes that fail and return, a network, three stages: whatever the view, each task ends once, and
/// no policy breaks a rule by what it can know.
#[test]
fn nothing_is_lost_or_doubled_where_all_comes_together() {
    let mut setup = mixed(600, Arrivals::Poisson { rate: 6_000.0 });
    setup.cluster.network = ServiceLaw::Exponential { mean: Span::from_micros(100) };
    let (mtbf, mttr) = (Span::from_millis(30), Span::from_millis(2));
    setup.faults.spontaneous = Some(Spontaneous { mtbf, mttr });
    let mut retried = 0;
    for policy in Registry::builtin().names() {
        for (bind, by) in [("late", Bind::Late), ("early", Bind::Early)] {
            for (us, own) in [(50, false), (700, true), (700, false), (9_000, true)] {
                let spec = &setup.cluster.spec;
                let checked = Checked::new(spec, by, scheduler(policy, bind, spec));
                let view = View::new(Span::from_micros(us), own);
                let mut scheduler = StaleView::over(Box::new(checked), view);
                let mut log = Log::default();
                let outcome = run_sim(&setup, &mut *scheduler, &mut log, &Control::new()).unwrap();
                assert_eq!((outcome.ended, outcome.unfinished), (600, 0));
                let mut ended: Vec<u64> = log.tasks.iter().map(|task| task.index).collect();
                ended.sort_unstable();
                assert!(ended.into_iter().eq(0..600), "{policy} {bind} {us} {own}");
                assert_eq!(log.failures(), []);
                spec.nodes().for_each(|node| assert_capacity(&setup, &log, node));
                retried += log.retried.len();
            }
        }
    }
    assert!(retried > 1_000, "{retried}: the faults hit nothing");
}

/// The shorter the interval, the less a view changes; refreshed at every instant it changes nothing.
#[test]
fn in_the_limit_of_no_interval_a_view_changes_nothing() {
    let mut setup = mixed(400, Arrivals::Poisson { rate: 10_000.0 });
    let fault = |ms, kind| Fault { at: at(ms), node: NodeId(1), kind };
    setup.faults.scheduled = vec![fault(5, FaultKind::Kill), fault(12, FaultKind::Restart)];
    for policy in Registry::builtin().names() {
        for bind in ["late", "early"] {
            let [fresh, at_every_instant, stale] = [None, Some(1), Some(1_700_000)].map(|ns| {
                let view = ns.and_then(|ns| View::new(Span::from_nanos(ns), true));
                let scheduler = scheduler(policy, bind, &setup.cluster.spec);
                let mut log = Log::default();
                let mut scheduler = StaleView::over(scheduler, view);
                run_sim(&setup, &mut *scheduler, &mut log, &Control::new()).unwrap();
                format!("{:?} {:?}", log.tasks, log.retried)
            });
            assert!(fresh == at_every_instant, "{policy} {bind}");
            assert!(fresh != stale, "{policy} {bind}: a view of 1.7 ms changes nothing");
        }
    }
}
