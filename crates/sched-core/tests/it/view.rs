//! Stale views: what is told when, by hand; and decisions beside two independent oracles.
//!
//! `Looking` knows nothing of facts that are held back: at every refresh it copies the nodes as
//! they truly are, and adds its own placements until the next. The naive scheduler inside of a
//! `StaleView` is the other, for policies that look at how long a node has been at its load, which no copy tells.

use sched_core::testkit::history;
use sched_core::testkit::op::{Op, Which};
use sched_core::testkit::oracle::{Choose, rules::Rules};
use sched_core::testkit::run::History;
use sched_core::testkit::{Check, Ledger, named_histories};
use sched_core::{
    Bind, Checked, ClusterSpec, Decision, Event, GroupSet, NodeId, NodeState, PolicySpec, Registry,
    Resources, Scheduler, Span, StaleView, Task, TaskId, Time, View,
};
use std::collections::BTreeMap;

const HISTORIES: u64 = 1_500;
const SEED: u64 = 11; // of policies that draw

fn at(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

fn id(index: u64) -> TaskId {
    TaskId { index, stage: 0 }
}

fn call(index: u64, ms: u64) -> Event {
    Event::Submit(Task::new(id(index), at(ms), Resources::milli_cpu(1000)))
}

/// Sends every call to the node that is its index modulo 10, and keeps what it was told, and when it was polled.
#[derive(Default)]
struct Spy {
    told: Vec<String>,
    waiting: Vec<TaskId>,
}

impl Scheduler for Spy {
    fn on_event(&mut self, now: Time, event: Event) {
        self.told.push(match event {
            Event::Submit(task) => format!("{now} submit {}, attempt {}", task.id, task.attempt),
            Event::Finished { task, node } => format!("{now} finished {task} on {node}"),
            Event::NodeUp(node) => format!("{now} up {node}"),
            Event::NodeDown(node) => format!("{now} down {node}"),
            Event::NodeDrain(node) => format!("{now} drain {node}"),
            other => format!("{now} {other:?}"),
        });
        if let Event::Submit(task) = event {
            self.waiting.push(task.id);
        }
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        self.told.push(format!("{now} poll"));
        for task in self.waiting.drain(..) {
            out.push(Decision::Assign { task, node: NodeId(task.index as u32 % 10) });
        }
    }
}

/// Tells the facts at their instants (ms), one poll per instant and one at every timeout between.
fn told(own: bool, facts: &[(u64, Event)], until: u64) -> Vec<String> {
    let view = View::new(Span::from_millis(10), own).unwrap();
    let mut scheduler = StaleView::new(view, Spy::default());
    let mut out = Vec::new();
    for ms in 0..until {
        let mut wake = scheduler.next_timeout().is_some_and(|due| due <= at(ms));
        for (_, event) in facts.iter().filter(|(when, _)| *when == ms) {
            scheduler.on_event(at(ms), *event);
            wake = true;
        }
        if wake {
            scheduler.poll(at(ms), &mut out);
            assert!(scheduler.next_timeout().is_none_or(|due| due > at(ms)));
        }
    }
    assert_eq!(scheduler.next_timeout(), None, "nothing is left to tell");
    scheduler.inner().told.clone()
}

#[test]
fn facts_wait_for_the_next_multiple_and_new_calls_do_not() {
    let finished = |index| Event::Finished { task: id(index), node: NodeId(index as u32) };
    let facts = [
        (3, call(1, 3)),
        (4, call(2, 4)),
        (5, finished(1)), // seen at 10
        (9, Event::NodeDrain(NodeId(7))),
        (12, call(3, 12)),
        (20, finished(2)), // at a refresh: seen at once
        (31, finished(3)), // nothing to see at 30: no poll there
    ];
    let expected = [
        "3ms submit 1.0, attempt 1",
        "3ms poll",
        "4ms submit 2.0, attempt 1",
        "4ms poll",
        "10ms finished 1.0 on node-1",
        "10ms drain node-7",
        "10ms poll",
        "12ms submit 3.0, attempt 1",
        "12ms poll",
        "20ms finished 2.0 on node-2",
        "20ms poll",
        "40ms finished 3.0 on node-3",
        "40ms poll",
    ];
    assert_eq!(told(true, &facts, 60), expected);
}

#[test]
fn a_refresh_is_one_look_at_the_first_poll_of_its_instant() {
    let view = View::new(Span::from_millis(10), true).unwrap();
    let mut scheduler = StaleView::new(view, Spy::default());
    let mut out = Vec::new();
    scheduler.on_event(at(20), call(1, 20));
    scheduler.poll(at(20), &mut out);
    // It took no time: it ended at the very instant, but after the look.
    scheduler.on_event(at(20), Event::Finished { task: id(1), node: NodeId(1) });
    scheduler.poll(at(20), &mut out);
    assert_eq!(scheduler.inner().told.len(), 2);
    assert_eq!(scheduler.next_timeout(), Some(at(30)));
}

#[test]
fn calls_of_a_lost_node_come_back_at_the_refresh() {
    let lost = |index, attempt| {
        let task = Task::new(id(index), at(1), Resources::milli_cpu(1000));
        Event::Submit(Task { attempt, ..task })
    };
    let facts = [
        (1, call(1, 1)),
        (3, Event::NodeDown(NodeId(1))),
        (3, lost(1, 2)),
        (5, call(11, 5)), // goes to node-1 all the same,
        (5, lost(11, 1)), // and comes back at once: seen at 10 as well
    ];
    let expected = [
        "1ms submit 1.0, attempt 1",
        "1ms poll",
        "5ms submit 11.0, attempt 1",
        "5ms poll",
        "10ms down node-1",
        "10ms submit 1.0, attempt 2",
        "10ms submit 11.0, attempt 1",
        "10ms poll",
    ];
    // In two turns of one instant, as a host has it.
    let (before, after) = facts.split_at(4);
    let view = View::new(Span::from_millis(10), true).unwrap();
    let mut scheduler = StaleView::new(view, Spy::default());
    for (ms, event) in before {
        scheduler.on_event(at(*ms), *event);
        scheduler.poll(at(*ms), &mut Vec::new());
    }
    for (ms, event) in after {
        scheduler.on_event(at(*ms), *event);
        scheduler.poll(at(*ms), &mut Vec::new());
    }
    scheduler.poll(at(10), &mut Vec::new());
    assert_eq!(scheduler.inner().told, expected);
}

#[test]
fn a_node_that_is_back_before_the_refresh_keeps_what_was_sent_there_since() {
    let again = Task { attempt: 2, ..Task::new(id(1), at(1), Resources::milli_cpu(1000)) };
    let facts = [
        (1, call(1, 1)),
        (2, call(21, 2)), // lost as well, for the last time: its task has failed
        (3, Event::NodeDown(NodeId(1))),
        (3, Event::Submit(again)),
        (4, Event::NodeUp(NodeId(1))),
        (5, call(11, 5)), // runs there
    ];
    let expected = [
        "1ms submit 1.0, attempt 1",
        "1ms poll",
        "2ms submit 21.0, attempt 1",
        "2ms poll",
        "5ms submit 11.0, attempt 1",
        "5ms poll",
        "10ms finished 1.0 on node-1",
        "10ms finished 21.0 on node-1",
        "10ms submit 1.0, attempt 2",
        "10ms poll",
    ];
    assert_eq!(told(true, &facts, 30), expected);
    // Draining before it was lost: that it is up again is news.
    let mut drained = facts.to_vec();
    drained.insert(2, (2, Event::NodeDrain(NodeId(1))));
    let log = told(true, &drained, 30);
    assert_eq!(log[6], "10ms drain node-1");
    assert_eq!(log[10..], ["10ms up node-1", "10ms poll"]);
}

#[test]
fn own_placements_show_at_the_refresh_after_them() {
    let facts = [
        (3, call(1, 3)),
        (5, Event::Finished { task: id(1), node: NodeId(1) }),
        (10, call(2, 10)), // at a refresh: it shows at the next
    ];
    let expected = [
        "3ms Refresh",
        "3ms submit 1.0, attempt 1",
        "3ms poll",
        "10ms submit 2.0, attempt 1",
        "10ms Refresh",
        "10ms finished 1.0 on node-1",
        "10ms poll",
        "20ms Refresh",
        "20ms poll",
    ];
    let mut log = told(false, &facts, 60);
    log[..2].sort(); // before the first poll: in which order is no matter
    assert_eq!(log, expected);
}

#[test]
fn several_calls_go_to_one_slot_that_looks_free() {
    // Two nodes of a slot, bound late: one idle slot looks idle until the refresh.
    let cluster = ClusterSpec::uniform(2, 1).unwrap();
    for (own, expected) in [
        (true, vec!["1.0 -> node-0", "2.0 -> node-1"]),
        (false, vec!["1.0 -> node-0", "2.0 -> node-0", "3.0 -> node-0", "4.0 -> node-0"]),
    ] {
        let view = View::new(Span::from_millis(10), own).unwrap();
        let policy = policy("load_aware_spread", Bind::Late).build(&cluster, SEED);
        let policy = Checked::new(&cluster, Bind::Late, policy);
        let mut scheduler = StaleView::new(view, policy);
        let mut out = Vec::new();
        for (index, ms) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
            scheduler.on_event(at(ms), call(index, ms));
            if index != 1 && index != 2 {
                scheduler.poll(at(ms), &mut out);
            }
        }
        let text: Vec<String> = out.iter().map(Decision::to_string).collect();
        assert_eq!(text, expected);
        // At the refresh node-0 is seen with all four: the next goes to the other node.
        out.clear();
        scheduler.on_event(at(10), call(5, 10));
        scheduler.poll(at(10), &mut out);
        let text: Vec<String> = out.iter().map(Decision::to_string).collect();
        assert_eq!(text, if own { vec![] } else { vec!["5.0 -> node-1"] });
        assert_eq!(scheduler.health(), Ok(()));
    }
}

fn policy(name: &str, bind: Bind) -> sched_core::ResolvedPolicy {
    let spec = PolicySpec::named(name).with("bind", bind.to_string());
    Registry::builtin().resolve(&spec).unwrap()
}

/// Refreshes at every instant leave nothing to be late: all decisions are those without a view.
#[test]
fn a_view_that_is_refreshed_at_every_instant_changes_nothing() {
    let view = View::new(Span::from_nanos(1), true).unwrap();
    for name in Registry::builtin().names() {
        for bind in [Bind::Late, Bind::Early] {
            let policy = policy(name, bind);
            let fresh = |cluster: &ClusterSpec| policy.build(cluster, SEED);
            let stale = |cluster: &ClusterSpec| {
                Box::new(StaleView::new(view, fresh(cluster))) as Box<dyn Scheduler>
            };
            let check = Check::new(bind).histories(HISTORIES / 5);
            check.run(&stale, Some(&fresh)).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        }
    }
}

/// A scheduler that looks at the nodes at every refresh.
struct Looking {
    rules: Rules,
    view: View,
    seen: Ledger,
    last: (Option<Time>, Ledger), // the turn before, and the nodes after it
    waiting: Vec<Task>,
    back: Vec<(Time, Task)>, // from lost nodes, not yet seen; with when
}

impl Looking {
    fn decide(&mut self, now: Time, truth: &Ledger) -> Vec<Decision> {
        let refresh = self.view.refresh().as_nanos();
        if self.last.0 != Some(now) && now.as_nanos().is_multiple_of(refresh) {
            self.seen = truth.clone();
            self.waiting.extend(self.back.drain(..).map(|(_, task)| task));
        } else if let (Some(last), after) = &self.last
            && *last < now
            && (now.as_nanos() - 1) / refresh > last.as_nanos() / refresh
        {
            self.seen = after.clone(); // nobody was awake at that refresh
            let seen = self.back.extract_if(.., |(told, _)| *told < now).map(|(_, task)| task);
            self.waiting.extend(seen);
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|task| (task.submit, task.id));
        let (mut decisions, mut kept) = (Vec::new(), GroupSet::NONE);
        for task in waiting {
            let eligible = self.seen.eligible(&task);
            let groups = eligible.minus(kept);
            if !self.seen.candidates(&task, groups).is_empty() {
                let node = self.rules.choose(&task, groups, &self.seen, now).unwrap();
                if self.view.own() {
                    self.seen.assign(task, node);
                }
                decisions.push(Decision::Assign { task: task.id, node });
            } else {
                kept = kept.union(eligible);
                self.waiting.push(task);
            }
        }
        decisions
    }
}

/// A host with true nodes, which tells every scheduler the same.
struct World {
    now: Time,
    truth: Ledger,
    calls: BTreeMap<TaskId, Task>, // submitted, and not finished
    finished: u64,
    bounced: Vec<Task>,
    subject: StaleView<Checked<Box<dyn Scheduler>>>,
    naive: StaleView<Box<dyn Scheduler>>,
    looking: Option<Looking>,
    stale_choices: u64,
    played: String,
}

impl World {
    fn tell(&mut self, event: Event, back: bool) {
        self.subject.on_event(self.now, event);
        self.naive.on_event(self.now, event);
        if let (Event::Submit(task), Some(looking)) = (event, &mut self.looking)
            && !self.truth.eligible(&task).is_empty()
        {
            match back {
                true => looking.back.push((self.now, task)),
                false => looking.waiting.push(task),
            }
        }
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Wait(span) => self.wait(self.now + span),
            Op::Submit(call) if !self.calls.contains_key(&call.id) => {
                let task = call.task(self.now);
                self.calls.insert(task.id, task);
                self.tell(Event::Submit(task), false);
            }
            Op::Finish(which) => {
                let running: Vec<(TaskId, NodeId)> = self.running();
                let found = match which {
                    Which::Nth(n) => running.get(n as usize % running.len().max(1)),
                    Which::Call(id) => running.iter().find(|(task, _)| *task == id),
                };
                if let Some(&(task, node)) = found {
                    self.truth.finish(task, node);
                    self.calls.remove(&task).unwrap();
                    self.finished += 1;
                    self.tell(Event::Finished { task, node }, false);
                }
            }
            Op::Up(node) if self.truth.state(node) != NodeState::Up => {
                self.truth.up(node);
                self.tell(Event::NodeUp(node), false);
            }
            Op::Drain(node) if self.truth.state(node) == NodeState::Up => {
                self.truth.drain(node);
                self.tell(Event::NodeDrain(node), false);
            }
            Op::Down(node) if self.truth.state(node) != NodeState::Down => {
                self.tell(Event::NodeDown(node), false);
                for seat in self.truth.down(node) {
                    let attempt = seat.task.attempt + u32::from(seat.running);
                    let task = Task { attempt, ..seat.task };
                    self.calls.insert(task.id, task);
                    self.tell(Event::Submit(task), true);
                }
            }
            _ => {}
        }
    }

    fn running(&self) -> Vec<(TaskId, NodeId)> {
        let on = |node| self.truth.seats(node).iter().map(move |seat| (seat, node));
        let seats = self.truth.nodes().flat_map(on);
        seats.filter(|(seat, _)| seat.running).map(|(seat, node)| (seat.task.id, node)).collect()
    }

    /// Polls until nothing more happens at this instant.
    fn poll(&mut self) {
        loop {
            let (mut decided, mut naive) = (Vec::new(), Vec::new());
            self.subject.poll(self.now, &mut decided);
            self.naive.poll(self.now, &mut naive);
            assert_eq!(self.subject.health(), Ok(()));
            assert_eq!(decided, naive, "at {}, beside the naive one: {}", self.now, self.played);
            assert!(self.subject.next_timeout().is_none_or(|due| due > self.now));
            if let Some(looking) = &mut self.looking {
                let expected = looking.decide(self.now, &self.truth);
                let is_assign = |decision: &&Decision| matches!(decision, Decision::Assign { .. });
                let assigned: Vec<_> = decided.iter().filter(is_assign).copied().collect();
                assert_eq!(
                    assigned, expected,
                    "at {}, beside one that looks: {}",
                    self.now, self.played
                );
            }
            for decision in decided {
                match decision {
                    Decision::Assign { task, node } => self.assign(self.calls[&task], node),
                    Decision::Reject { task, .. } => drop(self.calls.remove(&task).unwrap()),
                    _ => unreachable!(),
                }
            }
            if let Some(looking) = &mut self.looking {
                looking.last = (Some(self.now), self.truth.clone());
            }
            if self.bounced.is_empty() {
                return;
            }
            for task in std::mem::take(&mut self.bounced) {
                self.tell(Event::Submit(task), true);
            }
        }
    }

    fn assign(&mut self, task: Task, node: NodeId) {
        let placed = self.truth.nodes().flat_map(|node| self.truth.seats(node));
        assert!(placed.into_iter().all(|seat| seat.task.id != task.id), "{} twice", task.id);
        assert!(self.truth.eligible(&task).contains(self.truth.group(node)));
        self.stale_choices += u64::from(self.truth.candidates(&task, GroupSet::ALL).is_empty());
        if self.truth.state(node) == NodeState::Down {
            self.bounced.push(task);
        } else {
            self.truth.assign(task, node);
        }
    }

    fn wait(&mut self, until: Time) {
        self.poll();
        while let Some(due) = self.subject.next_timeout().filter(|due| *due < until) {
            self.now = due;
            self.poll();
        }
        self.now = until;
    }

    /// Every node comes up and every call ends.
    fn settle(&mut self) {
        self.wait(self.now + Span::from_millis(1));
        self.truth.nodes().for_each(|node| self.step(Op::Up(node)));
        for _ in 0..10_000 {
            if self.calls.is_empty() {
                return;
            }
            self.wait(self.now + Span::from_secs(1));
            for (task, _) in self.running() {
                self.step(Op::Finish(Which::Call(task)));
            }
        }
        panic!("{:?} never end", self.calls.keys());
    }
}

/// Plays a history; gives how many choices the truth would have refused.
fn play(history: &History, view: View, name: &str, bind: Bind, looks: bool) -> u64 {
    let spec = &history.spec;
    let policy = policy(name, bind);
    let aging = policy.params().find(|(param, _)| *param == "aging");
    let rules = Rules::named(name, aging.map(|(_, text)| text.parse().unwrap()), SEED).unwrap();
    let naive = Box::new(rules.clone().on(spec, bind)) as Box<dyn Scheduler>;
    let truth = Ledger::new(spec, bind);
    let looking = looks.then(|| Looking {
        rules,
        view,
        seen: truth.clone(),
        last: (None, truth.clone()),
        waiting: Vec::new(),
        back: Vec::new(),
    });
    let mut world = World {
        now: Time::ZERO,
        truth,
        calls: BTreeMap::new(),
        finished: 0,
        bounced: Vec::new(),
        subject: StaleView::new(view, Checked::new(spec, bind, policy.build(spec, SEED))),
        naive: StaleView::new(view, naive),
        looking,
        stale_choices: 0,
        played: format!("{name} {bind} {view:?} {:?}", history.ops),
    };
    history.ops.iter().for_each(|op| world.step(*op));
    world.settle();
    world.stale_choices
}

/// Whether a policy chooses by what a look at the nodes tells. The others go by how long a node has been
/// at its load, and by what waits in a full node's queue where first fit falls back on the least load.
fn looks(name: &str, bind: Bind) -> bool {
    match name {
        "round_robin" | "random" | "power_of_two" => true,
        "fifo" | "load_aware_pack" => bind == Bind::Late,
        _ => false,
    }
}

#[test]
fn every_policy_decides_as_its_definition_would_on_what_it_can_know() {
    let views = [(1, false), (3, true), (3, false), (7_000_000, true), (12_000_000, false)];
    let views = views.into_iter().chain([(1_500_000_000, true), (1_500_000_000, false)]);
    let views: Vec<View> =
        views.map(|(ns, own)| View::new(Span::from_nanos(ns), own).unwrap()).collect();
    let mut stale_choices = BTreeMap::new();
    for name in Registry::builtin().names() {
        for bind in [Bind::Late, Bind::Early] {
            let looks = looks(name, bind);
            let named = named_histories().into_iter().map(|(_, history)| history);
            let histories = named.chain((0..HISTORIES).map(history::random));
            for (number, history) in histories.enumerate() {
                let view = views[number % views.len()];
                *stale_choices.entry(view).or_default() += play(&history, view, name, bind, looks);
            }
        }
    }
    // The histories do show stale choices, or this test would show nothing.
    let stale: u64 = stale_choices.values().sum();
    assert!(stale > 1_000, "{stale_choices:?}");
}

#[test]
fn a_finish_shows_what_was_assigned_before_it() {
    let cluster = ClusterSpec::uniform(2, 1).unwrap();
    let policy = policy("load_aware_spread", Bind::Late);
    let mut scheduler = Checked::new(&cluster, Bind::Late, policy.build(&cluster, SEED));
    let mut out = Vec::new();
    scheduler.on_event(at(0), Event::Refresh);
    for index in [1, 2] {
        scheduler.on_event(at(0), call(index, 0));
        scheduler.poll(at(0), &mut out);
        scheduler
            .on_event(at(0), Event::Finished { task: id(index), node: NodeId(index as u32 - 1) });
    }
    // node-0 was seen busy and idle again, so node-1 has been idle longer.
    let text: Vec<String> = out.iter().map(Decision::to_string).collect();
    assert_eq!(text, ["1.0 -> node-0", "2.0 -> node-1"]);
}
