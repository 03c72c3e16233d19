//! Intervals from within one run, against values worked out by hand.

use crate::support::{call, facts, shape, task};
use metrics::report::{Measures, Method};
use metrics::{
    BatchPlan, Fold, LEAST_TASKS, LeastTasks, MetricsError, Ratio, Recorder, Sections,
    SectionsOfRun, TaskRecord,
};

const MS: u64 = 1_000_000;

fn plan(tasks: u64) -> BatchPlan {
    BatchPlan { first: 7, tasks, throughput: true }
}

/// A repetition of this many tasks, one after the other, after 7 of warm-up; execution in ms.
fn repetition(tasks: u64, execution: impl Fn(u64) -> u64) -> Recorder {
    let mut recorder = Recorder::new(shape(1, 1)).with_batches(plan(tasks));
    let mut now = 0;
    for i in 0..tasks {
        let calls = [call(0, [0, 0, execution(i) * MS, 0])];
        recorder.task_succeeded(&TaskRecord { index: 7 + i, ..task(now, 5, &calls) });
        now += execution(i) * MS;
    }
    recorder
}

fn folded(repetitions: &[Recorder]) -> (Measures, SectionsOfRun) {
    let mut fold = Fold::new(shape(1, 1));
    repetitions.iter().for_each(|repetition| fold.add(repetition).unwrap());
    let sections = fold.sections().unwrap();
    (fold.finish(facts()), sections)
}

/// Latencies of 30 batches: 10 and 20 ms by turns of two, so that neighbours correlate no more than by
/// chance, and 15 batches (of two) or 10 (of three) are not needed.
fn by_turns(tasks: u64) -> impl Fn(u64) -> u64 {
    move |i| if (i * 30 / tasks) % 4 < 2 { 10 } else { 20 }
}

#[test]
fn a_mean_has_the_interval_of_its_batch_means() {
    let (measures, _) = folded(&[repetition(3_000, by_turns(3_000))]);
    let interval = measures.interval;
    assert_eq!((interval.method, interval.n), (Some(Method::BatchMeans), 30));
    assert_eq!((interval.batch_tasks, interval.lower_bound), (Some(100), false));
    // 16 batch means of 10, 14 of 20: mean 14.667, squares 16 × 21.78 + 14 × 28.44 = 746.67;
    // t(29) = 2.045230 times √(746.67 ÷ (30 × 29)).
    let half = 2.045230 * (746.666_666_7_f64 / 870.0).sqrt();
    let mean = 440.0 / 30.0;
    let [low, high] = measures.latency_ms.end_to_end.ci95.unwrap();
    assert!((low - (mean - half)).abs() < 1e-6 && (high - (mean + half)).abs() < 1e-6);
    assert_eq!(measures.latency_ms.execution.ci95, Some([low, high]));
    assert_eq!(measures.latency_ms.wait.ci95, Some([0.0; 2]));
    // Of single levels and stages there are no batches.
    assert_eq!(measures.by_priority["5"].end_to_end.ci95, None);
    assert_eq!(measures.stages["s0"].execution.ci95, None);
    // 5 samples beyond the p95 in each batch, 1 beyond the p99.
    let end_to_end = measures.latency_ms.end_to_end;
    assert!(end_to_end.p95_ci95.is_some() && end_to_end.p99_ci95.is_none());
}

#[test]
fn a_throughput_has_that_of_spans_of_equally_many_ends() {
    let (measures, sections) = folded(&[repetition(3_000, by_turns(3_000))]);
    // Spans of 1 and 2 s, 44 s in all: rate 3000 ÷ 44, residuals 100 − rate × span.
    let rate = 3_000.0 / 44.0;
    let squares = 16.0 * (100.0_f64 - rate).powi(2) + 14.0 * (100.0 - 2.0 * rate).powi(2);
    let half = 2.045230 * (squares / 870.0).sqrt() / (44.0 / 30.0);
    let [low, high] = measures.throughput_ci95.unwrap();
    assert!((low - (rate - half)).abs() < 1e-4 && (high - (rate + half)).abs() < 1e-4);
    assert!((sections.throughput.unwrap().overall() - rate).abs() < 1e-9);
}

#[test]
fn a_quantile_has_the_interval_of_the_share_beyond_it() {
    // Each batch is 1 … 100 ms, but odd ones have 8 tasks of 200 ms in place of the fastest.
    let tasks = 3_000;
    let latency = |i: u64| match (i * 30 / tasks % 4 < 2, i % 100) {
        (false, rank @ 0..8) => 200 + rank,
        (_, rank) => rank + 1,
    };
    let (measures, sections) = folded(&[repetition(tasks, latency)]);
    let p95 = &measures.latency_ms.end_to_end;
    // Pooled rank 2850: 112 of 200 and more, so the 38th below them: 99 of 30 batches, then 98.
    let value = p95.p95.unwrap();
    assert!((98.9..99.2).contains(&value), "{value}");
    // Beyond it are 1 of 100 or 9 of 100: mean 4.733 %, squares 16 × 3.733² + 14 × 4.267², in %².
    let squares = 16.0 * 3.733_333_f64.powi(2) + 14.0 * 4.266_667_f64.powi(2);
    let half = 2.045230 * (squares / 870.0).sqrt() / 100.0;
    assert!((half - 0.01516).abs() < 1e-4, "{half}");
    // Quantiles at 0.95 ± 0.0152: ranks 2805 (the 83rd below the 112: 98) and 2896 (of the 112).
    let [low, high] = p95.p95_ci95.unwrap();
    assert!((97.9..98.2).contains(&low) && (200.0..201.3).contains(&high), "{low} {high}");
    let [_, p95, p99] = &sections.end_to_end_quantiles;
    assert!(p95.is_some() && p99.is_none());
}

#[test]
fn batches_are_merged_until_neighbours_do_not_correlate() {
    // Five of 30 batches are alike, then five others: fewer and longer ones do not correlate.
    let slow = |i: u64| if (i / 1_000).is_multiple_of(2) { 10 } else { 20 };
    let (measures, _) = folded(&[repetition(6_000, slow)]);
    assert!(measures.interval.n < 30 && !measures.interval.lower_bound, "{:?}", measures.interval);
    // A trend is there however long they are.
    let (measures, _) = folded(&[repetition(6_000, |i| 10 + i / 200)]);
    assert!(measures.interval.lower_bound, "{:?}", measures.interval);
    assert_eq!((measures.interval.n, measures.interval.batch_tasks), (10, Some(600)));
    // Von Neumann's ratio of the means 11 … 38 in steps of 3: 1 − 9 × 9 ÷ (2 × 742.5).
    assert!((measures.interval.lag1.unwrap() - (1.0 - 81.0 / 1485.0)).abs() < 1e-6);
    assert!(measures.notes.iter().any(|note| note.contains("lower bound")));
}

#[test]
fn short_runs_have_no_interval() {
    let (measures, sections) = folded(&[repetition(900, by_turns(900))]);
    assert_eq!((measures.interval.method, measures.interval.n), (None, 0));
    assert_eq!(measures.latency_ms.end_to_end.ci95, None);
    assert_eq!((sections.sectioning(), sections.end_to_end), (None, None));
    // A run that was cut off leaves batches without a task.
    let mut cut = Recorder::new(shape(1, 1)).with_batches(plan(9_000));
    let calls = [call(0, [0, 0, MS, 0])];
    (0..5_000).for_each(|index| cut.task_succeeded(&TaskRecord { index, ..task(0, 5, &calls) }));
    assert_eq!(folded(&[cut]).0.interval.method, None);
}

#[test]
fn the_least_tasks_are_those_from_which_there_are_intervals() {
    let intervals = |nodes: usize, tasks: u64| {
        let mut recorder = Recorder::new(shape(1, nodes)).with_batches(plan(tasks));
        for i in 0..tasks {
            let calls = [call(0, [0, 0, (1 + i % 97) * MS, 0])];
            recorder.task_succeeded(&TaskRecord { index: 7 + i, ..task(i * MS, 5, &calls) });
        }
        let mut fold = Fold::new(shape(1, nodes));
        fold.add(&recorder).unwrap();
        let latency = fold.finish(facts()).latency_ms.end_to_end;
        [latency.ci95, latency.p95_ci95, latency.p99_ci95].map(|interval| interval.is_some())
    };
    let LeastTasks { tasks, p99, per_slot } = LEAST_TASKS;
    assert_eq!(intervals(1, tasks), [true, true, false]);
    assert_eq!(intervals(1, tasks - 1), [false; 3]);
    assert_eq!(intervals(1, p99), [true; 3]);
    assert_eq!(intervals(1, p99 - 1), [true, true, false]);
    // Fifty nodes of four slots each.
    assert_eq!(intervals(50, 200 * per_slot), [true; 3]);
    assert_eq!(intervals(50, 200 * per_slot - 1), [false; 3]);
}

#[test]
fn repeating_one_history_makes_nothing_more_precise() {
    let once = repetition(3_000, by_turns(3_000));
    let (one, _) = folded(std::slice::from_ref(&once));
    let (five, _) = folded(&[once.clone(), once.clone(), once.clone(), once.clone(), once.clone()]);
    assert_eq!(five.latency_ms.end_to_end.count, 15_000);
    let [of_one, of_five] = [&one, &five].map(|it| it.latency_ms.end_to_end.ci95.unwrap());
    for (one, five) in of_one.into_iter().zip(of_five) {
        assert!((one - five).abs() < 1e-9, "{one} {five}");
    }
    assert_eq!(five.latency_ms.end_to_end.p99_ci95, None, "no sample more");
    assert_eq!((five.interval.n, five.interval.batch_tasks), (30, one.interval.batch_tasks));
    // Nor five short ones of a history.
    let short = repetition(900, by_turns(900));
    let (five, _) = folded(&[short.clone(), short.clone(), short.clone(), short.clone(), short]);
    assert_eq!((five.interval.method, five.latency_ms.end_to_end.ci95), (None, None));
    assert!(five.notes.iter().any(|note| note.contains("one history")), "{:?}", five.notes);
}

#[test]
fn only_repetitions_cut_alike_are_folded() {
    let mut fold = Fold::new(shape(1, 1));
    fold.add(&repetition(3_000, |_| 1)).unwrap();
    for other in [repetition(3_001, |_| 1), Recorder::new(shape(1, 1))] {
        assert!(matches!(fold.add(&other), Err(MetricsError::ShapeMismatch)));
    }
}

#[test]
fn two_runs_are_compared_batch_by_batch() {
    let base = by_turns(3_000);
    let (_, one) = folded(&[repetition(3_000, |i| 3 * base(i))]);
    let (_, other) = folded(&[repetition(3_000, &base)]);
    let (one, other) = (one.end_to_end.unwrap(), other.end_to_end.unwrap());
    // Thrice as long in every batch: the ratio has no doubt, the difference that of the batches.
    let ratio = Ratio::of(&one, &other, 30).unwrap();
    let [low, high] = ratio.interval().unwrap();
    assert!((low - 3.0).abs() < 1e-12 && (high - 3.0).abs() < 1e-12);
    assert_eq!(ratio.p_value(), Some(0.0));
    let difference = one.minus(&other).unwrap();
    assert!((difference.overall() - 880.0 / 30.0).abs() < 1e-9);
    let half = |it: &Sections| it.interval(30).map(|[low, high]| (high - low) / 2.0).unwrap();
    assert!((half(&difference) - 2.0 * half(&other)).abs() < 1e-9);
    assert!((half(&one.times(0.5)) - 1.5 * half(&other)).abs() < 1e-9);
    // What both have in common cancels: 5 ms more in every batch.
    let (_, more) = folded(&[repetition(3_000, |i| base(i) + 5)]);
    let difference = more.end_to_end.unwrap().minus(&other).unwrap();
    let paired = difference.estimate(30, other.overall()).unwrap();
    assert!((paired.mean - 5.0).abs() < 1e-9 && paired.deviation < 1e-9);
    // Nothing is a share of nothing.
    let (_, idle) = folded(&[repetition(3_000, |_| 0)]);
    assert_eq!(other.log_ratio(&idle.end_to_end.unwrap()), None);
}
