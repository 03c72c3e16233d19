//! What was measured, as it stands in the JSON under `metrics`.
//!
//! Plain data; [`Fold`](crate::Fold) makes it from the recorders of the repetitions.
//! What rests on no sample is null, never zero: a zero would be drawn, compared and
//! averaged as if it had been measured.

use super::{Certificate, RunConfig, ServiceMeasures};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was measured. Warm-up tasks are counted nowhere.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measures {
    /// Tasks that ended, summed over repetitions.
    pub total_tasks: u64,
    /// Of these, tasks that passed all stages.
    pub successful_tasks: u64,
    /// Of these, tasks that failed; `failures` says why.
    pub failed_tasks: u64,
    /// First counted intended arrival to last finish, mean over repetitions, seconds.
    /// Null when no task ended.
    pub total_duration_sec: Option<f64>,
    /// Successful tasks ÷ duration, mean over repetitions. Null when there is no duration.
    pub throughput_tasks_per_sec: Option<f64>,
    /// 95 % confidence interval of the throughput, by the method that `interval` names. Null without
    /// one, and where the throughput is that of the arrivals and the repetitions are one history.
    pub throughput_ci95: Option<[f64; 2]>,
    /// Mean end-to-end latency, ms. Null, like every latency, when no task succeeded.
    pub avg_latency_ms: Option<f64>,
    /// Median end-to-end latency, ms.
    pub p50_latency_ms: Option<f64>,
    /// 95th percentile of the end-to-end latency, ms.
    pub p95_latency_ms: Option<f64>,
    /// 99th percentile of the end-to-end latency, ms.
    pub p99_latency_ms: Option<f64>,
    /// Mean over tasks of the scheduling latency, summed over the stages, ms.
    pub avg_scheduling_latency_ms: Option<f64>,
    /// Mean over tasks of the queueing latency, summed over the stages, ms.
    pub avg_queue_latency_ms: Option<f64>,
    /// Mean over tasks of the execution latency, summed over the stages, ms.
    pub avg_execution_latency_ms: Option<f64>,
    /// Latencies of successful tasks; a sample is a task, its parts summed over the stages.
    pub latency_ms: Latencies,
    /// Where the time of the tasks at a quantile of the end-to-end latency went.
    pub latency_parts_ms: QuantileParts,
    /// Latencies by priority level, `"0"` to `"9"`; levels without a successful task are absent.
    pub by_priority: BTreeMap<String, Latencies>,
    /// Latencies by name of the stage, in pipeline order. A sample is one call of a successful
    /// task; `end_to_end` is that call's, from its submit.
    pub stages: IndexMap<String, Latencies>,
    /// Intended arrival to failure of failed tasks, ms.
    pub failed_after_ms: Summary,
    /// Wall-clock cost of the scheduler's own code per decision, ns. In virtual time a few of the
    /// decisions are measured; quantiles with fewer than ten samples beyond them are null.
    pub decision_ns: Summary,
    /// Stage calls by node, in node order, idle nodes with 0.
    pub node_distribution: IndexMap<String, u64>,
    /// The nodes, in order.
    pub nodes: Vec<NodeMeasures>,
    /// 1 − CV of stage calls per slot over the live nodes, idle ones included, floored at 0;
    /// 1 is even. Mean over repetitions. Null when no call finished.
    pub node_balance_score: Option<f64>,
    /// Jain's index of the same numbers: 1 is even, 1/n is everything on one of n nodes.
    pub jain_index: Option<f64>,
    /// Busy slot time ÷ (slots × duration) over the cluster, 0 to 1. Null when there is no
    /// duration.
    pub node_utilization: Option<f64>,
    /// How the intervals of throughput and latencies were made.
    pub interval: Interval,
    /// Repetitions folded in.
    pub repetitions: u32,
    /// Why tasks failed: reason → count.
    pub failures: BTreeMap<String, u64>,
    /// Attempts after the first, because a node was lost.
    pub retries: u64,
    /// What calls to services have cost. Null where no stage makes any.
    pub services: Option<ServiceMeasures>,
    /// True when the run was interrupted and holds only what was finished until then.
    pub partial: bool,
    /// What the run has checked of itself, and what it says of the numbers above.
    pub certificate: Certificate,
    /// Plain-word remarks that a reader of the numbers must know.
    pub notes: Vec<String>,
    /// What was run.
    pub config: RunConfig,
}

/// How intervals were made, and what of.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Null: there are none.
    pub method: Option<Method>,
    /// Observations: repetitions or batches; 0 without a method.
    pub n: u32,
    /// By batch means, counted tasks of a batch, to the nearest.
    pub batch_tasks: Option<u64>,
    /// By batch means, the correlation of a batch with the next: the largest of the measures.
    pub lag1: Option<f64>,
    /// Whether that is more than chance: then batches are no independent observations, and the
    /// intervals are too narrow.
    pub lower_bound: bool,
}

impl Interval {
    /// What the intervals of these runs are over, as it follows "95 % interval"; none if they have none.
    pub fn methods<'a>(of: impl IntoIterator<Item = &'a Interval>) -> Option<&'static str> {
        let [mut repetitions, mut batches] = [false; 2];
        for method in of.into_iter().filter_map(|it| it.method) {
            match method {
                Method::Repetitions => repetitions = true,
                Method::BatchMeans => batches = true,
            }
        }
        match (repetitions, batches) {
            (false, false) => None,
            (true, false) => Some("over repetitions"),
            (false, true) => Some("by batch means over consecutive tasks"),
            (true, true) => {
                Some("over repetitions or, of one history, by batch means over consecutive tasks")
            }
        }
    }
}

/// What an interval takes as one observation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A repetition: Student's t over repetitions.
    Repetitions,
    /// A batch of consecutive tasks: non-overlapping batch means, for quantiles those of the
    /// share of tasks beyond them.
    BatchMeans,
}

impl Method {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Method::Repetitions => "repetitions",
            Method::BatchMeans => "batch_means",
        }
    }
}

/// The parts of latency. `end_to_end` = scheduling + queue + execution + transfer, `wait` =
/// scheduling + queue, sample by sample.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latencies {
    /// Submit to assign.
    pub scheduling: Summary,
    /// Arrival at the node to start.
    pub queue: Summary,
    /// Scheduling + queue: the only part comparable between early and late binding.
    pub wait: Summary,
    /// Start to finish, as measured.
    pub execution: Summary,
    /// Assign to arrival at the node, and the result's way back.
    pub transfer: Summary,
    /// Intended arrival to finish of the last stage.
    pub end_to_end: Summary,
}

/// A distribution. The unit is in the name of the field that holds it.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Samples.
    pub count: u64,
    /// Mean, from the exact integer sum. Null, like all below, when there is no sample.
    pub mean: Option<f64>,
    /// 95 % confidence interval of the mean, by the method that [`Measures::interval`] names; null if
    /// that is none. Of `decision_ns` always across repetitions.
    pub ci95: Option<[f64; 2]>,
    /// Median. Quantiles are at most 0.1 % above the sample of that rank, never below it.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    pub p999: Option<f64>,
    /// 95 % confidence interval of the median; null, like the next two, without a method, or where a
    /// repetition or batch has too few samples. By batch means only `end_to_end` and `wait` of all
    /// tasks have them.
    pub p50_ci95: Option<[f64; 2]>,
    /// That of the 95th percentile.
    pub p95_ci95: Option<[f64; 2]>,
    /// That of the 99th percentile.
    pub p99_ci95: Option<[f64; 2]>,
    /// The largest sample, exact.
    pub max: Option<f64>,
}

/// The end-to-end latency at a quantile, split into its parts; null without a sample.
///
/// Quantiles of the parts do not add up to the quantile of the sum. These do: they are the mean
/// shares of the tasks whose end-to-end latency is near the quantile (at most 6.25 % off),
/// scaled to it.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantileParts {
    /// At the median.
    pub p50: Option<PartsMs>,
    /// At the 95th percentile.
    pub p95: Option<PartsMs>,
    /// At the 99th percentile.
    pub p99: Option<PartsMs>,
    /// At the 99.9th percentile.
    pub p999: Option<PartsMs>,
}

/// One latency, split, in ms; the four add up to it.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartsMs {
    /// Submit to assign.
    pub scheduling: f64,
    /// Arrival at the node to start.
    pub queue: f64,
    /// Start to finish.
    pub execution: f64,
    /// Assign to arrival at the node, and the result's way back.
    pub transfer: f64,
}

/// One node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeMeasures {
    /// `node-0` …
    pub name: String,
    /// Its slots.
    pub slots: u32,
    /// Stage calls that finished on it.
    pub calls: u64,
    /// Slot time spent on them, seconds.
    pub busy_sec: f64,
    /// Busy time ÷ (slots × duration), 0 to 1; null when there is no duration.
    pub utilization: Option<f64>,
    /// Mean time from submit to finish of its calls, ms; null if it had none.
    pub mean_call_ms: Option<f64>,
    /// The longest such time, ms; null if it had none.
    pub max_call_ms: Option<f64>,
}
