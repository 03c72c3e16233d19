//! `sage cluster`: workers that stay up between runs, and keys for several hosts.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const SAGE: &str = env!("CARGO_BIN_EXE_sage");

const SPEC: &str = "
name: small
environment: cluster
cluster: {nodes: 2, slots: 2}
workload: {tasks: 30, arrivals: {closed: {in_flight: 8}}}
pipeline: {stages: [{name: work, service: {constant: 1ms}}]}
schedulers: [fifo, round_robin]
";

/// A user with a runtime folder of its own; whatever it has started ends with the test.
struct User(TempDir);

impl User {
    fn new() -> User {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.yaml"), SPEC).unwrap();
        User(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn sage(&self, flags: &str) -> Output {
        Command::new(SAGE)
            .current_dir(self.0.path())
            .env("XDG_RUNTIME_DIR", self.0.path())
            .args(flags.split_whitespace())
            .output()
            .unwrap()
    }

    /// Ends as expected; what it says on both streams.
    #[track_caller]
    fn says(&self, flags: &str, code: i32) -> String {
        let Output { status, stdout, stderr } = self.sage(flags);
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert_eq!(status.code(), Some(code), "{flags}: {said}");
        said
    }

    fn nodes(&self, code: i32) -> Vec<Value> {
        let document: Value =
            serde_json::from_str(&self.says("cluster status --json", code)).unwrap();
        assert_eq!(
            (&document["schema_version"], &document["cluster"]),
            (&1.into(), &"default".into())
        );
        document["nodes"].as_array().unwrap().clone()
    }

    fn processes(&self) -> Vec<u64> {
        let state = fs::read(self.path("sage/default/state.json")).unwrap();
        let state: Value = serde_json::from_slice(&state).unwrap();
        let workers = state["workers"].as_array().unwrap();
        workers.iter().map(|worker| worker["process"].as_u64().unwrap()).collect()
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.sage("cluster stop");
    }
}

fn signal(process: u64, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

/// Whether there is such a process, and more than its remains.
fn lives(process: u64) -> bool {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    line.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn workers_stay_up_between_runs() {
    let user = User::new();
    let said = user.says("cluster start --nodes 2 --slots 2", 0);
    assert!(said.starts_with("cluster `default`: 2 workers, 2 slots each\n  node-0  127.0.0.1:"));
    assert!(said.contains("sage run SPEC --env cluster --cluster default"), "{said}");
    for name in ["token", "cluster.yaml", "state.json"] {
        let folder = fs::metadata(user.path("sage/default")).unwrap().permissions().mode();
        assert_eq!(folder & 0o777, 0o700);
        let mode = fs::metadata(user.path("sage/default").join(name)).unwrap().permissions().mode();
        assert!(name == "state.json" || mode & 0o777 == 0o600, "{name} can be read: {mode:o}");
    }
    let processes = user.processes();
    for output in ["one", "two"] {
        user.says(&format!("run small.yaml --cluster default --no-plots --output {output}"), 0);
    }
    let nodes = user.nodes(0);
    assert_eq!(nodes.len(), 2);
    let sum = |key: &str| nodes.iter().map(|node| node[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("completed"), sum("running"), sum("queued"), sum("slots")), (120, 0, 0, 4));
    for (node, process) in nodes.iter().zip(&processes) {
        assert_eq!((&node["up"], &node["process"]), (&true.into(), &(*process).into()));
        assert_eq!(node["last_heartbeat_s"], Value::Null, "no driver is there");
        assert!(node["uptime_s"].as_f64().unwrap() > 0.0);
        assert!(node["refused"].as_object().unwrap().values().all(|count| count == 0), "{node}");
    }
    let table = user.says("cluster status", 0);
    assert!(table.starts_with("cluster `default`: 2 of 2 workers are up\nnode "), "{table}");
    assert!(table.contains("no driver"), "{table}");

    let twice = user.says("cluster start", 2);
    assert!(twice.contains("is running, with 2 of 2 workers; `sage cluster stop default` ends"));
    let ended = user.says("cluster stop", 0);
    assert_eq!(ended, "cluster `default`: 2 of 2 workers have ended as asked\n");
    assert!(!processes.iter().any(|process| lives(*process)));
    assert!(!user.path("sage/default").exists());
    assert_eq!(user.says("cluster stop", 0), "cluster `default` is not running\n");
    let gone = "is neither a file nor a cluster that is running; `sage cluster start --name";
    assert!(user.says("cluster status", 2).contains(gone));
    assert!(user.says("run small.yaml --cluster default", 2).contains(gone));
}

#[test]
fn what_crashed_is_noticed_and_started_anew() {
    let user = User::new();
    user.says("cluster start --nodes 2", 0);
    let first = user.processes();
    signal(first[0], "-KILL");
    while lives(first[0]) {
        std::thread::yield_now();
    }
    let nodes = user.nodes(1);
    assert_eq!((&nodes[0]["up"], &nodes[1]["up"]), (&false.into(), &true.into()));
    assert!(nodes[0]["why"].as_str().unwrap().contains("cannot be reached"), "{}", nodes[0]);
    let table = user.says("cluster status", 1);
    assert!(table.contains("1 of 2 workers are up") && table.contains("node-0 does not answer: "));
    assert!(user.says("cluster start", 2).contains("is running, with 1 of 2 workers"));
    signal(first[1], "-KILL");
    while lives(first[1]) {
        std::thread::yield_now();
    }
    let said = user.says("cluster start --nodes 1", 0);
    assert!(said.contains("note: cluster `default` was not stopped and is gone"), "{said}");
    // One that is stopped answers nothing, and is killed.
    let second = user.processes();
    signal(second[0], "-STOP");
    let ended = user.says("cluster stop", 0);
    assert_eq!(ended, "cluster `default`: 0 of 1 workers have ended as asked\n");
    assert!(!lives(second[0]));
}

#[test]
fn what_cannot_be_started_leaves_nothing() {
    let user = User::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let said = user.says(&format!("cluster start --nodes 1 --port {port}"), 2);
    let why =
        format!("error: node-0 does not come up: --listen: cannot listen on 127.0.0.1:{port}: ");
    assert!(said.starts_with(&why), "{said}");
    assert!(said.contains("choose another address or port"), "{said}");
    assert!(!user.path("sage/default").exists());
    assert!(user.says("cluster start --port 65535", 2).contains("there are not 4 ports"));
    assert!(user.says("cluster start --name ../x", 2).contains("`../x` is no name for a cluster"));
    // A command that was killed on the way has left only its claim.
    fs::create_dir(user.path("sage/default")).unwrap();
    assert!(user.says("cluster start", 2).contains("is being started, or that was cut off"));
    user.says("cluster stop", 0);
    user.says("cluster start --nodes 1", 0);

    let open = user.path("sage");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(user.says("cluster status", 2).contains("is not a folder that only you can use"));
    fs::set_permissions(&open, fs::Permissions::from_mode(0o700)).unwrap();
}

/// A worker with the files of `keygen`.
struct Worker(Child, String);

impl Worker {
    fn start(folder: &Path, listen: &str) -> Worker {
        let flags = "--token-file keys/token --tls-cert keys/worker.pem --tls-key keys/worker.key";
        let mut child = Command::new(SAGE)
            .current_dir(folder)
            .args(["worker", "--listen", listen])
            .args(flags.split(' '))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        std::thread::spawn(move || lines.for_each(drop)); // else it would wait to be read
        let address = first.strip_prefix("worker: listening on ").unwrap_or_else(|| {
            panic!("{first}");
        });
        Worker(child, address.to_owned())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn keys_are_made_once_and_let_hosts_speak() {
    let user = User::new();
    let said = user.says("cluster keygen keys", 0);
    for line in ["--tls-cert keys/worker.pem --tls-key keys/worker.key", "tls_ca: ca.pem"] {
        assert!(said.contains(line), "{said}");
    }
    for (name, mode) in
        [("ca.pem", 0o644), ("worker.pem", 0o644), ("worker.key", 0o600), ("token", 0o600)]
    {
        let found = fs::metadata(user.path("keys").join(name)).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode & found & 0o777, "{name}: {found:o}");
    }
    let again = user.says("cluster keygen keys", 2);
    assert!(
        again.starts_with("error: keys/ca.pem is there already; name another folder"),
        "{again}"
    );

    // On all addresses of this host, which is beyond loopback and so needs both.
    let workers = [(); 2].map(|()| Worker::start(user.0.path(), "0.0.0.0:0"));
    let ports = workers.each_ref().map(|worker| worker.1.rsplit_once(':').unwrap().1.to_owned());
    let file = |more: &str| {
        let [a, b] = &ports;
        let text = format!("launcher: static\nworkers: [127.0.0.1:{a}, 127.0.0.1:{b}]\n{more}");
        fs::write(user.path("c.yaml"), text).unwrap();
    };
    file("token_file: keys/token\ntls_ca: keys/ca.pem\n");
    user.says("run small.yaml --cluster c.yaml --no-plots --output out", 0);
    let table = user.says("cluster status c.yaml", 0);
    assert!(table.contains("2 of 2 workers are up") && table.contains("any"), "{table}");
    let refused = |what: &str| {
        let said = user.says("run small.yaml --cluster c.yaml --no-plots --output no", 2);
        assert!(said.starts_with("error: ") && said.contains(what), "{said}");
        assert!(!user.path("no").exists());
    };
    file("token_file: keys/token\n");
    refused("this worker demands TLS; set `tls_ca` in the file of the cluster");
    file("tls_ca: keys/ca.pem\n");
    refused("its token is not that of this worker");
    user.says("cluster keygen other", 0);
    file("token_file: keys/token\ntls_ca: other/ca.pem\n");
    refused("its certificate is not from the authority of `tls_ca`");
    file("token_file: keys/token\ntls_ca: keys/token\n");
    refused("keys/token: no certificate in it");

    // Beyond this host nothing goes without both, on either side.
    for (flags, missing) in [
        ("", "both are missing"),
        ("--token-file keys/token", "TLS is missing"),
        ("--tls-cert keys/worker.pem --tls-key keys/worker.key", "the token is missing"),
    ] {
        let said = user.says(&format!("worker --listen 0.0.0.0:0 {flags}"), 2);
        assert!(said.contains(missing) && said.contains("sage cluster keygen"), "{said}");
    }
    let text = "launcher: static\nworkers: [192.0.2.1:1, 192.0.2.2:1]\ntoken_file: keys/token\n";
    fs::write(user.path("c.yaml"), text).unwrap();
    refused("192.0.2.1:1 is not a loopback address");
    let keys = user.says("worker --tls-cert keys/worker.pem --tls-key other/worker.key", 2);
    assert!(keys.contains("other/worker.key: keys may not be consistent"), "{keys}");
}
