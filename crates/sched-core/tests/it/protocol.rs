//! What a host may say late, twice or about nobody, and what it must not cost.
//!
//! The paper host of the test kit is exact; a network is not.

use sched_core::{
    ClusterSpec, Decision, Event, Infeasible, NodeId, Registry, Resources, Scheduler, Task, TaskId,
    Time,
};

const A: NodeId = NodeId(0);

fn id(index: u64) -> TaskId {
    TaskId { index, stage: 0 }
}

fn call(index: u64) -> Event {
    Event::Submit(Task::new(id(index), Time::ZERO, Resources::milli_cpu(1000)))
}

fn decisions(scheduler: &mut dyn Scheduler, events: &[Event]) -> Vec<String> {
    let mut out = Vec::new();
    events.iter().for_each(|event| scheduler.on_event(Time::ZERO, *event));
    scheduler.poll(Time::ZERO, &mut out);
    out.iter().map(Decision::to_string).collect()
}

/// Runs `check` on a fresh scheduler of every built-in policy, on one node of one slot.
fn each(check: impl Fn(&mut dyn Scheduler)) {
    let cluster = ClusterSpec::uniform(1, 1).unwrap();
    for name in Registry::builtin().names() {
        let spec = sched_core::PolicySpec::named(name).with("bind", "late");
        check(&mut *Registry::builtin().resolve(&spec).unwrap().build(&cluster, 0));
    }
}

#[test]
fn a_finish_of_a_call_that_is_not_there_frees_nothing() {
    each(|scheduler| {
        assert_eq!(decisions(scheduler, &[call(0), call(1)]), ["0.0 -> node-0"]);
        let stale = [
            Event::Finished { task: id(1), node: A },         // waits
            Event::Finished { task: id(7), node: A },         // unknown
            Event::Finished { task: id(0), node: NodeId(9) }, // no such node
        ];
        assert_eq!(decisions(scheduler, &stale), [] as [&str; 0]);
        let done = Event::Finished { task: id(0), node: A };
        assert_eq!(decisions(scheduler, &[done, done]), ["1.0 -> node-0"]);
        assert_eq!(decisions(scheduler, &[done, call(2)]), [] as [&str; 0]);
    });
}

#[test]
fn a_finish_from_before_the_node_was_lost_frees_nothing() {
    each(|scheduler| {
        decisions(scheduler, &[call(0)]);
        let late = Event::Finished { task: id(0), node: A };
        let lost = [Event::NodeDown(A), call(0), late, Event::NodeUp(A), call(1)];
        assert_eq!(decisions(scheduler, &lost), ["0.0 -> node-0"]);
    });
}

#[test]
fn a_drain_does_not_revive_a_lost_node() {
    each(|scheduler| {
        let dead = [Event::NodeDown(A), Event::NodeDrain(A), Event::NodeDown(A), call(0)];
        assert_eq!(decisions(scheduler, &dead), [] as [&str; 0]);
        assert_eq!(decisions(scheduler, &[Event::NodeUp(A)]), ["0.0 -> node-0"]);
    });
}

#[test]
fn nodes_that_are_not_declared_are_passed_over() {
    each(|scheduler| {
        let nobody = NodeId(1);
        let news = [Event::NodeUp(nobody), Event::NodeDown(nobody), Event::NodeDrain(nobody)];
        assert_eq!(decisions(scheduler, &news), [] as [&str; 0]);
        assert_eq!(decisions(scheduler, &[call(0), call(1)]), ["0.0 -> node-0"]);
    });
}

#[test]
fn the_reason_of_a_rejection_names_what_would_have_done() {
    let reason =
        Infeasible::TooLarge { demand: Resources::milli_cpu(2000), largest: Resources::slots(1) };
    each(|scheduler| {
        let large = Task::new(id(0), Time::ZERO, Resources::milli_cpu(2000));
        scheduler.on_event(Time::ZERO, Event::Submit(large));
        let mut out = Vec::new();
        scheduler.poll(Time::ZERO, &mut out);
        assert_eq!(out, [Decision::Reject { task: id(0), reason }]);
        assert!(reason.to_string().contains("cpu 2"), "{reason}");
    });
}
