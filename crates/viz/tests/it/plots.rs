//! Plots of one amount over another: their words stay apart and on the page, and what is drawn is
//! where its values are.

use viz::{
    Colour, CurvePoint, EXECUTION, LATE, ScalingPoint, ScalingSeries, Scene, Shape, curve, scaling,
};

fn series(nodes: &[f64], law: Vec<(f64, f64)>) -> ScalingSeries {
    let point = |&nodes: &f64| ScalingPoint {
        nodes,
        rate: nodes * 120.0,
        ci95: Some([nodes * 118.0, nodes * 122.0]),
        ideal: Some(nodes * 130.0),
    };
    ScalingSeries {
        label: "load_aware_spread".into(),
        points: nodes.iter().map(point).collect(),
        law,
    }
}

fn load(load: &str, rate: f64, latencies: [f64; 3]) -> CurvePoint {
    CurvePoint { load: load.into(), rate, latencies: latencies.map(Some).to_vec() }
}

fn closed() -> Vec<CurvePoint> {
    vec![
        load("1", 33.0, [30.0, 40.0, 50.0]),
        load("8", 260.0, [30.0, 40.0, 52.0]),
        load("16", 480.0, [33.0, 45.0, 60.0]),
        load("32", 481.0, [60.0, 70.0, 80.0]),
        load("64", 482.0, [120.0, 130.0, 140.0]),
    ]
}

/// The centres of the markers of a colour, from left to right.
fn markers(scene: &Scene, of: Colour) -> Vec<(f32, f32)> {
    let centre = |shape: &Shape| match shape {
        Shape::Fill(r, colour) if *colour == of && r.w == 8.0 => {
            Some((r.x + r.w / 2.0, r.y + r.h / 2.0))
        }
        _ => None,
    };
    let mut found: Vec<(f32, f32)> = scene.shapes().iter().filter_map(centre).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

#[track_caller]
fn tidy(scene: &Scene) {
    let texts: Vec<_> = scene.texts().map(|text| (&text.content, text.bounds())).collect();
    let (width, height) = scene.size();
    for (i, (a, at)) in texts.iter().enumerate() {
        for (b, other) in &texts[i + 1..] {
            assert!(!at.intersects(other), "`{a}` touches `{b}`");
        }
        assert!(at.x >= 0.0 && at.x + at.w <= width && at.y + at.h <= height, "`{a}` is off");
    }
}

#[test]
fn words_stay_apart_and_on_the_page() {
    let caption = ["What it shows.".to_owned()];
    for nodes in [&[1.0, 4.0, 8.0, 16.0, 30.0][..], &[1.0], &[1000.0, 2000.0]] {
        let scene = scaling("T", "sub", &[series(nodes, vec![])], &caption).unwrap();
        tidy(&scene);
        assert_eq!(markers(&scene, LATE).len(), nodes.len());
    }
    tidy(&curve("T", "sub", &["p50", "p95", "p99"], &closed(), &caption).unwrap());
    tidy(&curve("T", "sub", &["p50"], &[], &caption).unwrap());
    tidy(&scaling("T", "sub", &[], &caption).unwrap());
}

#[test]
fn markers_are_where_their_values_are() {
    let scene = scaling("T", "", &[series(&[1.0, 2.0, 4.0], vec![])], &[]).unwrap();
    let [one, two, four] = markers(&scene, LATE)[..] else { panic!("three markers") };
    // From 1 to 2 is half as far as from 2 to 4, on both axes.
    assert!(((two.0 - one.0) * 2.0 - (four.0 - two.0)).abs() < 0.1);
    assert!(((one.1 - two.1) * 2.0 - (two.1 - four.1)).abs() < 0.1);
    assert!(four.1 < one.1, "more is higher");
}

#[test]
fn a_law_is_a_line_and_runs_are_named_by_their_load() {
    let lines = |scene: &Scene, of: Colour| {
        let is = |shape: &&Shape| matches!(shape, Shape::Line(_, _, _, colour) if *colour == of);
        scene.shapes().iter().filter(is).count()
    };
    let law: Vec<(f64, f64)> = (1..=11).map(|n| (f64::from(n), f64::from(n) * 120.0)).collect();
    let with = scaling("T", "", &[series(&[1.0, 11.0], law)], &[]).unwrap();
    let without = scaling("T", "", &[series(&[1.0, 11.0], vec![])], &[]).unwrap();
    assert_eq!((lines(&with, LATE), lines(&without, LATE)), (10, 0));
    let scene = curve("T", "", &["p50", "p95", "p99"], &closed(), &[]).unwrap();
    let words: Vec<&str> = scene.texts().map(|text| text.content.as_str()).collect();
    for load in ["1", "8", "16", "32", "64"] {
        assert!(words.contains(&load), "{words:?}");
    }
    assert_eq!(markers(&scene, EXECUTION).len(), 5, "the third latency");
}
