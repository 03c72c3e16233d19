//! Made-up reports for the gallery and for the tests: no run stands behind them.
//!
//! [`Run`] holds what the pictures show; [`Run::report`] fills in the rest of a
//! report so that its own rules hold (parts add up, node scores follow from calls).

use metrics::report::{
    Certificate, Host, Interval, Latencies, Measures, Method, NodeMeasures, PartsMs, Provenance,
    QuantileParts, RunConfig, RunReport, SCHEMA_VERSION, Summary,
};
use std::collections::BTreeMap;

/// What the pictures show of a run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Part, configuration, policy, binding.
    pub(crate) names: [String; 4],
    /// Tasks/s; null like the report's.
    pub(crate) throughput: Option<f64>,
    /// Confidence interval of it.
    pub(crate) ci95: Option<[f64; 2]>,
    /// Successful and failed tasks.
    pub(crate) tasks: (u64, u64),
    /// Scheduling, queueing, execution, transfer at the median, ms.
    pub(crate) parts: [f64; 4],
    /// Growth of the waiting parts at p95 and p99.
    pub(crate) tail: (f64, f64),
    /// Stage calls by node.
    pub(crate) calls: Vec<u64>,
    /// Slots of every node.
    pub(crate) slots: u32,
    /// Interrupted.
    pub(crate) partial: bool,
}

impl Run {
    /// A healthy run of four nodes: 100 tasks/s, 500 tasks, 80 ms at the median.
    pub(crate) fn new(part: &str, configuration: &str, policy: &str, bind: &str) -> Run {
        Run {
            names: [part, configuration, policy, bind].map(str::to_owned),
            throughput: Some(100.0),
            ci95: None,
            tasks: (500, 0),
            parts: if bind == "late" { [20.0, 0.0, 60.0, 0.0] } else { [0.2, 19.8, 60.0, 0.0] },
            tail: (2.5, 4.0),
            calls: vec![380, 371, 377, 372],
            slots: 4,
            partial: false,
        }
    }

    /// The report of this run.
    pub(crate) fn report(&self) -> RunReport {
        let [part, configuration, policy, bind] = self.names.clone();
        let name = [&*configuration, &*policy, &*bind].join("_");
        let nodes = self.calls.len() as u32;
        let parallelism = u64::from(nodes) * u64::from(self.slots);
        let config = RunConfig {
            experiment: "gallery".to_owned(),
            part,
            configuration,
            policy,
            bind,
            parameters: BTreeMap::new(),
            environment: "local".to_owned(),
            work: "emulated".to_owned(),
            pipeline: "compute".to_owned(),
            stages: 3,
            nodes,
            parallelism,
            tasks: self.tasks.0 + self.tasks.1,
            view: None,
            arrivals: format!("closed:{}", parallelism * 2),
        };
        RunReport {
            schema_version: SCHEMA_VERSION,
            name,
            provenance: provenance(),
            metrics: self.measures(config),
        }
    }

    fn measures(&self, config: RunConfig) -> Measures {
        let (successful, failed) = self.tasks;
        let loads: Vec<f64> =
            self.calls.iter().map(|&c| c as f64 / f64::from(self.slots)).collect();
        let (balance, jain) = scores(&loads);
        let latency_ms = self.latencies(1.0);
        let at = |growth: f64| (successful > 0).then(|| self.parts_at(growth));
        Measures {
            total_tasks: successful + failed,
            successful_tasks: successful,
            failed_tasks: failed,
            total_duration_sec: self.throughput.map(|t| successful as f64 / t),
            throughput_tasks_per_sec: self.throughput,
            throughput_ci95: self.ci95,
            avg_latency_ms: latency_ms.end_to_end.mean,
            p50_latency_ms: latency_ms.end_to_end.p50,
            p95_latency_ms: latency_ms.end_to_end.p95,
            p99_latency_ms: latency_ms.end_to_end.p99,
            avg_scheduling_latency_ms: latency_ms.scheduling.mean,
            avg_queue_latency_ms: latency_ms.queue.mean,
            avg_execution_latency_ms: latency_ms.execution.mean,
            latency_parts_ms: QuantileParts {
                p50: at(1.0),
                p95: at(self.tail.0),
                p99: at(self.tail.1),
                p999: at(self.tail.1),
            },
            latency_ms,
            by_priority: BTreeMap::new(),
            stages: STAGES
                .iter()
                .map(|(name, share)| ((*name).into(), self.latencies(*share)))
                .collect(),
            failed_after_ms: Summary::default(),
            decision_ns: Summary::default(),
            node_distribution: self.calls.iter().enumerate().map(|(i, &c)| (node(i), c)).collect(),
            nodes: self.calls.iter().enumerate().map(|(i, &c)| self.node(i, c)).collect(),
            node_balance_score: balance,
            jain_index: jain,
            node_utilization: Some(0.87),
            interval: Interval {
                method: self.ci95.map(|_| Method::Repetitions),
                n: if self.ci95.is_some() { 5 } else { 0 },
                batch_tasks: None,
                lag1: None,
                lower_bound: false,
            },
            repetitions: if self.ci95.is_some() { 5 } else { 1 },
            failures: BTreeMap::new(),
            retries: 0,
            services: None,
            partial: self.partial,
            certificate: Certificate::new(Vec::new()),
            notes: Vec::new(),
            config,
        }
    }

    fn node(&self, index: usize, calls: u64) -> NodeMeasures {
        NodeMeasures {
            name: node(index),
            slots: self.slots,
            calls,
            busy_sec: calls as f64 * 0.025,
            utilization: Some(0.87),
            mean_call_ms: (calls > 0).then_some(25.0),
            max_call_ms: (calls > 0).then_some(40.0),
        }
    }

    fn parts_at(&self, growth: f64) -> PartsMs {
        let [scheduling, queue, execution, transfer] = self.parts;
        PartsMs { scheduling: scheduling * growth, queue: queue * growth, execution, transfer }
    }

    /// This share of a task's.
    fn latencies(&self, share: f64) -> Latencies {
        let count = self.tasks.0;
        let summary = |of: fn(&PartsMs) -> f64| -> Summary {
            if count == 0 {
                return Summary::default();
            }
            let at = |growth| Some(share * of(&self.parts_at(growth)));
            let (p50, p95, p99) = (at(1.0), at(self.tail.0), at(self.tail.1));
            Summary {
                count,
                mean: p50,
                p50,
                p90: p95,
                p95,
                p99,
                p999: p99,
                max: p99,
                ..Summary::default()
            }
        };
        Latencies {
            scheduling: summary(|p| p.scheduling),
            queue: summary(|p| p.queue),
            wait: summary(|p| p.scheduling + p.queue),
            execution: summary(|p| p.execution),
            transfer: summary(|p| p.transfer),
            end_to_end: summary(|p| p.scheduling + p.queue + p.execution + p.transfer),
        }
    }
}

/// The stages, and what share of a task's time each takes.
const STAGES: [(&str, f64); 3] = [("load", 0.2), ("<work>", 0.5), ("store", 0.3)];

fn node(index: usize) -> String {
    format!("node-{index}")
}

/// 1 − CV, floored at 0, and Jain's index; none without any load.
fn scores(loads: &[f64]) -> (Option<f64>, Option<f64>) {
    let n = loads.len() as f64;
    let (sum, squares) = (loads.iter().sum::<f64>(), loads.iter().map(|l| l * l).sum::<f64>());
    if sum == 0.0 {
        return (None, None);
    }
    let mean = sum / n;
    let cv = (squares / n - mean * mean).max(0.0).sqrt() / mean;
    (Some((1.0 - cv).max(0.0)), Some(sum * sum / (n * squares)))
}

fn provenance() -> Provenance {
    Provenance {
        version: "0.1.0".to_owned(),
        git_commit: None,
        seed: 42,
        host: Host {
            name: "nowhere".to_owned(),
            platform: "none".to_owned(),
            cpu_model: None,
            cores: 1,
        },
        command: "gallery".to_owned(),
        build_profile: "release".to_owned(),
        started_at: "2025-01-01T00:00:00Z".to_owned(),
        spec: serde_json::Value::Null,
    }
}
