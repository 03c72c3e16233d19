//! Several repetitions as one run, against values worked out by hand.

use crate::support::{call, facts, fold, same, shape, succeed, task};
use metrics::report::Summary;
use metrics::{Fold, MetricsError, Nanos, Node, Recorder, Shape};
use std::sync::Arc;

const MS: u64 = 1_000_000;

/// A repetition of one stage on one node: tasks of these execution times in ms, all at 0.
fn repetition(shape: &Arc<Shape>, executions: &[u64]) -> Recorder {
    let mut recorder = Recorder::new(Arc::clone(shape));
    for &ms in executions {
        succeed(&mut recorder, &task(0, 5, &[call(0, [0, 0, ms * MS, 0])]));
    }
    recorder
}

#[test]
fn counts_are_summed_rates_averaged_and_samples_pooled() {
    let shape = shape(1, 1);
    // 2 tasks in 20 ms = 100/s; 4 tasks in 40 ms = 100/s; 2 tasks in 10 ms = 200/s.
    let runs = [[10, 20].as_slice(), &[10, 20, 30, 40], &[10, 10]];
    let runs = runs.map(|executions| repetition(&shape, executions));
    let measures = fold(&shape, &runs);
    assert_eq!((measures.repetitions, measures.total_tasks), (3, 8));
    assert_eq!((measures.successful_tasks, measures.failed_tasks), (8, 0));
    assert!(same(measures.total_duration_sec.unwrap(), 0.07 / 3.0));
    assert!(same(measures.throughput_tasks_per_sec.unwrap(), 400.0 / 3.0));
    // The mean of all samples, 150 ms ÷ 8, not the mean 16.67 of the repetitions' means.
    assert_eq!(measures.avg_latency_ms, Some(150.0 / 8.0));
    assert_eq!(measures.latency_ms.end_to_end.count, 8);
    assert_eq!(measures.latency_ms.end_to_end.max, Some(40.0));
    // Standard deviation of 100, 100, 200 is 100 ÷ √3; half width t(2) × that ÷ √3, which is more than
    // the mean: no throughput is below 0.
    let [lo, hi] = measures.throughput_ci95.unwrap();
    assert_eq!(lo, 0.0);
    assert!((hi - (400.0 + 4.302653 * 100.0) / 3.0).abs() < 1e-6, "{hi}");
}

#[test]
fn the_interval_of_a_latency_is_that_of_the_means_of_equal_repetitions() {
    let shape = shape(1, 1);
    // Means 75 and 85 ms: mean 80, standard deviation 7.0711, half width 12.706205 × 5.
    let measures = fold(&shape, &[repetition(&shape, &[70, 80]), repetition(&shape, &[80, 90])]);
    let [lo, hi] = measures.latency_ms.execution.ci95.unwrap();
    assert!((lo - (80.0 - 63.531025)).abs() < 1e-6 && (hi - (80.0 + 63.531025)).abs() < 1e-6);
    assert_eq!(measures.by_priority["5"].execution.ci95, Some([lo, hi]));
    assert_eq!(measures.stages["s0"].execution.ci95, Some([lo, hi]));
}

#[test]
fn the_interval_of_a_quantile_is_that_of_the_repetitions_own() {
    let shape = shape(1, 1);
    let runs = [[110, 120, 130], [120, 130, 140]].map(|each| repetition(&shape, &each));
    let end_to_end = fold(&shape, &runs).latency_ms.end_to_end;
    // Medians 120 and 130, that of all six samples 120: half width t(1) × √((0 + 100) ÷ 2).
    let half = 12.706205 * 50.0_f64.sqrt();
    let [lo, hi] = end_to_end.p50_ci95.unwrap();
    let near = |x: f64, expected: f64| assert!((x / expected - 1.0).abs() < 1e-2, "{x} {expected}");
    near(hi - lo, 2.0 * half);
    near((lo + hi) / 2.0, 120.0);
    // The highest quantiles are the maxima 130 and 140, and 140 of all.
    let [lo, hi] = end_to_end.p99_ci95.unwrap();
    near(hi - lo, 2.0 * half);
    near((lo + hi) / 2.0, 140.0);
    assert_eq!(end_to_end.p95_ci95, end_to_end.p99_ci95);
}

#[test]
fn one_repetition_has_no_interval() {
    let shape = shape(1, 1);
    let measures = fold(&shape, &[repetition(&shape, &[10, 20])]);
    assert_eq!(measures.throughput_ci95, None);
    let Summary { ci95, p50_ci95, p95_ci95, p99_ci95, .. } = measures.latency_ms.end_to_end;
    assert_eq!([ci95, p50_ci95, p95_ci95, p99_ci95], [None; 4]);
}

#[test]
fn idle_nodes_are_listed_and_weigh_in_the_balance() {
    let shape = shape(1, 4);
    let measures = fold(&shape, &[repetition(&shape, &[10, 10, 10])]);
    let distribution: Vec<_> = measures.node_distribution.iter().collect();
    let names = ["node-0", "node-1", "node-2", "node-3"].map(str::to_owned);
    let expected: Vec<_> = names.iter().zip(&[3, 0, 0, 0]).collect();
    assert_eq!(distribution, expected);
    assert_eq!(measures.node_balance_score, Some(0.0));
    assert_eq!(measures.jain_index, Some(0.25));
    // 30 ms busy of 4 nodes × 4 slots × 10 ms.
    assert!(same(measures.node_utilization.unwrap(), 30.0 / 160.0));
    assert!(same(measures.nodes[0].utilization.unwrap(), 30.0 / 40.0));
    assert_eq!(measures.nodes[0].mean_call_ms, Some(10.0));
    assert_eq!((measures.nodes[1].mean_call_ms, measures.nodes[1].max_call_ms), (None, None));
}

#[test]
fn flooding_another_node_each_time_is_not_balanced() {
    let shape = shape(1, 2);
    let runs = [0, 1].map(|node| {
        let mut recorder = Recorder::new(Arc::clone(&shape));
        succeed(&mut recorder, &task(0, 5, &[call(node, [0, 0, 1, 0])]));
        recorder
    });
    let measures = fold(&shape, &runs);
    assert_eq!(measures.node_distribution.values().copied().collect::<Vec<_>>(), [1, 1]);
    assert_eq!(measures.node_balance_score, Some(0.0));
}

#[test]
fn a_node_that_is_gone_is_not_live() {
    let shape = shape(1, 2);
    let mut recorder = repetition(&shape, &[10, 10]);
    recorder.node_up(1, false);
    let measures = fold(&shape, &[recorder.clone()]);
    assert_eq!(measures.node_balance_score, Some(1.0));
    assert!(measures.notes.iter().any(|note| note.contains("node-1 was down")));
    recorder.node_up(1, true);
    assert_eq!(fold(&shape, &[recorder]).node_balance_score, Some(0.0));
}

#[test]
fn what_was_not_measured_is_null() {
    let shape = shape(1, 2);
    let measures = fold(&shape, &[Recorder::new(Arc::clone(&shape))]);
    assert_eq!(measures.total_tasks, 0);
    assert_eq!(measures.total_duration_sec, None);
    assert_eq!(measures.throughput_tasks_per_sec, None);
    assert_eq!((measures.avg_latency_ms, measures.p99_latency_ms), (None, None));
    assert_eq!((measures.node_balance_score, measures.node_utilization), (None, None));
    assert_eq!(measures.latency_parts_ms.p50, None);
    assert_eq!(measures.node_distribution["node-1"], 0);
    assert_eq!(measures.stages["s0"].wait.count, 0);
}

#[test]
fn the_parts_at_a_quantile_are_those_of_its_tasks() {
    let shape = shape(1, 1);
    let mut recorder = Recorder::new(Arc::clone(&shape));
    for _ in 0..90 {
        succeed(&mut recorder, &task(0, 5, &[call(0, [0, 0, 10 * MS, 0])]));
    }
    for _ in 0..10 {
        // Slow because they waited, not because they ran longer.
        succeed(&mut recorder, &task(0, 5, &[call(0, [60 * MS, 30 * MS, 10 * MS, 0])]));
    }
    let parts = fold(&shape, &[recorder]).latency_parts_ms;
    let p50 = parts.p50.unwrap();
    assert_eq!([p50.scheduling, p50.queue, p50.transfer], [0.0; 3]);
    assert!((10.0..10.01).contains(&p50.execution), "{p50:?}");
    let p95 = parts.p95.unwrap();
    for (got, ms) in [(p95.scheduling, 60.0), (p95.queue, 30.0), (p95.execution, 10.0)] {
        assert!(same(got, ms), "{p95:?}");
    }
}

#[test]
fn decisions_share_the_cost_of_their_round_and_of_idle_rounds_before() {
    let shape = shape(1, 1);
    let mut recorder = Recorder::new(Arc::clone(&shape));
    recorder.decisions(Nanos::new(50), 0);
    recorder.decisions(Nanos::new(10_020), 100); // 10,070 over 100: 30 of 100, 70 of 101
    recorder.decisions(Nanos::new(300), 1);
    let cost = fold(&shape, &[recorder]).decision_ns;
    assert_eq!(cost.count, 101);
    assert_eq!(cost.mean, Some(10_370.0 / 101.0));
    assert_eq!((cost.p50, cost.max), (Some(101.0), Some(300.0)));
    assert_eq!(cost.p99, None, "one sample lies beyond it");
}

#[test]
fn failures_and_retries_are_summed_by_reason() {
    let shape = shape(1, 1);
    let mut run = repetition(&shape, &[10]);
    let failed = task(0, 5, &[]);
    run.task_failed(&failed, "boom");
    run.task_failed(&failed, "no room");
    run.retry();
    let measures = fold(&shape, &[run.clone(), run]);
    let failures: Vec<_> = measures.failures.into_iter().collect();
    assert_eq!(failures, [("boom".to_owned(), 2), ("no room".to_owned(), 2)]);
    assert_eq!((measures.total_tasks, measures.failed_tasks, measures.retries), (6, 4, 2));
    assert_eq!(measures.failed_after_ms.count, 4);
}

#[test]
fn reasons_do_not_grow_without_bound() {
    let shape = shape(1, 1);
    let mut recorder = Recorder::new(Arc::clone(&shape));
    for i in 0..1_000 {
        recorder.task_failed(&task(0, 5, &[]), &format!("reason {i}"));
    }
    let failures = fold(&shape, &[recorder]).failures;
    assert_eq!(failures.len(), 101);
    assert_eq!(failures["other reasons"], 900);
}

#[test]
fn only_repetitions_of_one_shape_are_folded() {
    let mut fold = Fold::new(shape(1, 1));
    let error = fold.add(&Recorder::new(shape(2, 1))).unwrap_err();
    assert!(matches!(error, MetricsError::ShapeMismatch), "{error}");
    assert!(fold.add(&Recorder::new(shape(1, 1))).is_ok(), "equal, though not the same object");
    assert_eq!(fold.finish(facts()).repetitions, 1);
}

#[test]
fn names_must_differ() {
    let node = || Node { name: "n".into(), slots: 1 };
    let error = Shape::new(vec!["a".into()], vec![node(), node()]).unwrap_err();
    assert_eq!(error.to_string(), "two nodes are called `n`; names must differ");
    assert!(Shape::new(vec!["a".into(), "a".into()], vec![]).is_err());
}

#[test]
fn calls_of_tasks_that_were_cut_off_do_not_overfill_a_node() {
    let shape = shape(1, 1);
    let mut recorder = repetition(&shape, &[10]);
    for _ in 0..8 {
        recorder.call_finished(0, 1000, Nanos::new(10 * MS), Nanos::new(10 * MS));
    }
    let measures = fold(&shape, &[recorder]);
    assert_eq!(measures.node_distribution["node-0"], 9, "they count");
    assert_eq!(measures.node_utilization, Some(1.0));
    assert_eq!(measures.nodes[0].utilization, Some(1.0));
}
