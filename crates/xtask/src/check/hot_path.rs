//! The guard of the hot path: instructions per cycle, relative to a loop in the same binary.
//!
//! Times depend on how busy a machine is and instructions on the compiler; their ratio to those of
//! a tournament tree over 1,024 counts, built by the same compiler and counted by the same tool
//! (valgrind, since performance counters are closed in most containers), on neither. A cycle is
//! counted as the difference of two runs, so that setting up is in none.

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const REFERENCE: &str = "reference";
const CYCLES: u64 = 20_000;

/// What `cycles` runs, and how many times the reference's instructions it may take: what it took
/// when it was last made faster, and about a sixth for another compiler. Lower it with the code.
const BOUNDS: [(&str, f64); 13] = [
    ("fifo", 1.5),
    ("fifo_waiting", 2.6),
    ("round_robin", 1.6),
    ("load_aware_spread", 1.7),
    ("load_aware_spread_waiting", 2.2),
    ("load_aware_pack", 1.6),
    ("load_aware_pack_waiting", 2.8),
    ("priority", 2.0),
    ("priority_waiting", 3.1),
    ("random", 1.5),
    ("power_of_two", 1.7),
    ("vector_load_aware_spread", 9.2),
    ("vector_load_aware_pack", 8.3),
];

/// Counts everything, prints it, and refuses what is above its bound.
///
/// # Errors
/// What takes too many instructions, or a program that does not run, or valgrind is missing: a guard
/// that is skipped guards nothing.
pub(super) fn check(root: &Path, locked: &[&str]) -> Result<()> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        bail!("valgrind is not installed (on Debian: apt-get install valgrind)");
    }
    let program = build(root, locked, "cycles")?;
    let reference = per_cycle(&program, REFERENCE)?;
    let mut above = Vec::new();
    println!("    instructions per cycle, and relative to the reference of {reference:.0}");
    for (kind, bound) in BOUNDS {
        let cycle = per_cycle(&program, kind)?;
        let ratio = cycle / reference;
        println!("    {kind:<26} {cycle:>7.0} {ratio:>6.2}, at most {bound:.1}");
        if ratio > bound {
            above.push(kind);
        }
    }
    if !above.is_empty() {
        bail!("more instructions per cycle than their bounds allow: {}", above.join(", "));
    }
    Ok(())
}

/// Builds an example of the benches and returns where cargo put it.
pub(super) fn build(root: &Path, locked: &[&str], example: &str) -> Result<PathBuf> {
    let args = ["build", "--quiet", "--release", "-p", "benches", "--example", example];
    let output = Command::new("cargo")
        .args(args)
        .arg("--message-format=json")
        .args(locked)
        .current_dir(root)
        .output()
        .context("starting cargo")?;
    if !output.status.success() {
        bail!("`cargo {}` failed: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    executable(messages, example)
        .with_context(|| format!("cargo names no executable of the example `{example}`"))
}

fn executable(
    mut messages: impl Iterator<Item = serde_json::Value>,
    example: &str,
) -> Option<PathBuf> {
    messages.find_map(|message| {
        let named = message["target"]["name"] == example;
        message["executable"].as_str().filter(|_| named).map(PathBuf::from)
    })
}

fn per_cycle(program: &Path, kind: &str) -> Result<f64> {
    let once = instructions(program, kind, CYCLES)?;
    let twice = instructions(program, kind, 2 * CYCLES)?;
    Ok(twice.saturating_sub(once) as f64 / CYCLES as f64)
}

/// Instructions of a whole run of a program with a kind and a number.
pub(super) fn instructions(program: &Path, kind: &str, count: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([kind, &count.to_string()])
        .output()
        .context("starting valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    match collected(&text) {
        Some(count) if output.status.success() => Ok(count),
        _ => bail!("`valgrind {} {kind} {count}` failed: {text}", program.display()),
    }
}

/// The total of the line `==PID== Collected : TOTAL`.
fn collected(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read() {
        let text = "==7== Events    : Ir\n==7== Collected : 1234567\n==7== \n";
        assert_eq!(collected(text), Some(1_234_567));
        assert_eq!(collected("==7== Collected : many"), None);
    }

    #[test]
    fn the_example_is_found_among_cargos_messages() {
        let message = |name: &str, path: Option<&str>| serde_json::json!({"target": {"name": name}, "executable": path});
        let other = [message("benches", None), message("cycles", None), message("x", Some("/x"))];
        assert_eq!(executable(other.clone().into_iter(), "cycles"), None);
        let found = other.into_iter().chain([message("cycles", Some("/target/cycles"))]);
        assert_eq!(executable(found, "cycles"), Some(PathBuf::from("/target/cycles")));
    }
}
