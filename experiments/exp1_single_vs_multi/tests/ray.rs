//! The real program on a real Ray: one node and four.
//!
//! Needs Ray, so it is behind a feature:
//! `scripts/with-ray.sh -- cargo test -p exp1 --features ray --test ray`
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

#[path = "../../exp2_high_load_parallel/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use support::{Folder, json, refused, succeeded, text};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_exp1");

#[test]
fn one_node_and_four_are_ray_nodes() {
    let folder = Folder::new();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ray/bin/python");
    let file = format!("launcher: ray\npython: {}\n", python.display());
    fs::write(folder.path("ray.yaml"), file).unwrap();
    let flags = "--env cluster --cluster ray.yaml --tasks 300 --reps 1 --no-plots --output out";
    refused(&folder, &format!("{flags} --nodes 1 5"), &["the run has 5 nodes", "Ray has 4 nodes"]);
    let output = folder.run(&format!("{flags} --nodes 1 4"));
    succeeded(&output);
    assert_eq!(text(&output.stdout).matches("300/300").count(), 2, "{}", text(&output.stdout));
    for (run, nodes) in [("nodes_1_fifo", 1), ("nodes_4_load_aware_spread", 4)] {
        let metrics = json(&folder.path(&format!("out/{run}_metrics.json")));
        assert_eq!(metrics["config"]["environment"], "cluster");
        let calls = metrics["node_distribution"].as_object().unwrap();
        assert_eq!(calls.len(), nodes);
        assert!(calls.values().all(|calls| calls.as_u64().unwrap() > 0), "{calls:?}");
        let transfer = metrics["latency_ms"]["transfer"]["p50"].as_f64().unwrap();
        assert!(transfer > 0.0, "there is a socket between");
    }
}
