//! The naive list scheduler: the definition of the policies, executed word by word.
//!
//! It keeps waiting calls in a plain `Vec` that it sorts at every poll, asks every node
//! about everything, and sums every load anew. Nothing of the engine is in it: no lanes,
//! no indices, no memory of refusals. What goes where is behind [`Choose`]: [`rules`]
//! spells out the built-in policies, [`halves`] runs a user's own two halves.

pub mod halves;
pub mod rules;

use super::ledger::Ledger;
use super::properties::position;
use crate::{
    Bind, ClusterSpec, Decision, Event, GroupSet, Infeasible, NodeId, Resources, Scheduler, Task,
    Time,
};

/// What the naive scheduler is told from outside: ranks and nodes.
pub trait Choose: Send {
    /// The rank of a call: least first, ties by arrival.
    fn rank(&self, task: &Task) -> i128;

    /// A fact was entered into the ledger.
    fn told(&mut self, event: &Event, ledger: &Ledger) {
        let _ = (event, ledger);
    }

    /// The node for `task`; there is at least one candidate among the nodes of `groups`.
    fn choose(
        &mut self,
        task: &Task,
        groups: GroupSet,
        ledger: &Ledger,
        now: Time,
    ) -> Option<NodeId>;

    /// The choice was entered into the ledger.
    fn placed(&mut self, task: &Task, node: NodeId, ledger: &Ledger) {
        let _ = (task, node, ledger);
    }
}

/// The scheduler.
#[derive(Clone, Debug)]
pub struct Naive<C> {
    ledger: Ledger,
    waiting: Vec<(i128, Task)>,
    rejects: Vec<Decision>,
    hidden: Option<Vec<(Task, NodeId)>>, // assigns that do not show; `None`: they show at once
    choose: C,
}

impl<C: Choose> Naive<C> {
    /// On an empty cluster.
    pub fn new(spec: &ClusterSpec, bind: Bind, choose: C) -> Naive<C> {
        let ledger = Ledger::new(spec, bind);
        Naive { ledger, waiting: Vec::new(), rejects: Vec::new(), hidden: None, choose }
    }

    /// What it holds to be where.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn show(&mut self) {
        let hidden = self.hidden.as_mut().map(std::mem::take);
        for (task, node) in hidden.unwrap_or_default() {
            self.ledger.assign(task, node);
            self.choose.placed(&task, node, &self.ledger);
        }
    }

    fn submit(&mut self, task: Task) {
        if self.ledger.eligible(&task).is_empty() {
            let reason = why_infeasible(self.ledger.spec(), &task);
            self.rejects.push(Decision::Reject { task: task.id, reason });
        } else {
            self.waiting.push((self.choose.rank(&task), task));
        }
    }
}

impl<C: Choose> Scheduler for Naive<C> {
    fn on_event(&mut self, _now: Time, event: Event) {
        if !matches!(event, Event::Submit(_)) {
            self.show();
        }
        match event {
            Event::Submit(task) => self.submit(task),
            Event::Finished { task, node } => {
                self.ledger.finish(task, node);
            }
            Event::Refresh => self.hidden = Some(Vec::new()),
            Event::NodeUp(node) => self.ledger.up(node),
            Event::NodeDown(node) => drop(self.ledger.down(node)),
            Event::NodeDrain(node) => self.ledger.drain(node),
        }
        self.choose.told(&event, &self.ledger);
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        out.append(&mut self.rejects);
        self.waiting.sort_by_key(|(rank, task)| position(*rank, task));
        let mut blocked = GroupSet::NONE;
        let mut left = Vec::new();
        for (rank, task) in std::mem::take(&mut self.waiting) {
            let eligible = self.ledger.eligible(&task);
            let groups = eligible.minus(blocked);
            let choice = match self.ledger.candidates(&task, groups).is_empty() {
                true => None,
                false => self.choose.choose(&task, groups, &self.ledger, now),
            };
            if let Some(node) = choice {
                match &mut self.hidden {
                    Some(hidden) => hidden.push((task, node)),
                    None => {
                        self.ledger.assign(task, node);
                        self.choose.placed(&task, node, &self.ledger);
                    }
                }
                out.push(Decision::Assign { task: task.id, node });
            } else {
                blocked = blocked.union(eligible);
                left.push((rank, task));
            }
        }
        self.waiting = left;
    }
}

fn why_infeasible(spec: &ClusterSpec, task: &Task) -> Infeasible {
    let mut largest = None;
    for (index, group) in spec.groups().iter().enumerate() {
        if group.count > 0 && task.on.contains(index) {
            let so_far = largest.unwrap_or(Resources::NONE);
            largest = Some(larger(so_far, group.capacity));
        }
    }
    match largest {
        None => Infeasible::NoGroup,
        Some(largest) => Infeasible::TooLarge { demand: task.demand, largest },
    }
}

fn larger(a: Resources, b: Resources) -> Resources {
    Resources::milli_cpu(a.cpu().max(b.cpu()))
        .with_milli_gpu(a.gpu().max(b.gpu()))
        .with_memory(a.memory().max(b.memory()))
}
