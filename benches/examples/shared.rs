//! So many place and done of one row on so many threads and nothing else, for a tool that counts instructions.
//!
//! `shared ROW THREADS COUNT`, where ROW is a row of the bench `threads` with `_` for spaces; 1,024 nodes, half of
//! the slots busy. It prints the time, which means something on a quiet machine only; the bench has the figures.

use benches::threads::rows;
use std::process::ExitCode;

const NODES: u32 = 1024;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [row, threads, count] = args.as_slice() else { return usage("three arguments are needed") };
    let (Ok(threads), Ok(count)) = (threads.parse(), count.parse()) else {
        return usage("THREADS or COUNT is not a number");
    };
    let found = rows(NODES).into_iter().find(|(name, _)| name.replace(' ', "_") == *row);
    let Some((_, run)) = found else { return usage("there is no such ROW") };
    let took = run(threads, count);
    println!("{:.1} ns per cycle and thread", took.as_secs_f64() * 1e9 / count as f64);
    ExitCode::SUCCESS
}

fn usage(what: &str) -> ExitCode {
    eprintln!("shared: {what}; use `shared ROW THREADS COUNT`");
    ExitCode::from(2)
}
