//! On one thread every policy decides as its sequential scheduler does, decision by decision.
//!
//! Both are told one random history of calls, finishes, losses, drains and returns; calls that find no
//! node wait in both. The sequential scheduler shares no line with the counters.

use sched_core::rng::Rng;
use sched_core::{
    ClusterSpec, Decision, Event, Group, GroupSet, Level, NodeId, PolicySpec, Registry, Resources,
    Scheduler, TaskId, Time,
};
use sched_shared::{Call, Method, Placing, Refusal, Seat, Shared};
use std::collections::BTreeMap;

/// A history told to both.
struct Both<'a> {
    shared: &'a Shared,
    sequential: Box<dyn Scheduler>,
    waiting: BTreeMap<u64, Placing<&'a Shared>>,
    seats: Vec<(u64, Seat<&'a Shared>)>,
    calls: u64,
    decisions: usize,
}

impl<'a> Both<'a> {
    fn call(&mut self, call: Call, at: u64) {
        let number = self.calls;
        self.calls += 1;
        let mut task =
            sched_core::Task::new(TaskId { index: number, stage: 0 }, call.ready, call.demand);
        (task.on, task.priority) = (call.on, call.priority);
        self.sequential.on_event(Time::from_nanos(at), Event::Submit(task));
        self.waiting.insert(number, self.shared.place(&call));
        self.compare(at);
    }

    fn finish(&mut self, nth: usize, at: u64) {
        let (number, seat) = self.seats.swap_remove(nth);
        let (task, node) = (TaskId { index: number, stage: 0 }, seat.node());
        self.sequential.on_event(Time::from_nanos(at), Event::Finished { task, node });
        seat.done();
        self.compare(at);
    }

    fn churn(&mut self, node: NodeId, kind: u64, at: u64) {
        let (event, change): (_, fn(&Shared, NodeId)) = match kind {
            0 => (Event::NodeDown(node), Shared::node_down),
            1 => (Event::NodeDrain(node), Shared::node_drain),
            _ => (Event::NodeUp(node), Shared::node_up),
        };
        self.sequential.on_event(Time::from_nanos(at), event);
        change(self.shared, node);
        self.compare(at);
    }

    /// The same calls have got the same nodes, and the others wait.
    fn compare(&mut self, at: u64) {
        let mut decisions = Vec::new();
        self.sequential.poll(Time::from_nanos(at), &mut decisions);
        for decision in decisions {
            self.decisions += 1;
            let number = match decision {
                Decision::Assign { task, .. } | Decision::Reject { task, .. } => task.index,
                other => panic!("{other:?}"),
            };
            let placing = self.waiting.remove(&number).expect("decided once");
            let answer =
                placing.try_now().unwrap_or_else(|_| panic!("{decision} at {at}, it waits"));
            match (decision, answer) {
                (Decision::Assign { node, .. }, Ok(seat)) => {
                    assert_eq!(seat.node(), node, "call {number} at {at}");
                    self.seats.push((number, seat));
                }
                (Decision::Reject { reason, .. }, Err(Refusal::Never(why))) => {
                    assert_eq!(why, reason);
                }
                (decision, answer) => panic!("{decision}, but {answer:?}"),
            }
        }
        for (number, placing) in std::mem::take(&mut self.waiting) {
            let waits = placing.try_now();
            let placing =
                waits.expect_err(&format!("call {number} waits in the scheduler at {at}"));
            self.waiting.insert(number, placing);
        }
    }
}

fn clusters() -> Vec<ClusterSpec> {
    let group = |name: &str, count, slots| Group::of_slots(name, count, slots);
    vec![
        ClusterSpec::uniform(1, 1).unwrap(),
        ClusterSpec::uniform(5, 2).unwrap(),
        ClusterSpec::new(vec![group("a", 3, 4), group("b", 4, 1), group("c", 1, 70)]).unwrap(),
        ClusterSpec::uniform(40, 1).unwrap(),
    ]
}

fn compare(policy: &PolicySpec, cluster: &ClusterSpec, seed: u64) -> usize {
    let policy = Registry::builtin().resolve(policy).unwrap();
    let shared = Shared::new(&policy, cluster, seed);
    let sequential = policy.build(cluster, seed);
    let (waiting, seats) = (BTreeMap::new(), Vec::new());
    let mut both = Both { shared: &shared, sequential, waiting, seats, calls: 0, decisions: 0 };
    let mut rng = Rng::new(seed);
    for at in 0..400 {
        match rng.below(10) {
            0 => {
                let node = NodeId(rng.below(cluster.node_count() as u64) as u32);
                both.churn(node, rng.below(4), at);
            }
            1..=5 => {
                let mut call = Call::new(Resources::milli_cpu(250 * rng.below(7) as u32));
                if rng.below(3) == 0 {
                    call.on = GroupSet::from_bits(rng.below(8));
                }
                call.priority = Level::new(rng.below(10) as u8).unwrap();
                call.ready = Time::from_nanos(at);
                both.call(call, at);
            }
            _ if both.seats.is_empty() => {}
            _ => both.finish(rng.below(both.seats.len() as u64) as usize, at),
        }
    }
    both.decisions
}

fn everywhere(policy: &str) {
    let mut decisions = 0;
    for bind in ["late", "early"] {
        for cluster in clusters() {
            for seed in 0..30 {
                let policy = PolicySpec::named(policy).with("bind", bind);
                decisions += compare(&policy, &cluster, seed);
            }
        }
    }
    assert!(decisions > 10_000, "{decisions} decisions are no comparison");
}

#[test]
fn round_robin() {
    everywhere("round_robin");
}

#[test]
fn random() {
    everywhere("random");
}

#[test]
fn power_of_two() {
    everywhere("power_of_two");
}

#[test]
fn what_goes_through_the_combiner() {
    for policy in ["fifo", "load_aware_spread", "load_aware_pack", "priority"] {
        everywhere(policy);
    }
}

#[test]
fn the_way_follows_from_policy_and_cluster() {
    let way = |policy: &str, cluster: &ClusterSpec| {
        let policy = Registry::builtin().resolve(&PolicySpec::named(policy)).unwrap();
        Shared::new(&policy, cluster, 0).method()
    };
    let plain = ClusterSpec::uniform(2, 2).unwrap();
    for policy in Registry::builtin().names() {
        let unordered = ["round_robin", "random", "power_of_two"].contains(&policy);
        let expected = if unordered { Method::Counters } else { Method::Combiner };
        assert_eq!(way(policy, &plain), expected, "{policy}");
    }
    let mut group = Group::of_slots("gpu", 2, 2);
    group.capacity = group.capacity.with_milli_gpu(1000);
    assert_eq!(way("random", &ClusterSpec::new(vec![group]).unwrap()), Method::Combiner);
}
