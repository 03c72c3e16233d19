//! Calls of one slot each, on equal nodes: the cycle whose cost the budgets are about.
//!
//! Everything goes through `dyn Scheduler`, as a host does it; no clock is inside.

use sched_core::{
    ClusterSpec, Decision, Event, NodeId, Registry, Resources, Scheduler, Span, Task, TaskId, Time,
};
use std::collections::VecDeque;

/// Slots of every node in the benches.
pub const SLOTS: u32 = 4;

/// A scheduler with a constant number of calls on the nodes, and maybe more waiting.
pub struct Steady {
    scheduler: Box<dyn Scheduler>,
    now: Time,
    index: u64,
    running: VecDeque<(TaskId, NodeId)>,
    decisions: Vec<Decision>,
}

impl Steady {
    /// `policy`, bound late or by its default, on `nodes` equal nodes with half of the slots busy.
    ///
    /// # Panics
    /// If there is no such policy.
    pub fn half_full(policy: &str, nodes: u32) -> Steady {
        let mut steady = Steady::empty(policy, nodes);
        let half = u64::from(nodes * SLOTS / 2);
        steady.submit_all(half);
        assert_eq!(steady.running.len() as u64, half, "half of the slots are busy");
        steady
    }

    /// The same with every slot busy and `waiting` calls that wait for one, in the scheduler
    /// or, under early binding, in the nodes' queues.
    ///
    /// # Panics
    /// If there is no such policy.
    pub fn congested(policy: &str, nodes: u32, waiting: u64) -> Steady {
        let mut steady = Steady::empty(policy, nodes);
        steady.submit_all(u64::from(nodes * SLOTS) + waiting);
        assert!(steady.running.len() >= (nodes * SLOTS) as usize, "every slot is busy");
        steady
    }

    /// The driver alone, on so many nodes: its scheduler sends every call to node 0 and keeps no account.
    /// What its cycle costs is in the cycles of all policies.
    pub fn driver_alone(nodes: u32) -> Steady {
        let mut steady = Steady::of(Box::new(Nowhere { ready: None }));
        for _ in 0..nodes * SLOTS / 2 {
            steady.submit();
            steady.decide();
        }
        steady
    }

    fn empty(policy: &str, nodes: u32) -> Steady {
        let cluster = ClusterSpec::uniform(nodes, SLOTS).expect("a valid cluster");
        Steady::of(Registry::builtin().build(policy, &cluster).expect("a built-in policy"))
    }

    fn of(scheduler: Box<dyn Scheduler>) -> Steady {
        let (running, decisions) = (VecDeque::new(), Vec::new());
        Steady { scheduler, now: Time::ZERO, index: 0, running, decisions }
    }

    /// Submits a call, decides, and finishes the call that has been on its node longest.
    #[inline]
    pub fn cycle(&mut self) {
        self.submit();
        self.decide();
        if let Some((task, node)) = self.running.pop_front() {
            self.scheduler.on_event(self.now, Event::Finished { task, node });
        }
    }

    #[inline]
    fn submit(&mut self) {
        self.now = self.now + Span::from_nanos(100);
        let id = TaskId { index: self.index, stage: 0 };
        self.index += 1;
        let task = Task::new(id, self.now, Resources::milli_cpu(Resources::MILLI_PER_SLOT));
        self.scheduler.on_event(self.now, Event::Submit(task));
    }

    #[inline]
    fn decide(&mut self) {
        self.scheduler.poll(self.now, &mut self.decisions);
        for decision in &self.decisions {
            if let Decision::Assign { task, node } = *decision {
                self.running.push_back((task, node));
            }
        }
        self.decisions.clear();
    }

    fn submit_all(&mut self, calls: u64) {
        for _ in 0..calls {
            self.submit();
        }
        self.decide();
    }
}

/// Sends the last call to node 0.
struct Nowhere {
    ready: Option<TaskId>,
}

impl Scheduler for Nowhere {
    fn on_event(&mut self, _now: Time, event: Event) {
        if let Event::Submit(task) = event {
            self.ready = Some(task.id);
        }
    }

    fn poll(&mut self, _now: Time, out: &mut Vec<Decision>) {
        if let Some(task) = self.ready.take() {
            out.push(Decision::Assign { task, node: NodeId(0) });
        }
    }
}
