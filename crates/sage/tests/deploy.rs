//! The examples of `deploy/`: what they start is what this program understands, and each is looked at by its
//! own tool where that is there.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

const SAGE: &str = env!("CARGO_BIN_EXE_sage");
const UNIT: &str = include_str!("../../../deploy/sage-worker@.service");
const MANIFEST: &str = include_str!("../../../deploy/sage-worker.yaml");
const BATCH: &str = include_str!("../../../deploy/sage-worker.sbatch");

fn keys() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let keygen = Command::new(SAGE).args(["cluster", "keygen"]).arg(folder.path()).output();
    assert!(keygen.unwrap().status.success());
    folder
}

/// A worker with these arguments comes up.
#[track_caller]
fn listens(arguments: &[String]) {
    let mut child = Command::new(SAGE).args(arguments).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first.starts_with("worker: listening on 0.0.0.0:"), "{arguments:?}: {first}");
}

/// Documents of a manifest as JSON.
fn documents() -> Vec<Value> {
    MANIFEST.split("\n---\n").map(|text| serde_yaml::from_str(text).unwrap()).collect()
}

#[test]
fn the_unit_starts_a_worker() {
    let keys = keys();
    let line = UNIT.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let line = line.replace("%i", "0").replace("%d", keys.path().to_str().unwrap());
    let mut words = line.split(' ').map(str::to_owned);
    assert_eq!(words.next().unwrap(), "/usr/local/bin/sage");
    listens(&words.collect::<Vec<_>>());

    let path = keys.path().join("sage-worker@.service");
    fs::write(&path, UNIT.replace("/usr/local/bin/sage", SAGE)).unwrap();
    let instance = keys.path().join("sage-worker@7401.service");
    match Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(instance).output() {
        Ok(verified) => {
            // It also tells of units of this host, which are not ours.
            let told = String::from_utf8([verified.stdout, verified.stderr].concat()).unwrap();
            let ours: Vec<&str> = told.lines().filter(|it| it.contains("sage-worker")).collect();
            assert!(ours.is_empty(), "{told}");
        }
        Err(_) => {
            let why = "there is no systemd-analyze here";
            assert!(
                std::env::var_os("CI").is_none(),
                "where CI is set, nothing is left out: {why}"
            );
            eprintln!("left out: {why}");
        }
    }
}

#[test]
fn the_manifest_starts_workers() {
    let [service, set] = &documents()[..] else { panic!("two documents") };
    assert_eq!((&service["kind"], &set["kind"]), (&"Service".into(), &"StatefulSet".into()));
    assert_eq!(set["spec"]["serviceName"], service["metadata"]["name"]);
    let (labels, pod) = (&set["spec"]["template"]["metadata"]["labels"], &set["spec"]["template"]);
    assert_eq!(
        (labels, labels),
        (&service["spec"]["selector"], &set["spec"]["selector"]["matchLabels"])
    );
    let worker = &pod["spec"]["containers"][0];
    let ports = (&worker["ports"][0]["containerPort"], &service["spec"]["ports"][0]["port"]);
    assert_eq!(ports, (&7401.into(), &7401.into()));
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(worker[probe]["tcpSocket"]["port"], worker["ports"][0]["name"], "{probe}");
    }
    assert_eq!(worker["volumeMounts"][0]["name"], pod["spec"]["volumes"][0]["name"]);
    let keys = keys();
    let folder = format!("{}/", keys.path().display());
    let texts = |value: &Value| -> Vec<String> {
        let texts = value.as_array().unwrap().iter();
        texts.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let [program, rest @ ..] = &texts(&worker["command"])[..] else { panic!("no command") };
    assert_eq!(program, "sage");
    let arguments = rest.iter().cloned().chain(texts(&worker["args"]));
    let here = arguments.map(|text| text.replace(":7401", ":0").replace("/keys/", &folder));
    listens(&here.collect::<Vec<_>>());
}

/// Makes a program of a few lines of shell.
fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\nset -eu\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// With what stands for Slurm: one node, which is this host.
#[test]
fn the_batch_job_runs_on_its_workers() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(SAGE, bin.join("sage")).unwrap();
    script(&bin.join("srun"), "shift; exec \"$@\"");
    script(&bin.join("scontrol"), "[ \"$1 $2 $3\" = 'show hostnames here' ]; echo localhost");
    let free = TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    fs::write(folder.path().join("job"), BATCH.replace("7401", &free.to_string())).unwrap();
    let spec = "name: small\ncluster: {nodes: 1, slots: 2}\nschedulers: [fifo]\n\
                workload: {tasks: 20, arrivals: batch}\n\
                pipeline: {stages: [{name: work, service: {constant: 1ms}}]}\n";
    fs::write(folder.path().join("small.yaml"), spec).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    let job = Command::new("bash")
        .args(["job", "small.yaml"])
        .current_dir(folder.path())
        .envs([("PATH", path.as_str()), ("SLURM_JOB_ID", "7"), ("SLURM_JOB_NODELIST", "here")])
        .env("SLURM_CPUS_PER_TASK", "2")
        .output()
        .unwrap();
    let told = String::from_utf8([job.stdout, job.stderr].concat()).unwrap();
    assert!(job.status.success() && told.contains("20/20"), "{told}");
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("sage-7.")), "{left:?}");
    assert!(TcpListener::bind(("0.0.0.0", free)).is_ok(), "its worker is left");
}
