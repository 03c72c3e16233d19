//! The real program on a real Ray of four nodes with four CPUs each, and what happens when parts of it go.
//!
//! Needs Ray, so it is behind a feature:
//! `scripts/with-ray.sh -- cargo test -p exp2 --features ray --test ray`
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use support::{Folder, json, refused, succeeded, text};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_exp2");
const POLICIES: [&str; 7] = [
    "fifo",
    "load_aware_spread",
    "load_aware_pack",
    "round_robin",
    "priority",
    "ray_default",
    "ray_spread",
];

const WORKER: &str = "./worker __worker --supervised";

type Processes = fn() -> BTreeSet<u32>;

/// There is one Ray, and each test wants all of it.
static ALONE: Mutex<()> = Mutex::new(());

/// A folder with the file for `--cluster`.
fn with_ray() -> (MutexGuard<'static, ()>, Folder) {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Folder::new();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ray/bin/python");
    let file = format!("launcher: ray\npython: {}\n", python.display());
    fs::write(folder.path("ray.yaml"), file).unwrap();
    (alone, folder)
}

const ON_RAY: &str = "--env cluster --cluster ray.yaml --no-plots --output out";

fn metrics(folder: &Folder, run: &str) -> Value {
    json(&folder.path(&format!("out/{run}_metrics.json")))
}

#[test]
fn rays_policies_stand_in_one_table_with_ours() {
    let (_alone, folder) = with_ray();
    let flags = format!("{ON_RAY} --tasks 200 --schedulers {}", POLICIES.join(" "));
    let output = folder.run(&flags);
    succeeded(&output);
    let table = text(&output.stdout);
    assert_eq!(table.matches("200/200").count(), POLICIES.len(), "{table}");
    for policy in POLICIES {
        let metrics = metrics(&folder, policy);
        let nodes = metrics["node_distribution"].as_object().unwrap();
        let calls: u64 = nodes.values().map(|calls| calls.as_u64().unwrap()).sum();
        assert_eq!((nodes.len(), calls), (4, 600), "{policy}: {nodes:?}");
        let checks = metrics["certificate"]["checks"].as_array().unwrap();
        for law in ["conservation", "littles_law", "utilisation_law", "end_to_end"] {
            let holds = |it: &&Value| it["name"] == law && it["verdict"] == "holds";
            assert!(checks.iter().any(|it| holds(&it)), "{policy}, {law}: {checks:?}");
        }
        let transfer = metrics["latency_ms"]["transfer"]["p50"].as_f64().unwrap();
        assert_eq!(transfer > 0.0, !policy.starts_with("ray_"), "{policy}: {transfer}");
        let notes = metrics["notes"].to_string();
        assert_eq!(notes.contains("Ray placed"), policy.starts_with("ray_"), "{policy}: {notes}");
    }
    assert_eq!(workers(), BTreeSet::new(), "the workers went with the program");
}

/// An actor of Ray, its worker, or a worker that only stops: the calls run elsewhere, and another takes its
/// place.
#[test]
fn what_goes_in_mid_run_loses_nothing() {
    let (_alone, folder) = with_ray();
    let goes: [(&str, Processes, &str); 3] = [
        ("an actor", actors, "-KILL"),
        ("a worker", workers, "-KILL"),
        ("a worker that hangs", workers, "-STOP"),
    ];
    for (what, processes, signal) in goes {
        let flags = format!("{ON_RAY} --tasks 6000 --schedulers load_aware_spread");
        let run = start(&folder, &flags);
        let before = processes();
        assert_eq!(before.len(), 4, "{what}");
        kill(signal, *before.first().unwrap());
        // Nobody is missed for good: there are four again, one of them new.
        wait_for(|| {
            let now = processes();
            now.len() == 4 && now != before
        });
        let output = run.wait_with_output().unwrap();
        succeeded(&output);
        assert!(text(&output.stdout).contains("6000/6000"), "{what}: {}", text(&output.stdout));
        let metrics = metrics(&folder, "load_aware_spread");
        assert!(metrics["retries"].as_u64().unwrap() > 0, "{what}: {}", metrics["retries"]);
        let notes = metrics["notes"].to_string();
        assert!(notes.contains("was lost"), "{what}: {notes}");
        fs::remove_dir_all(folder.path("out")).unwrap();
    }
}

#[test]
fn a_task_of_ray_that_is_lost_runs_again() {
    let (_alone, folder) = with_ray();
    let run = start(&folder, &format!("{ON_RAY} --tasks 2000 --schedulers ray_spread"));
    // Its processes are started before it begins.
    let rows = folder.path("out/ray_spread_0_latencies.csv.part");
    wait_for(|| fs::metadata(&rows).is_ok_and(|rows| rows.len() > 0));
    let mut task = None;
    wait_for(|| {
        task = processes("ray::stage_call").first().copied();
        task.is_some()
    });
    kill("-KILL", task.unwrap());
    let output = run.wait_with_output().unwrap();
    succeeded(&output);
    assert!(text(&output.stdout).contains("2000/2000"), "{}", text(&output.stdout));
    let metrics = metrics(&folder, "ray_spread");
    assert!(metrics["retries"].as_u64().unwrap() > 0, "{}", metrics["retries"]);
    assert!(metrics["notes"].to_string().contains("Ray lost a task"), "{}", metrics["notes"]);
}

#[test]
fn when_the_way_to_ray_goes_in_mid_run_what_was_measured_is_there() {
    let (_alone, folder) = with_ray();
    let run = start(&folder, &format!("{ON_RAY} --tasks 1500 --schedulers fifo round_robin"));
    wait_for(|| folder.path("out/round_robin_0_latencies.csv.part").exists());
    let side = processes("ray_side.py");
    kill("-KILL", *side.first().unwrap());
    let output = run.wait_with_output().unwrap();
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("run `round_robin` failed: ") && message.contains("Ray: "));
    assert_eq!(metrics(&folder, "fifo")["successful_tasks"], 1500);
    let table = text(&output.stdout);
    assert!(table.contains("1500/1500") && table.contains("1 of 2 runs"), "{table}");
    wait_for(|| workers().is_empty());
}

/// A node of Ray with all that is on it, and then the head: the calls of the one run elsewhere, without the
/// other there is no Ray.
#[test]
fn a_node_of_ray_can_go_and_the_head_cannot() {
    let (_alone, folder) = with_ray();
    // Ray has a node more than is needed.
    let flags = "--load-levels low --tasks 4000 --schedulers fifo ray_spread";
    let (run, ray) = start_on_its_own_ray(&folder, flags);
    let rows = folder.path("out/low_fifo_0_latencies.csv.part");
    wait_for(|| fs::metadata(&rows).is_ok_and(|rows| rows.len() > 0));
    let raylets = || &ray.processes("raylet/raylet") - &ray.processes("--head");
    let of_workers: BTreeSet<u32> = ray.processes(WORKER).into_iter().flat_map(ancestors).collect();
    kill("-KILL", *raylets().intersection(&of_workers).next().unwrap());
    wait_for(|| folder.path("out/low_fifo_metrics.json").exists());
    // What is next is prepared by Ray, which takes it seconds. A node would miss its head for a minute.
    kill("-KILL", *ray.processes("gcs_server").first().unwrap());
    raylets().into_iter().for_each(|node| kill("-KILL", node));
    let output = run.wait_with_output().unwrap();
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    let why = "run `low_ray_spread` failed: Ray: its head at 127.0.0.1:";
    assert!(message.contains(why) && message.contains("start Ray again"), "{message}");
    assert!(text(&output.stdout).contains("4000/4000"), "{}", text(&output.stdout));
    let metrics = metrics(&folder, "low_fifo");
    assert!(metrics["retries"].as_u64().unwrap() > 0, "{}", metrics["retries"]);
    assert!(metrics["notes"].to_string().contains("was lost"), "{}", metrics["notes"]);
    wait_for(|| ray.processes("").is_empty());
}

/// A head that is stopped prepares nothing, so only the signal can end the program as it does.
#[test]
fn an_interrupt_is_heard_while_ray_prepares_a_run() {
    let (_alone, folder) = with_ray();
    let run = start(&folder, &format!("{ON_RAY} --tasks 800 --schedulers fifo ray_spread"));
    wait_for(|| folder.path("out/fifo_metrics.json").exists());
    let head = *processes("gcs_server").first().unwrap();
    kill("-STOP", head);
    kill("-INT", run.id());
    let output = run.wait_with_output().unwrap();
    kill("-CONT", head);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert_eq!(metrics(&folder, "fifo")["successful_tasks"], 800);
    assert!(text(&output.stdout).contains("1 of 2 runs"), "{}", text(&output.stdout));
    wait_for(|| processes("ray_side.py").is_empty());
}

#[test]
fn nothing_is_left_when_the_program_is_killed() {
    let (_alone, folder) = with_ray();
    let mut run = start(&folder, &format!("{ON_RAY} --tasks 100000 --schedulers fifo"));
    assert_eq!(workers().len(), 4);
    run.kill().unwrap();
    run.wait().unwrap();
    wait_for(|| workers().is_empty() && actors().is_empty() && processes("ray_side.py").is_empty());
}

#[test]
fn what_ray_has_not_is_said_before_anything_is_written() {
    let (_alone, folder) = with_ray();
    let few = ["8 nodes of up to 8 slots", "4 nodes with [4, 4, 4, 4] CPUs", "ray start"];
    let env = "--env cluster --cluster ray.yaml --output out";
    refused(&folder, &format!("{env} --load-levels high"), &few);
    refused(&folder, &format!("{env} --schedulers ray_spread --record"), &["--record"]);
    let there = fs::read_to_string(folder.path("ray.yaml")).unwrap();
    fs::write(folder.path("ray.yaml"), format!("{there}address: 127.0.0.1:1\n")).unwrap();
    refused(&folder, env, &["there is no Ray at 127.0.0.1:1", "ray start --head"]);
    // A Python that finds no packages.
    let python = folder.path("python");
    fs::write(&python, "#!/bin/sh\nexec python3 -I -S \"$@\"\n").unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&python).status().unwrap().success());
    fs::write(folder.path("ray.yaml"), "launcher: ray\npython: ./python\n").unwrap();
    refused(&folder, env, &["has no Ray", "scripts/setup-ray.sh"]);
}

/// Starts the program and waits until it measures.
fn start(folder: &Folder, flags: &str) -> Child {
    let mut command = folder.command(flags);
    let mut run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| {
        assert_eq!(run.try_wait().unwrap(), None, "the program has ended");
        let mut parts = fs::read_dir(folder.path("out")).into_iter().flatten().map(Result::unwrap);
        let rows = |name: &str| name.ends_with("_latencies.csv.part");
        // Before its first row it waits for workers, and one that goes then is one that is not there.
        let begun = parts.any(|entry| {
            rows(entry.file_name().to_str().unwrap())
                && entry.metadata().is_ok_and(|it| it.len() > 0)
        });
        begun && (workers().len() == 4 || flags.contains("ray_spread"))
    });
    run
}

/// A Ray of one test alone, of which parts may go.
struct Own(String);

impl Own {
    fn processes(&self, what: &str) -> BTreeSet<u32> {
        processes_with(&self.0, what)
    }
}

/// Starts a Ray of three nodes and the program on it.
fn start_on_its_own_ray(folder: &Folder, flags: &str) -> (Child, Own) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/with-ray.sh");
    let mark = folder.path("").display().to_string();
    let mut command = Command::new(script);
    command.args(["--nodes", "3", "--cpus", "4", "--", EXECUTABLE]);
    command.args(format!("{ON_RAY} {flags}").split_whitespace());
    command.current_dir(folder.path("")).env("OWN_RAY", &mark);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    (run, Own(format!("OWN_RAY={mark}")))
}

/// Fails when it has not come in about a minute: a test that hangs tells nothing.
#[track_caller]
fn wait_for(mut condition: impl FnMut() -> bool) {
    assert!((0..3000).any(|_| {
        let there = condition();
        if !there {
            thread::park_timeout(Duration::from_millis(20));
        }
        there
    }));
}

fn kill(signal: &str, process: u32) {
    let id = process.to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Workers that actors have started.
fn workers() -> BTreeSet<u32> {
    processes(WORKER)
}

fn actors() -> BTreeSet<u32> {
    processes("ray::Worker")
}

/// Living processes of this Ray whose command line has this in it.
fn processes(what: &str) -> BTreeSet<u32> {
    processes_with(&format!("WITH_RAY={}", env("WITH_RAY")), what)
}

/// Living processes with this variable whose command line has this in it.
fn processes_with(ours: &str, what: &str) -> BTreeSet<u32> {
    let is_it = |process: &u32| {
        let read = |file: &str| fs::read(format!("/proc/{process}/{file}")).unwrap_or_default();
        let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        let environment = read("environ");
        let mut variables = environment.split(|byte| *byte == 0);
        line.contains(what) && variables.any(|variable| variable == ours.as_bytes())
    };
    let entries = fs::read_dir("/proc").unwrap();
    let ids =
        entries.filter_map(|entry| entry.unwrap().file_name().into_string().ok()?.parse().ok());
    ids.filter(is_it).collect()
}

/// Who has started a process, who has started that, and so on.
fn ancestors(process: u32) -> Vec<u32> {
    let parent = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let (_, after) = stat.rsplit_once(')')?;
        after.split_whitespace().nth(1)?.parse().ok()
    };
    std::iter::successors(Some(process), parent).collect()
}

#[expect(clippy::disallowed_methods, reason = "which Ray is there is told by the environment")]
fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("run by scripts/with-ray.sh"))
}
