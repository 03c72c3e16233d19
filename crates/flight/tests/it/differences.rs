//! Replay, comparison and observation of runs that a person can follow.

use crate::support::{SEED, policy};
use flight::{Comparison, FinishedCall, Header, Log, Observed, Placed, Recorder};
use flight::{Unfinished, compare, observe, replay};
use sched_core::{
    ClusterSpec, Decision, Event, NodeId, PolicySpec, Registry, Resources, Scheduler, Span,
    StaleView, Task, TaskId, Time, View,
};

fn ms(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

fn id(index: u64) -> TaskId {
    TaskId { index, stage: 0 }
}

fn submit(index: u64, at: u64) -> Event {
    Event::Submit(Task::new(id(index), ms(at), Resources::milli_cpu(1000)))
}

fn finished(index: u64, node: u32) -> Event {
    Event::Finished { task: id(index), node: NodeId(node) }
}

/// What a policy makes of these facts on nodes of one slot, recorded.
fn log(policy: &PolicySpec, nodes: u32, facts: &[(u64, Event)]) -> Vec<u8> {
    let policy = Registry::builtin().resolve(policy).unwrap();
    let cluster = ClusterSpec::uniform(nodes, 1).unwrap();
    let header = Header::of(&policy, &cluster, SEED, "");
    let mut bytes = Vec::new();
    let inner = policy.build(&cluster, SEED);
    let mut recorder = Recorder::new(inner, &mut bytes, &header).unwrap();
    let mut decisions = Vec::new();
    for (at, (instant, event)) in facts.iter().enumerate() {
        recorder.on_event(ms(*instant), *event);
        if facts.get(at + 1).is_none_or(|(next, _)| next > instant) {
            recorder.poll(ms(*instant), &mut decisions);
        }
    }
    recorder.finish().1.unwrap();
    bytes
}

fn compared(bytes: &[u8], other: &str, nodes: u32) -> Comparison {
    let cluster = ClusterSpec::uniform(nodes, 1).unwrap();
    let mut other = policy(other).build(&cluster, SEED);
    compare(&mut Log::open(bytes).unwrap(), &mut other, 10).unwrap()
}

fn assign(task: u64, node: u32) -> Decision {
    Decision::Assign { task: id(task), node: NodeId(node) }
}

#[test]
fn the_first_difference_is_told_with_its_place() {
    // First fit puts 2 on node 0, which is free again; round robin goes on to node 2.
    let facts = [(0, submit(0, 0)), (1, submit(1, 1)), (5, finished(0, 0)), (5, submit(2, 5))];
    let bytes = log(&PolicySpec::named("fifo"), 3, &facts);
    let mut other = policy("round_robin").build(&ClusterSpec::uniform(3, 1).unwrap(), SEED);
    let replayed = replay(&mut Log::open(&bytes[..]).unwrap(), &mut other).unwrap();
    assert_eq!((replayed.decisions, replayed.events, replayed.polls), (2, 4, 3));
    assert_eq!(
        replayed.difference.unwrap().to_string(),
        "at 5ms, poll 3, decision 1: recorded `2.0 -> node-0`, now `2.0 -> node-2`"
    );
}

#[test]
fn one_decision_more_or_less_is_a_difference() {
    // One node: late binding keeps 1 back until 0 is done, early binding sends it at once.
    let facts = [(0, submit(0, 0)), (0, submit(1, 0)), (5, finished(0, 0))];
    let (late, early) = (PolicySpec::named("fifo"), PolicySpec::named("round_robin"));
    let difference = |recorded: &PolicySpec, other: &str| {
        let bytes = log(recorded, 1, &facts);
        let mut other = policy(other).build(&ClusterSpec::uniform(1, 1).unwrap(), SEED);
        replay(&mut Log::open(&bytes[..]).unwrap(), &mut other).unwrap().difference.unwrap()
    };
    let more = "at 0s, poll 1, decision 2: recorded nothing more, now `1.0 -> node-0`";
    assert_eq!(difference(&late, "round_robin").to_string(), more);
    let less = "at 0s, poll 1, decision 2: recorded `1.0 -> node-0`, now nothing more";
    assert_eq!(difference(&early, "fifo").to_string(), less);
}

#[test]
fn another_policy_is_told_of_finishes_where_it_put_the_calls() {
    // Recorded, first fit:  0 → n0, 1 → n1, 0 ends, 2 → n0, 2 ends at n0, 3 → n0.
    // Round robin:          0 → n0, 1 → n1,         2 → n2, ends there,   3 → n0.
    let facts = [
        (0, submit(0, 0)),
        (1, submit(1, 1)),
        (5, finished(0, 0)),
        (5, submit(2, 5)),
        (9, finished(2, 0)),
        (9, submit(3, 9)),
    ];
    let bytes = log(&PolicySpec::named("fifo"), 3, &facts);
    let told = compared(&bytes, "round_robin", 3);
    assert_eq!((told.same, told.other_node, told.different()), (3, 1, 1));
    assert_eq!(told.first[0].recorded, Some((ms(5), assign(2, 0))));
    assert_eq!(told.first[0].other, Some((ms(5), assign(2, 2))));
    let placed = |recorded, other| Placed { recorded, other };
    assert_eq!(told.nodes, [placed(3, 2), placed(1, 1), placed(0, 1)]);
    // Spread takes, of the idle nodes, the one that has been idle for longest: for 2 that is n2, idle
    // from the start. For 3 it is n0, idle since 5 ms, only because 2 ended at n2, at 9 ms.
    let spread = compared(&bytes, "load_aware_spread", 3);
    assert_eq!(spread.first[0].other, Some((ms(5), assign(2, 2))));
    assert_eq!((spread.same, spread.other_node), (3, 1));
}

#[test]
fn a_finish_before_the_placement_is_made_up_for() {
    // Recorded, early: both at once on the one node. Late binding holds 1 back until 0 ends; 1's
    // own recorded end comes at 9 ms, when it is placed already. 3 is over at 20 ms in the
    // record, while it waits for 2 here; it is placed when 2 ends, and over at the next instant.
    let facts = [
        (0, submit(0, 0)),
        (0, submit(1, 0)),
        (5, finished(0, 0)),
        (9, finished(1, 0)),
        (10, submit(2, 10)),
        (10, submit(3, 10)),
        (20, finished(3, 0)), // a host that let 3 overtake
        (25, finished(2, 0)),
        (30, submit(4, 30)),
    ];
    let bytes = log(&PolicySpec::named("round_robin"), 1, &facts);
    let told = compared(&bytes, "fifo", 1);
    assert_eq!((told.same, told.other_instant, told.early_finishes), (3, 2, 1));
    assert_eq!(told.first[0].other, Some((ms(5), assign(1, 0))));
    assert_eq!(told.first[1].other, Some((ms(25), assign(3, 0))));
    assert_eq!(told.different(), 2); // 4 finds the node free at 30 ms in both
}

#[test]
fn a_lost_node_takes_the_calls_that_each_has_there() {
    // First fit: 0 → n0, 1 → n1; 0 ends; 2 → n0. Round robin has 2 on n2. Node 0 is lost: in the record 2 comes back and goes to n2, here it stays there.
    let facts = [
        (0, submit(0, 0)),
        (1, submit(1, 1)),
        (5, finished(0, 0)),
        (5, submit(2, 5)),
        (7, Event::NodeDown(NodeId(0))),
        (
            7,
            Event::Submit(Task {
                attempt: 2,
                ..Task::new(id(2), ms(5), Resources::milli_cpu(1000))
            }),
        ),
        (9, finished(2, 2)),
        (10, submit(3, 10)),
    ];
    let bytes = log(&PolicySpec::named("fifo"), 3, &facts);
    let told = compared(&bytes, "round_robin", 3);
    // Next in turn after n2 is n0, which is down, then n1: 3 queues there, early as it binds. First
    // fit has n2 free. So 2 and 3 differ, and the second placement of 2 is the record's alone.
    assert_eq!((told.other_node, told.only_recorded, told.lost_by_one), (2, 1, 1));
    assert_eq!(told.first[1].recorded, Some((ms(10), assign(3, 2))));
    assert_eq!(told.first[1].other, Some((ms(10), assign(3, 1))));

    // The other way round: first fit has nothing on n2 when it is lost, round robin has 2.
    let facts = [
        (0, submit(0, 0)),
        (5, finished(0, 0)),
        (5, submit(1, 5)),
        (7, Event::NodeDown(NodeId(1))),
        (9, finished(1, 0)),
        (10, submit(2, 10)),
    ];
    let bytes = log(&PolicySpec::named("fifo"), 3, &facts);
    let told = compared(&bytes, "round_robin", 3);
    // 1: n0 in the record; here n1, lost, then n2: decided on twice, the second time alone.
    assert_eq!((told.other_node, told.only_other, told.lost_by_one), (1, 1, 1));
    assert_eq!((told.same, told.nodes[2].other), (2, 1));
}

#[test]
fn a_policy_compared_with_itself_does_not_differ() {
    use sched_core::testkit::history::random;
    for policy in crate::support::policies() {
        for seed in 0..100 {
            let history = random(seed);
            let (bytes, ..) = crate::support::record(&policy, &history);
            let mut again = policy.build(&history.spec, SEED);
            let told = compare(&mut Log::open(&bytes[..]).unwrap(), &mut again, 3).unwrap();
            assert_eq!(told.different(), 0, "{} on {seed}: {:?}", policy.name(), told.first);
            assert_eq!((told.early_finishes, told.lost_by_one), (0, 0));
        }
    }
}

#[test]
fn starts_follow_from_assigns_and_finishes() {
    // One slot, early binding: 1 starts when 0 ends; 2 is never finished, 3 waits for nothing.
    let facts = [
        (0, submit(0, 0)),
        (2, submit(1, 2)),
        (5, finished(0, 0)),
        (6, submit(2, 6)),
        (9, finished(1, 0)),
        (12, Event::NodeDrain(NodeId(0))),
        (13, submit(3, 13)),
    ];
    let bytes = log(&PolicySpec::named("round_robin"), 1, &facts);
    let mut seen = Vec::new();
    let rest = observe(&mut Log::open(&bytes[..]).unwrap(), |it| seen.push(it)).unwrap();
    let call = |index, submit, started, finish| {
        Observed::Finished(FinishedCall {
            task: Task::new(id(index), ms(submit), Resources::milli_cpu(1000)),
            told: ms(submit),
            node: NodeId(0),
            assigned: ms(submit),
            started: ms(started),
            finished: ms(finish),
        })
    };
    let drain = Observed::Node { at: ms(12), event: Event::NodeDrain(NodeId(0)) };
    assert_eq!(seen, [call(0, 0, 0, 5), call(1, 2, 5, 9), drain]);
    let Observed::Finished(second) = seen[1] else { panic!() };
    assert_eq!(second.service(), Span::from_millis(4));
    assert_eq!(rest, Unfinished { waiting: 1, on_nodes: 1, rejected: 0 });
}

/// Two nodes of a slot, first fit bound late, a refresh every 10 ms. node-1 is lost at 2; 1 is sent
/// there at 3 all the same and comes back at once. The policy hears of it at 10, and of the end of
/// 0, at 12, only at 20: then 1 goes to node-0. node-1 is back at 13, so 2 goes there at 21.
#[test]
fn a_call_that_was_sent_to_a_lost_node_comes_back_in_a_log_too() {
    let view = View::new(Span::from_millis(10), true).unwrap();
    let cluster = ClusterSpec::uniform(2, 1).unwrap();
    let policy = policy("fifo");
    let header = Header::of(&policy, &cluster, SEED, "").with_view(Some(view));
    let build = || StaleView::new(view, policy.build(&cluster, SEED));
    let (mut bytes, mut decisions) = (Vec::new(), Vec::new());
    let mut recorder = Recorder::new(build(), &mut bytes, &header).unwrap();
    let facts = [
        (1, Some(submit(0, 1))),
        (2, Some(Event::NodeDown(NodeId(1)))),
        (3, Some(submit(1, 3))),
        (3, Some(submit(1, 3))),
        (10, None),
        (12, Some(finished(0, 0))),
        (13, Some(Event::NodeUp(NodeId(1)))),
        (20, None),
        (21, Some(submit(2, 21))),
        (25, Some(finished(1, 0))),
        (28, Some(finished(2, 1))),
    ];
    for (instant, event) in facts {
        event.into_iter().for_each(|event| recorder.on_event(ms(instant), event));
        recorder.poll(ms(instant), &mut decisions);
    }
    recorder.finish().1.unwrap();
    assert_eq!(decisions, [assign(0, 0), assign(1, 1), assign(1, 0), assign(2, 1)]);

    let same = compare(&mut Log::open(&bytes[..]).unwrap(), &mut build(), 10).unwrap();
    assert_eq!((same.same, same.different(), same.lost_by_one), (4, 0, 0));
    let mut times = Vec::new();
    let rest = observe(&mut Log::open(&bytes[..]).unwrap(), |seen| {
        if let Observed::Finished(call) = seen {
            times.push((call.task.id, call.node, call.assigned, call.started, call.finished));
        }
    });
    assert_eq!(rest.unwrap(), Unfinished::default());
    let (a, b) = (NodeId(0), NodeId(1));
    let expected = [
        (id(0), a, ms(1), ms(1), ms(12)),
        (id(1), a, ms(20), ms(20), ms(25)),
        (id(2), b, ms(21), ms(21), ms(28)), // 1, which came back from there, holds nothing
    ];
    assert_eq!(times, expected);
}
