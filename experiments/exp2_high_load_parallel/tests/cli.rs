//! The real program, from command line to files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails panics, in its helpers too"
)]

/// For its own test, which belongs to no program.
#[path = "../examples/custom_policy/policy.rs"]
mod policy;
mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Folder, json, refused, succeeded, text};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_exp2");

/// A run that takes a fraction of a second.
const SMALL: &str = "--tasks 40 --schedulers fifo round_robin";

#[test]
fn wrong_input_is_refused_before_anything_is_written() {
    let folder = Folder::new();
    let write = |name: &str, yaml: &str| fs::write(folder.path(name), yaml).unwrap();
    write("key.yaml", "worklod: {tasks: 5}\n");
    write(
        "demand.yaml",
        "pipeline:\n  stages:\n    - {name: big, service: {constant: 1ms}, demand: {cpu: 5}}\n",
    );
    write("empty.yaml", "");
    fs::create_dir(folder.path("taken")).unwrap();
    fs::write(folder.path("taken/fifo_metrics.json"), "{}").unwrap();
    let valid = "valid: fifo, load_aware_spread, load_aware_pack, round_robin, priority";
    let cases: [(&str, &[&str]); 27] = [
        ("--schedulers fofo", &["--schedulers", "`fofo`", "did you mean `fifo`?", valid]),
        ("--schedulers fifo priority:aging=x", &["--schedulers", "`x` is no `aging`"]),
        ("--schedulers fifo:bnd=late", &["no parameter `bnd`", "did you mean `bind`?"]),
        ("--load-levels lo", &["--load-levels", "`low`?", "valid: low, medium, high, extreme"]),
        ("--load-levels low low", &["--load-levels", "`low` is given twice"]),
        ("--depths deeep", &["--depths", "`deep`?", "valid: shallow, medium, deep"]),
        ("--tasks 0", &["--tasks", "`0`", "at least 1"]),
        ("--tasks many", &["--tasks", "`many`", "whole number"]),
        ("--reps 0", &["--reps", "`0`", "at least 1"]),
        ("--seed -1", &["--seed", "`-1`", "at least 0"]),
        ("--arrivals posson:3", &["--arrivals", "did you mean `poisson`?"]),
        ("--arrivals poisson:0", &["--arrivals", "`0`"]),
        ("--env clusterr", &["--env", "did you mean `cluster`? valid: sim, local, cluster"]),
        ("--env sim --work cpu", &["--work", "virtual time", "--env local"]),
        ("--pipeline rag --work cpu", &["--work", "`rag` are emulated", "--pipeline compute"]),
        ("--pipeline comput", &["--pipeline", "did you mean `compute`?"]),
        ("--work real", &["--work: the stages ask no service; take `--pipeline rag`"]),
        ("--config key.yaml", &["key.yaml: line 1, column 1", "did you mean `workload`?"]),
        ("--config demand.yaml", &["demand.yaml: line 3", "`big`", "no node can hold"]),
        ("--config empty.yaml", &["empty.yaml", "empty"]),
        ("--config none.yaml", &["none.yaml", "cannot be read"]),
        ("--output taken", &["--output taken", "holds a run already", "another folder"]),
        ("--output key.yaml/out", &["--output key.yaml/out", "cannot be written"]),
        ("--banana", &["--banana"]),
        // Ray places the calls of these, and is neither simulated nor in this process.
        (
            "--env sim --schedulers ray_spread",
            &["run `ray_spread`: ray_spread leaves", "config/ray.yaml"],
        ),
        ("--env local --schedulers ray_default", &["ray_default", "config/ray.yaml"]),
        ("--env cluster --schedulers fifo ray_default", &["ray_default", "config/ray.yaml"]),
    ];
    for (flags, parts) in cases {
        refused(&folder, flags, parts);
    }
    assert_eq!(folder.names("taken"), ["fifo_metrics.json"]);
}

#[test]
fn a_small_run_leaves_exactly_its_files_and_they_agree() {
    let folder = Folder::new();
    let output = folder.run(&format!("{SMALL} --reps 2 --output out"));
    succeeded(&output);
    let mut expected = ["spec.yaml", "report.html", "trace.json"].map(str::to_owned).to_vec();
    let of_runs = ["summary.txt", "metrics.json", "latencies.csv"];
    for run in ["fifo", "round_robin"] {
        expected.extend(of_runs.map(|ending| format!("{run}_{ending}")));
    }
    let of_all = ["comparison.txt", "comparison.csv", "comparison.json"];
    let pictures = ["throughput.png", "latency.png", "nodes.png"];
    expected.extend(of_all.iter().chain(&pictures).map(|ending| format!("exp2_{ending}")));
    expected.sort();
    assert_eq!(folder.names("out"), expected);

    let validator = schema();
    for run in ["fifo", "round_robin"] {
        let report = json(&folder.path(&format!("out/{run}_metrics.json")));
        if let Err(error) = validator.validate(&report) {
            panic!("{run}_metrics.json: {error} at {}", error.instance_path());
        }
        let metrics = &report;
        assert_eq!(metrics["total_tasks"], 80, "two repetitions of 40");
        assert_eq!(metrics["successful_tasks"], 80);
        assert_eq!(metrics["partial"], false);
        assert!(metrics["throughput_ci95"].is_array(), "two repetitions give an interval");
        let provenance = &report["provenance"];
        assert_eq!(provenance["seed"], 42);
        assert!(provenance["command"].as_str().unwrap().starts_with("exp2 --tasks 40"));
        assert!(provenance["started_at"].as_str().unwrap().ends_with('Z'));
        check_rows(&folder.path(&format!("out/{run}_latencies.csv")), metrics);
    }

    let table = text(&output.stdout);
    let saved = fs::read_to_string(folder.path("out/exp2_comparison.txt")).unwrap();
    assert!(table.contains(&saved), "stdout shows the comparison");
    assert!(table.contains("fifo") && table.contains("late") && table.contains("80/80"));
    assert!(table.lines().all(|line| line.chars().count() <= 120 || line.contains("cargo run")));
    let comparison = json(&folder.path("out/exp2_comparison.json"));
    assert_eq!(comparison["runs"].as_array().unwrap().len(), 2);
    assert_eq!(comparison["partial"], false);
    let mut sheet = csv::Reader::from_path(folder.path("out/exp2_comparison.csv")).unwrap();
    let runs: Vec<String> =
        sheet.records().map(|record| record.unwrap().get(0).unwrap().to_owned()).collect();
    assert_eq!(runs, ["fifo", "round_robin"]);
}

/// One row per task and repetition; total = sum of the parts; mean and maximum as in the report.
fn check_rows(path: &Path, metrics: &Value) {
    let mut rows = csv::Reader::from_path(path).unwrap();
    let head = rows.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|column| column == name).unwrap();
    let parts = ["scheduling", "queue", "execution", "transfer"]
        .map(|part| column(&format!("{part}_latency_ms")));
    let total = column("total_latency_ms");
    let (mut sum, mut count, mut seen) = (0.0, 0_u32, Vec::new());
    for row in rows.records() {
        let row = row.unwrap();
        let ns = |column: usize| (row[column].parse::<f64>().unwrap() * 1e6).round() as i64;
        assert_eq!(ns(total), parts.iter().map(|part| ns(*part)).sum::<i64>(), "{row:?}");
        assert_eq!(row[column("nodes")].split(';').count(), 3, "{row:?}");
        assert_eq!(&row[column("success")], "true");
        seen.push((row[0].to_owned(), row[1].parse::<u64>().unwrap()));
        sum += ns(total) as f64 / 1e6;
        count += 1;
    }
    seen.sort();
    seen.dedup();
    assert_eq!((count, seen.len()), (80, 80), "every task once per repetition");
    let mean = metrics["avg_latency_ms"].as_f64().unwrap();
    assert!((mean - sum / f64::from(count)).abs() < 1e-6, "{mean}");
}

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(harness::METRICS_SCHEMA).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn json_is_one_document_and_nothing_else() {
    let folder = Folder::new();
    let output = folder.run(&format!("{SMALL} --json --no-plots --output out"));
    succeeded(&output);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["experiment"], "exp2");
    assert_eq!(document["schema_version"], 1);
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    for run in runs {
        let name = run["name"].as_str().unwrap();
        let mut report = json(&folder.path(&format!("out/{name}_metrics.json")));
        let file = report.as_object_mut().unwrap();
        file.retain(|key, _| !["schema_version", "name", "provenance"].contains(&key.as_str()));
        assert_eq!(run["metrics"], report, "the same object as in the file");
        assert_eq!(run["config"]["policy"], name);
    }
    assert!(text(&output.stderr).contains("Results: out"));
    assert!(!folder.names("out").iter().any(|name| name.ends_with(".png")), "--no-plots");
}

#[test]
fn one_small_repetition_decides_nothing_and_names_the_command_that_would() {
    let folder = Folder::new();
    let output = folder.run(&format!("{SMALL} --quick --no-plots --output out"));
    succeeded(&output);
    let table = text(&output.stdout);
    assert!(table.contains("40 tasks, one repetition"), "{table}");
    assert!(table.contains("fifo binds late, round_robin does not"), "{table}");
    let command = "cargo run --release -p exp2 -- --schedulers fifo round_robin \
                   round_robin:bind=late --no-plots";
    for more in ["--tasks 800 --reps 10", "--env sim --tasks 800 --reps 10"] {
        assert!(table.contains(&format!("{command} {more}\n")), "{table}");
    }
    assert!(table.contains("drain"), "a run of 40 tasks on 16 slots is drain-limited: {table}");
}

#[test]
fn two_at_once_get_a_folder_each() {
    let folder = Folder::new();
    let start = || {
        let mut command = folder.command("--schedulers fifo --tasks 20 --no-plots");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for child in [start(), start()] {
        succeeded(&child.wait_with_output().unwrap());
    }
    let folders = folder.names("results");
    assert_eq!(folders.len(), 2, "{folders:?}");
    for name in folders {
        assert!(name.starts_with("exp2-2"), "{name}");
        let files = folder.names(&format!("results/{name}"));
        assert!(files.contains(&"fifo_metrics.json".to_owned()), "{files:?}");
    }
}

#[test]
fn every_level_and_policy_finishes_every_task_and_the_policies_are_told_apart() {
    let folder = Folder::new();
    let output = folder.run("--quick --no-plots --output out");
    succeeded(&output);
    let comparison = json(&folder.path("out/exp2_comparison.json"));
    let runs = comparison["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 14 + 28);
    for run in runs {
        assert_eq!(run["total_tasks"], run["successful_tasks"], "{}", run["name"]);
        let repetitions = run["repetitions"].as_array().unwrap().len() as u64;
        let tasks = run["config"]["tasks"].as_u64().unwrap();
        assert_eq!(run["total_tasks"], repetitions * tasks, "{}", run["name"]);
        let simulated = run["config"]["environment"] == "sim";
        assert_eq!(repetitions, if simulated { 10 } else { 1 }, "{}", run["name"]);
    }
    let table = text(&output.stdout);
    for part in ["load levels", "policies at the medium level", "pipeline depths"] {
        assert!(table.contains(&format!("\n{part}: ")), "{table}");
    }
    // One sentence of each kind; virtual time gives the same ones everywhere.
    for told in [
        "open at load 0.85 (virtual time): speeds_open_*\n",
        "  round_robin is ",
        "  By binding alone: round_robin_late is ",
        "  By priority: the p99 of level 9, relative to that of level 0, is ",
        "less than 1 % apart in every measure",
        "By priority: load_aware_pack, load_aware_spread_late, round_robin_late against fifo: less",
    ] {
        assert!(table.contains(told), "no `{told}` in: {table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 120 || line.contains("cargo run")));
    check_verdicts(&comparison);
    let names = folder.names("out");
    assert!(names.contains(&"load_low_load_aware_spread_latencies.csv".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("equal_") && name.ends_with(".csv")));
}

/// What is known beforehand of round robin on nodes of two speeds: sent the same share as the fast
/// nodes, the slow ones, which have a quarter of the capacity, take twice their share and set the pace.
fn check_verdicts(comparison: &Value) {
    let differences = comparison["differences"].as_array().unwrap();
    let of = |run: &str, cause: &str| {
        let found = |it: &&Value| it["run"] == run && it["cause"] == cause;
        differences.iter().find(found).unwrap()
    };
    let slower = &of("speeds_closed_round_robin", "policy")["throughput_tasks_per_sec"];
    assert_eq!(slower["finding"], "lower");
    let share = slower["relative"].as_f64().unwrap();
    assert!((share + 0.5).abs() < 0.02, "half the capacity: {share}");
    assert!(slower["p_holm"].as_f64().unwrap() < 1e-6, "{slower}");
    let alike = &of("equal_closed_load_aware_pack", "policy")["p99_latency_ms"];
    assert_eq!(alike["finding"], "alike");
    let level = of("equal_closed_priority", "level");
    assert_eq!(level["levels"], serde_json::json!([9, 0]));
    assert_eq!(
        (&level["against"], level["p99_by_level"]["finding"].as_str()),
        (&Value::from("equal_closed_fifo"), Some("lower"))
    );
}

#[test]
fn virtual_time_gives_the_same_bytes_and_parallel_repetitions_are_those_run_alone() {
    let folder = Folder::new();
    let flags = "--env sim --schedulers power_of_two --arrivals load:0.9 --tasks 500 --no-plots";
    let latencies = |flags: &str, out: &str| {
        succeeded(&folder.run(&format!("{flags} --output {out}")));
        let path = folder.path(&format!("{out}/power_of_two_latencies.csv"));
        assert_eq!(folder.names(out).iter().filter(|name| name.ends_with("csv")).count(), 2);
        fs::read_to_string(path).unwrap()
    };
    let together = latencies(&format!("{flags} --reps 5"), "one");
    assert_eq!(together, latencies(&format!("{flags} --reps 5"), "two"));
    let mut rows = together.lines().skip(1);
    for repetition in 0..5 {
        let alone =
            latencies(&format!("{flags} --seed {}", 42 + repetition), &repetition.to_string());
        for row in alone.lines().skip(1) {
            let expected = row.replacen('0', &repetition.to_string(), 1);
            assert_eq!(rows.next(), Some(expected.as_str()));
        }
    }
    assert_eq!(rows.next(), None);
}

#[test]
fn cpu_work_burns_cpu() {
    let folder = Folder::new();
    let flags = "--work cpu --schedulers fifo --tasks 10 --no-plots --output out";
    succeeded(&folder.run(flags));
    let report = json(&folder.path("out/fifo_metrics.json"));
    assert_eq!(report["config"]["work"], "cpu");
    let rounds = &report["provenance"]["spec"]["pipeline"]["stages"][0]["operator"];
    assert_eq!(rounds["compute"]["rounds"], 10_000, "medium work");
}

#[cfg(unix)]
mod signals {
    use super::*;
    use std::io::{BufRead as _, BufReader};

    /// Starts a run of many repetitions and sends it a signal after its first finished run.
    fn interrupted(signal: &str) -> (Folder, Option<i32>, String) {
        let folder = Folder::new();
        // The first run ends soon, the second would take a minute.
        fs::write(
            folder.path("two.yaml"),
            "configurations:\n  short: {workload: {tasks: 20}}\n  long: {workload: {tasks: 30000}}\n",
        )
        .unwrap();
        let mut command = folder.command("--config two.yaml --output out");
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.starts_with("[1/2] short_load_aware_spread: 20 of 20"), "{first}");
        // Until the second has started: the file of its first repetition is there.
        while !folder.path("out/long_load_aware_spread_0_latencies.csv.part").exists() {
            std::thread::yield_now();
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        assert!(rest.iter().any(|line| line.contains("Interrupted")), "{rest:?}");
        let output = child.wait_with_output().unwrap();
        (folder, output.status.code(), text(&output.stdout).to_owned())
    }

    #[test]
    fn an_interrupt_ends_repetitions_that_run_at_once() {
        let folder = Folder::new();
        let flags = "--env sim --schedulers fifo --tasks 4000000 --reps 50 --no-plots --output out";
        let mut command = folder.command(flags);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        while !folder.path("out/spec.yaml").exists() {
            std::thread::yield_now();
        }
        // The handlers are there before the folder is.
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut message = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut message).unwrap();
        assert!(message.contains("Interrupted"), "{message}");
        assert_eq!(child.wait().unwrap().code(), Some(130), "{message}");
        if folder.path("out/fifo_metrics.json").exists() {
            let metrics = &json(&folder.path("out/fifo_metrics.json"));
            assert_eq!(metrics["partial"], true);
        }
        let files = folder.names("out");
        assert!(files.iter().all(|name| !name.ends_with(".part")), "{files:?}");
    }

    #[test]
    fn an_interrupt_saves_what_there_is_and_marks_it_partial() {
        for signal in ["-INT", "-TERM"] {
            let (folder, code, table) = interrupted(signal);
            assert_eq!(code, Some(130), "{signal}");
            assert!(table.contains("PARTIAL: 1 of 2 runs are complete; interrupted"), "{table}");
            let metrics = |run: &str| {
                json(&folder.path(&format!("out/{run}_load_aware_spread_metrics.json")))
            };
            assert_eq!(metrics("short")["partial"], false);
            let long = metrics("long");
            assert_eq!(long["partial"], true);
            assert!(long["total_tasks"].as_u64().unwrap() < 30_000);
            assert!(long["notes"].to_string().contains("Stopped in repetition 1 of 1"), "{long}");
            let comparison = json(&folder.path("out/exp2_comparison.json"));
            assert_eq!(comparison["partial"], true);
            let files = folder.names("out");
            assert!(files.iter().all(|name| !name.ends_with(".part")), "{files:?}");
            assert!(files.contains(&"exp2_throughput.png".to_owned()), "{files:?}");
        }
    }
}

#[test]
fn a_policy_of_ones_own_is_in_tables_reports_and_flags() {
    // Examples are built with the tests, beside the program.
    let example = Path::new(EXECUTABLE).with_file_name("examples").join("custom_policy");
    let folder = Folder::new();
    let run = |flags: &str| {
        let mut command = Command::new(&example);
        command.current_dir(folder.0.path()).args(flags.split_whitespace()).output().unwrap()
    };
    let output = run("--schedulers my_policy fifo --tasks 40 --no-plots --output out");
    succeeded(&output);
    let table = text(&output.stdout);
    assert!(table.contains("my_policy"), "{table}");
    assert!(table.contains("-p exp2 --example custom_policy --"), "{table}");
    let report = json(&folder.path("out/my_policy_metrics.json"));
    assert_eq!(report["config"]["policy"], "my_policy");
    assert_eq!(report["successful_tasks"], 40);
    assert!(text(&run("--help").stdout).contains("my_policy"));
    assert!(text(&run("--schedulers my_polcy").stderr).contains("did you mean `my_policy`?"));
    let source = include_str!("../examples/custom_policy/policy.rs");
    assert!(source.lines().count() < 40);
    let shown = include_str!("../../../README.md");
    let told = source.find("use sched_core").zip(source.find("\n#[test]"));
    let (from, to) = told.unwrap();
    assert!(shown.contains(&source[from..to]), "the README shows another policy");
    assert!(policy::registry().unwrap().get("my_policy").is_some());
}
