//! The real program on worker processes of its own.
//!
//! That tasks survive what befalls workers is the cluster crate's to prove; here is what only the whole
//! program can show: nothing has to be set up, and nothing is left behind.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

fn exp2(folder: &Path, flags: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exp2"));
    command.current_dir(folder).args(flags.split_whitespace());
    command
}

#[test]
fn every_node_is_a_process_and_nothing_is_set_up() {
    let folder = tempfile::tempdir().unwrap();
    let flags = "--env cluster --tasks 40 --schedulers fifo round_robin --no-plots --output out";
    let output = exp2(folder.path(), flags).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("40/40"), "{table}");
    for run in ["fifo", "round_robin"] {
        let metrics = fs::read(folder.path().join(format!("out/{run}_metrics.json"))).unwrap();
        let metrics: Value = serde_json::from_slice(&metrics).unwrap();
        assert_eq!(metrics["config"]["environment"], "cluster");
        assert_eq!(metrics["successful_tasks"], 40);
        let transfer = &metrics["latency_ms"]["transfer"];
        assert!(transfer["p50"].as_f64().unwrap() > 0.0, "there is a socket between: {transfer}");
        let spec = &metrics["provenance"]["spec"]["environment"];
        assert_eq!(spec, "cluster", "the folder repeats the run");
    }
}

#[test]
fn extreme_load_completes_every_task_under_every_policy() {
    let folder = tempfile::tempdir().unwrap();
    let flags = "--env cluster --load-levels extreme --no-plots --output out --schedulers \
                 fifo load_aware_spread load_aware_pack round_robin priority";
    let output = exp2(folder.path(), flags).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.matches("1000/1000").count(), 5, "{table}");
}

/// Whatever becomes of the driver, and even if a worker is stopped at that time.
#[cfg(target_os = "linux")]
#[test]
fn no_worker_is_left_when_the_driver_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let flags = "--env cluster --tasks 100000 --schedulers fifo --no-plots --output out";
    let mut driver = exp2(folder.path(), flags).stderr(Stdio::null()).spawn().unwrap();
    let id = driver.id();
    let workers = loop {
        let children = children(id);
        // The run has begun when it writes.
        if children.len() == 4 && folder.path().join("out/fifo_0_latencies.csv.part").exists() {
            break children;
        }
        assert_eq!(driver.try_wait().unwrap(), None, "the driver has ended");
        std::thread::yield_now();
    };
    let kill = |signal: &str, process: u32| {
        let id = process.to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    };
    kill("-STOP", workers[0]);
    kill("-KILL", id);
    driver.wait().unwrap();
    while workers.iter().any(|worker| is_alive(*worker)) {
        std::thread::yield_now();
    }
}

/// What a run had done when it broke off is there, marked, beside the runs that were finished.
#[cfg(target_os = "linux")]
#[test]
fn a_run_whose_workers_are_all_lost_is_saved_as_far_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let flags = "--env cluster --tasks 2000 --schedulers fifo round_robin --no-plots --output out";
    let pipes = (Stdio::piped(), Stdio::piped());
    let mut driver = exp2(folder.path(), flags).stdout(pipes.0).stderr(pipes.1).spawn().unwrap();
    let id = driver.id();
    let rows = folder.path().join("out/round_robin_0_latencies.csv.part");
    while fs::metadata(&rows).map_or(0, |file| file.len()) == 0 {
        assert_eq!(driver.try_wait().unwrap(), None, "the driver has ended");
        std::thread::yield_now();
    }
    // Again and again, until it does not start others any more.
    while driver.try_wait().unwrap().is_none() {
        for worker in children(id) {
            let mut kill = Command::new("kill"); // which may come too late
            kill.args(["-KILL", &worker.to_string()]).stderr(Stdio::null()).status().unwrap();
        }
        std::thread::yield_now();
    }
    let ended = driver.wait_with_output().unwrap();
    let message = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{message}");
    let error = "error: run `round_robin` failed: every worker is lost and none comes back";
    assert!(message.contains(error), "{message}");
    let read = |name: &str| fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    let metrics = |name: &str| -> Value {
        serde_json::from_str(&read(&format!("{name}_metrics.json"))).unwrap()
    };
    assert_eq!(metrics("fifo")["partial"], false);
    let broken = metrics("round_robin");
    let tasks = broken["successful_tasks"].as_u64().unwrap();
    assert!(broken["partial"] == true && (1..2000).contains(&tasks), "{tasks}");
    let checks = broken["certificate"]["checks"].as_array().unwrap();
    assert_eq!(checks.iter().filter(|check| check["verdict"] == "holds").count(), 4, "{checks:?}");
    let rows = read("round_robin_latencies.csv").lines().count() as u64;
    assert_eq!(rows, 1 + broken["total_tasks"].as_u64().unwrap());
    let summary = read("round_robin_summary.txt");
    assert!(summary.contains("PARTIAL: it broke off: every worker is lost"), "{summary}");
    let comparison = read("exp2_comparison.txt");
    let partial = "PARTIAL: 1 of 2 runs are complete; run `round_robin` failed";
    assert!(comparison.contains(partial), "{comparison}");
}

/// Fields of `/proc/<process>/stat` behind the name: state, parent, …
#[cfg(target_os = "linux")]
fn stat(process: u32) -> Option<(String, u32)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

#[cfg(target_os = "linux")]
fn is_alive(process: u32) -> bool {
    stat(process).is_some_and(|(state, _)| state != "Z") // dead, and nobody has asked yet how it ended
}

#[cfg(target_os = "linux")]
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok()?.parse::<u32>().ok());
    processes.filter(|process| stat(*process).is_some_and(|(_, of)| of == parent)).collect()
}
