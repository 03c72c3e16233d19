//! Each property can fail: a scheduler with one deliberate fault is caught for it.
//!
//! The faults sit in a small scheduler that is right otherwise, so that a check which
//! finds nothing, or finds another fault first, fails the test. What is found is short.

use sched_core::policies::Arrival;
use sched_core::testkit::{Build, Check, Failure, Ledger, Property};
use sched_core::{
    Bind, Candidates, Checked, ClusterSpec, Decision, Event, GroupSet, Infeasible, NodeId,
    NodeState, Placement, Scheduler, Task, TaskId, Time,
};
use std::cell::Cell;

/// What the scheduler does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    None,
    OverCapacity,
    OverQueueLimit,
    LosesACall,
    PlacesTwice,
    InventsACall,
    Dawdles,
    CoinToss,
    JumpsTheQueue,
    UsesDownNodes,
    UsesDrainingNodes,
    IgnoresGroups,
    KeepsTheHopeless,
    RejectsTheLarge,
    TimesOutInThePast,
    Panics,
    DecidesAfterTheFinish,
}

/// Arrival order, first node that takes the call; right but for its fault.
struct FirstFit {
    ledger: Ledger,
    waiting: Vec<Task>,
    fault: Fault,
    done: Vec<TaskId>,
    coin: u64,
    now: Time,
}

impl FirstFit {
    fn takes(&self, task: &Task, node: NodeId, blocked: GroupSet) -> bool {
        let (ledger, fault) = (&self.ledger, self.fault);
        let group = ledger.group(node);
        if blocked.contains(group) {
            return false;
        }
        let state = match ledger.state(node) {
            NodeState::Up => true,
            NodeState::Down => fault == Fault::UsesDownNodes,
            NodeState::Draining => fault == Fault::UsesDrainingNodes,
        };
        let holds = match fault {
            Fault::IgnoresGroups => task.demand.fits(&ledger.spec().capacity(node)),
            _ => ledger.eligible(task).contains(group),
        };
        let room = match fault {
            Fault::OverCapacity => ledger.queued(node) == 0 && ledger.seats(node).len() < 2,
            Fault::OverQueueLimit => true,
            Fault::UsesDownNodes | Fault::UsesDrainingNodes => {
                ledger.queued(node) == 0 && ledger.has_free(node, &task.demand)
            }
            _ => ledger.can_start(node, &task.demand) || ledger.has_queue_room(node),
        };
        state && holds && room
    }

    fn is_hopeless(&self, task: &Task) -> bool {
        match self.fault {
            Fault::KeepsTheHopeless => false,
            Fault::RejectsTheLarge => self.ledger.live(self.ledger.eligible(task)).is_empty(),
            _ => self.ledger.eligible(task).is_empty(),
        }
    }
}

impl Scheduler for FirstFit {
    fn on_event(&mut self, now: Time, event: Event) {
        self.now = now;
        match event {
            Event::Submit(task) if self.fault == Fault::LosesACall && task.attempt > 1 => {}
            Event::Submit(task) => self.waiting.push(task),
            Event::Finished { task, node } => {
                self.ledger.finish(task, node);
                self.done.push(task);
            }
            Event::NodeUp(node) => self.ledger.up(node),
            Event::NodeDown(node) => drop(self.ledger.down(node)),
            Event::NodeDrain(node) => self.ledger.drain(node),
            _ => {}
        }
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        self.waiting.sort_by_key(|task| (task.submit, task.id));
        if self.fault == Fault::DecidesAfterTheFinish && now > Time::ZERO {
            let node = NodeId(0);
            out.extend(self.done.drain(..).map(|task| Decision::Assign { task, node }));
        }
        if self.fault == Fault::InventsACall && self.waiting.len() > 3 {
            let task = TaskId { index: 999, stage: 9 };
            out.push(Decision::Assign { task, node: NodeId(0) });
        }
        assert!(self.fault != Fault::Panics || self.waiting.len() < 4, "more than I can bear");
        let mut left = Vec::new();
        let mut blocked = GroupSet::NONE;
        for task in std::mem::take(&mut self.waiting) {
            if self.is_hopeless(&task) {
                let reason = Infeasible::NoGroup;
                out.push(Decision::Reject { task: task.id, reason });
                continue;
            }
            let mut nodes = self.ledger.nodes().filter(|node| self.takes(&task, *node, blocked));
            let node = match self.fault {
                Fault::CoinToss if self.coin % 2 == 1 => nodes.last(),
                Fault::Dawdles if self.ledger.nodes().any(|n| self.ledger.seats(n).len() > 2) => {
                    None
                }
                _ => nodes.next(),
            };
            let Some(node) = node else {
                if self.fault != Fault::JumpsTheQueue {
                    blocked = blocked.union(self.ledger.eligible(&task));
                }
                left.push(task);
                continue;
            };
            self.ledger.assign(task, node);
            out.push(Decision::Assign { task: task.id, node });
            if self.fault == Fault::PlacesTwice && task.id.index == 5 {
                out.push(Decision::Assign { task: task.id, node });
            }
        }
        self.waiting = left;
    }

    fn next_timeout(&self) -> Option<Time> {
        let too_early = self.fault == Fault::TimesOutInThePast && self.waiting.len() > 2;
        too_early.then_some(self.now)
    }
}

fn first_fit(spec: &ClusterSpec, bind: Bind, fault: Fault, coin: u64) -> FirstFit {
    let ledger = Ledger::new(spec, bind);
    FirstFit { ledger, waiting: Vec::new(), fault, done: Vec::new(), coin, now: Time::ZERO }
}

fn find_with(check: &Check, fault: Fault, bind: Bind) -> Result<(), Failure> {
    let coin = Cell::new(0);
    let build = |spec: &ClusterSpec| {
        coin.set(coin.get() + 1);
        Box::new(first_fit(spec, bind, fault, coin.get())) as Box<dyn Scheduler>
    };
    let build: &Build<'_> = &build;
    check.run(build, None)
}

fn find(fault: Fault, bind: Bind) -> Result<(), Failure> {
    find_with(&Check::new(bind).ordered_by(|_| 0).histories(100), fault, bind)
}

fn assert_found(found: Result<(), Failure>, property: Property, steps: usize) {
    let failure = found.expect_err("the fault was not found");
    assert_eq!(failure.property, property, "{failure}");
    assert!(failure.history.ops.len() <= steps, "in more than {steps} steps\n{failure}");
}

fn caught(fault: Fault, bind: Bind, property: Property, steps: usize) {
    assert_found(find(fault, bind), property, steps);
}

#[test]
fn the_scheduler_without_a_fault_passes() {
    for bind in [Bind::Late, Bind::Early] {
        assert_eq!(find(Fault::None, bind), Ok(()));
    }
}

#[test]
fn over_capacity() {
    caught(Fault::OverCapacity, Bind::Late, Property::Capacity, 2);
}

#[test]
fn over_the_queue_limit() {
    caught(Fault::OverQueueLimit, Bind::Early, Property::QueueLimit, 4);
}

#[test]
fn loses_a_call() {
    // A lost call is one that waits without need; where that is allowed, it shows in the end.
    let (fault, bind) = (Fault::LosesACall, Bind::Late);
    assert_found(find_with(&Check::new(bind), fault, bind), Property::WorkConserving, 3);
    assert_found(find_with(&Check::new(bind).holds_back(), fault, bind), Property::Placed, 3);
}

#[test]
fn places_twice() {
    caught(Fault::PlacesTwice, Bind::Late, Property::Once, 1);
    caught(Fault::DecidesAfterTheFinish, Bind::Late, Property::Once, 4);
    caught(Fault::InventsACall, Bind::Late, Property::Once, 5);
}

#[test]
fn not_work_conserving() {
    caught(Fault::Dawdles, Bind::Early, Property::WorkConserving, 5);
}

#[test]
fn not_deterministic() {
    caught(Fault::CoinToss, Bind::Late, Property::Deterministic, 1);
}

#[test]
fn jumps_the_queue() {
    caught(Fault::JumpsTheQueue, Bind::Late, Property::HeadOfLine, 3);
}

#[test]
fn assigns_to_nodes_that_take_no_calls() {
    caught(Fault::UsesDownNodes, Bind::Late, Property::Live, 2);
    caught(Fault::UsesDrainingNodes, Bind::Late, Property::Live, 2);
}

#[test]
fn mistakes_who_is_eligible() {
    caught(Fault::IgnoresGroups, Bind::Late, Property::Eligible, 1);
    caught(Fault::KeepsTheHopeless, Bind::Late, Property::Rejection, 1);
    caught(Fault::RejectsTheLarge, Bind::Late, Property::Rejection, 2);
}

#[test]
fn times_out_in_the_past() {
    caught(Fault::TimesOutInThePast, Bind::Late, Property::Timeout, 5);
}

#[test]
fn panics() {
    caught(Fault::Panics, Bind::Late, Property::NoPanic, 4);
}

#[test]
fn the_message_is_a_script_that_fails_again() {
    let failure = find(Fault::UsesDownNodes, Bind::Late).unwrap_err().to_string();
    for part in ["goes only to a node that is up", "cluster ", "down node-", "> "] {
        assert!(failure.contains(part), "{part} is not in\n{failure}");
    }
}

/// Always the same node, candidate or not.
struct Stubborn;

impl Placement for Stubborn {
    fn place(&mut self, _: &Task, _: &Candidates<'_>) -> Option<NodeId> {
        Some(NodeId(0))
    }
}

#[test]
#[should_panic(expected = "it reports no violation")]
fn a_placement_that_names_no_candidate_is_caught() {
    Check::new(Bind::Late).holds_back().halves(|| Arrival, || Stubborn);
}

/// The guard lets nothing illegal through and says so; it lets everything legal through.
#[test]
fn behind_the_guard_faults_are_reported_and_not_carried_out() {
    let guarded = |check: Check, fault, bind| {
        let build = |spec: &ClusterSpec| {
            let guarded = Checked::new(spec, bind, first_fit(spec, bind, fault, 0));
            Box::new(guarded) as Box<dyn Scheduler>
        };
        check.histories(100).run(&build, None)
    };
    for bind in [Bind::Late, Bind::Early] {
        assert_eq!(guarded(Check::new(bind).ordered_by(|_| 0), Fault::None, bind), Ok(()));
    }
    for (fault, bind, steps) in [
        (Fault::OverCapacity, Bind::Late, 2),
        (Fault::OverQueueLimit, Bind::Early, 4),
        (Fault::PlacesTwice, Bind::Late, 1),
        (Fault::DecidesAfterTheFinish, Bind::Late, 4),
        (Fault::InventsACall, Bind::Late, 5),
        (Fault::UsesDownNodes, Bind::Late, 2),
        (Fault::UsesDrainingNodes, Bind::Late, 2),
        (Fault::IgnoresGroups, Bind::Late, 1),
        (Fault::RejectsTheLarge, Bind::Late, 2),
    ] {
        assert_found(guarded(Check::new(bind).holds_back(), fault, bind), Property::Healthy, steps);
    }
}
