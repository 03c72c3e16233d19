//! What the tests share: short ways to write a run down, and an observer that keeps all.

use pipeline::model::{Arrivals, ClusterSetup, Operator, Priorities, ServiceLaw, Stage, Workload};
use pipeline::{CallTimes, Failure, Observer, RunSetup, TaskEnd};
use sched_core::{
    ClusterSpec, Decision, Event, GroupSet, Level, NodeId, Resources, Scheduler, Span, TaskId,
    Time, Violation,
};

/// A stage of one slot and constant time, anywhere.
pub(crate) fn stage(name: &str, ms: u64) -> Stage {
    Stage {
        name: name.into(),
        service: ServiceLaw::Constant(Span::from_millis(ms)),
        demand: Resources::milli_cpu(1000),
        on: GroupSet::ALL,
        operator: Operator::Emulate,
    }
}

/// `tasks` tasks through these stages on equal nodes.
pub(crate) fn setup(
    spec: ClusterSpec,
    tasks: u64,
    arrivals: Arrivals,
    stages: Vec<Stage>,
) -> RunSetup {
    let priorities = Priorities::default();
    let workload = Workload { tasks, warmup: 0, arrivals, priorities, stages };
    RunSetup::new(ClusterSetup::of_equal_speed(spec), workload, 42)
}

/// A scheduler that is put behind something for a while.
pub(crate) struct Lent<'a>(pub(crate) &'a mut dyn Scheduler);

impl Scheduler for Lent<'_> {
    fn on_event(&mut self, now: Time, event: Event) {
        self.0.on_event(now, event);
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        self.0.poll(now, out);
    }

    fn next_timeout(&self) -> Option<Time> {
        self.0.next_timeout()
    }

    fn health(&self) -> Result<(), &Violation> {
        self.0.health()
    }
}

/// A task as its end was reported.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) index: u64,
    pub(crate) intended: Time,
    pub(crate) finish: Time,
    pub(crate) priority: Level,
    pub(crate) calls: Vec<CallTimes>,
    pub(crate) unplaced: Option<Span>,
    pub(crate) failure: Option<Failure>,
}

/// Everything that was reported, in order.
#[derive(Default, Debug)]
pub(crate) struct Log {
    pub(crate) tasks: Vec<Ended>,
    pub(crate) calls: Vec<(u32, CallTimes)>,
    pub(crate) retried: Vec<TaskId>,
    pub(crate) nodes: Vec<(NodeId, bool)>,
    pub(crate) decisions: u64,
}

impl Log {
    pub(crate) fn failures(&self) -> Vec<(u64, String)> {
        let failed =
            self.tasks.iter().filter_map(|t| Some((t.index, t.failure.as_ref()?.to_string())));
        let mut failed: Vec<_> = failed.collect();
        failed.sort();
        failed
    }

    fn push(&mut self, task: &TaskEnd<'_>, failure: Option<&Failure>) {
        self.tasks.push(Ended {
            index: task.index,
            intended: task.intended,
            finish: task.finish,
            priority: task.priority,
            calls: task.calls.to_vec(),
            unplaced: task.unplaced,
            failure: failure.cloned(),
        });
    }
}

impl Observer for Log {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.push(task, None);
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        self.push(task, Some(failure));
    }

    fn call_finished(&mut self, stage: u32, call: &CallTimes) {
        self.calls.push((stage, *call));
    }

    fn retried(&mut self, task: TaskId) {
        self.retried.push(task);
    }

    fn node_changed(&mut self, node: NodeId, up: bool) {
        self.nodes.push((node, up));
    }

    fn decided(&mut self, _: Span, decisions: u64) {
        self.decisions += decisions;
    }
}
