//! A whole run against a naive account that keeps every sample of every task.
//!
//! Random tasks over several repetitions, levels, stages and nodes; some fail. Everything in
//! the report that can be counted must come out of the plain lists as well.

use crate::support::{Draws, call, fold, same, shape, succeed, task};
use metrics::report::{Latencies, Summary};
use metrics::{CallRecord, Parts, Recorder};
use std::collections::BTreeMap;
use std::sync::Arc;

const STAGES: usize = 3;
const NODES: u64 = 5;

/// Every sample of the six series.
#[derive(Default)]
struct Lists([Vec<u64>; 6]);

impl Lists {
    fn push(&mut self, calls: &[CallRecord]) {
        let sum = |part: fn(&Parts) -> u64| calls.iter().map(|call| part(&call.parts)).sum::<u64>();
        let scheduling = sum(|parts| parts.scheduling.get());
        let queue = sum(|parts| parts.queue.get());
        let execution = sum(|parts| parts.execution.get());
        let transfer = sum(|parts| parts.transfer.get());
        let wait = scheduling + queue;
        let total = wait + execution + transfer;
        let samples = [scheduling, queue, wait, execution, transfer, total];
        for (list, sample) in self.0.iter_mut().zip(samples) {
            list.push(sample);
        }
    }

    fn check(self, got: &Latencies) {
        let Latencies { scheduling, queue, wait, execution, transfer, end_to_end } = got;
        let got = [scheduling, queue, wait, execution, transfer, end_to_end];
        for (list, summary) in self.0.into_iter().zip(got) {
            check(list, summary);
        }
    }
}

fn check(mut samples: Vec<u64>, got: &Summary) {
    samples.sort_unstable();
    let n = samples.len();
    assert_eq!(got.count, n as u64);
    let sum: u128 = samples.iter().map(|&ns| u128::from(ns)).sum();
    assert!(same(got.mean.unwrap(), sum as f64 / n as f64 / 1e6), "{got:?}");
    assert_eq!(got.max, Some(samples[n - 1] as f64 / 1e6));
    let quantiles =
        [(500, got.p50), (900, got.p90), (950, got.p95), (990, got.p99), (999, got.p999)];
    for (permille, value) in quantiles {
        let exact = samples[(n * permille).div_ceil(1000) - 1] as f64 / 1e6;
        let value = value.unwrap();
        assert!(exact <= value && value <= exact * 1.001, "{permille} ‰: {value}, not {exact}");
    }
}

#[test]
fn a_run_agrees_with_plain_lists_of_all_its_samples() {
    for seed in 0..10 {
        let mut draws = Draws(seed);
        let shape = shape(STAGES, NODES as usize);
        let (mut all, mut failed_after) = (Lists::default(), Vec::new());
        let mut levels: BTreeMap<u8, Lists> = BTreeMap::new();
        let mut stages = [(); STAGES].map(|()| Lists::default());
        let mut nodes = [(0_u64, 0_u64, 0_u64); NODES as usize];
        let mut rates = Vec::new();
        let mut runs = Vec::new();
        for _ in 0..3 {
            let mut recorder = Recorder::new(Arc::clone(&shape));
            let (mut first, mut last, mut successes) = (u64::MAX, 0, 0);
            for _ in 0..400 {
                let mut calls = Vec::new();
                for _ in 0..STAGES {
                    let parts = [(); 4].map(|()| draws.duration(40));
                    calls.push(call(draws.below(NODES) as u32, parts));
                }
                let record = task(draws.duration(40), draws.below(3) as u8 * 4, &calls);
                first = first.min(record.intended_arrival.get());
                last = last.max(record.finish.get());
                if draws.below(10) == 0 {
                    recorder.task_failed(&record, "drawn");
                    failed_after.push(record.finish.get() - record.intended_arrival.get());
                    continue;
                }
                successes += 1;
                succeed(&mut recorder, &record);
                all.push(&calls);
                levels.entry(record.priority).or_default().push(&calls);
                for (stage, call) in stages.iter_mut().zip(&calls) {
                    stage.push(&[*call]);
                    let (count, busy, longest) = &mut nodes[call.node.unwrap() as usize];
                    *count += 1;
                    *busy += call.parts.execution.get();
                    *longest = (*longest).max(call.parts.total().get());
                }
            }
            rates.push(f64::from(successes) / ((last - first) as f64 / 1e9));
            runs.push(recorder);
        }

        let got = fold(&shape, &runs);
        assert_eq!(got.total_tasks, 1200);
        assert_eq!(got.failed_tasks, failed_after.len() as u64);
        assert!(same(got.throughput_tasks_per_sec.unwrap(), rates.iter().sum::<f64>() / 3.0));
        // The means of the parts add up to the mean of the whole.
        let mean = |summary: &Summary| summary.mean.unwrap();
        let Latencies { scheduling, queue, execution, transfer, end_to_end, .. } = &got.latency_ms;
        let parts = mean(scheduling) + mean(queue) + mean(execution) + mean(transfer);
        assert!(same(parts, mean(end_to_end)));
        // So do the parts at a quantile.
        let p99 = got.latency_parts_ms.p99.unwrap();
        let parts = p99.scheduling + p99.queue + p99.execution + p99.transfer;
        assert!(same(parts, got.p99_latency_ms.unwrap()));

        all.check(&got.latency_ms);
        check(failed_after, &got.failed_after_ms);
        assert_eq!(got.by_priority.len(), levels.len());
        for (level, lists) in levels {
            lists.check(&got.by_priority[&level.to_string()]);
        }
        assert!(got.stages.keys().eq(["s0", "s1", "s2"]));
        for (lists, stage) in stages.into_iter().zip(got.stages.values()) {
            lists.check(stage);
        }
        for (node, (count, busy, longest)) in got.nodes.iter().zip(nodes) {
            assert_eq!(node.calls, count);
            assert_eq!(node.busy_sec, busy as f64 / 1e9);
            assert_eq!(node.max_call_ms, Some(longest as f64 / 1e6));
        }
    }
}
