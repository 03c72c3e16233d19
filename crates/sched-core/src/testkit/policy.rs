//! The check of a policy by its name in a registry.
//!
//! Built-in policies promise all there is: they are work-conserving, keep to the
//! head-of-line rule, and decide as their definition in [`rules`](super::oracle::rules)
//! does. Of others it is only known that they are to conserve work.

use super::check::{Check, stop_at};
use super::oracle::Choose;
use super::oracle::rules::Rules;
use crate::{Bind, ClusterSpec, PolicySpec, Registry, ResolvedPolicy, Scheduler, Span};

const SEED: u64 = 11;

/// Checks the policy of this name with its default parameters, bound late and early.
///
/// # Panics
/// With the broken property and a short history that breaks it; or if there is no such policy.
///
/// ```
/// sched_core::testkit::check_policy(&sched_core::Registry::builtin(), "load_aware_pack");
/// ```
pub fn check_policy(registry: &Registry, name: &str) {
    for bind in [Bind::Late, Bind::Early] {
        check_spec(registry, &PolicySpec::named(name).with("bind", bind.to_string()), 300);
    }
}

/// Checks a policy with these parameters and its own binding, on so many random histories.
///
/// # Panics
/// As [`check_policy`].
#[allow(clippy::panic, reason = "a test helper fails the test that calls it")]
pub fn check_spec(registry: &Registry, spec: &PolicySpec, histories: u64) {
    let policy = match registry.resolve(spec) {
        Ok(policy) => policy,
        Err(error) => panic!("{error}"),
    };
    let build = |cluster: &ClusterSpec| policy.build(cluster, SEED);
    let check = Check::new(policy.bind()).histories(histories);
    stop_at(match rules(&policy) {
        None => check.run(&build, None),
        Some(rules) => {
            let ranks = rules.clone();
            let naive = |cluster: &ClusterSpec| {
                Box::new(rules.clone().on(cluster, policy.bind())) as Box<dyn Scheduler>
            };
            check.ranked_by(move |task| ranks.rank(task)).run(&build, Some(&naive))
        }
    });
}

/// The definition of a built-in policy.
fn rules(policy: &ResolvedPolicy) -> Option<Rules> {
    let text = |name| policy.params().find(|(param, _)| *param == name).map(|(_, text)| text);
    let aging = text("aging").and_then(|text| text.parse::<Span>().ok());
    let seed = text("seed").and_then(|text| text.parse().ok()).unwrap_or(SEED);
    Rules::named(policy.name(), aging, seed)
}
