//! Repetitions → [`Measures`].
//!
//! Counts are summed, duration and throughput averaged, latencies pooled. Balance is the
//! mean of the repetitions' own scores: a policy that floods another node each time
//! would look even in the pooled counts. Recorders can be dropped as soon as they are added, so
//! memory does not grow with the number of repetitions.

use crate::balance::{Balance, balance};
use crate::breakdown::Breakdown;
use crate::certify::{Checks, samples, stationary, strong};
use crate::confidence::ratio_interval;
use crate::intervals;
use crate::notes;
use crate::pool::{LatencyPool, MS, NS, Pool};
use crate::recorder::{MILLI_PER_SLOT, NodeTotals};
use crate::report::{
    Certificate, Check, Measures, NodeMeasures, PartsMs, QuantileParts, RunConfig,
};
use crate::services::{ServicePool, ServiceRecorder};
use crate::task_batches::TaskBatches;
use crate::{CurvePoint, MetricsError, Nanos, Population, Recorder, SectionsOfRun, Shape};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the recorders cannot know of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct RunFacts {
    /// Whether it was interrupted.
    pub partial: bool,
    /// Remarks of the host; those of this crate are put behind them.
    pub notes: Vec<String>,
    /// What was run.
    pub config: RunConfig,
    /// Whether arrivals are open: due whether or not the system keeps up, and not all at once.
    pub open_arrivals: bool,
}

/// The repetitions of a run, folded in one by one.
#[derive(Clone, Debug)]
pub struct Fold {
    shape: Arc<Shape>,
    repetitions: u32,
    latencies: LatencyPool,
    levels: BTreeMap<usize, LatencyPool>,
    stages: Vec<LatencyPool>,
    breakdown: Breakdown,
    /// Of all repetitions, if they keep batches.
    task_batches: Option<TaskBatches>,
    failed_after: Pool,
    decisions: Pool,
    nodes: Vec<NodeTotals>,
    /// By node, in how many repetitions it was down at the end.
    down: Vec<u32>,
    durations: Vec<Nanos>,
    throughputs: Vec<f64>,
    balances: Vec<Balance>,
    failures: BTreeMap<String, u64>,
    retries: u64,
    services: Option<ServicePool>,
    contradictions: u64,
    population: Population,
    checks: Checks,
}

impl Fold {
    /// No repetition yet.
    pub fn new(shape: Arc<Shape>) -> Fold {
        Fold {
            repetitions: 0,
            latencies: LatencyPool::default(),
            levels: BTreeMap::new(),
            stages: vec![LatencyPool::default(); shape.stages().len()],
            breakdown: Breakdown::default(),
            task_batches: None,
            failed_after: Pool::default(),
            decisions: Pool::default(),
            nodes: vec![NodeTotals::default(); shape.nodes().len()],
            down: vec![0; shape.nodes().len()],
            durations: Vec::new(),
            throughputs: Vec::new(),
            balances: Vec::new(),
            failures: BTreeMap::new(),
            retries: 0,
            services: None,
            contradictions: 0,
            population: Population::default(),
            checks: Checks::default(),
            shape,
        }
    }

    /// Folds in a repetition. The order of repetitions does not matter but to the last bit.
    ///
    /// # Errors
    /// [`MetricsError::ShapeMismatch`] if it is one of other stages or nodes, or cut in other batches.
    pub fn add(&mut self, repetition: &Recorder) -> Result<(), MetricsError> {
        if **repetition.shape() != *self.shape {
            return Err(MetricsError::ShapeMismatch);
        }
        let alike = match (&mut self.task_batches, repetition.task_batches()) {
            (None, None) => true,
            (Some(all), Some(more)) => all.merge(more),
            (batches @ None, Some(first)) if self.repetitions == 0 => {
                *batches = Some(first.clone());
                true
            }
            _ => false,
        };
        if !alike {
            return Err(MetricsError::ShapeMismatch);
        }
        self.repetitions += 1;
        self.latencies.add(&repetition.latencies());
        for (level, series) in repetition.by_priority() {
            self.levels.entry(level).or_default().add(series);
        }
        for (pool, series) in self.stages.iter_mut().zip(repetition.by_stage()) {
            pool.add(series);
        }
        self.breakdown.merge(&repetition.breakdown);
        self.failed_after.add(&repetition.failed_after);
        self.decisions.add(&repetition.decisions);
        self.durations.extend(repetition.duration());
        self.throughputs.extend(repetition.throughput());
        self.add_nodes(repetition.nodes());
        for (reason, count) in repetition.failures() {
            *self.failures.entry(reason.clone()).or_default() += count;
        }
        self.retries += repetition.retries();
        self.contradictions += repetition.contradictions();
        self.population.merge(&repetition.population);
        Ok(())
    }

    /// Folds in the calls to services of a repetition.
    pub fn add_services(&mut self, repetition: &ServiceRecorder) {
        self.services.get_or_insert_default().add(repetition);
    }

    /// Folds in what was checked of a repetition, as by [`audit`](crate::audit).
    pub fn certify(&mut self, checks: Vec<Check>) {
        self.checks.add(checks);
    }

    /// What intervals from batches are made of, for comparing two runs. None if the repetitions keep
    /// no batches.
    pub fn sections(&self) -> Option<SectionsOfRun> {
        let slots = self.shape.nodes().iter().map(|node| u64::from(node.slots)).sum();
        self.task_batches.as_ref().map(|batches| batches.sections(slots))
    }

    /// The end-to-end latencies of successful tasks, all repetitions pooled, as a curve.
    pub fn curve(&self) -> Vec<CurvePoint> {
        self.latencies.end_to_end().curve()
    }

    /// The measures of what was added.
    pub fn finish(self, facts: RunFacts) -> Measures {
        let sections = self.sections();
        let latency_ms = self.latencies.summaries();
        let successful_tasks = self.latencies.end_to_end().count();
        let failed_tasks = self.failed_after.all().count();
        let durations = self.durations.iter().map(|duration| duration.as_secs_f64());
        let seconds = self.durations.iter().map(|duration| duration.as_secs_f64()).sum();
        let weighted: Vec<_> = self.throughputs.iter().map(|&rate| (rate, 1.0)).collect();
        let nodes = self.node_measures();
        let by_level =
            |(level, pool): (&usize, &LatencyPool)| (level.to_string(), pool.summaries());
        let stages = self.shape.stages().iter().cloned();
        let mut measures = Measures {
            total_tasks: successful_tasks + failed_tasks,
            successful_tasks,
            failed_tasks,
            total_duration_sec: mean(durations),
            throughput_tasks_per_sec: mean(self.throughputs.iter().copied()),
            throughput_ci95: ratio_interval(&weighted),
            avg_latency_ms: latency_ms.end_to_end.mean,
            p50_latency_ms: latency_ms.end_to_end.p50,
            p95_latency_ms: latency_ms.end_to_end.p95,
            p99_latency_ms: latency_ms.end_to_end.p99,
            avg_scheduling_latency_ms: latency_ms.scheduling.mean,
            avg_queue_latency_ms: latency_ms.queue.mean,
            avg_execution_latency_ms: latency_ms.execution.mean,
            latency_ms,
            latency_parts_ms: self.quantile_parts(),
            by_priority: self.levels.iter().map(by_level).collect(),
            stages: stages.zip(self.stages.iter().map(LatencyPool::summaries)).collect(),
            failed_after_ms: self.failed_after.summary(MS),
            decision_ns: strong(self.decisions.summary(NS)),
            node_distribution: nodes.iter().map(|node| (node.name.clone(), node.calls)).collect(),
            node_balance_score: mean(self.balances.iter().map(|balance| balance.score)),
            jain_index: mean(self.balances.iter().map(|balance| balance.jain)),
            node_utilization: self.utilization(
                self.nodes.iter().map(|node| node.busy).sum(),
                self.shape.nodes().iter().map(|node| u64::from(node.slots)).sum(),
            ),
            nodes,
            interval: intervals::across(self.repetitions),
            repetitions: self.repetitions,
            failures: self.failures,
            retries: self.retries,
            services: self.services.as_ref().map(|calls| calls.measures(seconds)),
            partial: facts.partial,
            certificate: Certificate::new(Vec::new()),
            notes: facts.notes,
            config: facts.config,
        };
        if let Some(sections) = &sections {
            intervals::from_batches(&mut measures, sections);
        }
        let names = self.shape.nodes().iter().map(|node| node.name.as_str());
        let down: Vec<_> = names.zip(self.down).filter(|(_, times)| *times > 0).collect();
        let mut checks = self.checks.finish();
        checks.push(samples(&measures));
        checks.push(stationary(&self.population, facts.open_arrivals, &measures));
        measures.certificate = Certificate::new(checks);
        notes::append(&mut measures, self.contradictions, &down);
        measures
    }

    fn add_nodes(&mut self, nodes: &[NodeTotals]) {
        let mut live = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            let sum = &mut self.nodes[i];
            sum.calls += node.calls;
            sum.busy += node.busy;
            sum.sojourn += node.sojourn;
            sum.longest = sum.longest.max(node.longest);
            if node.down {
                self.down[i] += 1;
            } else {
                live.push((node.calls, self.shape.nodes()[i].slots));
            }
        }
        self.balances.extend(balance(&live));
    }

    fn node_measures(&self) -> Vec<NodeMeasures> {
        let measures = self.shape.nodes().iter().zip(&self.nodes).map(|(node, totals)| {
            let ran = totals.calls > 0;
            NodeMeasures {
                name: node.name.clone(),
                slots: node.slots,
                calls: totals.calls,
                busy_sec: totals.busy as f64 / (f64::from(MILLI_PER_SLOT) * 1e9),
                utilization: self.utilization(totals.busy, u64::from(node.slots)),
                mean_call_ms: ran.then(|| totals.sojourn as f64 / totals.calls as f64 / MS),
                max_call_ms: ran.then(|| totals.longest.as_millis_f64()),
            }
        });
        measures.collect()
    }

    /// Busy time ÷ (slots × all durations). At most 1: calls of tasks that an interruption cut off
    /// may have finished after the last task that ended.
    fn utilization(&self, busy: u128, slots: u64) -> Option<f64> {
        let duration: u128 = self.durations.iter().map(|duration| u128::from(duration.get())).sum();
        let available = duration * u128::from(slots) * u128::from(MILLI_PER_SLOT);
        (available > 0).then(|| (busy as f64 / available as f64).min(1.0))
    }

    fn quantile_parts(&self) -> QuantileParts {
        let Some(quantiles) = self.latencies.end_to_end().quantiles([500, 950, 990, 999]) else {
            return QuantileParts::default();
        };
        let [p50, p95, p99, p999] = quantiles.map(|latency| {
            let ms = latency.as_millis_f64();
            // Tasks that took no time at all have four parts of no time.
            let split =
                self.breakdown.shares_near(latency).map_or_else(PartsMs::default, |share| {
                    PartsMs {
                        scheduling: ms * share.scheduling,
                        queue: ms * share.queue,
                        execution: ms * share.execution,
                        transfer: ms * share.transfer,
                    }
                });
            Some(split)
        });
        QuantileParts { p50, p95, p99, p999 }
    }
}

/// `None` of nothing.
fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}
