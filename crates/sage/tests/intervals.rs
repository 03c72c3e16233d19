//! Where intervals come from, through the real program: batches of one run where there is one
//! history, repetitions elsewhere; and that the method is said wherever an interval is.

#![allow(clippy::unwrap_used, reason = "a test that fails panics, in its helpers too")]

use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Recorded jobs on four slots, under a policy that looks where it places and two that do not.
const SPEC: &str = "
name: jobs
environment: sim
cluster: {nodes: 4, slots: 1}
workload: {tasks: 6000, arrivals: {trace: {format: csv, path: jobs.csv}}}
pipeline: {stages: [{name: work, service: {trace: {column: service_s}}}]}
schedulers: [random, load_aware_spread, round_robin]
";

fn sage(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sage"));
    command.current_dir(folder).args(arguments.split_whitespace()).output().unwrap()
}

/// A trace of 6,000 jobs at load 0.7, and this spec.
fn folder(spec: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut jobs = String::from("arrival_s,service_s\n");
    let (mut state, mut now) = (1_u64, 0.0);
    for _ in 0..6_000 {
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        now += 0.020 * uniform();
        writeln!(jobs, "{now:.9},{:.9}", 0.056 * uniform()).unwrap();
    }
    fs::write(folder.path().join("jobs.csv"), jobs).unwrap();
    fs::write(folder.path().join("jobs.yaml"), spec).unwrap();
    folder
}

fn json(folder: &Path, file: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap()
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{message}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_recorded_hour_is_replayed_at_every_speed_with_its_method_stated() {
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/experiments/azure_trace.yaml");
    let folder = tempfile::tempdir().unwrap();
    let text = succeeded(&sage(folder.path(), &format!("run {spec} --no-plots --output out")));
    assert!(text.contains("by batch means over"), "{text}");
    assert!(text.contains("paired by batches of consecutive tasks"), "{text}");
    let comparison = json(folder.path(), "out/azure_trace_comparison.json");
    let runs = comparison["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 4 * 8);
    for run in runs {
        let name = run["name"].as_str().unwrap();
        let metrics = json(folder.path(), &format!("out/{name}_metrics.json"));
        let interval = &metrics["interval"];
        assert_eq!(interval, &run["interval"]);
        assert_eq!(interval["method"], "batch_means", "{name}");
        assert!((10..=30).contains(&interval["n"].as_u64().unwrap()), "{name}: {interval}");
        // 8,819 tasks and none lost; the throughput is that of the arrivals.
        assert_eq!(
            (&metrics["successful_tasks"], &metrics["failed_tasks"]),
            (&8819.into(), &0.into())
        );
        assert!(metrics["throughput_ci95"].is_null(), "{name}");
        let latency = &metrics["latency_ms"]["end_to_end"];
        for (value, ends) in [("mean", "ci95"), ("p50", "p50_ci95"), ("p95", "p95_ci95")] {
            let [low, value, high] = [&latency[ends][0], &latency[value], &latency[ends][1]]
                .map(|x| x.as_f64().unwrap());
            assert!(low < value && value < high, "{name}, {ends}: {low} {value} {high}");
        }
        let summary = fs::read_to_string(folder.path().join(format!("out/{name}_summary.txt")));
        assert!(summary.unwrap().contains("Intervals   95 %, by batch means over"), "{name}");
    }
    let differences = comparison["differences"].as_array().unwrap();
    // Within a speed: five against the first of their binding, and one against its twin, thrice late.
    assert!(
        differences
            .iter()
            .all(|it| it["method"] == "batch_means" && it["pairs"].as_u64() > Some(9))
    );
}

#[test]
fn more_repetitions_of_one_history_narrow_nothing() {
    let folder = folder(SPEC);
    for (repetitions, out) in [(1, "one"), (4, "four")] {
        let command = format!("run jobs.yaml --reps {repetitions} --no-plots --output {out}");
        succeeded(&sage(folder.path(), &command));
    }
    let of = |out: &str, run: &str| json(folder.path(), &format!("{out}/{run}_metrics.json"));
    let (one, four) = (of("one", "load_aware_spread"), of("four", "load_aware_spread"));
    assert_eq!(four["interval"]["method"], "batch_means");
    assert_eq!(four["total_tasks"], 24_000);
    for end in 0..2 {
        let at = |of: &Value| of["latency_ms"]["end_to_end"]["ci95"][end].as_f64().unwrap();
        assert!((at(&one) / at(&four) - 1.0).abs() < 1e-9, "{} {}", at(&one), at(&four));
    }
    // What a policy draws itself does differ.
    let mean = |out| of(out, "random")["avg_latency_ms"].as_f64().unwrap();
    assert!(mean("one") != mean("four"));
    // A precision cannot be had that way.
    let until = format!("{SPEC}repetitions: {{until: 1%}}\n");
    fs::write(folder.path().join("jobs.yaml"), until).unwrap();
    let refused = sage(folder.path(), "run jobs.yaml --output until");
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("jobs.yaml: line 8") && told.contains("one history"), "{told}");
    assert!(!folder.path().join("until").exists());
}

#[test]
fn expectations_of_one_history_rest_on_its_batches() {
    let claims = "expect:\n  - mean(load_aware_spread) < mean(random)\n  \
                  - p95(random) < p95(load_aware_spread)\n  - mean(random) > 1ms\n";
    let folder = folder(&format!("{SPEC}{claims}"));
    let output = sage(folder.path(), "run jobs.yaml --no-plots --output out");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "one is refuted: {text}");
    let comparison = json(folder.path(), "out/jobs_comparison.json");
    let judged = comparison["expectations"].as_array().unwrap();
    let verdicts: Vec<_> = judged.iter().map(|it| it["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["holds", "refuted", "holds"], "{text}");
    for judgement in judged {
        assert_eq!(judgement["method"], "batch_means");
        let evidence = judgement["evidence"].as_str().unwrap();
        assert!(
            evidence.contains("batches of tasks") && text.contains("paired by batches"),
            "{text}"
        );
    }
    // The difference of the claim is that of the whole runs.
    let mean = |run: usize| comparison["runs"][run]["latency_ms"]["end_to_end"]["mean"].as_f64();
    let difference = judged[0]["difference"].as_f64().unwrap();
    assert!((difference - (mean(1).unwrap() - mean(0).unwrap())).abs() < 1e-9);
    // The comparison says the same without being asked.
    assert!(
        text.contains("load_aware_spread is ") && text.contains(" lower than random in "),
        "{text}"
    );
}

#[test]
fn drawn_workloads_have_intervals_over_repetitions_and_within_one() {
    let drawn = SPEC
        .replace("{trace: {format: csv, path: jobs.csv}}", "{load: 0.7}")
        .replace("{trace: {column: service_s}}", "{exponential: {mean: 28ms}}");
    let folder = folder(&drawn);
    for (repetitions, method, n) in [(1, "batch_means", 10..=30), (5, "repetitions", 5..=5)] {
        let command = format!("run jobs.yaml --reps {repetitions} --no-plots --output {method}");
        let text = succeeded(&sage(folder.path(), &command));
        let metrics = json(folder.path(), &format!("{method}/random_metrics.json"));
        assert_eq!(metrics["interval"]["method"], method);
        assert!(n.contains(&metrics["interval"]["n"].as_u64().unwrap()));
        assert_eq!(metrics["throughput_ci95"].is_array(), method == "repetitions");
        assert!(
            text.contains(
                ["by batch means over", "over 5 repetitions"][usize::from(repetitions > 1)]
            )
        );
    }
}
