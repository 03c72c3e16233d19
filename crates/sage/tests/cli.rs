//! The real program, from spec files to results.

#![allow(clippy::unwrap_used, reason = "a test that fails panics, in its helpers too")]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SPEC: &str = "
name: small
cluster:
  groups:
    - {name: plain, count: 2, slots: 2}
    - {name: large, count: 1, slots: 4, speed: 2, memory: 1GiB}
workload: {tasks: 60, warmup: 10, arrivals: {poisson: {rate: 400}}, priorities: {0: 0.5, 9: 0.5}}
pipeline:
  stages:
    - {name: any, service: {exponential: {mean: 2ms}}}
    - {name: wide, service: {constant: 3ms}, demand: {cpu: 3}}
schedulers: [fifo, {policy: priority, aging: none, bind: early}]
";

fn sage(folder: &Path, flags: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sage"));
    command.current_dir(folder).args(flags.split_whitespace()).output().unwrap()
}

#[track_caller]
fn succeeded(output: &Output) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{message}");
}

fn folder_with_spec() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.yaml"), SPEC).unwrap();
    folder
}

fn metrics(folder: &Path, run: &str) -> Value {
    let path = folder.join(format!("{run}_metrics.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_effective_spec_repeats_the_run() {
    let folder = folder_with_spec();
    let first = sage(folder.path(), "run small.yaml --reps 2 --no-plots --output one");
    succeeded(&first);
    succeeded(&sage(folder.path(), "run one/spec.yaml --no-plots --output two"));
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let spec = |folder: &Path| fs::read_to_string(folder.join("spec.yaml")).unwrap();
    assert_eq!(spec(&one), spec(&two));
    for run in ["fifo", "priority"] {
        let (first, second) = (metrics(&one, run), metrics(&two, run));
        assert_eq!(first["metrics"]["config"], second["metrics"]["config"]);
        assert_eq!(first["provenance"]["spec"], second["provenance"]["spec"]);
        // Warm-up is run and not counted; the demand that only one node holds is met.
        for report in [&first, &second] {
            assert_eq!(report["metrics"]["successful_tasks"], 2 * 50, "{run}");
        }
        assert_eq!(arrivals(&one, run), arrivals(&two, run), "the seed gives the same arrivals");
    }
}

/// (repetition, task, intended arrival, priority) of every row, by task.
fn arrivals(folder: &Path, run: &str) -> Vec<String> {
    let text = fs::read_to_string(folder.join(format!("{run}_latencies.csv"))).unwrap();
    let mut rows: Vec<String> = text
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            [cells[0], cells[1], cells[2], cells[9]].join(",")
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn results_have_a_folder_named_after_the_spec() {
    let folder = folder_with_spec();
    succeeded(&sage(folder.path(), "run small.yaml --no-plots"));
    let results: Vec<_> = fs::read_dir(folder.path().join("results")).unwrap().collect();
    let [Ok(result)] = &results[..] else { panic!("{results:?}") };
    assert!(result.file_name().to_string_lossy().starts_with("small-2"), "{result:?}");
    let table = fs::read_to_string(result.path().join("small_comparison.txt")).unwrap();
    assert!(table.contains("priority") && table.contains("early"), "{table}");
}

#[test]
fn a_bad_spec_leaves_nothing() {
    let folder = folder_with_spec();
    let bad = SPEC.replace("demand: {cpu: 3}", "demand: {cpu: 5}");
    fs::write(folder.path().join("bad.yaml"), bad).unwrap();
    for (flags, part) in [
        ("run bad.yaml", "bad.yaml: line 11, column"),
        ("run none.yaml", "none.yaml: cannot be read"),
        ("run small.yaml --schedulers fofo", "did you mean `fifo`?"),
        ("run small.yaml --env sim", "`sim` is not supported yet"),
        ("run", "<SPEC>"),
        ("rum small.yaml", "'run'"),
    ] {
        let output = sage(folder.path(), flags);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags}: {message}");
        assert!(message.contains(part), "{flags}: {message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "{flags}");
    }
}

#[test]
fn policies_are_listed_with_parameters_and_binding() {
    let folder = tempfile::tempdir().unwrap();
    let output = sage(folder.path(), "policies");
    succeeded(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["fifo", "binds late", "round_robin", "binds early", "aging=", "load_aware"] {
        assert!(text.contains(part), "{text}");
    }
}
