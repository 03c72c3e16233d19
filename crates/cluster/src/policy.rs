//! Policies that place nothing: they hand each call to Ray, whose scheduler chooses.
//!
//! They are schedulers like others, so that they stand in the same tables. The node that a decision of theirs
//! names is a placeholder, taken in turn; where the call really ran is told by `tasks`. Bound early, calls wait
//! in Ray; bound late, no more of them are handed over than its CPUs can run at once.

use sched_core::{
    Bind, BuildContext, Decision, Event, Infeasible, NodeId, PolicyInfo, Resources, Scheduler,
    Task, TaskId, Time,
};
use std::collections::{BTreeMap, VecDeque};

/// How Ray is asked to place tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// Ray's own: a few nodes first, the driver's before others, up to half of their CPUs; then all.
    Default,
    /// Over all nodes as evenly as it can.
    Spread,
}

impl Strategy {
    /// That of a policy, if it is one of [`ray_policies`].
    pub fn of(policy: &str) -> Option<Strategy> {
        match policy {
            "ray_default" => Some(Strategy::Default),
            "ray_spread" => Some(Strategy::Spread),
            _ => None,
        }
    }

    #[cfg(unix)]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Strategy::Default => "DEFAULT",
            Strategy::Spread => "SPREAD",
        }
    }
}

/// The policies that leave the placement to Ray. Only [`run_on_ray`](crate::run_on_ray) can run them.
pub fn ray_policies() -> [PolicyInfo; 2] {
    let policy = |name, summary| {
        PolicyInfo::new(name, summary, Bind::Early, |context| Box::new(HandOver::new(context)))
    };
    [
        policy("ray_default", "placed by Ray itself, strategy DEFAULT; needs `launcher: ray`"),
        policy("ray_spread", "placed by Ray itself, strategy SPREAD; needs `launcher: ray`"),
    ]
}

/// Hands calls over in the order of their submit.
struct HandOver {
    nodes: Vec<(NodeId, Resources)>,
    turn: usize,
    waiting: VecDeque<Task>,
    handed: BTreeMap<TaskId, u64>, // milli-CPU
    free: Option<u64>,             // milli-CPU of all nodes, when bound late
}

impl HandOver {
    fn new(context: &BuildContext<'_>) -> HandOver {
        let cluster = context.cluster();
        let nodes: Vec<_> = cluster.nodes().map(|node| (node, cluster.capacity(node))).collect();
        let all = nodes.iter().map(|(_, capacity)| u64::from(capacity.cpu())).sum();
        let free = (context.bind() == Bind::Late).then_some(all);
        let (waiting, handed) = (VecDeque::new(), BTreeMap::new());
        HandOver { nodes, turn: 0, waiting, handed, free }
    }

    /// The next node in turn that could hold it.
    fn placeholder(&mut self, task: &Task) -> Result<NodeId, Infeasible> {
        let nodes = self.nodes.len();
        let fits = |at: &usize| task.demand.fits(&self.nodes[*at].1);
        match (self.turn..self.turn + nodes).map(|at| at % nodes).find(fits) {
            Some(at) => {
                self.turn = at + 1;
                Ok(self.nodes[at].0)
            }
            None => {
                let largest = self.nodes.iter().map(|(_, capacity)| *capacity);
                let largest = largest.max_by_key(Resources::cpu).unwrap_or(task.demand);
                Err(Infeasible::TooLarge { demand: task.demand, largest })
            }
        }
    }

    fn give_back(&mut self, task: TaskId) {
        if let (Some(cpu), Some(free)) = (self.handed.remove(&task), &mut self.free) {
            *free += cpu;
        }
    }
}

impl Scheduler for HandOver {
    fn on_event(&mut self, _: Time, event: Event) {
        match event {
            Event::Submit(task) => {
                self.give_back(task.id); // it was lost
                self.waiting.push_back(task);
            }
            Event::Finished { task, .. } => self.give_back(task),
            _ => {} // nodes are Ray's affair
        }
    }

    fn poll(&mut self, _: Time, out: &mut Vec<Decision>) {
        while let Some(task) = self.waiting.front().copied() {
            let cpu = u64::from(task.demand.cpu());
            if self.free.is_some_and(|free| free < cpu) {
                return;
            }
            self.waiting.pop_front();
            match self.placeholder(&task) {
                Ok(node) => {
                    self.free = self.free.map(|free| free - cpu);
                    self.handed.insert(task.id, cpu);
                    out.push(Decision::Assign { task: task.id, node });
                }
                Err(reason) => out.push(Decision::Reject { task: task.id, reason }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sched_core::{ClusterSpec, PolicySpec, Registry};

    fn decisions(bind: &str, events: &[Event]) -> Vec<String> {
        let mut registry = Registry::builtin();
        ray_policies().into_iter().for_each(|policy| registry.register(policy).unwrap());
        let policy = registry.resolve(&PolicySpec::named("ray_spread").with("bind", bind)).unwrap();
        let mut scheduler = policy.build(&ClusterSpec::uniform(2, 2).unwrap(), 0);
        let mut out = Vec::new();
        for event in events {
            scheduler.on_event(Time::ZERO, *event);
            scheduler.poll(Time::ZERO, &mut out);
        }
        out.iter().map(Decision::to_string).collect()
    }

    #[test]
    fn calls_are_handed_over_in_order_early_at_once_and_late_while_there_are_cpus() {
        let id = |index| TaskId { index, stage: 0 };
        let submit =
            |index, cpu| Event::Submit(Task::new(id(index), Time::ZERO, Resources::milli_cpu(cpu)));
        let finished = |index| Event::Finished { task: id(index), node: NodeId(0) };
        let submits = [submit(0, 1000), submit(1, 2000), submit(2, 2000), submit(3, 500)];
        let all = ["0.0 -> node-0", "1.0 -> node-1", "2.0 -> node-0", "3.0 -> node-1"];
        assert_eq!(decisions("early", &submits), all);
        assert_eq!(decisions("late", &submits), all[..2], "1,000 of 4,000 milli-CPU are free");
        // The second is lost and comes again, behind those that wait; 3 of 4 CPUs are free then.
        let lost = [&submits[..], &[submit(1, 2000)]].concat();
        assert_eq!(decisions("late", &lost), all);
        let ended = [&lost[..], &[finished(0), finished(2), finished(2)]].concat();
        let again = [&all[..], &["1.0 -> node-0"]].concat();
        assert_eq!(decisions("late", &ended), again, "a second finish gives nothing back");
    }

    #[test]
    fn what_no_node_holds_is_rejected() {
        let (id, demand) = (TaskId { index: 0, stage: 0 }, Resources::milli_cpu(3000));
        let event = Event::Submit(Task::new(id, Time::ZERO, demand));
        let told = decisions("early", &[event]);
        assert!(told[0].starts_with("0.0 rejected"), "{told:?}");
        assert_eq!(Strategy::of("ray_default"), Some(Strategy::Default));
        assert_eq!(Strategy::of("fifo"), None);
    }
}
