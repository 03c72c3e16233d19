//! `sage replay` on real logs: what it prints, and how it ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use harness::replay::{Header, finish, record};
use harness::sched_core::{
    Bind, ClusterSpec, Decision, Event, PolicySpec, Registry, Resources, Scheduler, Span, Task,
    TaskId, Time,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// 300 calls, one a millisecond, of 24 ms each ninth and 2 ms the others, on three nodes of two slots.
/// Round robin puts all long ones on one node.
/// The scheduler is built with `seed`; the log claims seed 1.
fn log(folder: &Path, policy: &str, seed: u64) -> PathBuf {
    let path = folder.join("run.flight");
    let cluster = ClusterSpec::uniform(3, 2).unwrap();
    let policy = Registry::builtin().resolve(&PolicySpec::named(policy)).unwrap();
    assert!(matches!(policy.bind(), Bind::Early | Bind::Late));
    let inner = policy.build(&cluster, seed);
    let header = Header::of(&policy, &cluster, 1, "a test");
    let mut scheduler = record(&path, inner, &header).unwrap();
    let mut done_at = BTreeMap::new();
    let (mut free_at, mut decisions) = (BTreeMap::new(), Vec::new());
    for step in 0..600 {
        let now = Time::ZERO + Span::from_millis(step);
        while let Some((&(at, task), &node)) = done_at.first_key_value()
            && at <= now
        {
            done_at.pop_first();
            scheduler.on_event(now, Event::Finished { task, node });
        }
        if step < 300 {
            let id = TaskId { index: step, stage: 0 };
            let task = Task::new(id, now, Resources::milli_cpu(1000));
            scheduler.on_event(now, Event::Submit(task));
        }
        scheduler.poll(now, &mut decisions);
        for decision in decisions.drain(..) {
            let Decision::Assign { task, node } = decision else { panic!("{decision}") };
            // Two slots with a queue: the call starts when the earlier one of them is free.
            let slots = free_at.entry(node).or_insert([now; 2]);
            slots.sort();
            slots[0] = slots[0].max(now)
                + Span::from_millis(if task.index.is_multiple_of(9) { 24 } else { 2 });
            done_at.insert((slots[0], task), node);
        }
    }
    finish(&path, scheduler).unwrap();
    path
}

fn sage(folder: &Path, flags: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sage"));
    command.current_dir(folder).args(flags.split_whitespace()).output().unwrap()
}

fn stdout(output: &Output, code: i32) -> String {
    let message = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{message}{text}");
    text
}

#[test]
fn every_decision_is_reproduced() {
    let folder = tempfile::tempdir().unwrap();
    log(folder.path(), "power_of_two", 1);
    let text = stdout(&sage(folder.path(), "replay run.flight"), 0);
    let head =
        "run.flight: power_of_two (bind=early), policy seed 1, 3 nodes, 6 slots\nNote: a test\n";
    assert!(text.starts_with(head), "{text}");
    let all = "All 300 decisions are reproduced (600 facts, 600 polls, up to 599 ms).\n";
    assert_eq!(&text[head.len()..], all);
}

/// As `sage replay LOG | head -1`: the reader is gone before the first word.
#[test]
fn a_reader_who_has_enough_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    log(folder.path(), "random", 1);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sage"));
    command.current_dir(folder.path()).args(["replay", "run.flight", "--policy", "fifo"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), told.as_str()), (Some(0), ""));
}

#[test]
fn the_first_difference_is_shown_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    log(folder.path(), "power_of_two", 2); // not the seed that the header says
    let text = stdout(&sage(folder.path(), "replay run.flight"), 1);
    let found = text.lines().any(|line| {
        line.starts_with("Not reproduced: at ")
            && line.contains("recorded is `")
            && line.contains("now it is `")
    });
    assert!(found, "{text}");
}

#[test]
fn a_log_that_was_cut_off_replays_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = log(folder.path(), "fifo", 1);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let text = stdout(&sage(folder.path(), "replay run.flight"), 0);
    assert!(text.contains("decisions are reproduced"), "{text}");
    assert!(text.contains("The log was cut off"), "{text}");
}

#[test]
fn another_policy_is_compared_and_simulated() {
    let folder = tempfile::tempdir().unwrap();
    log(folder.path(), "round_robin", 1);
    let flags = "replay run.flight --policy load_aware:bind=late --differences 3";
    let text = stdout(&sage(folder.path(), flags), 0);
    for part in [
        "All 300 decisions are reproduced",
        "load_aware_spread (bind=late), told the recorded facts, differs on ",
        "The first differences",
        "Placements by node",
        "The two bind differently",
        "Simulated on the recorded load",
        "observed  round_robin, early  load_aware_spread, late",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    let row = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line[name.len()..].split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("tasks"), ["300", "300", "300"]);
    // The host was exact, so the simulation of what was recorded is, too.
    let mean = row("mean ");
    assert_eq!(mean[0], mean[1], "{text}");
    assert_ne!(mean[1], mean[2], "{text}");
    let shown = text.lines().skip_while(|line| *line != "The first differences").skip(2);
    assert_eq!(shown.take_while(|line| !line.is_empty()).count(), 3, "{text}");
}

#[track_caller]
fn refused(folder: &Path, flags: &str, message: &str) {
    let output = sage(folder, flags);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.starts_with(message), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn bad_logs_and_policies_get_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    refused(folder, "replay none.flight", "error: cannot read none.flight: ");
    fs::write(folder.join("text"), "name: two-speeds\n").unwrap();
    refused(folder, "replay text", "error: text: this is not a flight log");
    let path = log(folder, "fifo", 1);
    let unknown = "error: --policy: unknown scheduler `fofo`; did you mean `fifo`? ";
    refused(folder, "replay run.flight --policy fofo", unknown);
    let mut bytes = fs::read(&path).unwrap();
    let version = std::mem::replace(&mut bytes[8], 9);
    fs::write(folder.join("newer"), &bytes).unwrap();
    refused(folder, "replay newer", "error: newer: the log has format version 9, this program ");
    bytes[8] = version;
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    fs::write(folder.join("damaged"), &bytes).unwrap();
    refused(folder, "replay damaged", "error: damaged: the log is damaged at byte ");
}

#[test]
fn a_policy_that_this_program_does_not_have_can_be_compared() {
    let folder = tempfile::tempdir().unwrap();
    let path = log(folder.path(), "fifo", 1);
    // The same log under a name that no registry has: the header is written anew.
    let bytes = fs::read(&path).unwrap();
    let mut named = bytes.clone();
    let at = bytes.windows(4).position(|window| window == b"fifo").unwrap();
    named[at..at + 4].copy_from_slice(b"mine");
    let length = usize::from(bytes[10]);
    let sum = named[11..11 + length]
        .iter()
        .fold(0x811C_9DC5_u32, |sum, &byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    named[11 + length..15 + length].copy_from_slice(&sum.to_le_bytes());
    fs::write(&path, named).unwrap();
    let message = "error: run.flight: unknown scheduler `mine`; ";
    let output = sage(folder.path(), "replay run.flight");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with(message));
    let text = stdout(&sage(folder.path(), "replay run.flight --policy fifo"), 0);
    assert!(text.contains("Not replayed: this program does not have the recorded policy."));
    assert!(text.contains("differs on none of 300 placements"), "{text}");
}
