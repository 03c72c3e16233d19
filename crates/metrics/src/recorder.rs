//! The recorder of one repetition.
//!
//! It is told of ends, not of progress: one record per task that ended and one per call
//! that finished. Memory does not grow with the number of samples, and nothing is allocated per
//! sample. Warm-up is the host's to leave out: it reports no warm-up task, and no call,
//! retry or decision of one either, else node counts and task counts would differ in
//! what they cover.

use crate::breakdown::Breakdown;
use crate::latencies::Row;
use crate::task_batches::TaskBatches;
use crate::{BatchPlan, Distribution, LatencySeries, Nanos, Parts, Population, Shape, TaskRecord};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Distinct failure reasons that are kept; further ones are counted together.
const MAX_REASONS: usize = 100;
/// Thousandths of a slot in a slot.
pub(crate) const MILLI_PER_SLOT: u32 = 1000;

/// Everything measured in one repetition.
#[derive(Clone, Debug)]
pub struct Recorder {
    shape: Arc<Shape>,
    /// By priority level, made when the level is first seen.
    levels: Vec<Option<Box<LatencySeries>>>,
    stages: Vec<LatencySeries>,
    /// By stage, the calls of failed tasks; those of successful ones are in `stages`.
    failed_calls: Vec<StageSums>,
    nodes: Vec<NodeTotals>,
    first_arrival: Option<Nanos>,
    last_finish: Nanos,
    contradictions: u64,
    retries: u64,
    failures: BTreeMap<String, u64>,
    undecided_cost: Nanos,
    task_batches: Option<Box<TaskBatches>>,
    pub(crate) breakdown: Breakdown,
    pub(crate) failed_after: Distribution,
    pub(crate) decisions: Distribution,
    /// Of all tasks that ended, the failed ones too.
    pub(crate) population: Population,
}

/// Calls of a stage, in sum.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StageSums {
    pub(crate) calls: u64,
    /// Submit to finish, ns.
    pub(crate) sojourn: u128,
    /// ns.
    pub(crate) execution: u128,
}

/// The calls that finished on a node, in one cache line: of thousands of nodes, each is far away.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(crate) struct NodeTotals {
    pub(crate) calls: u64,
    /// Slot time, thousandths of a slot × ns.
    pub(crate) busy: u128,
    /// Submit to finish, ns.
    pub(crate) sojourn: u128,
    pub(crate) longest: Nanos,
    pub(crate) down: bool,
}

impl Recorder {
    /// An empty recorder; all nodes are up.
    pub fn new(shape: Arc<Shape>) -> Recorder {
        Recorder {
            levels: Vec::new(),
            stages: vec![LatencySeries::default(); shape.stages().len()],
            failed_calls: vec![StageSums::default(); shape.stages().len()],
            nodes: vec![NodeTotals::default(); shape.nodes().len()],
            first_arrival: None,
            last_finish: Nanos::ZERO,
            contradictions: 0,
            retries: 0,
            failures: BTreeMap::new(),
            undecided_cost: Nanos::ZERO,
            task_batches: None,
            breakdown: Breakdown::default(),
            failed_after: Distribution::new(),
            decisions: Distribution::new(),
            population: Population::default(),
            shape,
        }
    }

    /// Keeps batches of tasks too, for intervals from within this one repetition. They cost some
    /// 200 instructions per task and up to 25 MB, so they are for those who have no other repetition.
    #[must_use]
    pub fn with_batches(self, plan: BatchPlan) -> Recorder {
        Recorder { task_batches: Some(Box::new(TaskBatches::new(plan))), ..self }
    }

    /// A task passed all stages. O(stages).
    #[inline]
    pub fn task_succeeded(&mut self, task: &TaskRecord<'_>) {
        let end_to_end = task.end_to_end();
        let parts = task.parts();
        self.level(task.priority).record(&parts, end_to_end);
        for (stage, call) in self.stages.iter_mut().zip(task.calls) {
            stage.record(&call.parts, call.parts.total());
        }
        self.succeeded(task, &parts, end_to_end);
    }

    /// All of [`task_succeeded`](Self::task_succeeded) but the latencies by level and by stage.
    #[inline]
    pub(crate) fn succeeded(&mut self, task: &TaskRecord<'_>, parts: &Parts, end_to_end: Nanos) {
        if parts.total() != end_to_end || task.calls.len() != self.stages.len() {
            self.contradictions += 1;
        }
        self.breakdown.record(parts, end_to_end);
        if let Some(batches) = &mut self.task_batches {
            batches.record(task.index, parts, end_to_end);
        }
        self.ended(task, true);
    }

    /// The latencies of tasks of a priority level.
    pub(crate) fn level_latencies(&mut self, level: u8, rows: &[Row]) {
        self.level(level).record_all(rows);
    }

    /// The latencies of calls of a stage; there must be such a stage.
    pub(crate) fn stage_latencies(&mut self, stage: usize, rows: &[Row]) {
        self.stages[stage].record_all(rows);
    }

    /// A task failed. It counts as ended, and appears in no latency of the successful ones.
    pub fn task_failed(&mut self, task: &TaskRecord<'_>, reason: &str) {
        let end_to_end = task.end_to_end();
        if task.parts().total() != end_to_end || task.calls.len() > self.stages.len() {
            self.contradictions += 1;
        }
        for (stage, call) in self.failed_calls.iter_mut().zip(task.calls) {
            stage.calls += 1;
            stage.sojourn += u128::from(call.parts.total().get());
            stage.execution += u128::from(call.parts.execution.get());
        }
        self.failed_after.record(end_to_end);
        if let Some(count) = self.failures.get_mut(reason) {
            *count += 1;
        } else {
            let kept = self.failures.len() < MAX_REASONS;
            let reason = if kept { reason } else { "other reasons" };
            *self.failures.entry(reason.to_owned()).or_default() += 1;
        }
        self.ended(task, false);
    }

    /// A stage call finished on `node`, whatever becomes of its task: it ran for `execution`, held
    /// `cpu_milli` thousandths of a slot meanwhile, and took `sojourn` from its submit to its finish.
    #[inline]
    pub fn call_finished(&mut self, node: u32, cpu_milli: u32, execution: Nanos, sojourn: Nanos) {
        let Some(node) = self.nodes.get_mut(node as usize) else {
            self.contradictions += 1;
            return;
        };
        node.calls += 1;
        node.busy += u128::from(execution.get()) * u128::from(cpu_milli);
        node.sojourn += u128::from(sojourn.get());
        node.longest = node.longest.max(sojourn);
    }

    /// A call is run again because its node was lost.
    pub fn retry(&mut self) {
        self.retries += 1;
    }

    /// The scheduler's own code ran for `cost` and gave `n` decisions, which share it evenly.
    /// The cost of a round without a decision is borne by the next one that has some: it was
    /// spent on them.
    #[inline]
    pub fn decisions(&mut self, cost: Nanos, n: u64) {
        let cost = self.undecided_cost + cost;
        if n == 0 {
            self.undecided_cost = cost;
            return;
        }
        self.undecided_cost = Nanos::ZERO;
        // The remainder goes to as many decisions, one ns each, so that the sum stays exact.
        let (each, rest) = (cost.get() / n, cost.get() % n);
        if rest > 0 {
            self.decisions.record_n(Nanos::new(each + 1), rest);
        }
        self.decisions.record_n(Nanos::new(each), n - rest);
    }

    /// A node was lost (`up` false) or is back. A node that is down at the end is not live, and
    /// is left out of the balance of this repetition.
    pub fn node_up(&mut self, node: u32, up: bool) {
        match self.nodes.get_mut(node as usize) {
            Some(node) => node.down = !up,
            None => self.contradictions += 1,
        }
    }

    /// Tasks that passed all stages so far.
    pub fn successful_tasks(&self) -> u64 {
        self.levels.iter().flatten().map(|level| level.end_to_end.count()).sum()
    }

    /// Tasks that failed so far.
    pub fn failed_tasks(&self) -> u64 {
        self.failed_after.count()
    }

    /// Records that contradict themselves or the shape: parts that do not add up to the
    /// end-to-end latency, a success that missed a stage, an unknown node. Always 0 unless the
    /// host is wrong.
    pub fn contradictions(&self) -> u64 {
        self.contradictions
    }

    /// First intended arrival to last finish of the tasks that ended, failed ones included.
    /// `None` before the first.
    pub fn duration(&self) -> Option<Nanos> {
        Some(self.last_finish.since(self.first_arrival?))
    }

    /// Successful tasks per second of [`duration`](Self::duration); `None` if that is none or zero.
    pub fn throughput(&self) -> Option<f64> {
        let duration = self.duration().filter(|duration| *duration > Nanos::ZERO)?;
        Some(self.successful_tasks() as f64 / duration.as_secs_f64())
    }

    /// The latencies of all successful tasks, merged from those of the levels.
    pub fn latencies(&self) -> LatencySeries {
        let mut all = LatencySeries::default();
        for level in self.levels.iter().flatten() {
            all.merge(level);
        }
        all
    }

    /// The priority levels that had a successful task, ascending, with their latencies.
    pub fn by_priority(&self) -> impl Iterator<Item = (usize, &LatencySeries)> {
        self.levels
            .iter()
            .enumerate()
            .filter_map(|(level, series)| Some((level, &**series.as_ref()?)))
    }

    /// The latencies of the calls of successful tasks, by stage.
    pub fn by_stage(&self) -> &[LatencySeries] {
        &self.stages
    }

    /// The calls of all tasks that ended, by stage.
    pub(crate) fn stage_sums(&self) -> impl Iterator<Item = StageSums> {
        self.stages.iter().zip(&self.failed_calls).map(|(series, failed)| StageSums {
            calls: series.end_to_end.count() + failed.calls,
            sojourn: series.end_to_end.sum_ns() + failed.sojourn,
            execution: series.execution.sum_ns() + failed.execution,
        })
    }

    /// The calls of failed tasks, by stage.
    pub(crate) fn failed_calls(&self) -> &[StageSums] {
        &self.failed_calls
    }

    pub(crate) fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    pub(crate) fn task_batches(&self) -> Option<&TaskBatches> {
        self.task_batches.as_deref()
    }

    pub(crate) fn nodes(&self) -> &[NodeTotals] {
        &self.nodes
    }

    pub(crate) fn failures(&self) -> &BTreeMap<String, u64> {
        &self.failures
    }

    pub(crate) fn retries(&self) -> u64 {
        self.retries
    }

    #[inline]
    fn level(&mut self, level: u8) -> &mut LatencySeries {
        let level = usize::from(level);
        if level >= self.levels.len() {
            self.levels.resize(level + 1, None);
        }
        self.levels[level].get_or_insert_default()
    }

    #[inline]
    fn ended(&mut self, task: &TaskRecord<'_>, success: bool) {
        let arrival = task.intended_arrival;
        let first = self.first_arrival.map_or(arrival, |first| first.min(arrival));
        self.first_arrival = Some(first);
        self.last_finish = self.last_finish.max(task.finish);
        self.population.record(task.index, arrival.get(), task.finish.get());
        if let Some(batches) = &mut self.task_batches {
            batches.ended(success, first, self.last_finish);
        }
    }
}
