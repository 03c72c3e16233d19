//! What a run leaves when something breaks on the way: seen from the library, because it
//! takes a policy that is wrong on purpose.

#![allow(clippy::unwrap_used, reason = "a test that fails panics, in its helpers too")]

use harness::cli::{Flags, RunArgs};
use harness::spec::{Draft, Spec};
use harness::{Error, Exit, Experiment, Home, execute};
use sched_core::{Bind, Decision, Event, NodeId, PolicyInfo, Registry, Scheduler, Task, Time};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const SPEC: &str = "
name: broken
cluster: {nodes: 2, slots: 1}
workload: {tasks: 20, arrivals: {closed: {in_flight: 4}}}
pipeline: {stages: [{name: work, service: {constant: 1ms}}]}
schedulers: [fifo, overbooks, round_robin]
";

/// Sends everything to the first node, at once, whatever is there.
struct Overbooks(Vec<Task>);

impl Scheduler for Overbooks {
    fn on_event(&mut self, _: Time, event: Event) {
        if let Event::Submit(task) = event {
            self.0.push(task);
        }
    }

    fn poll(&mut self, _: Time, out: &mut Vec<Decision>) {
        let node = NodeId(0);
        out.extend(self.0.drain(..).map(|task| Decision::Assign { task: task.id, node }));
    }
}

/// Keeps every call to itself.
struct Hoards;

impl Scheduler for Hoards {
    fn on_event(&mut self, _: Time, _: Event) {}

    fn poll(&mut self, _: Time, _: &mut Vec<Decision>) {}
}

fn registry() -> Registry {
    let mut registry = Registry::builtin();
    let overbooks = PolicyInfo::new("overbooks", "wrong on purpose", Bind::Late, |_| {
        Box::new(Overbooks(Vec::new()))
    });
    let hoards = PolicyInfo::new("hoards", "wrong on purpose", Bind::Late, |_| Box::new(Hoards));
    registry.register(overbooks).unwrap();
    registry.register(hoards).unwrap();
    registry
}

fn run(spec: &str, folder: &Path) -> Result<Exit, Error> {
    let registry = registry();
    let output = Some(folder.join("out"));
    let flags = Flags::check(RunArgs { output, ..RunArgs::default() }, &registry)?;
    let spec: Spec = flags.apply(Draft::parse(spec, "broken.yaml").unwrap(), &registry)?;
    let experiment = Experiment {
        title: "broken".into(),
        command: "sage".into(),
        arguments: Vec::new(),
        home: Home::Results { name: spec.name.clone() },
        rows: None,
    };
    execute(&experiment, &spec, flags.options())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_policy_that_breaks_a_rule_ends_the_command_and_what_was_before_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let error = run(SPEC, folder.path()).unwrap_err();
    assert_eq!(error.exit(), Exit::Failed);
    let message = error.to_string();
    assert!(message.starts_with("run `overbooks` failed: the scheduler broke a rule"), "{message}");
    assert!(message.contains("node-0"), "{message}");
    let out = folder.path().join("out");
    assert_eq!(json(&out.join("fifo_metrics.json"))["successful_tasks"], 20);
    assert!(!out.join("overbooks_metrics.json").exists());
    assert!(!out.join("round_robin_metrics.json").exists());
    let comparison = json(&out.join("broken_comparison.json"));
    assert_eq!(comparison["partial"], true);
    assert!(
        comparison["incomplete"].as_str().unwrap().starts_with("1 of 3 runs are complete; run")
    );
    let text = fs::read_to_string(out.join("broken_comparison.txt")).unwrap();
    assert!(text.contains("PARTIAL: 1 of 3 runs are complete"), "{text}");
}

#[test]
fn a_policy_that_loses_calls_is_no_silent_end() {
    let folder = tempfile::tempdir().unwrap();
    let spec = SPEC.replace("[fifo, overbooks, round_robin]", "[hoards]");
    let message = run(&spec, folder.path()).unwrap_err().to_string();
    assert!(message.contains("stuck") && message.contains("4 stage calls wait"), "{message}");
}

#[test]
fn differences_are_paired_by_seed_and_never_across_bindings() {
    let folder = tempfile::tempdir().unwrap();
    let spec = SPEC.replace("name: broken", "name: paired\nrepetitions: 3").replace(
        "[fifo, overbooks, round_robin]",
        "[fifo, random, {policy: random, bind: late}, {policy: random, seed: 7}]",
    );
    assert_eq!(run(&spec, folder.path()).unwrap(), Exit::Done);
    let comparison = json(&folder.path().join("out/paired_comparison.json"));
    let differences = comparison["differences"].as_array().unwrap().iter();
    let (ranking, told): (Vec<&Value>, Vec<&Value>) =
        differences.partition(|it| it["cause"] == "ranking");
    let named = |it: &&Value| {
        let words = [&it["run"], &it["against"], &it["cause"]].map(|it| it.as_str().unwrap());
        format!("{} {}", words.join(" "), it["pairs"])
    };
    assert_eq!(
        told.iter().map(named).collect::<Vec<_>>(),
        ["random_late fifo policy 3", "random_late random binding 3", "random_2 random policy 3",]
    );
    // Who is first of all is asked across bindings, each against each, of two measures; once for a pair.
    let mut pairs: Vec<[&str; 2]> = ranking
        .iter()
        .map(|it| {
            assert!(it["throughput_tasks_per_sec"].is_object() && it["p99_latency_ms"].is_object());
            assert!(it["avg_wait_ms"].is_null());
            let mut pair = [it["run"].as_str().unwrap(), it["against"].as_str().unwrap()];
            pair.sort_unstable();
            pair
        })
        .collect();
    pairs.sort_unstable();
    assert_eq!(pairs, [["fifo", "random"], ["fifo", "random_2"], ["random_2", "random_late"]]);
    check_interval(&comparison);
}

/// The first difference, by hand: Student's t with 2 degrees of freedom over three differences.
fn check_interval(comparison: &Value) {
    let rates = |name: &str| -> Vec<f64> {
        let runs = comparison["runs"].as_array().unwrap();
        let run = runs.iter().find(|run| run["name"] == name).unwrap();
        let repetitions = run["repetitions"].as_array().unwrap();
        repetitions.iter().map(|it| it["throughput_tasks_per_sec"].as_f64().unwrap()).collect()
    };
    let d: Vec<f64> = rates("random_late").iter().zip(rates("fifo")).map(|(a, b)| a - b).collect();
    let mean = d.iter().sum::<f64>() / 3.0;
    let variance = d.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / 2.0;
    let half = 4.302653 * (variance / 3.0).sqrt();
    let told = &comparison["differences"][0]["throughput_tasks_per_sec"];
    let near = |value: &Value, expected: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{value} {expected}");
    };
    near(&told["mean"], mean);
    near(&told["ci95"][0], mean - half);
    near(&told["ci95"][1], mean + half);
}

/// A queue under load, in virtual time: the same everywhere.
const LOADED: &str = "
name: loaded
environment: sim
repetitions: 4
cluster: {nodes: 2, slots: 2}
workload: {tasks: 4000, arrivals: {load: 0.9}, priorities: {1: 0.5, 8: 0.5}}
pipeline: {stages: [{name: work, service: {exponential: {mean: 10ms}}}]}
schedulers: [SCHEDULERS]
";

fn loaded(schedulers: &str) -> (String, Value, Vec<BTreeMap<String, String>>) {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(&LOADED.replace("SCHEDULERS", schedulers), folder.path()).unwrap(), Exit::Done);
    let file = |ending: &str| folder.path().join(format!("out/loaded_comparison.{ending}"));
    let mut sheet = csv::Reader::from_path(file("csv")).unwrap();
    let rows = sheet.deserialize().map(Result::unwrap).collect();
    let text = fs::read_to_string(file("txt")).unwrap();
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    agree_on_who_wins(&text, &page);
    (text, json(&file("json")), rows)
}

/// Text and page begin with the same sentence.
fn agree_on_who_wins(text: &str, page: &str) {
    let told = &page[page.find("<p class=\"headline\">").unwrap() + 20..];
    let told = &told[..told.find("</p>").unwrap()];
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    // The title, and a line without anything.
    let below = text.lines().skip(2).collect::<Vec<_>>().join("\n");
    assert!(words(&below).starts_with(&words(told)), "{told}\n{text}");
}

#[test]
fn verdicts_agree_in_text_sheet_and_document() {
    let (text, document, rows) = loaded("fifo, round_robin, {policy: round_robin, bind: late}");
    // Both bind late and take calls in order of arrival, over equal nodes: the same schedule.
    assert!(text.contains("round_robin_late against fifo: less than 1 % apart in every"), "{text}");
    assert!(text.contains("By binding alone: round_robin_late is "), "{text}");
    // Two queues of two slots each are worse than one of four.
    let differences = document["differences"].as_array().unwrap();
    let binding = differences.iter().find(|it| it["cause"] == "binding").unwrap();
    assert_eq!(binding["against"], "round_robin");
    assert_eq!(binding["paired_by"], "seed and task");
    let wait = &binding["avg_wait_ms"];
    assert_eq!(wait["finding"], "lower", "{wait}");
    assert!(wait["relative_ci95"][1].as_f64().unwrap() < -0.1, "{wait}");
    let row = rows.iter().find(|row| row["run"] == "round_robin_late").unwrap();
    assert_eq!((&*row["policy_against"], &*row["binding_against"]), ("fifo", "round_robin"));
    for (column, value) in [
        ("binding_avg_wait_ms_percent_low", &wait["relative_ci95"][0]),
        ("binding_avg_wait_ms_percent_high", &wait["relative_ci95"][1]),
    ] {
        let percent: f64 = row[column].parse().unwrap();
        assert!((percent - value.as_f64().unwrap() * 100.0).abs() < 1e-9, "{column}: {percent}");
    }
    let p: f64 = row["binding_avg_wait_ms_p_holm"].parse().unwrap();
    assert_eq!(Some(p), wait["p_holm"].as_f64());
    let first = rows.iter().find(|row| row["run"] == "fifo").unwrap();
    assert!(first["policy_against"].is_empty() && !first["p99_latency_ci95_low"].is_empty());
}

/// What the headline says of two runs is what the list and the files say of them, however close it is: many
/// of these seeds are near the level.
#[test]
fn the_headline_says_of_two_runs_what_the_list_says() {
    let (mut told_apart, mut open) = (0, 0);
    for seed in 1..=20 {
        let folder = tempfile::tempdir().unwrap();
        let spec = LOADED
            .replace("SCHEDULERS", "random, power_of_two")
            .replace(", priorities: {1: 0.5, 8: 0.5}", "")
            .replace("tasks: 4000", "tasks: 2000");
        let spec = format!("{spec}seed: {seed}\n");
        assert_eq!(run(&spec, folder.path()).unwrap(), Exit::Done);
        let text = fs::read_to_string(folder.path().join("out/loaded_comparison.txt")).unwrap();
        let comparison = json(&folder.path().join("out/loaded_comparison.json"));
        let differences = comparison["differences"].as_array().unwrap();
        assert_eq!(differences.len(), 1, "one pair, one comparison: {differences:?}");
        let p99 = &differences[0]["p99_latency_ms"];
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (headline, _) = words.split_once(" run bind ").unwrap();
        let corrected = differences[0].as_object().unwrap().values();
        let corrected = corrected.filter(|it| it["p_holm"].is_number()).count();
        match p99["finding"].as_str().unwrap() {
            "lower" | "higher" => {
                told_apart += 1;
                assert!(!headline.contains("No winner"), "{text}");
                assert!(headline.contains(&format!("over {corrected} comparisons")), "{text}");
                // 3 % lower in one is not 3 % higher in the other: each has its own interval.
                let lower = headline.split_once(" % lower than ").unwrap().0;
                let range = lower.rsplit(' ').next().unwrap();
                assert!(range.split('–').all(|end| end.parse::<f64>().unwrap() > 0.0), "{text}");
            }
            "not shown" => {
                open += 1;
                assert!(headline.contains("No winner is shown"), "{text}");
                assert!(words.contains("no difference shown in"), "{text}");
            }
            other => panic!("{other}: {text}"),
        }
    }
    assert!(told_apart > 2 && open > 2, "{told_apart} and {open}");
}

#[test]
fn priorities_are_told_against_a_policy_without_or_else_by_themselves() {
    let (text, ..) = loaded("fifo, {policy: priority, aging: none}");
    let told = "By priority: the p99 of level 8, relative to that of level 1, is ";
    assert!(text.contains(told) && text.contains("lower under priority than under fifo"), "{text}");
    let (text, ..) = loaded("{policy: priority, aging: none}");
    assert!(text.contains("By priority: under priority the p99 of level 8 is "), "{text}");
    assert!(text.contains("lower than that of level 1"), "{text}");
}

#[test]
fn what_a_certificate_takes_back_is_marked_in_verdicts_and_claims() {
    let folder = tempfile::tempdir().unwrap();
    // 480 tasks over all repetitions: fewer than ten lie beyond p99.
    let spec = LOADED.replace("SCHEDULERS", "fifo, random").replace("tasks: 4000", "tasks: 120");
    let spec = format!("{spec}expect: [p99(fifo) < 9s, throughput(fifo) > 0.1]\n");
    assert_eq!(run(&spec, folder.path()).unwrap(), Exit::Done);
    let text = fs::read_to_string(folder.path().join("out/loaded_comparison.txt")).unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("rely on the p99 of any run"), "{text}");
    let claim = &words[words.find("holds p99(fifo) < 9s").unwrap()..];
    let claim = &claim[..claim.find("holds throughput").unwrap()];
    assert!(claim.contains("says not to rely on the p99 of fifo"), "{claim}");
    let comparison = json(&folder.path().join("out/loaded_comparison.json"));
    let spoilt = |at: usize| comparison["expectations"][at]["spoilt"].as_array().unwrap().len();
    assert_eq!((spoilt(0), spoilt(1)), (1, 0));
}

#[test]
fn the_specs_of_the_repository_are_valid() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/experiments");
    let specs: Vec<_> = fs::read_dir(config).unwrap().map(|it| it.unwrap().path()).collect();
    assert!(specs.len() >= 3, "{specs:?}");
    for path in specs {
        let spec = Spec::read(&path, &Registry::builtin()).unwrap();
        assert_eq!(Some(spec.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
    }
}
