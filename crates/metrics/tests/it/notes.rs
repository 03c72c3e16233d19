//! Remarks appear where a number is weak, and only there.

use crate::support::{call, facts, fold, shape, task};
use metrics::report::Verdict;
use metrics::{Fold, Recorder, RunFacts, on_failures};

fn notes(tasks: &[(u8, u64)]) -> Vec<String> {
    let shape = shape(1, 1);
    let mut recorder = Recorder::new(shape.clone());
    for &(priority, count) in tasks {
        for _ in 0..count {
            recorder.task_succeeded(&task(0, priority, &[call(0, [0, 0, 1, 0])]));
        }
    }
    fold(&shape, &[recorder]).notes
}

#[test]
fn the_p99_of_fifty_tasks_is_called_weak() {
    let notes = notes(&[(5, 50)]);
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(note.starts_with("50 successful tasks are few"), "{note}");
    assert!(note.contains("p90, p95, p99 and p99.9"), "{note}");
}

#[test]
fn many_tasks_need_no_remark() {
    assert_eq!(notes(&[(5, 10_000)]), [""; 0]);
}

#[test]
fn levels_with_few_tasks_are_named() {
    let notes = notes(&[(0, 20_000), (8, 999), (9, 20)]);
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(note.contains("priority 8 and 9"), "{note}");
}

#[test]
fn an_empty_run_says_that_nothing_was_measured() {
    assert_eq!(notes(&[]), ["No counted task ended: nothing was measured."]);
}

#[test]
fn a_run_without_a_success_says_why_and_is_not_sound() {
    let shape = shape(1, 1);
    let mut recorder = Recorder::new(shape.clone());
    (0..1_200).for_each(|_| recorder.task_failed(&task(0, 5, &[]), "boom"));
    let measures = fold(&shape, &[recorder]);
    let note = "1,200 of 1,200 tasks failed (boom); no latency and no throughput was measured.";
    assert_eq!(measures.notes, [note]);
    assert_eq!(on_failures(&measures).as_deref(), Some(note));
    assert_eq!(measures.certificate.verdict, Verdict::Marked);
    assert!(measures.certificate.spoils("latency_ms.end_to_end.p99"));
}

#[test]
fn nodes_that_are_down_at_the_end_are_one_note() {
    let shape = shape(1, 8);
    let note = |down: &[&[u32]]| {
        let lost = |nodes: &&[u32]| {
            let mut recorder = Recorder::new(shape.clone());
            nodes.iter().for_each(|node| recorder.node_up(*node, false));
            recorder
        };
        let notes = fold(&shape, &down.iter().map(lost).collect::<Vec<_>>()).notes;
        notes.into_iter().find(|note| note.contains("down")).unwrap()
    };
    let one = note(&[&[3]]);
    assert_eq!(one, "node-3 was down at the end and is left out of the balance.");
    let two = "node-1 and node-3 were down at the end of 1 to 2 of 2 repetitions and are left out of the \
               balance there.";
    assert_eq!(note(&[&[1, 3], &[3]]), two);
    let many = note(&[&[0, 1, 2, 3, 4, 5, 6], &[0, 1, 2, 3, 4, 5, 6]]);
    assert!(many.starts_with("7 nodes were down at the end of 2 of 2 repetitions"), "{many}");
}

#[test]
fn the_most_frequent_reasons_are_told() {
    let shape = shape(1, 1);
    let mut recorder = Recorder::new(shape.clone());
    recorder.task_succeeded(&task(0, 5, &[call(0, [0, 0, 1, 0])]));
    for (times, why) in [(1, "a"), (3, "b"), (1, "c"), (2, "d"), (1, "e")] {
        (0..times).for_each(|_| recorder.task_failed(&task(0, 5, &[]), why));
    }
    let told = "8 of 9 tasks failed (3 × b; 2 × d; 1 × a; and 2 reasons more); latencies and \
                throughput are of the others only.";
    assert_eq!(on_failures(&fold(&shape, &[recorder])).as_deref(), Some(told));
}

#[test]
fn interruption_failures_and_contradictions_come_after_what_the_host_says() {
    let shape = shape(1, 1);
    let mut recorder = Recorder::new(shape.clone());
    recorder.task_failed(&task(0, 5, &[]), "boom");
    recorder.task_succeeded(&task(0, 5, &[])); // not a single stage
    let mut fold = Fold::new(shape);
    fold.add(&recorder).unwrap();
    let notes =
        fold.finish(RunFacts { partial: true, notes: vec!["mine".into()], ..facts() }).notes;
    let starts = ["mine", "Interrupted:", "1 records contradict", "1 of 2 tasks failed", "1 succ"];
    assert_eq!(notes.len(), starts.len(), "{notes:?}");
    for (note, start) in notes.iter().zip(starts) {
        assert!(note.starts_with(start), "{note}");
    }
}
