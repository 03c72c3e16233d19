//! Nothing overlaps, nothing leaves the page, and nothing that matters is missing.
//!
//! A scene knows the box of each of its texts, so this needs no pixels. Every set of
//! runs of the gallery goes through the same check.

use crate::synthetic::Run;
use crate::{scenes, sets, words};
use metrics::report::{Certificate, Check, CheckName, RunReport};
use viz::{Colour, EARLY, EXECUTION, LATE, QUEUEING, Rect, SCHEDULING, Scene, Shape, TRANSFER};

fn bars(scene: &Scene) -> Vec<Rect> {
    const BARS: [Colour; 6] = [EARLY, LATE, SCHEDULING, QUEUEING, EXECUTION, TRANSFER];
    let bar = |shape: &Shape| match shape {
        Shape::Fill(rect, colour) if BARS.contains(colour) => Some(*rect),
        _ => None,
    };
    scene.shapes().iter().filter_map(bar).collect()
}

/// Pairs of texts that touch, texts on bars, and texts off the page.
fn collisions(scene: &Scene) -> Vec<String> {
    let texts: Vec<_> = scene.texts().map(|t| (&t.content, t.bounds())).collect();
    let (width, height) = scene.size();
    let mut found = Vec::new();
    for (i, (a, at)) in texts.iter().enumerate() {
        let touched = texts[i + 1..].iter().filter(|(_, other)| at.intersects(other));
        found.extend(touched.map(|(b, _)| format!("`{a}` touches `{b}`")));
        if at.x < 0.0 || at.y < 0.0 || at.x + at.w > width || at.y + at.h > height {
            found.push(format!("`{a}` leaves the page"));
        }
        if bars(scene).iter().any(|bar| at.intersects(bar)) {
            found.push(format!("`{a}` lies on a bar"));
        }
    }
    found
}

#[test]
fn no_text_touches_another_in_any_set_of_runs() {
    for (name, runs) in sets::sets() {
        for scene in scenes(&runs) {
            assert_eq!(collisions(&scene), Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn the_check_of_collisions_sees_one() {
    let scene = &scenes(&sets::twelve())[0];
    let boxes: Vec<Rect> = scene.texts().map(viz::Text::bounds).collect();
    let nudged = |r: &Rect| Rect { x: r.x + r.w - 1.0, ..*r };
    assert!(boxes.iter().all(|b| b.intersects(&nudged(b))));
    assert!(!Rect { x: 0.0, y: 0.0, w: 5.0, h: 5.0 }.intersects(&Rect {
        x: 5.0,
        y: 0.0,
        w: 5.0,
        h: 5.0
    }));
}

#[test]
fn every_run_shows_its_label_and_its_binding_in_every_picture() {
    let runs = sets::twelve();
    for scene in scenes(&runs) {
        let words = words(&scene);
        let count = |word: &str| words.iter().filter(|w| **w == word).count();
        for label in ["low", "extreme", "fifo", "round_robin", "priority", "shallow", "deep"] {
            assert_eq!(count(label), 1, "{label}: {words:?}");
        }
        assert_eq!(count("late") + count("early"), runs.len());
        assert_eq!(count("early"), 4 + 2 + 3);
        for part in ["load levels", "schedulers", "depths"] {
            assert_eq!(count(part), 1);
        }
    }
}

#[test]
fn what_a_part_has_in_common_is_said_once_in_its_heading() {
    let [throughput, ..] = scenes(&sets::twelve());
    let words = words(&throughput);
    assert!(words.contains(&"load_aware_spread · 3 stages"), "{words:?}");
    assert!(words.contains(&"16 nodes · 64 slots · closed:128"));
    assert!(words.contains(&"medium · 4 nodes · 16 slots · 3 stages · closed:32"));
}

#[test]
fn rows_that_would_read_alike_take_the_names_of_their_runs() {
    let runs = ["first", "second"].map(|name| {
        let mut report = Run::new("p", "c", "fifo", "late").report();
        report.name = name.to_owned();
        report
    });
    let scene = viz::throughput("T", &runs).unwrap();
    assert!(words(&scene).contains(&"first") && words(&scene).contains(&"second"));

    let same_policy = ["late", "early"].map(|bind| Run::new("p", "c", "fifo", bind).report());
    let scene = viz::throughput("T", &same_policy).unwrap();
    assert_eq!(words(&scene).iter().filter(|w| **w == "fifo").count(), 2);
}

#[test]
fn parts_keep_the_order_of_their_first_run() {
    let runs: Vec<Run> =
        ["b", "a", "b"].iter().map(|part| Run::new(part, part, "fifo", "late")).collect();
    let [throughput, ..] = scenes(&runs);
    let y = |part| throughput.texts().find(|t| t.content == part && t.size == 14.0).unwrap().y;
    assert!(y("b") < y("a"));
}

#[test]
fn failures_interruption_and_emptiness_are_written_out() {
    let [throughput, latency, nodes] = scenes(&sets::failed());
    let said = |scene: &Scene, word: &str| words(scene).contains(&word);
    assert!(said(&throughput, "12 of 500 failed") && said(&throughput, "interrupted"));
    assert!(said(&throughput, "no task succeeded") && said(&throughput, "no task ended"));
    assert!(said(&latency, "none of 500 tasks succeeded: no latency"));
    assert!(said(&nodes, "3 of 4 idle") && said(&nodes, "balance 0.00 · Jain 0.25 · 87 % busy"));
    for scene in scenes(&[]) {
        assert!(said(&scene, "No runs to show."));
    }
}

#[test]
fn remarks_of_the_runs_are_repeated_once_and_counted_when_many() {
    let mut runs = [Run::new("", "", "fifo", "late"), Run::new("", "", "random", "late")]
        .map(|run| run.report());
    for run in &mut runs {
        run.metrics.notes = ["one", "two", "three", "four", "five"].map(str::to_owned).into();
        run.provenance.build_profile = "unoptimised".to_owned();
    }
    let scene = viz::throughput("T", &runs).unwrap();
    let words = words(&scene);
    assert_eq!(words.iter().filter(|w| **w == "one").count(), 1);
    assert!(words.contains(&"2 more remarks stand in the reports of the runs."));
    assert!(!words.contains(&"four"));
    assert!(words.iter().any(|w| w.contains("unoptimised build")));
    assert_eq!(collisions(&scene), Vec::<String>::new());
}

#[test]
fn spoilt_values_are_marked_with_the_reason_below() {
    let mut runs = [Run::new("", "", "fifo", "late"), Run::new("", "", "random", "late")]
        .map(|run| run.report());
    let marked = |runs: &[RunReport]| {
        let scene = viz::latency("T", runs).unwrap();
        assert_eq!(collisions(&scene), Vec::<String>::new());
        let of = |text: &&str| text.ends_with('!') && text.starts_with(|c: char| c.is_numeric());
        let said = words(&scene).join(" ");
        (words(&scene).into_iter().filter(of).count(), said)
    };
    let (count, said) = marked(&runs);
    assert!(count == 0 && !said.contains("relied"), "{said}");
    let growing = Check::fails(CheckName::Stationary, "grows".into(), &["p50_latency_ms"]);
    let few = Check::fails(CheckName::Samples, "few".into(), &["p99_latency_ms"]);
    runs[1].metrics.certificate = Certificate::new(vec![growing, few]);
    let (count, said) = marked(&runs);
    assert_eq!(count, 2);
    let name = &runs[1].name;
    assert!(said.contains(&format!("Too few samples beyond it: {name}.")), "{said}");
    assert!(said.contains("still growing"), "{said}");
}

#[test]
fn one_overloaded_run_does_not_flatten_the_others() {
    let overloaded =
        Run { parts: [0.0, 40_000.0, 60.0, 0.0], ..Run::new("", "", "random", "early") };
    let mut runs = vec![Run::new("", "", "fifo", "late"), overloaded];
    let widest = |scene: &Scene, colour: Colour| {
        let of = |shape: &Shape| match shape {
            Shape::Fill(rect, fill) if *fill == colour => Some(rect.w),
            _ => None,
        };
        scene.shapes().iter().filter_map(of).fold(0.0, f32::max)
    };
    let cut = |scene: &Scene| words(scene).join(" ").contains("longer than the scale");
    // The median bar is one of the overloaded run: half of the bars are long, none is cut.
    let [_, half, _] = scenes(&runs);
    assert!(!cut(&half) && widest(&half, EXECUTION) < 30.0);
    runs.push(Run::new("", "", "priority", "late"));
    let [_, latency, _] = scenes(&runs);
    assert!(cut(&latency) && widest(&latency, EXECUTION) > 100.0);
    assert!(words(&latency).contains(&"160,060"), "its value is written: {:?}", words(&latency));
    assert_eq!(collisions(&latency), Vec::<String>::new());
}
