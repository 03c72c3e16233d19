//! The guard of the simulator and its recorder: instructions per task, relative to a bare heap in the same binary.
//!
//! As the guard of the hot path, and with its means. The reference has the same random draws and one
//! binary heap, and measures nothing; so the ratio is what the general path and all statistics cost.

use super::hot_path::{build, instructions};
use anyhow::{Result, bail};
use std::path::Path;

const REFERENCE: &str = "bare_heap";
/// More than are ever in flight, so that the second half of a run is in its steady state.
const TASKS: u64 = 60_000;

/// What `simulate` runs, and how many times the reference's instructions a task may take: what it took
/// when it was last made faster, and about a sixth for another compiler. Lower it with the code.
const BOUNDS: [(&str, f64); 3] = [("mm16", 8.0), ("spread_10000", 8.1), ("record", 1.4)];

/// Counts both runs, prints it, and refuses what is above its bound.
///
/// # Errors
/// What takes too many instructions, or a program that does not run, or valgrind is missing.
pub(super) fn check(root: &Path, locked: &[&str]) -> Result<()> {
    let program = build(root, locked, "simulate")?;
    let per_task = |kind| -> Result<f64> {
        let once = instructions(&program, kind, TASKS)?;
        let twice = instructions(&program, kind, 2 * TASKS)?;
        Ok(twice.saturating_sub(once) as f64 / TASKS as f64)
    };
    let reference = per_task(REFERENCE)?;
    println!("    instructions per task, and relative to the bare heap's {reference:.0}");
    let mut above = Vec::new();
    for (kind, bound) in BOUNDS {
        let task = per_task(kind)?;
        let ratio = task / reference;
        println!("    {kind:<26} {task:>7.0} {ratio:>6.2}, at most {bound:.1}");
        if ratio > bound {
            above.push(kind);
        }
    }
    if !above.is_empty() {
        bail!("more instructions per task than their bounds allow: {}", above.join(", "));
    }
    Ok(())
}
