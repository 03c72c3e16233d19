//! The hot path beside its baselines, in one table and in `hot_path.json`.
//!
//! Everything is measured in turns of some thousand cycles, so that what else the machine does
//! falls on all alike, and by the batch: of batches of about 20 µs the fastest twentieth tells what
//! the code costs when nothing interrupts it. That is the figure to compare between rows and between
//! commits; Criterion's `decision` has means and their spread.
//!
//! Vector demands are timed call by call, a clock's reading included, for their tail.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

#[path = "table/threads.rs"]
mod threads;

use benches::baseline::{Balanced, Counts, Scan, Tournament};
use benches::{Alone, Steady, Vector};
use sched_core::{Bind, Registry};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Instant;

const SIZES: [u32; 3] = [16, 1024, 10_000];
const WAITING: u64 = 100_000;
const ROUNDS: usize = 40;
const BATCHES: usize = 25;
const CYCLES: u32 = 200;
const VECTOR_NODES: u32 = 10_000;
const VECTOR_CYCLES: usize = 200_000;

/// Something to measure, and its batches so far in nanoseconds per cycle.
struct Row {
    group: &'static str,
    name: String,
    nodes: u32,
    cycle: Box<dyn FnMut(u32)>,
    batches: Vec<f64>,
}

fn row(group: &'static str, name: &str, nodes: u32, cycle: impl FnMut(u32) + 'static) -> Row {
    Row { group, name: name.to_owned(), nodes, cycle: Box::new(cycle), batches: Vec::new() }
}

fn steady(group: &'static str, policy: &str, nodes: u32, mut steady: Steady) -> Row {
    row(group, policy, nodes, move |cycles| (0..cycles).for_each(|_| steady.cycle()))
}

/// The rows of one size. A scan of many nodes is slow, and its batches are shorter.
fn rows(nodes: u32) -> Vec<Row> {
    let mut rows = vec![steady("uncongested", "driver alone", nodes, Steady::driver_alone(nodes))];
    for policy in Registry::builtin().names() {
        rows.push(steady("uncongested", policy, nodes, Steady::half_full(policy, nodes)));
        let congested = Steady::congested(policy, nodes, WAITING);
        rows.push(steady("100k_waiting", policy, nodes, congested));
    }
    let mut alone = Alone::spread(nodes);
    let mut tournament: Counts<Tournament> = Counts::half_full(nodes);
    let mut balanced: Counts<Balanced> = Counts::half_full(nodes);
    let mut scan: Counts<Scan> = Counts::half_full(nodes);
    let group = "place_and_done";
    rows.extend([
        row(group, "load_aware_spread", nodes, move |n| (0..n).for_each(|_| alone.cycle())),
        row(group, "tournament", nodes, move |n| (0..n).for_each(|_| tournament.cycle())),
        row(group, "btree_set", nodes, move |n| (0..n).for_each(|_| balanced.cycle())),
        row(group, "linear_scan", nodes, move |n| (0..n).for_each(|_| scan.cycle())),
    ]);
    rows
}

fn measure(rows: &mut [Row]) {
    for row in &mut *rows {
        (row.cycle)(20_000); // warm
    }
    for _ in 0..ROUNDS {
        for row in &mut *rows {
            (row.cycle)(CYCLES); // the caches are another's
            for _ in 0..BATCHES {
                let start = now();
                (row.cycle)(CYCLES);
                row.batches.push(start.elapsed().as_nanos() as f64 / f64::from(CYCLES));
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures")]
fn now() -> Instant {
    Instant::now()
}

/// The value below which a share of the samples lies.
fn quantile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[((samples.len() - 1) as f64 * share) as usize]
}

fn vector(policy: &str, bind: Bind) -> Value {
    let mut vector = Vector::new(policy, bind, VECTOR_NODES);
    (0..VECTOR_CYCLES / 2).for_each(|_| vector.cycle());
    let mut samples = Vec::with_capacity(VECTOR_CYCLES);
    for _ in 0..VECTOR_CYCLES {
        let start = now();
        vector.cycle();
        samples.push(start.elapsed().as_nanos() as f64);
    }
    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
    let (p50, p99) = (quantile(&mut samples, 0.5), quantile(&mut samples, 0.99));
    let p999 = quantile(&mut samples, 0.999);
    println!("{policy:<20} {bind:<6} {mean:>8.0} {p50:>8.0} {p99:>8.0} {p999:>8.0}");
    json!({
        "policy": policy, "bind": bind.to_string(), "nodes": VECTOR_NODES,
        "mean_ns": mean, "p50_ns": p50, "p99_ns": p99, "p999_ns": p999,
    })
}

fn main() {
    let mut figures = Vec::new();
    println!("ns per cycle; in brackets, relative to the tournament tree of that size\n");
    println!("{:<16}{:<20}{:>18}{:>18}{:>18}", "", "", "16 nodes", "1,024 nodes", "10,000 nodes");
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for nodes in SIZES {
        let mut rows = rows(nodes);
        measure(&mut rows);
        let best: Vec<f64> = rows.iter_mut().map(|row| quantile(&mut row.batches, 0.05)).collect();
        let reference =
            rows.iter().position(|row| row.name == "tournament").map_or(1.0, |i| best[i]);
        for (i, (row, ns)) in rows.iter().zip(&best).enumerate() {
            let relative = ns / reference;
            figures.push(json!({
                "group": row.group, "name": row.name, "nodes": row.nodes,
                "ns": ns, "relative_to_tournament": relative,
            }));
            if lines.len() <= i {
                lines.push((format!("{:<16}{:<20}", row.group, row.name), Vec::new()));
            }
            lines[i].1.push(format!("{:>18}", format!("{ns:.1} ({relative:.2})")));
        }
    }
    lines.sort_by_key(|(name, _)| name.split(' ').next() == Some("place_and_done"));
    for (name, cells) in lines {
        println!("{name}{}", cells.concat());
    }
    println!("\nvector demands, {VECTOR_NODES} nodes 90 % full, ns per cycle and clock reading\n");
    println!("{:<20} {:<6} {:>8} {:>8} {:>8} {:>8}", "", "bind", "mean", "p50", "p99", "p99.9");
    let mut vectors = Vec::new();
    for policy in ["load_aware_spread", "load_aware_pack"] {
        for bind in [Bind::Late, Bind::Early] {
            vectors.push(vector(policy, bind));
        }
    }
    let threads = threads::measure();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../hot_path.json");
    let document = json!({
        "schema_version": 1,
        "method": "fastest twentieth of batches of 200 cycles, rows in turns",
        "cycles": figures,
        "vector": vectors,
        "threads": threads,
    });
    let text = serde_json::to_string_pretty(&document).expect("plain values");
    std::fs::write(&path, text + "\n").expect("the target directory can be written");
    println!("\nwritten to {}", path.canonicalize().unwrap_or(path).display());
}
