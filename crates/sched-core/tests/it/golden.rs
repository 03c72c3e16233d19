//! Decision logs derived by hand, with the derivation beside each decision.
//!
//! They pin down the meaning of the policies: an engine and an oracle that were changed
//! together would agree with each other, and no longer with these.

use sched_core::testkit::script;
use sched_core::{Bind, PolicySpec, Registry};
use std::fs;
use std::path::PathBuf;

fn log(policy: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{policy}.log"));
    fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("every built-in policy has a log derived by hand; {}: {error}", file.display())
    })
}

#[test]
fn every_policy_decides_as_derived_by_hand() {
    let registry = Registry::builtin();
    for name in registry.names() {
        let cases = script::parse(&log(name)).unwrap_or_else(|error| panic!("{name}.log, {error}"));
        let mut bindings = Vec::new();
        for case in &cases {
            let spec = PolicySpec { name: case.policy.clone(), params: case.params.clone() };
            let policy = registry.resolve(&spec).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(policy.name(), name, "{name}.log has a case of another policy");
            bindings.push(policy.bind());
            let mut scheduler = policy.build(&case.spec, 0);
            case.run(policy.bind(), &mut *scheduler)
                .unwrap_or_else(|error| panic!("{name}.log, {error}"));
        }
        for bind in [Bind::Late, Bind::Early] {
            assert!(bindings.contains(&bind), "{name}.log has no case that binds {bind}");
        }
    }
}

#[test]
fn a_wrong_decision_fails_its_log() {
    let registry = Registry::builtin();
    let cases = script::parse(&log("load_aware_spread")).unwrap();
    let other = registry.resolve(&PolicySpec::named("fifo").with("bind", "early")).unwrap();
    let outcomes =
        cases.iter().map(|case| case.run(other.bind(), &mut *other.build(&case.spec, 0)));
    assert!(outcomes.filter(Result::is_err).count() > 0);
}
