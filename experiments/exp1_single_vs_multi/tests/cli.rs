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

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_exp1");

#[test]
fn wrong_input_is_refused_before_anything_is_written() {
    let folder = Folder::new();
    fs::write(folder.path("empty.yaml"), "").unwrap();
    let cases: [(&str, &[&str]); 7] = [
        ("--nodes 0", &["--nodes: `0` is not valid; write whole numbers from 1 to 10000"]),
        ("--nodes 4 4", &["--nodes: `4` is given twice"]),
        ("--nodes four", &["--nodes: `four`"]),
        ("--nodes -1", &["--nodes: `-1`"]),
        ("--schedulers fofo", &["did you mean `fifo`?"]),
        ("--pipeline comput", &["--pipeline", "did you mean `compute`?"]),
        ("--config empty.yaml", &["empty.yaml", "empty"]),
    ];
    for (flags, parts) in cases {
        refused(&folder, flags, parts);
    }
}

/// Constant times on full slots: the rates are slots ÷ 75 ms, and nothing else is allowed.
#[test]
fn in_virtual_time_constant_work_scales_without_loss() {
    let folder = Folder::new();
    let stage = |name: &str| format!("{{name: {name}, service: {{constant: 25ms}}}}");
    let stages = ["a", "b", "c"].map(stage).join(", ");
    let spec = format!("pipeline: {{stages: [{stages}]}}\nrepetitions: 1\n");
    fs::write(folder.path("constant.yaml"), spec).unwrap();
    let output = folder.run("--env sim --config constant.yaml --tasks 6000 --output out");
    succeeded(&output);
    let scaling = json(&folder.path("out/exp1_scaling.json"));
    let [series] = &scaling["series"].as_array().unwrap()[..] else { panic!("one series") };
    let rows = series["rows"].as_array().unwrap();
    let nodes: Vec<u64> = rows.iter().map(|row| row["nodes"].as_u64().unwrap()).collect();
    assert_eq!(nodes, [1, 4, 8, 16, 30]);
    for row in rows {
        let number = |key: &str| row[key].as_f64().unwrap();
        let rate = number("parallelism") / 0.075;
        assert!((number("throughput_tasks_per_sec") / rate - 1.0).abs() < 0.005, "{row}");
        assert!((number("efficiency") - 1.0).abs() < 0.01, "{row}");
        assert!((number("speed_up") / number("nodes") - 1.0).abs() < 0.01, "{row}");
        assert!((number("share_of_ideal") - 1.0).abs() < 0.001, "{row}");
        assert!((number("node_balance_score") - 1.0).abs() < 0.01, "{row}");
    }
    assert_eq!(
        (&rows[0]["policy"], &rows[4]["policy"]),
        (&"fifo".into(), &"load_aware_spread".into())
    );
    let law = &series["law"];
    assert!(law["kappa"].is_null() && law["peak_nodes"].is_null(), "no peak of a straight line");
    let lambda = law["lambda_tasks_per_sec"]["value"].as_f64().unwrap();
    assert!((lambda / (4.0 / 0.075) - 1.0).abs() < 0.01, "{law}");
    let table = text(&output.stdout);
    let words: Vec<&str> = table.split_whitespace().collect();
    let told = "coherency κ is not told from 0, so no peak is predicted.";
    assert!(words.join(" ").contains(told), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 120 || line.contains("cargo run")));
    // The page has the same sentence, and draws what is measured, the law and the ideal.
    let page = fs::read_to_string(folder.path("out/report.html")).unwrap();
    assert!(
        page.contains("so no peak is predicted.") && page.contains("<h3>scaling: "),
        "no chapter"
    );
    // Of one repetition, intervals are from within, and nothing calls them by another name.
    for told in [words.join(" "), page.clone()] {
        assert!(told.contains("interval by batch means over consecutive tasks"), "{told}");
        assert!(!told.contains("over repetitions"), "{told}");
    }
    assert!(page.contains("-p exp1 -- --env sim --config constant.yaml"), "how to have it again");
    let drawn = &page[page.find("data-name=\"scaling\"").unwrap()..];
    let drawn = &drawn[..drawn.find("</figure>").unwrap()];
    for (class, n) in [("mark s0", 5 + 1), ("mark s1", 5 + 1), ("line s0", 2), ("line s1", 2)] {
        assert_eq!(drawn.matches(&format!("class=\"{class}\"")).count(), n, "{class}: {drawn}");
    }
    let files = folder.names("out");
    for ending in ["scaling.txt", "scaling.json", "scaling.png", "comparison.json", "nodes.png"] {
        assert!(files.contains(&format!("exp1_{ending}")), "{files:?}");
    }
}

#[test]
fn a_bottleneck_bounds_the_speed_up_and_repetitions_give_intervals() {
    let folder = Folder::new();
    // All calls of the first stage, of 1 ms, are for one slot: 1,000 tasks/s and no more. One slot of the
    // other group does 111 tasks/s.
    let spec = "\
cluster: {groups: [{name: one, count: 1, slots: 1}, {name: many, count: 1, slots: 1}]}
workload: {tasks: 2000, arrivals: {closed: {in_flight: 64}}}
pipeline:
  stages:
    - {name: shared, service: {constant: 1ms}, on: [one]}
    - {name: own, service: {lognormal: {mean: 9ms, cv: 0.3}}, on: [many]}
environment: sim
repetitions: 3
configurations:
";
    let row = |n: u32| {
        format!(
            "  with_{n}: {{cluster: {{groups: [{{name: one, count: 1, slots: 1}}, {{name: many, \
             count: {n}, slots: 1}}]}}}}\n"
        )
    };
    let rows: String = [1, 2, 4, 8, 16, 32].map(row).concat();
    fs::write(folder.path("shared.yaml"), format!("{spec}{rows}")).unwrap();
    succeeded(&folder.run("--config shared.yaml --no-plots --output out"));
    let scaling = json(&folder.path("out/exp1_scaling.json"));
    let series = &scaling["series"][0];
    let rows = series["rows"].as_array().unwrap();
    assert!(rows[0]["speed_up_ci95"].is_null(), "the first row is exact against itself");
    assert!(rows[1..].iter().all(|row| row["speed_up_ci95"].is_array()), "{rows:?}");
    let number = |row: usize, key: &str| rows[row][key].as_f64().unwrap();
    assert!((number(1, "speed_up") / 2.0 - 1.0).abs() < 0.02, "{}", rows[1]);
    assert!((number(5, "speed_up") / 9.0 - 1.0).abs() < 0.02, "{}", rows[5]);
    // 33 slots instead of 2.
    let efficiency = number(5, "speed_up") * 2.0 / 33.0;
    assert!((number(5, "efficiency") - efficiency).abs() < 1e-9, "{}", rows[5]);
}

#[test]
fn a_law_that_start_and_drain_bend_predicts_no_peak() {
    let folder = Folder::new();
    let flags = "--env sim --schedulers load_aware_spread --tasks 500 --no-plots --output out";
    succeeded(&folder.run(flags));
    let scaling = json(&folder.path("out/exp1_scaling.json"));
    let law = &scaling["series"][0]["law"];
    assert!(law["kappa"]["ci95"][0].as_f64().unwrap() > 0.0, "four tasks per slot bend it: {law}");
    assert_eq!((&law["bent_by_drain"], &law["peak_nodes"]), (&true.into(), &().into()), "{law}");
}

#[test]
fn arrivals_that_set_the_throughput_give_no_speed_up() {
    let folder = Folder::new();
    let flags = "--env sim --quick --nodes 1 2 --arrivals poisson:20 --no-plots --output out";
    let output = folder.run(flags);
    succeeded(&output);
    assert!(text(&output.stdout).contains("Arrivals set this throughput, not the cluster"));
    let scaling = json(&folder.path("out/exp1_scaling.json"));
    assert!(scaling["series"][0]["rows"][1]["speed_up"].is_null());
}

/// The mean request of the trace takes 0.40 s to answer, and reads 2,048 tokens: 5 ms and 20.5 ms to
/// retrieve for, 20 ms to rank, 1 ms to prompt.
#[test]
fn a_pipeline_of_recorded_requests_runs_from_any_folder() {
    let folder = Folder::new();
    let flags =
        "--pipeline rag --env sim --nodes 1 16 --tasks 4000 --reps 4 --no-plots --output out";
    let output = folder.run(flags);
    succeeded(&output);
    let report = json(&folder.path("out/nodes_1_fifo_metrics.json"));
    assert_eq!(report["config"]["pipeline"], "rag");
    let mean = |stage: &str| report["stages"][stage]["execution"]["mean"].as_f64().unwrap();
    assert!((mean("generate") / 402.0 - 1.0).abs() < 0.05, "{}", mean("generate"));
    assert!((mean("retrieve") / 25.5 - 1.0).abs() < 0.05, "{}", mean("retrieve"));
    assert_eq!((mean("rerank"), mean("prompt")), (20.0, 1.0));
    let table = text(&output.stdout);
    let words: Vec<&str> = table.split_whitespace().collect();
    let told = "Start and drain lower the throughput of some rows more than that of others";
    assert!(words.join(" ").contains(told), "one request takes 18 s: {table}");
}

/// 200 tasks of the first row happen to take 1.4 % longer than they should.
#[test]
fn more_than_all_of_the_slots_is_said_to_be_none() {
    let folder = Folder::new();
    let output = folder.run("--env sim --nodes 1 4 --reps 1 --seed 43 --no-plots --output out");
    succeeded(&output);
    let scaling = json(&folder.path("out/exp1_scaling.json"));
    assert!(scaling["series"][0]["rows"][1]["efficiency"].as_f64().unwrap() > 1.01);
    let table = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        table.contains("More than 100 % is no gain: the few tasks of the first row"),
        "{table}"
    );
    assert!(table.contains("has 200 tasks, which may be a little longer"), "{table}");
    // Where the other row is the lucky one, there is nothing to say.
    let output = folder.run("--env sim --nodes 1 4 --reps 3 --seed 4 --no-plots --output other");
    succeeded(&output);
    assert!(!text(&output.stdout).contains("is no gain"));
}
