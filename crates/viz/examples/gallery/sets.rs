//! The sets of runs that a change of the pictures is looked at with: the common
//! ones, and every one that once looked wrong or could.

use crate::synthetic::Run;

/// The sets, by name of their pictures.
pub(crate) fn sets() -> Vec<(&'static str, Vec<Run>)> {
    vec![
        ("none", vec![]),
        ("one", vec![Run::new("", "", "fifo", "late")]),
        ("two", two()),
        ("five", policies("")),
        ("twelve", twelve()),
        ("long_names", long_names()),
        ("extremes", extremes()),
        ("one_node", one_node()),
        ("thirty_nodes", many_nodes(3, 30)),
        ("thousand_nodes", many_nodes(1, 1000)),
        ("twelve_times_thousand", many_nodes(12, 1000)),
        ("twelve_times_thirty", many_nodes(12, 30)),
        ("ten_thousand_nodes", many_nodes(2, 10_000)),
        ("failed", failed()),
    ]
}

fn two() -> Vec<Run> {
    let mut fifo = Run::new("schedulers", "", "fifo", "late");
    (fifo.throughput, fifo.ci95) = (Some(210.4), Some([208.9, 211.9]));
    let mut round_robin = Run::new("schedulers", "", "round_robin", "early");
    (round_robin.throughput, round_robin.ci95) = (Some(203.1), Some([196.2, 210.0]));
    vec![fifo, round_robin]
}

fn policies(part: &str) -> Vec<Run> {
    let policies = [
        ("fifo", "late"),
        ("load_aware_spread", "early"),
        ("load_aware_pack", "late"),
        ("round_robin", "early"),
        ("priority", "late"),
    ];
    let run = |(i, &(policy, bind)): (usize, &(&str, &str))| {
        let mut run = Run::new(part, "medium", policy, bind);
        run.throughput = Some(213.3 - 1.7 * i as f64);
        run.tail = (1.5 + i as f64 * 0.5, 3.0 + i as f64);
        if policy == "load_aware_pack" {
            run.calls = vec![610, 520, 370, 0];
        }
        run
    };
    policies.iter().enumerate().map(run).collect()
}

/// Three parts, as `exp2` has them.
pub(crate) fn twelve() -> Vec<Run> {
    let mut runs = Vec::new();
    let levels =
        [("low", 2, 53.1), ("medium", 4, 211.0), ("high", 8, 840.0), ("extreme", 16, 1652.0)];
    for (level, nodes, throughput) in levels {
        let mut run = Run::new("load levels", level, "load_aware_spread", "early");
        run.throughput = Some(throughput);
        run.calls = (0..nodes).map(|i| 100 + (i * 7) % 5).collect();
        runs.push(run);
    }
    runs.extend(policies("schedulers"));
    for (depth, factor) in [("shallow", 1.5), ("medium", 1.0), ("deep", 0.6)] {
        let mut run = Run::new("depths", depth, "load_aware_spread", "early");
        run.throughput = Some(211.0 * factor);
        run.parts = run.parts.map(|ms| ms / factor);
        runs.push(run);
    }
    runs
}

/// Twelve runs whose names fit nowhere.
pub(crate) fn long_names() -> Vec<Run> {
    let mut runs = twelve();
    for (i, run) in runs.iter_mut().enumerate() {
        run.names[0] = format!(
            "{} of a rather long-winded experiment that explains itself, with everything and more and more still",
            run.names[0]
        );
        run.names[1] = format!("{}_with_a_configuration_name_that_goes_on_{i}", run.names[1]);
        run.names[2] = format!("my_company_{}_variant_{i}", run.names[2]);
        run.ci95 = run.throughput.map(|t| [t * 0.97, t * 1.02]);
        run.tasks.1 = 123_456 * (i as u64 % 2);
        run.partial = i == 3;
    }
    runs
}

fn extremes() -> Vec<Run> {
    let mut runs = Vec::new();
    for (name, scale) in [("tiny", 1e-5), ("small", 0.03), ("large", 1e4), ("huge", 4e7)] {
        let mut run = Run::new("scales", name, "fifo", "late");
        run.throughput = Some(1000.0 * scale);
        run.parts = run.parts.map(|ms| ms * scale);
        run.calls = vec![(1e6 * scale) as u64, (9e5 * scale) as u64 + 1];
        runs.push(run);
    }
    let mut transfer = Run::new("transfer", "", "power_of_two", "early");
    transfer.parts = [0.0, 10.0, 20.0, 5.0];
    let mut unknown = Run::new("transfer", "", "random", "");
    unknown.parts = [0.0; 4];
    runs.extend([transfer, unknown]);
    runs
}

fn one_node() -> Vec<Run> {
    let mut run = Run::new("", "single", "fifo", "late");
    run.calls = vec![1500];
    vec![run]
}

fn many_nodes(runs: u64, nodes: u64) -> Vec<Run> {
    let run = |r: u64| {
        let mut run = Run::new("", &format!("run {r}"), "random", "early");
        let mut state = r + 1;
        let mut draw = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 33
        };
        let busy = if r % 3 == 2 { nodes * 3 / 4 } else { nodes };
        run.calls = (0..nodes).map(|i| if i < busy { 80 + draw() % 60 } else { 0 }).collect();
        if r.is_multiple_of(3) {
            run.calls[nodes as usize / 3] = 0;
        }
        run
    };
    (0..runs).map(run).collect()
}

/// From a few failures to nothing at all.
pub(crate) fn failed() -> Vec<Run> {
    let mut some = Run::new("faults", "some", "fifo", "late");
    some.tasks = (488, 12);
    some.ci95 = Some([97.0, 103.0]);
    let mut none = Run::new("faults", "none succeeded", "fifo", "late");
    (none.tasks, none.throughput, none.calls) = ((0, 500), Some(0.0), vec![3, 0, 0, 0]);
    let mut nothing = Run::new("faults", "nothing ended", "fifo", "early");
    (nothing.tasks, nothing.throughput, nothing.calls) = ((0, 0), None, vec![0; 4]);
    nothing.partial = true;
    let mut skewed = Run::new("faults", "one of four", "fifo", "late");
    skewed.calls = vec![1500, 0, 0, 0];
    vec![some, none, nothing, skewed]
}
