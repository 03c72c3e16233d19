//! What one repetition records, and what it refuses to mix.

use crate::support::{call, shape, succeed, task};
use metrics::{Distribution, Nanos, Recorder, TaskRecord};

fn sum(series: &Distribution) -> u128 {
    series.sum_ns()
}

#[test]
fn a_sample_is_a_task_overall_and_a_call_by_stage() {
    let mut recorder = Recorder::new(shape(2, 2));
    // End to end 1+2+3+4 + 10+20+30+40 = 110 ns.
    succeed(&mut recorder, &task(1_000, 5, &[call(0, [1, 2, 3, 4]), call(1, [10, 20, 30, 40])]));
    let all = recorder.latencies();
    assert_eq!(all.scheduling.max(), Some(Nanos::new(11)));
    assert_eq!(all.queue.max(), Some(Nanos::new(22)));
    assert_eq!(all.wait.max(), Some(Nanos::new(33)));
    assert_eq!(all.execution.max(), Some(Nanos::new(33)));
    assert_eq!(all.transfer.max(), Some(Nanos::new(44)));
    assert_eq!(all.end_to_end.max(), Some(Nanos::new(110)));
    let [first, second] = recorder.by_stage() else { panic!("two stages") };
    assert_eq!((sum(&first.wait), sum(&first.end_to_end)), (3, 10));
    assert_eq!((sum(&second.wait), sum(&second.end_to_end)), (30, 100));
    assert_eq!(recorder.duration(), Some(Nanos::new(110)));
    assert_eq!(recorder.contradictions(), 0);
}

#[test]
fn levels_are_kept_apart_and_merge_to_the_whole() {
    let mut recorder = Recorder::new(shape(1, 1));
    for (level, execution) in [(9, 10), (0, 30), (9, 20)] {
        succeed(&mut recorder, &task(0, level, &[call(0, [0, 0, execution, 0])]));
    }
    let levels: Vec<_> =
        recorder.by_priority().map(|(level, series)| (level, sum(&series.execution))).collect();
    assert_eq!(levels, [(0, 30), (9, 30)]);
    assert_eq!(sum(&recorder.latencies().execution), 60);
    assert_eq!(recorder.successful_tasks(), 3);
}

#[test]
fn records_that_contradict_themselves_are_counted() {
    let calls = [call(0, [1, 2, 3, 4])];
    let good = task(0, 5, &calls);
    let mut recorder = Recorder::new(shape(1, 1));
    recorder.task_succeeded(&good);
    assert_eq!(recorder.contradictions(), 0);
    recorder.task_succeeded(&TaskRecord { finish: Nanos::new(11), ..good }); // parts say 10
    recorder.task_succeeded(&TaskRecord { calls: &[], finish: Nanos::ZERO, ..good }); // no stage
    recorder.call_finished(1, 1000, Nanos::ZERO, Nanos::ZERO); // no such node
    recorder.node_up(7, false);
    assert_eq!(recorder.contradictions(), 4);
    assert_eq!(recorder.successful_tasks(), 3, "and kept");
}

#[test]
fn failed_tasks_are_a_series_of_their_own() {
    let mut recorder = Recorder::new(shape(1, 1));
    succeed(&mut recorder, &task(100, 5, &[call(0, [0, 0, 50, 0])]));
    // Failed at 900 after arriving first of all: it bounds the duration, and nothing else.
    recorder.task_failed(&task(40, 5, &[call(0, [0, 0, 860, 0])]), "boom");
    assert_eq!((recorder.successful_tasks(), recorder.failed_tasks()), (1, 1));
    assert_eq!(recorder.latencies().end_to_end.max(), Some(Nanos::new(50)));
    assert_eq!(recorder.duration(), Some(Nanos::new(860)));
    assert_eq!(recorder.throughput(), Some(1.0 / 860e-9));
}

#[test]
fn nothing_recorded_is_nothing_known() {
    let recorder = Recorder::new(shape(1, 1));
    assert_eq!((recorder.duration(), recorder.throughput()), (None, None));
    assert_eq!(recorder.latencies().end_to_end.mean_ns(), None);
}
