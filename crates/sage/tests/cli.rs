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
        assert_eq!(first["config"], second["config"]);
        assert_eq!(first["provenance"]["spec"], second["provenance"]["spec"]);
        // Warm-up is run and not counted; the demand that only one node holds is met.
        for report in [&first, &second] {
            assert_eq!(report["successful_tasks"], 2 * 50, "{run}");
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
        ("run small.yaml --env clustr", "did you mean `cluster`?"),
        ("validate small.yaml --env sim", "compares `sim` with `local` and `cluster`"),
        ("validate small.yaml --work cpu", "run `fifo` does real work"),
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

#[test]
fn validate_puts_virtual_and_real_time_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    // The medium level of experiment 2, with fewer tasks.
    let preset = include_str!("../../../config/experiments/exp2.yaml");
    let medium = preset.split("\nconfigurations:").next().unwrap();
    fs::write(folder.path().join("medium.yaml"), medium).unwrap();
    let output = sage(folder.path(), "validate medium.yaml --tasks 600");
    let text = String::from_utf8(output.stdout).unwrap();
    // How busy this machine is decides the gap, and the gap decides the code.
    let agrees = text.contains("1 of 1 runs agree");
    assert_eq!(output.status.code(), Some(if agrees { 0 } else { 1 }), "{text}");
    assert_eq!(agrees, !text.contains("OUTSIDE"), "{text}");
    let row = |name: &str| -> Vec<f64> {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        let cells = line[name.len()..].split_whitespace().filter(|cell| *cell != "%");
        cells.take(5).map(|cell| cell.parse().unwrap()).collect()
    };
    assert!(text.contains("  sim  ") && text.contains("  local  ") && text.contains("  cluster  "));
    for name in ["tasks/s", "mean latency, ms", "mean execution, ms"] {
        let [sim, local, gap, cluster, other] = row(name)[..] else { panic!("{text}") };
        for (real, gap) in [(local, gap), (cluster, other)] {
            assert!((gap / 100.0 - (sim / real - 1.0)).abs() < 0.002, "{text}");
            assert!(gap.abs() < 50.0, "the same work everywhere: {text}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written");

    let flags = "validate medium.yaml --env cluster --tasks 100 --json --output out";
    let output = sage(folder.path(), flags);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["runs"][0]["name"], "load_aware_spread");
    let throughput = &document["runs"][0]["measures"][0];
    assert!(throughput["cluster"]["value"].as_f64().unwrap() > 0.0, "{throughput}");
    assert_eq!(throughput["local"], Value::Null, "it was not asked for");
    let saved = fs::read(folder.path().join("out/exp2_validation.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&saved).unwrap(), document);
}

#[test]
fn what_only_virtual_time_has_cannot_be_validated() {
    let folder = tempfile::tempdir().unwrap();
    let spec = SPEC.replace("name: small", "name: small\nenvironment: sim");
    let faults = format!("{spec}faults: [{{at: 10ms, kill: node-0}}]\n");
    fs::write(folder.path().join("faults.yaml"), faults).unwrap();
    let output = sage(folder.path(), "validate faults.yaml --output out");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("run `fifo` has `faults`"));
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_recorded_run_replays() {
    let folder = folder_with_spec();
    succeeded(&sage(
        folder.path(),
        "run small.yaml --env sim --reps 2 --record --no-plots --output out",
    ));
    for log in ["fifo_0", "fifo_1", "priority_0", "priority_1"] {
        let output = sage(folder.path(), &format!("replay out/{log}.flight"));
        succeeded(&output);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(log.split('_').next().unwrap()), "{text}");
    }
}
