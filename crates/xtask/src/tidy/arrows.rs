//! The arrows between our crates: each may depend only on the crates its row names.
//!
//! The picture of it is in ARCHITECTURE.md. Rows go from the bottom up and name earlier
//! rows only, so the table itself cannot hold a cycle; a crate without a row is a
//! finding, not a free pass. Dev-dependencies count: a test that needs a crate above
//! belongs in that crate.

use super::Finding;
use super::repo::{Dependency, Package, Repo};

const RULE: &str = "arrows";

/// Crate, and all of ours that it may name as a dependency of any kind.
const ALLOWED: &[(&str, &[&str])] = &[
    ("sched-core", &[]),
    ("sched-shared", &["sched-core"]),
    ("metrics", &[]),
    ("flight", &["sched-core"]),
    ("pipeline", &["sched-core", "metrics"]),
    ("cluster", &["sched-core", "pipeline"]),
    ("services", &[]),
    ("viz", &["metrics"]),
    ("harness", &["sched-core", "metrics", "flight", "pipeline", "cluster", "services", "viz"]),
    ("sage", &["harness"]),
    (
        "benches",
        &[
            "sched-core",
            "sched-shared",
            "metrics",
            "flight",
            "pipeline",
            "cluster",
            "viz",
            "harness",
        ],
    ),
    ("xtask", &[]),
];

/// The row of every package below `experiments/`: they are thin. A policy that an example adds names
/// what a service would.
const EXPERIMENT: &[&str] = &["harness", "sched-core"];

/// Every dependency on ours that no arrow allows, and any dependency of the bottom crate.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut out = Vec::new();
    for package in &repo.packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let Some(allowed) = allowed(package) else {
            let message = format!(
                "`{}` has no row in the table of arrows: say in xtask's tidy/arrows.rs on \
                 which of our crates it may depend",
                package.name
            );
            out.push(Finding::new(RULE, &manifest, 0, message));
            continue;
        };
        for dependency in &package.dependencies {
            if let Some(message) = refusal(package, allowed, dependency) {
                out.push(Finding::new(RULE, &manifest, 0, message));
            }
        }
    }
    out
}

fn allowed(package: &Package) -> Option<&'static [&'static str]> {
    if package.folder.starts_with("experiments/") {
        return Some(EXPERIMENT);
    }
    ALLOWED.iter().find(|(name, _)| *name == package.name).map(|(_, row)| *row)
}

/// Why `package` must not have `dependency`, if so.
fn refusal(package: &Package, allowed: &[&str], dependency: &Dependency) -> Option<String> {
    let Package { name, .. } = package;
    let wanted = &dependency.name;
    if dependency.ours {
        if allowed.contains(&wanted.as_str()) {
            return None;
        }
        let row = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
        return Some(format!("`{name}` must not depend on `{wanted}`; allowed: {row}"));
    }
    let bottom = name == "sched-core" && !dependency.dev;
    let serde = wanted == "serde" && dependency.optional;
    (bottom && !serde).then(|| {
        format!(
            "`{name}` depends on `{wanted}`: whoever embeds a scheduler gets std and nothing \
             else; only an optional `serde` is allowed"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bottom() -> Repo {
        Repo::of(&[]).with("crates/sched-core", "sched-core", &[]).with(
            "crates/metrics",
            "metrics",
            &[],
        )
    }

    #[track_caller]
    fn check_one(repo: &Repo, expected: &str) {
        let found = check(repo);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.contains(expected), "{}", found[0]);
    }

    #[test]
    fn rows_name_only_rows_above_them() {
        for (at, (name, row)) in ALLOWED.iter().enumerate() {
            for wanted in *row {
                let above = &ALLOWED[..at];
                assert!(above.iter().any(|(it, _)| it == wanted), "{name} → {wanted}");
            }
        }
    }

    #[test]
    fn arrows_that_point_down_pass() {
        let repo = bottom()
            .with("crates/pipeline", "pipeline", &["sched-core", "metrics", "tokio"])
            .with("crates/harness", "harness", &["pipeline", "dev:sched-core"])
            .with("experiments/exp2_x", "exp2", &["harness", "clap"]);
        assert_eq!(check(&repo), []);
    }

    #[test]
    fn an_arrow_that_points_up_or_sideways_fails() {
        let repo = bottom().with("crates/viz", "viz", &["sched-core"]);
        check_one(&repo, "`viz` must not depend on `sched-core`; allowed: metrics");
        let repo = bottom().with("experiments/exp9_x", "exp9", &["metrics"]);
        check_one(&repo, "`exp9` must not depend on `metrics`");
    }

    #[test]
    fn a_dev_dependency_points_down_too() {
        let repo = bottom().with("crates/harness", "harness", &[]).with(
            "crates/pipeline",
            "pipeline",
            &["dev:harness"],
        );
        check_one(&repo, "must not depend on `harness`");
    }

    #[test]
    fn the_bottom_crate_has_std_and_perhaps_serde() {
        let with = |it: &str| Repo::of(&[]).with("crates/sched-core", "sched-core", &[it]);
        check_one(&with("rand"), "depends on `rand`");
        check_one(&with("serde"), "depends on `serde`");
        assert_eq!(check(&with("optional:serde")), []);
        assert_eq!(check(&with("dev:proptest")), []);
    }

    #[test]
    fn a_crate_without_a_row_fails() {
        check_one(&Repo::of(&[]).with("crates/new", "new", &[]), "no row in the table");
    }
}
