//! The handle for many threads beside its baselines: the part of the table that takes several cores.
//!
//! Rows in turns again, so that what else the machine does falls on all alike; of each, the fastest
//! twentieth of batches.

use benches::threads::{Run, rows};
use serde_json::{Value, json};

const NODES: [u32; 2] = [16, 1024];
const THREADS: [usize; 2] = [1, 2];
const ROUNDS: usize = 100;
const CYCLES: u64 = 50_000;

/// Measures, prints, and gives the figures: millions of place and done in a second, of all threads together.
pub(super) fn measure() -> Value {
    println!("\nplace and done through one handle, millions per second of all threads together\n");
    let columns = NODES.map(|nodes| THREADS.map(|threads| (nodes, threads)));
    let columns = columns.as_flattened();
    print!("{:<20}", "");
    for (nodes, threads) in columns {
        print!("{:>22}", format!("{nodes} nodes, {threads} thr."));
    }
    println!();
    let measured: Vec<Vec<(&str, f64)>> =
        columns.iter().map(|&(n, t)| fastest(&rows(n), t)).collect();
    let mut figures = Vec::new();
    for row in 0..measured[0].len() {
        print!("{:<20}", measured[0][row].0);
        for ((nodes, threads), column) in columns.iter().zip(&measured) {
            let (name, rate) = column[row];
            print!("{rate:>22.1}");
            figures.push(json!({
                "name": name, "nodes": nodes, "threads": threads, "millions_per_second": rate,
            }));
        }
        println!();
    }
    Value::Array(figures)
}

fn fastest(rows: &[(&'static str, Run)], threads: usize) -> Vec<(&'static str, f64)> {
    let mut rates = vec![Vec::new(); rows.len()];
    for _ in 0..ROUNDS {
        for ((_, run), rates) in rows.iter().zip(&mut rates) {
            let took = run(threads, CYCLES).as_secs_f64();
            rates.push(CYCLES as f64 * threads as f64 / took / 1e6);
        }
    }
    let best = |rates: &mut Vec<f64>| super::quantile(rates, 0.95);
    rows.iter().zip(&mut rates).map(|((name, _), rates)| (*name, best(rates))).collect()
}
