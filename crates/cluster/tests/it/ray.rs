//! Runs as tasks of Ray, against a script that speaks as Ray's side does: no Python and no Ray.
//!
//! What Ray itself does is tested where there is one (the `ray` test of exp2).

use crate::program;
use cluster::{Launcher, Ray, Strategy, ray_policies, run_on_ray};
use pipeline::model::{Arrivals, Fault, FaultKind};
use pipeline::testkit::{Log, assert_parts_add_up, setup, stage};
use pipeline::{Control, Outcome, RunError, RunSetup};
use sched_core::{ClusterSpec, NodeId, PolicySpec, Registry, Resources, Span, Time};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Answers every call from the node `ticket % 3` after a nanosecond. Call `LOST` is lost, and at call `GONE` it
/// ends with a complaint.
const SIDE: &str = r#"#!/bin/sh
while read -r line; do
    case $line in
        *'"folder"'*) echo '{"say": "ready"}' ;;
        *'"do":"tasks"'*) echo '{"say": "warm", "processes": 5, "slots": 6}'; echo '{"say": "ready"}' ;;
        *'"do":"calls"'*)
            for call in $(echo "$line" | sed 's/.*"calls":\[//; s/\],\[/ /g; s/[^0-9, ]//g'); do
                ticket=${call%%,*}
                case $ticket in
                    LOST) echo "{\"say\": \"done\", \"calls\": [[$ticket, null, 0, \"WorkerCrashedError\"]]}" ;;
                    GONE) echo 'RuntimeError: the end' >&2; exit 1 ;;
                    *) echo "{\"say\": \"done\", \"calls\": [[$ticket, $((ticket % 3)), 1, null]]}" ;;
                esac
            done ;;
    esac
done
"#;

fn side(folder: &Path, lost: &str, gone: &str) -> PathBuf {
    let path = folder.join("python");
    fs::write(&path, SIDE.replace("LOST", lost).replace("GONE", gone)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn ray(python: &Path) -> Ray {
    let Launcher::Process(program) = program() else { panic!("it is a process") };
    Ray::new(python, "auto", program).unwrap()
}

fn three_nodes(tasks: u64) -> RunSetup {
    let stages = vec![stage("a", 1), stage("b", 1)];
    let arrivals = Arrivals::Closed { in_flight: 9 };
    setup(ClusterSpec::uniform(3, 2).unwrap(), tasks, arrivals, stages)
}

fn run(ray: &Ray, setup: &RunSetup, bind: &str) -> (Result<Outcome, RunError>, Log, Vec<String>) {
    let mut registry = Registry::empty();
    ray_policies().into_iter().for_each(|policy| registry.register(policy).unwrap());
    let policy = registry.resolve(&PolicySpec::named("ray_spread").with("bind", bind)).unwrap();
    let mut scheduler = policy.build(&setup.cluster.spec, 0);
    let (mut log, mut remarks) = (Log::default(), Vec::new());
    let (strategy, control) = (Strategy::Spread, Control::new());
    let outcome =
        run_on_ray(setup, ray, strategy, &mut *scheduler, &mut log, &control, &mut remarks);
    (outcome, log, remarks)
}

#[test]
fn calls_are_counted_where_ray_ran_them_and_what_it_lost_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    for bind in ["early", "late"] {
        let ray = ray(&side(folder.path(), "17", "none"));
        let (outcome, log, remarks) = run(&ray, &three_nodes(100), bind);
        let outcome = outcome.unwrap();
        assert_eq!((outcome.ended, outcome.unfinished, outcome.late_answers), (100, 0, 0));
        assert_eq!((log.failures(), log.retried.len(), log.calls.len()), (vec![], 1, 200));
        log.tasks.iter().for_each(assert_parts_add_up);
        let mut calls = [0; 3];
        log.calls.iter().for_each(|(_, call)| calls[call.node.index()] += 1);
        // Tickets 0 to 200 but 17.
        assert_eq!(calls, [67, 67, 66]);
        let ledger = &outcome.ledger.nodes;
        assert_eq!(ledger.iter().map(|node| node.finished).collect::<Vec<_>>(), calls);
        for node in ledger {
            assert_eq!(node.assigned, node.finished + node.lost + node.bound, "{node:?}");
        }
        assert_eq!(remarks.len(), 3, "{remarks:?}");
        assert!(remarks[1].starts_with("Only 5 of 6 processes"), "{remarks:?}");
        assert!(remarks[2].contains("Ray lost a task") && remarks[2].contains("Crashed"));
    }
}

#[test]
fn the_end_of_ray_is_the_end_of_the_run_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let ray = ray(&side(folder.path(), "none", "20"));
    let (outcome, log, _) = run(&ray, &three_nodes(100), "early");
    let error = outcome.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("its Python has ended: RuntimeError: the end"), "{text}");
    let RunError::BrokenOff { outcome, .. } = error else { panic!("{error:?}") };
    assert!(log.calls.len() <= 20, "what came before was reported");
    assert!(outcome.partial);
    assert_eq!((outcome.ended, outcome.unfinished > 0), (log.tasks.len() as u64, true));
}

#[test]
fn what_cannot_be_is_said_before() {
    let folder = tempfile::tempdir().unwrap();
    let none = ray(&folder.path().join("none"));
    let error = none.check(&three_nodes(1), None).unwrap_err().to_string();
    assert!(error.contains("cannot be started") && error.contains("setup-ray.sh"), "{error}");
    let path = side(folder.path(), "none", "none");
    fs::write(&path, "#!/bin/sh\nread -r line\necho '{\"say\": \"refused\", \"why\": \"full\"}'\n")
        .unwrap();
    let full = ray(&path).check(&three_nodes(1), None).unwrap_err();
    assert_eq!(full.to_string(), "Ray: full");
    let never = |setup: &RunSetup, what: &str| {
        let error = none.check(setup, Some(Strategy::Default)).unwrap_err().to_string();
        assert!(error.starts_with("Ray: where Ray places the calls, "), "{error}");
        assert!(error.contains(what), "{error}");
    };
    let mut with_faults = three_nodes(1);
    let at = Time::ZERO + Span::from_secs(1);
    with_faults.faults.scheduled = vec![Fault { at, node: NodeId(0), kind: FaultKind::Kill }];
    never(&with_faults, "`faults:`");
    let mut with_memory = three_nodes(1);
    with_memory.workload.stages[0].demand = Resources::milli_cpu(1000).with_memory(1);
    never(&with_memory, "other than `cpu`");
}
