//! What is really on the picture, measured in its pixels.
//!
//! The files are decoded again, and coloured pixels counted: lengths must relate as
//! the values do, without looking at how the layout came to them.

use crate::synthetic::Run;
use crate::{reports, scenes, sets};
use std::io::Cursor;
use viz::{Colour, EARLY, EXECUTION, IDLE, LATE, QUEUEING, SCHEDULING, Scene, TRANSFER};

struct Picture {
    width: usize,
    rgb: Vec<u8>,
}

impl Picture {
    fn of(scene: &Scene) -> Picture {
        let file = scene.to_png().unwrap();
        let mut reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        let (width, height) = scene.size();
        assert_eq!((info.width, info.height), ((2.0 * width) as u32, (2.0 * height).ceil() as u32));
        Picture { width: info.width as usize, rgb }
    }

    fn count(&self, colour: Colour) -> usize {
        self.rgb.chunks(3).filter(|p| **p == [colour.0, colour.1, colour.2]).count()
    }

    /// Lengths of the bars of a colour, from top to bottom: the longest stretch of each line,
    /// once per bar. Legend and labels are shorter than 30 pixels.
    fn bars(&self, colour: Colour) -> Vec<usize> {
        let lines = self.rgb.chunks(3 * self.width).map(|line| {
            let same = line.chunks(3).map(|p| *p == [colour.0, colour.1, colour.2]);
            let stretch = |(best, now): (usize, usize), hit: bool| {
                let now = if hit { now + 1 } else { 0 };
                (best.max(now), now)
            };
            same.fold((0, 0), stretch).0
        });
        let mut bars: Vec<usize> = lines.map(|l| if l < 30 { 0 } else { l }).collect();
        bars.dedup();
        bars.retain(|&length| length > 0);
        bars
    }
}

/// Asserts that `lengths` relate as `values` do, to the pixels lost by rounding both ends and to
/// the line between two colours.
fn proportional(lengths: &[usize], values: &[f64]) {
    assert_eq!(lengths.len(), values.len(), "{lengths:?}");
    let longest = lengths.iter().copied().max().unwrap_or(0) as f64;
    let scale = longest / values.iter().copied().fold(0.0, f64::max);
    for (&length, value) in lengths.iter().zip(values) {
        assert!((length as f64 - value * scale).abs() <= 2.5, "{lengths:?} for {values:?}");
    }
}

#[test]
fn bars_of_throughput_are_as_long_as_their_values() {
    let values = [1000.0, 500.0, 250.0, 900.0];
    let runs: Vec<Run> = ["fifo", "a", "b", "c"]
        .iter()
        .zip(values)
        .map(|(policy, value)| {
            let mut run = Run::new("", "", policy, "late");
            run.throughput = Some(value);
            run
        })
        .collect();
    let picture = Picture::of(&scenes(&runs)[0]);
    proportional(&picture.bars(LATE), &values);
    assert_eq!(picture.count(EARLY), 0);
}

#[test]
fn colours_of_latency_are_as_long_as_the_parts() {
    let mut run = Run::new("", "", "fifo", "early");
    run.parts = [30.0, 50.0, 90.0, 20.0];
    run.tail = (2.0, 3.0);
    let picture = Picture::of(&scenes(&[run])[1]);
    proportional(&picture.bars(SCHEDULING), &[30.0, 60.0, 90.0]);
    proportional(&picture.bars(QUEUEING), &[50.0, 100.0, 150.0]);
    let per_ms = picture.bars(QUEUEING)[2] as f64 / 150.0;
    // Equal in all three bars, so seen once, or more often where a pixel rounds away.
    assert!(picture.bars(EXECUTION).iter().all(|&l| (l as f64 - 90.0 * per_ms).abs() < 2.5));
    assert!(picture.bars(TRANSFER).iter().all(|&l| (l as f64 - 20.0 * per_ms).abs() < 2.5));
    assert!(!picture.bars(EXECUTION).is_empty() && !picture.bars(TRANSFER).is_empty());
}

#[test]
fn transfer_has_a_colour_only_where_there_is_a_network() {
    let picture = Picture::of(&scenes(&[Run::new("", "", "fifo", "early")])[1]);
    assert_eq!(picture.count(TRANSFER), 0);
    assert!(picture.count(QUEUEING) > 0);
}

#[test]
fn the_mark_of_idleness_is_there_only_when_a_node_is_idle() {
    for nodes in [4, 30, 200, 1000, 5000] {
        let mut run = Run::new("", "", "fifo", "late");
        run.calls = vec![7; nodes];
        let busy = Picture::of(&scenes(std::slice::from_ref(&run))[2]);
        assert_eq!(busy.count(IDLE), 0, "{nodes} nodes");
        run.calls[nodes / 2] = 0;
        let idle = Picture::of(&scenes(&[run])[2]);
        assert!(idle.count(IDLE) > 100, "{nodes} nodes");
    }
}

#[test]
fn a_loaded_node_is_darker_than_the_even_share() {
    let mut run = Run::new("", "", "fifo", "late");
    run.calls = vec![1500, 500, 500, 500];
    let picture = Picture::of(&scenes(&[run])[2]);
    // 375 calls per slot against a mean of 187.5: at the end of the scale.
    let (darkest, third) = (picture.count(Colour::amount(1.0)), Colour::amount(1.0 / 3.0));
    assert!(darkest > 2000 && picture.count(third) > 2 * darkest, "{darkest}");
}

#[test]
fn a_whisker_reaches_from_end_to_end_of_the_interval() {
    let mut run = Run::new("", "", "fifo", "late");
    (run.throughput, run.ci95) = (Some(100.0), Some([50.0, 150.0]));
    let with = Picture::of(&scenes(std::slice::from_ref(&run))[0]);
    // The bar is cut by the whisker from its middle on, but is whole above and below it.
    let bar = *with.bars(LATE).iter().max().unwrap();
    let ink = Colour(0x1f, 0x23, 0x28);
    let whisker = *with.bars(ink).iter().max().unwrap();
    assert!((whisker as f64 - bar as f64).abs() <= 4.0, "bar {bar}, whisker {whisker}");
}

#[test]
fn equal_reports_give_equal_files() {
    let runs = reports(&sets::twelve());
    let draw = || viz::nodes("T", &runs).unwrap().to_png().unwrap();
    assert_eq!(draw(), draw());
}

#[test]
fn a_very_tall_picture_is_painted_at_one_pixel_per_point() {
    let runs: Vec<Run> = (0..180).map(|i| Run::new("", &i.to_string(), "fifo", "late")).collect();
    let scene = &scenes(&runs)[1];
    let file = scene.to_png().unwrap();
    let reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
    assert_eq!(reader.info().width, scene.size().0 as u32);
}
