//! Whether a command left what it must: new folders of results, whole, every task done.
//!
//! Looks at folders before and after, because the name of the new one is the run's own
//! time stamp. Checks presence, counts and certificates only: what else the files say is
//! under test in the crates that write them.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Endings of the files of an experiment, one of each at least.
const ENDINGS: [&str; 12] = [
    "_summary.txt",
    "_metrics.json",
    "_latencies.csv",
    "_comparison.txt",
    "_comparison.csv",
    "_comparison.json",
    "_throughput.png",
    "_latency.png",
    "_nodes.png",
    "spec.yaml",
    "report.html",
    "trace.json",
];

/// Checks that hold exactly in every run.
const LAWS: [&str; 4] = ["conservation", "littles_law", "utilisation_law", "end_to_end"];

/// What experiments have beside: of the one whose files begin so, these too.
const CHAPTERS: [(&str, &[&str]); 2] = [
    ("exp1", &["_scaling.txt", "_scaling.json", "_scaling.png"]),
    (
        "exp3",
        &[
            "_throughput_curve.txt",
            "_throughput_curve.json",
            "_throughput_curve.png",
            "_latency_breakdown.txt",
            "_latency_breakdown.json",
            "_scheduler_overhead.txt",
            "_scheduler_overhead.json",
        ],
    ),
];

/// What the report of a run says that has no file of latencies, because it would be too long.
const NO_ROWS: &str = "latencies of single tasks were not written";

/// The result folders that exist.
pub(super) struct Results(BTreeSet<PathBuf>);

impl Results {
    /// `results/*` and `experiments/*/results/*`.
    pub(super) fn find(root: &Path) -> Result<Results> {
        let mut found = BTreeSet::new();
        let mut parents = vec![root.join("results")];
        parents.extend(entries(&root.join("experiments"))?.iter().map(|it| it.join("results")));
        for parent in parents {
            found.extend(entries(&parent)?.into_iter().filter(|path| path.is_dir()));
        }
        Ok(Results(found))
    }

    /// Checks the folders that `after` has and this has not; there must be so many.
    pub(super) fn check_new(&self, after: &Results, wanted: usize) -> Result<()> {
        let new: Vec<&PathBuf> = after.0.difference(&self.0).collect();
        if new.len() != wanted {
            bail!("the command made {} new result folders instead of {wanted}", new.len());
        }
        new.into_iter().try_for_each(|folder| {
            check_folder(folder).with_context(|| format!("in {}", folder.display()))
        })
    }
}

fn check_folder(folder: &Path) -> Result<()> {
    let files = entries(folder)?;
    let ending_in = |ending: &str| {
        files.iter().filter(|path| path.to_string_lossy().ends_with(ending)).collect::<Vec<_>>()
    };
    let chapters = CHAPTERS
        .iter()
        .filter(|(experiment, _)| !ending_in(&format!("{experiment}_comparison.json")).is_empty());
    for ending in ENDINGS.iter().chain(chapters.flat_map(|(_, endings)| *endings)) {
        let found = ending_in(ending);
        ensure!(!found.is_empty(), "no file ends in `{ending}`");
        for path in found {
            let length = fs::metadata(path)?.len();
            ensure!(length > 0, "{} is empty", path.display());
        }
    }
    let metrics = ending_in("_metrics.json");
    let (runs, mut rows) = (metrics.len(), 0);
    for path in metrics {
        let text = fs::read(path)?;
        let report: Value = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no JSON", path.display()))?;
        let count = |key: &str| {
            report[key].as_u64().with_context(|| format!("{}: no `{key}`", path.display()))
        };
        let (total, successful) = (count("total_tasks")?, count("successful_tasks")?);
        ensure!(
            total > 0 && total == successful,
            "{}: {successful} of {total} tasks succeeded",
            path.display()
        );
        check_certificate(&report).with_context(|| path.display().to_string())?;
        rows += usize::from(!report["notes"].to_string().contains(NO_ROWS));
    }
    for (ending, wanted) in [("_summary.txt", runs), ("_latencies.csv", rows)] {
        let found = ending_in(ending).len();
        ensure!(found == wanted, "{wanted} runs, but {found} files end in `{ending}`");
    }
    Ok(())
}

/// A run must have checked itself, and its account must balance. Marks of statistics are allowed: the
/// quick commands are short, and say so.
fn check_certificate(report: &Value) -> Result<()> {
    let certificate = &report["certificate"];
    let checks = certificate["checks"].as_array().context("it has no certificate")?;
    for law in LAWS {
        let check = checks.iter().find(|check| check["name"] == law);
        let check = check.with_context(|| format!("`{law}` was not checked"))?;
        ensure!(check["verdict"] == "holds", "`{law}` does not hold: {}", check["detail"]);
    }
    let verdict = certificate["verdict"].as_str().unwrap_or_default();
    ensure!(["sound", "marked"].contains(&verdict), "the certificate says `{verdict}`");
    Ok(())
}

/// What `folder` holds, sorted; nothing where it does not exist.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let read = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = read().with_context(|| format!("reading {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A report of 5 tasks with this certificate.
    fn report<const N: usize>(successful: u64, verdict: &str, checks: [(&str, &str); N]) -> String {
        let checks = checks.map(|(name, verdict)| {
            json!({"name": name, "verdict": verdict, "detail": "so", "spoils": []})
        });
        json!({
            "total_tasks": 5,
            "successful_tasks": successful,
            "certificate": {"verdict": verdict, "checks": checks.as_slice()},
        })
        .to_string()
    }

    /// A tree with one finished run, changed by `damage`, and the verdict on it.
    fn verdict(damage: impl FnOnce(&Path)) -> Result<(), String> {
        let root = tempfile::tempdir().unwrap();
        let old = root.path().join("experiments/exp9/results/1");
        fs::create_dir_all(&old).unwrap();
        let before = Results::find(root.path()).unwrap();
        let new = root.path().join("experiments/exp9/results/2");
        fs::create_dir_all(&new).unwrap();
        for ending in ENDINGS {
            let text = match ending {
                "_metrics.json" => report(5, "marked", LAWS.map(|law| (law, "holds"))),
                _ => "x".to_owned(),
            };
            fs::write(new.join(format!("fifo{ending}")), text).unwrap();
        }
        damage(&new);
        let after = Results::find(root.path()).unwrap();
        before.check_new(&after, 1).map_err(|error| format!("{error:#}"))
    }

    #[track_caller]
    fn check(expected: &str, damage: impl FnOnce(&Path)) {
        let error = verdict(damage).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_whole_run_passes() {
        assert_eq!(verdict(|_| ()), Ok(()));
    }

    #[test]
    fn every_missing_or_empty_file_fails() {
        for ending in ENDINGS {
            let name = format!("fifo{ending}");
            check(ending, |new| fs::remove_file(new.join(&name)).unwrap());
            check("is empty", |new| fs::write(new.join(&name), "").unwrap());
        }
    }

    #[test]
    fn a_missing_chapter_of_an_experiment_fails() {
        for (experiment, endings) in CHAPTERS {
            let write = |new: &Path, left_out: &str| {
                fs::write(new.join(format!("{experiment}_comparison.json")), "x").unwrap();
                for ending in endings.iter().filter(|ending| **ending != left_out) {
                    fs::write(new.join(format!("{experiment}{ending}")), "x").unwrap();
                }
            };
            assert_eq!(verdict(|new| write(new, "")), Ok(()));
            endings.iter().for_each(|ending| check(ending, |new| write(new, ending)));
        }
    }

    #[test]
    fn a_run_without_its_latencies_fails() {
        let report = report(5, "sound", LAWS.map(|law| (law, "holds")));
        check("2 runs, but 1 files end in `_summary.txt`", |new| {
            fs::write(new.join("random_metrics.json"), report).unwrap();
        });
    }

    #[test]
    fn latencies_may_be_missing_where_the_report_says_so() {
        let sound = report(5, "sound", LAWS.map(|law| (law, "holds")));
        let mut told: Value = serde_json::from_str(&sound).unwrap();
        told["notes"] = json!(["The latencies of single tasks were not written, since …"]);
        let write = |new: &Path, report: &str| {
            fs::write(new.join("random_metrics.json"), report).unwrap();
            fs::write(new.join("random_summary.txt"), "x").unwrap();
        };
        assert_eq!(verdict(|new| write(new, &told.to_string())), Ok(()));
        check("2 runs, but 1 files end in `_latencies.csv`", |new| write(new, &sound));
    }

    #[test]
    fn a_lost_task_fails() {
        let report = report(4, "sound", LAWS.map(|law| (law, "holds")));
        check("4 of 5 tasks", |new| fs::write(new.join("fifo_metrics.json"), report).unwrap());
    }

    #[test]
    fn a_missing_or_broken_certificate_fails() {
        let write = |text: String| {
            move |new: &Path| fs::write(new.join("fifo_metrics.json"), text).unwrap()
        };
        let none = r#"{"total_tasks": 5, "successful_tasks": 5}"#;
        check("no certificate", write(none.to_owned()));
        let three = ["conservation", "littles_law", "utilisation_law"].map(|law| (law, "holds"));
        check("`end_to_end` was not checked", write(report(5, "sound", three)));
        let broken = LAWS.map(|law| (law, if law == "littles_law" { "fails" } else { "holds" }));
        check("`littles_law` does not hold", write(report(5, "broken", broken)));
        check("says `broken`", write(report(5, "broken", LAWS.map(|law| (law, "holds")))));
    }

    #[test]
    fn no_new_folder_or_two_fail() {
        check("made 0 new", |new| fs::remove_dir_all(new).unwrap());
        check("made 2 new", |new| fs::create_dir(new.with_file_name("3")).unwrap());
    }
}
