//! Which specs are one history, whatever the seed.

use harness::spec::Spec;
use sched_core::Registry;

const JOBS: &str = "arrival_s,service_s,priority\n0,1,3\n1,2,9\n";

/// A spec of these arrivals, service and further lines, beside a table of jobs.
#[track_caller]
fn one_history(arrivals: &str, service: &str, lines: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spec.yaml");
    let text = format!(
        "environment: sim\nschedulers: [random]\nworkload: {{tasks: 2, arrivals: {arrivals}{lines}\n\
         pipeline: {{stages: [{{name: a, service: {service}}}]}}\n"
    );
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("jobs.csv"), JOBS).unwrap();
    std::fs::write(folder.path().join("plain.csv"), "arrival_s\n0\n1\n").unwrap();
    Spec::read(&path, &Registry::builtin()).unwrap().configurations[0].setup.one_history()
}

#[test]
fn a_trace_is_one_if_nothing_beside_it_is_drawn() {
    const TRACE: &str = "{trace: {format: csv, path: jobs.csv}}";
    const PLAIN: &str = "{trace: {format: csv, path: plain.csv}}";
    const SERVICE: &str = "{trace: {column: service_s}}";
    const NODES: &str = "}\ncluster: {nodes: 2, slots: 1}";
    let networked = "}\ncluster: {nodes: 2, slots: 1, network: {uniform: {min: 1ms, max: 2ms}}}";
    let levels = ", priorities: {0: 0.5, 9: 0.5}}\ncluster: {nodes: 2, slots: 1}";
    let failing = format!("{NODES}\nfaults: [{{mtbf: 60s, mttr: 5s}}]");
    let killed =
        format!("{NODES}\nfaults: [{{at: 2s, kill: node-1}}, {{at: 3s, restart: node-1}}]");
    for (arrivals, service, lines, one) in [
        (TRACE, SERVICE, NODES, true),
        (PLAIN, "{constant: 25ms}", NODES, true),
        (PLAIN, "{exponential: {mean: 25ms}}", NODES, false),
        ("{uniform: {rate: 1}}", "{constant: 25ms}", NODES, false),
        (TRACE, SERVICE, networked, false),
        (TRACE, SERVICE, levels, true), // the table has levels of its own
        (PLAIN, "{constant: 25ms}", levels, false),
        (TRACE, SERVICE, failing.as_str(), false),
        (TRACE, SERVICE, killed.as_str(), true),
    ] {
        assert_eq!(one_history(arrivals, service, lines), one, "{arrivals} {service} {lines}");
    }
}
