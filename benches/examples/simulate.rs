//! One run in virtual time and nothing else, for a tool that counts instructions or takes a profile.
//!
//! `simulate KIND TASKS`, where KIND is `mm16`, `spread_10000`, `record` (only the recorder) or
//! `bare_heap`, the reference (see `benches::simulated`). It prints what it took, which is of no use under such a tool.

use benches::Recorded;
use benches::simulated::{Simulated, bare_heap};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, tasks] = args.as_slice() else { return usage("two arguments are needed") };
    let Ok(tasks) = tasks.parse() else { return usage("TASKS is not a number") };
    #[expect(clippy::disallowed_methods, reason = "a measurement")]
    let start = Instant::now();
    match kind.as_str() {
        "mm16" => drop(black_box(Simulated::mm16(tasks).run(1))),
        "spread_10000" => drop(black_box(Simulated::spread_10000(tasks).run(1))),
        "record" => {
            let mut recorded = Recorded::new();
            (0..tasks).for_each(|_| recorded.task());
            black_box(recorded.finish());
        }
        "bare_heap" => drop(black_box(bare_heap(tasks, 16, 0.8))),
        _ => return usage("there is no such KIND"),
    }
    println!("{kind}: {:.2} M tasks/s", tasks as f64 / start.elapsed().as_secs_f64() / 1e6);
    ExitCode::SUCCESS
}

fn usage(what: &str) -> ExitCode {
    eprintln!(
        "simulate: {what}; use `simulate KIND TASKS`, KIND being `mm16`, `spread_10000`, `record` or `bare_heap`"
    );
    ExitCode::from(2)
}
