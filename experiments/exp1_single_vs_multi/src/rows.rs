//! From flags to the draft of a spec: a configuration per number of nodes.
//!
//! Tasks grow with the slots, so that start and drain weigh the same in every row and no row takes
//! longer than another; `--tasks` gives all rows the same number.

use crate::Args;
use harness::Error;
use harness::cli::choose_numbers;
use harness::preset::Plan;
use harness::spec::{Draft, Value};
use std::fmt::Write as _;

const PRESET: &str = include_str!("../../../config/experiments/exp1.yaml");
const SOURCE: &str = "config/experiments/exp1.yaml";
/// Tasks per slot: what a closed run needs for start and drain not to matter.
const TASKS_PER_SLOT: u64 = 50;
/// In flight per slot.
const IN_FLIGHT_PER_SLOT: u64 = 2;
const MOST_NODES: u64 = 10_000;

/// The draft that the flags ask for. Flags that set single values are not laid over it yet.
pub(crate) fn draft(args: &Args) -> Result<Draft, Error> {
    let plan = Plan::new(PRESET, SOURCE, &args.experiment)?;
    let nodes = choose_numbers("--nodes", &args.nodes, 1..=MOST_NODES)?;
    let rows = match nodes.is_empty() {
        true if plan.stands() => plan.parts().to_vec(),
        true => Vec::new(),
        false => plan.written("--nodes", &rows(&nodes, slots(&plan)))?,
    };
    let rows = plan.below_file(rows, &["cluster"]);
    Ok(plan.draft(rows))
}

/// Slots of a node. What is no number is left to the checks.
fn slots(plan: &Plan) -> u64 {
    let slots = plan.value(&["cluster", "slots"]).and_then(|node| match &node.value {
        Value::Scalar(text) => text.parse().ok(),
        _ => None,
    });
    slots.unwrap_or(4)
}

fn rows(nodes: &[u64], slots: u64) -> String {
    let mut yaml = String::new();
    for &n in nodes {
        let all = n.saturating_mul(slots);
        let (tasks, in_flight) = (all * TASKS_PER_SLOT, all * IN_FLIGHT_PER_SLOT);
        // Writing to a string cannot fail.
        let _ = writeln!(
            yaml,
            "nodes_{n}: {{part: nodes, cluster: {{nodes: {n}, slots: {slots}}}, workload: {{tasks: \
             {tasks}, arrivals: {{closed: {{in_flight: {in_flight}}}}}}}{}}}",
            // On one node every placement is the same; this is the plainest.
            if n == 1 { ", schedulers: [fifo]" } else { "" }
        );
    }
    yaml
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use harness::sched_core::Registry;
    use harness::spec::{RunSpec, Spec, arrivals_text};

    fn spec(flags: &str) -> Spec {
        let args = Args::parse_from(["exp1"].into_iter().chain(flags.split_whitespace()));
        let registry = Registry::builtin();
        let checked = harness::cli::Flags::check(args.experiment.run.clone(), &registry).unwrap();
        checked.apply(draft(&args).unwrap(), &registry).unwrap()
    }

    fn shape(run: &RunSpec) -> (usize, u64, u64, String, String) {
        let setup = &run.setup;
        let cluster = &setup.cluster.spec;
        let arrivals = arrivals_text(&setup.workload.arrivals);
        let policy = run.policy.name().to_owned();
        (cluster.node_count(), cluster.total_slots(), setup.workload.tasks, arrivals, policy)
    }

    #[test]
    fn the_preset_file_is_what_the_rule_gives() {
        assert_eq!(spec(""), spec("--nodes 1 4 8 16 30"));
        let runs = spec("").runs();
        let shapes: Vec<_> = runs.iter().map(shape).collect();
        let row = |n: usize, policy: &str| {
            let slots = 4 * n as u64;
            (n, slots, 50 * slots, format!("closed:{}", 2 * slots), policy.to_owned())
        };
        let spread = |n| row(n, "load_aware_spread");
        assert_eq!(shapes, [row(1, "fifo"), spread(4), spread(8), spread(16), spread(30)]);
        assert!(runs.iter().all(|run| run.setup.workload.stages.len() == 3));
        assert!(runs.iter().all(|run| run.setup.repetitions == 3));
    }

    #[test]
    fn flags_hold_in_every_row() {
        let runs = spec("--nodes 2 5 --tasks 77 --reps 1 --schedulers random fifo").runs();
        let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
        assert_eq!(names, ["nodes_2_random", "nodes_2_fifo", "nodes_5_random", "nodes_5_fifo"]);
        assert!(runs.iter().all(|run| run.setup.workload.tasks == 77));
        let quick: Vec<u64> =
            spec("--quick").runs().iter().map(|run| run.setup.workload.tasks).collect();
        assert_eq!(quick, [50, 200, 400, 800, 1_500]);
    }

    #[test]
    fn a_file_holds_in_every_row_and_its_cluster_or_configurations_replace_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.yaml");
        let with = |yaml: &str, more: &str| {
            std::fs::write(&path, yaml).unwrap();
            spec(&format!("--config {} {more}", path.display())).runs()
        };
        let stages = "pipeline: {stages: [{name: a, service: {constant: 25ms}}]}\n\
                      repetitions: 1\nworkload: {tasks: 6000}\nschedulers: [random]\n";
        let runs = with(stages, "");
        assert_eq!(runs.len(), 5);
        for run in &runs {
            let setup = &run.setup;
            assert_eq!((setup.workload.stages.len(), setup.repetitions), (1, 1));
            assert_eq!((setup.workload.tasks, run.policy.name()), (6_000, "random"));
        }
        assert_eq!(shape(&runs[4]).1, 120, "the cluster is what a row is about");
        let own = "configurations: {mine: {cluster: {nodes: 3, slots: 2}}}";
        let names: Vec<String> = with(own, "").into_iter().map(|run| run.name).collect();
        assert_eq!(names, ["mine_load_aware_spread"]);
        let one = with("cluster: {nodes: 3, slots: 2}", "");
        assert_eq!(one.iter().map(|run| shape(run).1).collect::<Vec<_>>(), [6]);
        let two = with("cluster: {slots: 2}", "--nodes 3 6");
        assert_eq!(two.iter().map(|run| shape(run).1).collect::<Vec<_>>(), [6, 12]);
    }
}
