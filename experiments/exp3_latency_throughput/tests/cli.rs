//! The real program, from command line to files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails panics, in its helpers too"
)]

#[path = "../../exp2_high_load_parallel/tests/support/mod.rs"]
mod support;

use std::fs;
use support::{Folder, json, refused, succeeded, text};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_exp3");

#[test]
fn wrong_input_is_refused_before_anything_is_written() {
    let folder = Folder::new();
    fs::write(folder.path("empty.yaml"), "").unwrap();
    let cases: [(&str, &[&str]); 11] = [
        ("--slo p99", &["--slo: `p99`", "write for example `p99:200ms`"]),
        ("--slo p98:200ms", &["--slo", "one of p50, p90, p95, p99, p99.9"]),
        ("--slo p99:200ms --concurrency 4", &["--slo", "leave `--concurrency` away"]),
        ("--slo p99:200ms --arrivals batch", &["--slo", "leave `--arrivals` away"]),
        ("--slo p99:200ms --env local", &["--slo", "virtual time", "leave `--env` away"]),
        ("--slo p99:1ms --tasks 200", &["--slo", "p99 is", "at 1 % of the full rate"]),
        ("--concurrency 0", &["--concurrency: `0` is not valid; write whole numbers from 1"]),
        ("--concurrency 4 4", &["--concurrency: `4` is given twice"]),
        ("--concurrency 4 --arrivals batch", &["--concurrency: it says how tasks arrive"]),
        ("--env locl", &["did you mean `local`?"]),
        ("--config empty.yaml", &["empty.yaml", "empty"]),
    ];
    for (flags, parts) in cases {
        refused(&folder, flags, parts);
    }
}

#[test]
fn all_parts_and_their_chapters_are_there_and_agree_with_the_reports() {
    let folder = Folder::new();
    let output = folder.run("--env sim --output out");
    succeeded(&output);
    let files = folder.names("out");
    for chapter in ["throughput_curve", "latency_breakdown", "scheduler_overhead"] {
        for ending in ["txt", "json"] {
            assert!(files.contains(&format!("exp3_{chapter}.{ending}")), "{files:?}");
        }
    }
    assert!(files.contains(&"exp3_throughput_curve.png".to_owned()), "{files:?}");

    let curve = json(&folder.path("out/exp3_throughput_curve.json"));
    let points = curve["points"].as_array().unwrap();
    let concurrency: Vec<u64> =
        points.iter().map(|point| point["concurrency"].as_u64().unwrap()).collect();
    assert_eq!(concurrency, [1, 2, 4, 8, 16, 32]);
    for point in points {
        // Little's law holds for the whole run; fewer are in flight while it drains.
        let mean = point["mean_in_flight"].as_f64().unwrap();
        let load = point["concurrency"].as_f64().unwrap();
        assert!(mean <= load * 1.001 && mean > load * 0.9, "{point}");
        let report =
            json(&folder.path(&format!("out/{}_metrics.json", point["run"].as_str().unwrap())));
        assert_eq!(point["latency_ms"], report["latency_ms"]["end_to_end"]);
        assert_eq!((&report["failed_tasks"], &report["total_tasks"]), (&0.into(), &500.into()));
    }

    let breakdown = json(&folder.path("out/exp3_latency_breakdown.json"));
    let runs = breakdown["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 6 + 3);
    for run in runs {
        for quantile in ["p50", "p95", "p99", "p999"] {
            let at = &run["quantiles"][quantile];
            let parts = ["scheduling", "queue", "execution", "transfer"];
            let sum: f64 = parts.iter().map(|part| at["parts_ms"][part].as_f64().unwrap()).sum();
            let whole = at["end_to_end_ms"].as_f64().unwrap();
            assert!((sum / whole - 1.0).abs() < 1e-9, "{quantile}: {run}");
        }
    }
    let overhead = json(&folder.path("out/exp3_scheduler_overhead.json"));
    let policies: Vec<&str> = overhead["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["policy"].as_str().unwrap())
        .collect();
    assert_eq!(policies.len(), 7);
    assert!(policies.contains(&"power_of_two"), "{policies:?}");
    let table = text(&output.stdout);
    for heading in ["\nthroughput curve\n", "\nlatency breakdown\n", "\nscheduler overhead\n"] {
        assert!(table.contains(heading), "{table}");
    }
    // The page tells the same: every row of the curve, and a chart of three quantiles.
    let page = fs::read_to_string(folder.path("out/report.html")).unwrap();
    for heading in ["throughput curve", "latency breakdown", "scheduler overhead"] {
        assert!(page.contains(&format!("<h3>{heading}</h3>")), "{heading}");
    }
    let drawn = &page[page.find("data-name=\"throughput_curve\"").unwrap()..];
    let drawn = &drawn[..drawn.find("</figure>").unwrap()];
    assert_eq!(drawn.matches("class=\"mark s2\"").count(), 6 + 1, "six loads and a legend");
    for point in points {
        let name = point["run"].as_str().unwrap().strip_suffix("_load_aware_spread").unwrap();
        let row = format!("<th scope=\"row\">{name}</th>");
        assert!(page.contains(&row), "{row}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 120 || line.contains("cargo run")));
}

#[test]
fn the_document_has_the_chapters() {
    let folder = Folder::new();
    let output =
        folder.run("--env sim --concurrency 1 4 --tasks 100 --no-plots --json --output out");
    succeeded(&output);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let curve = json(&folder.path("out/exp3_throughput_curve.json"));
    assert_eq!(document["chapters"]["throughput_curve"]["points"], curve["points"]);
    assert_eq!(curve["points"].as_array().unwrap().len(), 2);
    assert_eq!(document["chapters"].as_object().unwrap().len(), 3);
    // They do the same tasks, so that nobody wins has another reason.
    let text = fs::read_to_string(folder.path("out/exp3_comparison.txt")).unwrap();
    assert!(text.contains("Nobody wins: each run is of another configuration"), "{text}");
    assert!(!text.contains("different work"), "{text}");
}

/// A search is stopped in the middle, when nothing is worth keeping yet.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_search_and_leaves_nothing() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    let flags = "--slo p99:200ms --tasks 2000000 --reps 50 --output out";
    let mut command = folder.command(flags);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.find(|line| line.as_ref().unwrap().contains("searching")).unwrap().unwrap();
    assert!(first.contains("p99 ≤ 200ms"), "{first}");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("nothing is written")), "{rest:?}");
    assert!(!folder.path("out").exists(), "{rest:?}");
}

#[test]
fn decisions_of_a_real_run_are_all_measured() {
    let folder = Folder::new();
    succeeded(&folder.run("--concurrency 8 --tasks 40 --no-plots --output out"));
    let overhead = json(&folder.path("out/exp3_scheduler_overhead.json"));
    let run = &overhead["runs"][0];
    assert_eq!(run["environment"], "local");
    assert_eq!(run["decision_ns"]["count"], 3 * 40, "one for each call");
    assert!(run["decision_ns"]["p50"].as_f64().unwrap() > 0.0, "{run}");
    assert!(run["share_of_a_core"].as_f64().unwrap() > 0.0, "{run}");
    let files = folder.names("out");
    assert!(!files.iter().any(|name| name.starts_with("complexity")), "this part alone: {files:?}");
}

/// One stage of exponential time on one slot is M/M/1: the sojourn is exponential with mean
/// 1 ÷ (μ − λ), so its p95 is ln 20 ÷ (μ − λ), and λ = μ − ln 20 ÷ limit.
#[test]
fn the_highest_rate_is_the_one_that_queueing_theory_gives() {
    let folder = Folder::new();
    let spec = "cluster: {nodes: 1, slots: 1}\n\
                pipeline: {stages: [{name: a, service: {exponential: {mean: 10ms}}}]}\n";
    fs::write(folder.path("mm1.yaml"), spec).unwrap();
    let flags = "--slo p95:100ms --config mm1.yaml --schedulers fifo load_aware_spread --no-plots";
    let output = folder.run(&format!("{flags} --output out"));
    succeeded(&output);
    let slo = json(&folder.path("out/exp3_slo.json"));
    let theory = 100.0 - 20.0_f64.ln() / 0.1;
    let policies = slo["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 2);
    for found in policies {
        let rate = found["tasks_per_sec"].as_f64().unwrap();
        assert!((rate / theory - 1.0).abs() < 0.02, "{rate}, not {theory}");
        let [low, high] = [0, 1].map(|end| found["ci95"][end].as_f64().unwrap());
        assert!(low < theory && theory < high && high / low < 1.1, "{low} to {high}");
        assert_eq!(found["repetitions"].as_array().unwrap().len(), 10);
        assert!((found["full_tasks_per_sec"].as_f64().unwrap() - 100.0).abs() < 1e-6);
        let check = &found["check"];
        assert!(check["latency_ms"].as_f64().unwrap() < 110.0, "{check}");
    }
    // One slot: all placements are the same.
    assert_eq!(policies[0]["repetitions"], policies[1]["repetitions"]);
    assert!(text(&output.stdout).contains("objective: p95 ≤ 100ms"));
    let small = |out: &str| {
        let flags = "--slo p95:100ms --config mm1.yaml --tasks 1000 --reps 3 --seed 7 --no-plots";
        succeeded(&folder.run(&format!("{flags} --output {out}")));
        json(&folder.path(&format!("{out}/exp3_slo.json")))["policies"].clone()
    };
    assert_eq!(small("one"), small("two"), "the same for a seed");
    let repeated = fs::read_to_string(folder.path("out/spec.yaml")).unwrap();
    assert!(repeated.contains("poisson"), "the checks can be repeated: {repeated}");
}
