//! What tests of executors share: one conformance body for all of them, short ways to write a run
//! down, and an observer that keeps all.
//!
//! Public, because executors live in crates of their own too: whoever writes one proves it with
//! [`conformance!`](crate::conformance). Helpers of tests fail as tests do, by a panic.

mod body;

pub use body::{
    Arm, InVirtualTime, a_closed_process_keeps_its_number_in_flight, a_slow_node_takes_longer,
    a_stopped_run_is_partial_and_sound, a_task_that_fits_nowhere_fails_alone, assert_capacity,
    assert_parts_add_up, every_policy_runs_everything_once, luck_does_not_depend_on_the_policy,
    mixed, scheduler, warm_up_is_reported_nowhere,
};

use crate::model::{Arrivals, ClusterSetup, Operator, Priorities, ServiceLaw, Stage, Workload};
use crate::{CallTimes, Failure, Observer, RunSetup, TaskEnd};
use sched_core::{
    ClusterSpec, Decision, Event, GroupSet, Level, NodeId, Resources, Scheduler, Span, TaskId,
    Time, Violation,
};

/// A stage of one slot and constant time, anywhere.
pub fn stage(name: &str, ms: u64) -> Stage {
    Stage {
        name: name.into(),
        service: ServiceLaw::Constant(Span::from_millis(ms)),
        demand: Resources::milli_cpu(1000),
        on: GroupSet::ALL,
        operator: Operator::Emulate,
    }
}

/// `tasks` tasks through these stages on equal nodes.
pub fn setup(spec: ClusterSpec, tasks: u64, arrivals: Arrivals, stages: Vec<Stage>) -> RunSetup {
    let priorities = Priorities::default();
    let workload = Workload { tasks, warmup: 0, arrivals, priorities, stages };
    RunSetup::new(ClusterSetup::of_equal_speed(spec), workload, 42)
}

/// A scheduler that is put behind something for a while.
pub struct Lent<'a>(pub &'a mut dyn Scheduler);

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
pub struct Ended {
    /// Its index in the run.
    pub index: u64,
    /// When it was meant to arrive.
    pub intended: Time,
    /// When it ended.
    pub finish: Time,
    /// Its urgency.
    pub priority: Level,
    /// Its calls that ended on a node.
    pub calls: Vec<CallTimes>,
    /// As [`TaskEnd::unplaced`].
    pub unplaced: Option<Span>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

/// Everything that was reported, in order.
#[derive(Default, Debug)]
pub struct Log {
    /// Tasks that ended.
    pub tasks: Vec<Ended>,
    /// Calls that ended, with their stage.
    pub calls: Vec<(u32, CallTimes)>,
    /// Calls that ran again.
    pub retried: Vec<TaskId>,
    /// Nodes that went (`false`) and came.
    pub nodes: Vec<(NodeId, bool)>,
    /// Decisions whose cost was reported.
    pub decisions: u64,
}

impl Log {
    /// Index and reason of the tasks that failed, by index.
    pub fn failures(&self) -> Vec<(u64, String)> {
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
