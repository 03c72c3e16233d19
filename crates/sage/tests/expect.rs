//! Expectations of a spec, through the real program: verdicts, exit codes, and how often it repeats.

#![allow(clippy::unwrap_used, reason = "a test that fails panics, in its helpers too")]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Two policies at 80 % load, of which one looks where it places.
const SPEC: &str = "
name: claims
environment: sim
cluster: {nodes: 8, slots: 1}
workload: {tasks: 2000, arrivals: {load: 0.8}}
pipeline: {stages: [{name: work, service: {exponential: {mean: 10ms}}}]}
schedulers: [random, load_aware_spread]
";

fn run(program: &str, folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments.split_whitespace()).output().unwrap()
}

fn sage(folder: &Path, arguments: &str) -> Output {
    run(env!("CARGO_BIN_EXE_sage"), folder, arguments)
}

/// Runs a spec into `out`: exit code, text, and the comparison.
#[track_caller]
fn compared(folder: &Path, spec: &str) -> (Option<i32>, String, Value) {
    fs::write(folder.join("spec.yaml"), spec).unwrap();
    let output = sage(folder, "run spec.yaml --no-plots --output out");
    let text = String::from_utf8(output.stdout).unwrap();
    let json = fs::read(folder.join("out/claims_comparison.json"));
    assert!(json.is_ok(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = json.unwrap();
    (output.status.code(), text, serde_json::from_slice(&json).unwrap())
}

fn repetitions(comparison: &Value) -> Vec<usize> {
    let runs = comparison["runs"].as_array().unwrap().iter();
    runs.map(|run| run["repetitions"].as_array().unwrap().len()).collect()
}

#[test]
fn the_exit_code_is_zero_only_if_all_hold() {
    let better = "p99(load_aware_spread) < 0.9 * p99(random)";
    // Exponential services of mean 10 ms: a mean latency cannot be below 9 ms.
    let long = "mean(random) > 9ms";
    for (repetitions, claims, code, verdicts) in [
        (5, vec![better, long], 0, vec!["holds", "holds"]),
        (5, vec![better, "mean(random) <= 9ms"], 1, vec!["holds", "refuted"]),
        (5, vec!["p50(random) < p50(random)"], 1, vec!["refuted"]),
        (1, vec![better], 1, vec!["undecided"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let list = serde_json::to_string(&claims).unwrap();
        let spec = format!("{SPEC}repetitions: {repetitions}\nexpect: {list}\n");
        let (exit, text, comparison) = compared(folder.path(), &spec);
        assert_eq!(exit, Some(code), "{text}");
        let told = comparison["expectations"].as_array().unwrap();
        let words: Vec<&str> = told.iter().map(|it| it["verdict"].as_str().unwrap()).collect();
        assert_eq!(words, verdicts, "{text}");
        let saved = fs::read_to_string(folder.path().join("out/claims_comparison.txt")).unwrap();
        for (claim, verdict) in claims.iter().zip(&verdicts) {
            let line = format!("  {verdict:<9}  {claim}: ");
            assert!(text.contains(&line) && saved.contains(&line), "{text}");
        }
        assert_eq!(text.contains("use `repetitions` ≥ 2"), repetitions == 1, "{text}");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let within = "one repetition has intervals from within if it has 1,000 tasks, 5,000 for";
        assert_eq!(words.contains(within), repetitions == 1, "{text}");
        let help = sage(folder.path(), "run --help").stdout;
        let help = String::from_utf8(help).unwrap();
        assert!(help.split_whitespace().collect::<Vec<_>>().join(" ").contains(within), "{help}");
        // The evidence is the p99 of the same file, which is that of the table.
        let p99 = |run: usize| {
            let latency = &comparison["runs"][run]["latency_ms"]["end_to_end"];
            latency["p99"].as_f64().unwrap()
        };
        if claims[0] == better {
            let close = |key: &str, expected: f64| {
                let value = told[0][key].as_f64().unwrap();
                assert!((value / expected - 1.0).abs() < 1e-9, "{key}: {value}, {expected}");
            };
            close("left", p99(1));
            close("right", 0.9 * p99(0));
            close("ratio", p99(1) / p99(0) / 0.9);
        }
    }
}

/// In short repetitions the mean of their own p99 lies well below that of all tasks. A claim between the two
/// is not held.
#[test]
fn a_claim_is_judged_by_the_p99_that_the_table_shows() {
    let folder = tempfile::tempdir().unwrap();
    let short = SPEC.replace("tasks: 2000", "tasks: 100");
    let (_, _, comparison) = compared(folder.path(), &format!("{short}repetitions: 400\n"));
    let run = &comparison["runs"][1];
    let shown = run["latency_ms"]["end_to_end"]["p99"].as_f64().unwrap();
    let own = run["repetitions"].as_array().unwrap().iter();
    let own = own.map(|it| it["p99_latency_ms"].as_f64().unwrap()).sum::<f64>() / 400.0;
    assert!(own < 0.97 * shown, "{own} and {shown}");
    let between = (own + shown) / 2.0;
    let folder = tempfile::tempdir().unwrap();
    let claims = format!("expect: [p99(load_aware_spread) < {between:.3}ms, p99(random) > 1ms]\n");
    let (code, text, comparison) =
        compared(folder.path(), &format!("{short}repetitions: 400\n{claims}"));
    let judged = &comparison["expectations"][0];
    assert_eq!(judged["left"].as_f64(), Some(shown), "{text}");
    assert_ne!(judged["verdict"], "holds", "{text}");
    assert_eq!(code, Some(1), "{text}");
}

#[test]
fn expectations_survive_in_the_effective_spec_and_beside_json() {
    let folder = tempfile::tempdir().unwrap();
    let spec = format!("{SPEC}repetitions: 3\nexpect: [mean(random) < 1ms]\n");
    compared(folder.path(), &spec);
    let output = sage(folder.path(), "run out/spec.yaml --no-plots --json --output again");
    assert_eq!(output.status.code(), Some(1));
    assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["runs"].is_array());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("refuted    mean(random) < 1ms"), "{told}");
}

#[test]
fn a_bad_expectation_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (claim, part) in [
        ("p98(random) < 1s", "line 8, column 10: `expect[0]`: character 1"),
        ("p99(randem) < 1s", "did you mean `random`? valid: random, load_aware_spread"),
        ("p99(random) < 1", "`1` has no unit"),
    ] {
        fs::write(folder.path().join("bad.yaml"), format!("{SPEC}expect: [\"{claim}\"]")).unwrap();
        let output = sage(folder.path(), "run bad.yaml --output out");
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(part), "{message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_precision_ends_early_where_little_varies_and_at_the_most_else() {
    let folder = tempfile::tempdir().unwrap();
    let calm =
        SPEC.replace("{load: 0.8}", "batch").replace("exponential: {mean: 10ms}", "constant: 10ms");
    let calm = calm.replace("[random, load_aware_spread]", "[fifo]");
    let (code, text, calm) =
        compared(folder.path(), &format!("{calm}repetitions: {{until: 1%}}\n"));
    assert!(!text.contains("Not as precise"), "{text}");
    assert_eq!((code, repetitions(&calm)), (Some(0), vec![5]));
    let folder = tempfile::tempdir().unwrap();
    let noisy = format!("{SPEC}repetitions: {{until: 0.1%, at_most: 12}}\n");
    let (code, text, noisy) = compared(folder.path(), &noisy);
    assert!(
        text.contains("Not as precise as asked for: after 12 repetitions, the most allowed"),
        "{text}"
    );
    for run in ["random", "load_aware_spread"] {
        let summary =
            fs::read_to_string(folder.path().join(format!("out/{run}_summary.txt"))).unwrap();
        assert!(summary.contains("would be needed"), "{summary}");
    }
    // One that is precise is repeated as often as the others: they are paired.
    assert_eq!((code, repetitions(&noisy)), (Some(0), vec![12, 12]));
    let rows = fs::read_to_string(folder.path().join("out/random_latencies.csv")).unwrap();
    assert_eq!(rows.lines().count(), 1 + 12 * 2_000, "of the last pass, and of it alone");
    let yaml = fs::read_to_string(folder.path().join("out/spec.yaml")).unwrap();
    assert!(yaml.contains("0.1%") && yaml.contains("at_most: 12"), "{yaml}");
}

#[test]
fn a_precision_that_is_reached_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let spec = format!("{SPEC}repetitions: {{until: 6%, at_most: 200}}\n");
    let (_, text, comparison) = compared(folder.path(), &spec);
    let counts = repetitions(&comparison);
    assert!(counts[0] > 5 && counts[0] < 200 && counts[0] == counts[1], "{counts:?}: {text}");
    for run in comparison["runs"].as_array().unwrap() {
        let latency = &run["latency_ms"]["end_to_end"];
        for (value, interval) in [
            (&run["throughput_tasks_per_sec"], &run["throughput_ci95"]),
            (&latency["mean"], &latency["ci95"]),
            (&latency["p99"], &latency["p99_ci95"]),
        ] {
            let number = |value: &Value| value.as_f64().unwrap();
            let half = (number(&interval[1]) - number(&interval[0])) / 2.0;
            assert!(half <= 0.06 * number(value), "{value} {interval}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_number_of_cores_shows_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("spec.yaml"), format!("{SPEC}repetitions: {{until: 8%}}\n"))
        .unwrap();
    let flags = "run spec.yaml --no-plots --output";
    assert_eq!(sage(folder.path(), &format!("{flags} all")).status.code(), Some(0));
    let binary = env!("CARGO_BIN_EXE_sage");
    // Of util-linux, as every Linux has it.
    let one = run("taskset", folder.path(), &format!("-c 0 {binary} {flags} one"));
    assert_eq!(one.status.code(), Some(0), "{}", String::from_utf8_lossy(&one.stderr));
    for file in ["random_latencies.csv", "load_aware_spread_latencies.csv"] {
        let read = |folder_of: &str| fs::read(folder.path().join(folder_of).join(file)).unwrap();
        assert!(read("all") == read("one"), "{file}");
    }
}

#[test]
fn a_precision_needs_virtual_time() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("spec.yaml"), format!("{SPEC}repetitions: {{until: 1%}}\n"))
        .unwrap();
    for (arguments, part) in [
        ("run spec.yaml --env local", "`until` exists in `environment: sim` only"),
        ("validate spec.yaml", "`sage validate` needs `--reps N`"),
    ] {
        let output = sage(folder.path(), arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(part), "{message}");
    }
    // A flag wins over the spec.
    let output = sage(folder.path(), "run spec.yaml --reps 2 --no-plots --output out");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_the_specs_of_the_repository_claim_holds() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/experiments");
    let mut claims = 0;
    for spec in fs::read_dir(specs).unwrap().map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&spec).unwrap();
        let Some((_, list)) = text.split_once("\nexpect:\n") else { continue };
        let folder = tempfile::tempdir().unwrap();
        let output =
            sage(folder.path(), &format!("run {} --no-plots --output out", spec.display()));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert_eq!(
            text.matches("\n  holds  ").count(),
            list.matches("\n  - ").count() + 1,
            "{text}"
        );
        claims += 1;
    }
    assert!(claims > 0, "no spec claims anything");
}
