//! Presets, files and flags laid over each other.

use crate::{SMALL, small_with};
use harness::spec::{Draft, Node, Place, Spec, SpecError};
use pipeline::model::Arrivals;
use sched_core::Registry;

fn check(draft: &Draft) -> Result<Spec, SpecError> {
    Spec::check(draft, &Registry::builtin())
}

#[test]
fn a_file_changes_only_what_it_names() {
    let mut draft = Draft::parse(SMALL, "preset").unwrap();
    let file = "workload: {tasks: 7, arrivals: {closed: 3}}\ncluster: {nodes: 5}\n";
    draft.lay_over(&Draft::parse(file, "mine.yaml").unwrap());
    let setup = check(&draft).unwrap().configurations.remove(0).setup;
    assert_eq!(setup.workload.tasks, 7);
    assert_eq!(setup.workload.arrivals, Arrivals::Closed { in_flight: 3 });
    assert_eq!((setup.cluster.spec.node_count(), setup.cluster.spec.total_slots()), (5, 20));
}

#[test]
fn one_way_to_say_a_cluster_replaces_the_other() {
    let groups = "cluster: {groups: [{name: g, count: 3, slots: 2}]}\n";
    let mut draft = Draft::parse(SMALL, "preset").unwrap();
    draft.lay_over(&Draft::parse(groups, "a.yaml").unwrap());
    assert_eq!(check(&draft).unwrap().configurations[0].setup.cluster.spec.total_slots(), 6);
    draft.lay_over(&Draft::parse(SMALL, "b.yaml").unwrap());
    assert_eq!(check(&draft).unwrap().configurations[0].setup.cluster.spec.total_slots(), 8);
}

#[test]
fn a_flag_wins_over_every_configuration() {
    let text = small_with("configurations: {a: {workload: {tasks: 5}}, b: {workload: {tasks: 6}}}");
    let mut draft = Draft::parse(&text, "preset").unwrap();
    let flag = Place::flag("--tasks");
    draft.set(&["workload", "tasks"], Node::scalar(&flag, "9"));
    for configuration in check(&draft).unwrap().configurations {
        assert_eq!(configuration.setup.workload.tasks, 9);
    }
}

#[test]
fn the_flag_or_file_that_is_wrong_is_blamed() {
    let mut draft = Draft::parse(SMALL, "preset").unwrap();
    draft.set(&["workload", "tasks"], Node::scalar(&Place::flag("--tasks"), "0"));
    let error = check(&draft).unwrap_err();
    assert_eq!(error.to_string(), "--tasks: `workload.tasks`: `0` is too small: at least 1");
    assert_eq!(error.place().source(), "--tasks");

    let mut draft = Draft::parse(SMALL, "preset").unwrap();
    let flag = Place::flag("--schedulers");
    let names = ["fifo", "rnadom"].map(|name| Node::scalar(&flag, name));
    draft.set(&["schedulers"], Node::list(&flag, names.to_vec()));
    assert_eq!(
        check(&draft).unwrap_err().to_string(),
        "--schedulers: `schedulers[1]`: unknown scheduler `rnadom`; did you mean `random`? valid: \
         fifo, load_aware_spread, load_aware_pack, round_robin, priority, random, power_of_two"
    );

    let mut draft = Draft::parse(SMALL, "preset").unwrap();
    draft.lay_over(&Draft::parse("\ncluster: {nods: 5}\n", "mine.yaml").unwrap());
    assert_eq!(
        check(&draft).unwrap_err().to_string(),
        "mine.yaml: line 2, column 11: unknown key in `cluster`: `nods`; did you mean `nodes`? \
         valid: groups, nodes, slots, queue_limit, network, view"
    );
}

#[test]
fn files_are_read_and_missing_ones_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my-name.yaml");
    std::fs::write(&path, SMALL).unwrap();
    assert_eq!(Spec::read(&path, &Registry::builtin()).unwrap().name, "my-name");

    let missing = folder.path().join("none.yaml");
    let error = Spec::read(&missing, &Registry::builtin()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: cannot be read: ", missing.display())), "{error}");

    std::fs::write(&path, b"name: x\nseed: \xff\n").unwrap();
    let error = Spec::read(&path, &Registry::builtin()).unwrap_err();
    assert_eq!(error.place().line_and_column(), Some((2, 7)));
    assert_eq!(error.message(), "not UTF-8 text; save the file as UTF-8");
}
