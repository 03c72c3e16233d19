//! Whether emulated calls ran as long as they were drawn to.
//!
//! Where time is real, an emulated call waits for its service time, and a machine that is busy otherwise lets
//! it wait longer. What then comes out is of that machine and not of the cluster under test, and nothing in the
//! latencies shows it. The drawn time is known, so the two are compared: by an observer in front of the real one, so
//! that virtual time, in which they are equal, pays nothing.

use super::observe::{CallTimes, Failure, Observer, TaskEnd};
use super::plan::Plan;
use sched_core::{NodeId, Span, TaskId};

/// How long emulated calls ran, and how long they were drawn to, over the calls of counted successful tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pace {
    /// Calls.
    pub calls: u64,
    /// By how much the slowest one ran longer.
    pub longest: Span,
    ran: u128,   // ns
    drawn: u128, // ns, on the nodes that they ran on
}

impl Pace {
    /// By how much a call ran longer, in the mean, ns; negative if shorter.
    pub fn longer(&self) -> f64 {
        (self.ran as f64 - self.drawn as f64) / self.calls.max(1) as f64
    }

    /// The same as a share of the drawn time; `None` where that is nothing.
    pub fn share(&self) -> Option<f64> {
        (self.drawn > 0).then(|| self.ran as f64 / self.drawn as f64 - 1.0)
    }

    fn note(&mut self, ran: Span, drawn: Span) {
        self.calls += 1;
        self.ran += u128::from(ran.as_nanos());
        self.drawn += u128::from(drawn.as_nanos());
        self.longest = self.longest.max(ran - drawn);
    }
}

/// An observer that passes all on and keeps the pace.
pub struct Paced<'a> {
    observer: &'a mut dyn Observer,
    plan: &'a Plan,
    speeds: Vec<f64>, // by node
    pace: Pace,
}

impl<'a> Paced<'a> {
    /// In front of `observer`, for a run by `plan` on nodes of these speeds, of whose stages each is emulated.
    pub fn new(observer: &'a mut dyn Observer, plan: &'a Plan, speeds: Vec<f64>) -> Paced<'a> {
        Paced { observer, plan, speeds, pace: Pace::default() }
    }

    /// Of the tasks so far.
    pub fn pace(&self) -> Pace {
        self.pace
    }
}

impl Observer for Paced<'_> {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        for (stage, call) in (0..).zip(task.calls) {
            let drawn = self.plan.service(TaskId { index: task.index, stage });
            let speed = self.speeds[call.node.index()];
            self.pace.note(call.execution(), drawn.scaled(1.0 / speed));
        }
        self.observer.task_succeeded(task);
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        self.observer.task_failed(task, failure);
    }

    fn call_finished(&mut self, stage: u32, call: &CallTimes) {
        self.observer.call_finished(stage, call);
    }

    fn retried(&mut self, task: TaskId) {
        self.observer.retried(task);
    }

    fn node_changed(&mut self, node: NodeId, up: bool) {
        self.observer.node_changed(node, up);
    }

    fn decided(&mut self, cost: Span, decisions: u64) {
        self.observer.decided(cost, decisions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Arrivals;
    use crate::testkit::{Log, mixed, scheduler};
    use crate::{Control, run_sim};

    fn pace(factor: f64) -> (Pace, Log) {
        let mut setup = mixed(300, Arrivals::Closed { in_flight: 20 });
        setup.cluster.speeds.iter_mut().zip([0.5, 2.0]).for_each(|(speed, new)| *speed = new);
        let plan = setup.plan().unwrap();
        let speeds = setup.cluster.node_speeds().into_iter().map(|speed| speed * factor).collect();
        let mut log = Log::default();
        let mut paced = Paced::new(&mut log, &plan, speeds);
        let mut policy = scheduler("fifo", "late", &setup.cluster.spec);
        run_sim(&setup, &mut *policy, &mut paced, &Control::new()).unwrap();
        (paced.pace(), log)
    }

    #[test]
    fn in_virtual_time_calls_run_as_long_as_drawn_and_all_is_passed_on() {
        let (pace, log) = pace(1.0);
        let calls: usize = log.tasks.iter().map(|task| task.calls.len()).sum();
        assert_eq!((pace.calls, log.tasks.len()), (calls as u64, 300));
        assert_eq!((pace.longer(), pace.longest), (0.0, Span::ZERO));
    }

    #[test]
    fn calls_that_run_longer_are_noticed() {
        let (pace, _) = pace(1.25);
        let share = pace.share().unwrap();
        assert!((share - 0.25).abs() < 1e-6, "{share}");
        assert!(pace.longest.as_nanos() as f64 >= pace.longer());
    }
}
