//! `sage worker`, and runs on workers that were started before.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const SAGE: &str = env!("CARGO_BIN_EXE_sage");
const SECRET: &str = "a secret of these tests\n";

const SPEC: &str = "
name: small
environment: cluster
cluster: {nodes: 2, slots: 2}
workload: {tasks: 30, arrivals: {closed: {in_flight: 8}}}
pipeline: {stages: [{name: work, service: {constant: 1ms}}]}
schedulers: [fifo, round_robin]
";

/// A `sage worker`; it ends with the test.
struct Worker {
    child: Child,
    address: String,
}

impl Worker {
    fn start(folder: &Path) -> Worker {
        let mut child = Command::new(SAGE)
            .args(["worker", "--listen", "127.0.0.1:0", "--slots", "2", "--token-file", "token"])
            .current_dir(folder)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        std::thread::spawn(move || lines.for_each(drop)); // else it would wait to be read
        let address = first.strip_prefix("worker: listening on ").unwrap_or_else(|| {
            panic!("{first}");
        });
        Worker { child, address: address.to_owned() }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn sage(folder: &Path, flags: &str) -> Output {
    Command::new(SAGE).current_dir(folder).args(flags.split_whitespace()).output().unwrap()
}

fn folder(workers: usize) -> (tempfile::TempDir, Vec<Worker>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.yaml"), SPEC).unwrap();
    fs::write(folder.path().join("token"), SECRET).unwrap();
    let workers: Vec<Worker> = (0..workers).map(|_| Worker::start(folder.path())).collect();
    let addresses: Vec<&str> = workers.iter().map(|worker| worker.address.as_str()).collect();
    let file = |token: &str| {
        format!("launcher: static\nworkers: [{}]\ntoken_file: {token}\n", addresses.join(", "))
    };
    fs::write(folder.path().join("cluster.yaml"), file("token")).unwrap();
    fs::write(folder.path().join("other.yaml"), file("other")).unwrap();
    fs::write(folder.path().join("other"), "another secret that is wrong").unwrap();
    (folder, workers)
}

#[test]
fn runs_go_to_workers_that_wait_for_them() {
    let (folder, _workers) = folder(2);
    for output in ["one", "two"] {
        let flags = format!("run small.yaml --cluster cluster.yaml --no-plots --output {output}");
        let ended = sage(folder.path(), &flags);
        let (table, message) =
            (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
        assert_eq!(ended.status.code(), Some(0), "{message}");
        assert_eq!(table.matches("30/30").count(), 2, "{table}");
    }
}

#[test]
fn workers_that_are_not_there_are_an_error_before_anything_is_written() {
    let (folder, mut workers) = folder(2);
    let refused = |flags: &str, what: &str| {
        let ended = sage(folder.path(), &format!("run small.yaml --output out {flags}"));
        let message = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{message}");
        assert!(message.starts_with("error: ") && message.contains(what), "{message}");
        assert!(!folder.path().join("out").exists(), "{message}");
    };
    refused("--cluster other.yaml", "its token is not that of this worker");
    refused("--cluster none.yaml", "none.yaml: cannot be read");
    let wide = SPEC.replace("slots: 2", "slots: 3");
    fs::write(folder.path().join("small.yaml"), wide).unwrap();
    refused("--cluster cluster.yaml", "a node of 3 slots, and this worker has 2");
    fs::write(folder.path().join("small.yaml"), SPEC.replace("nodes: 2", "nodes: 3")).unwrap();
    refused("--cluster cluster.yaml", "the run has 3 nodes and there are 2 workers");
    fs::write(folder.path().join("small.yaml"), SPEC).unwrap();
    let gone = workers.pop().unwrap().address.clone();
    refused("--cluster cluster.yaml", &format!("node-1 is not there: {gone} cannot be reached"));
}

#[test]
fn a_worker_that_cannot_listen_says_why() {
    let (folder, workers) = folder(1);
    fs::write(folder.path().join("short"), "short").unwrap();
    for (flags, what) in [
        ("--listen here", "--listen: `here` is no address with a port"),
        ("--listen 0.0.0.0:7401", "0.0.0.0:7401 is not a loopback address"),
        ("--token-file none", "token file none: "),
        ("--token-file short", "token file short: a token has 16 to 256 bytes"),
        (&format!("--listen {}", workers[0].address), "cannot listen on 127.0.0.1:"),
    ] {
        let ended = sage(folder.path(), &format!("worker {flags}"));
        let message = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{flags}: {message}");
        assert!(message.contains(what), "{flags}: {message}");
    }
}
