//! From flags to the draft of a spec: which parts are run.
//!
//! Rows that differ only in what a flag or a file sets for all would be equal, and are left out.

use crate::Args;
use harness::Error;
use harness::cli::choose_numbers;
use harness::preset::Plan;
use harness::slo::Objective;
use harness::spec::{Draft, Entry};

const PRESET: &str = include_str!("../../../config/experiments/exp3.yaml");
const SOURCE: &str = "config/experiments/exp3.yaml";
/// What is searched with. The arrivals are those that are searched for.
const SLO: &str = "\
slo:
  part: objective
  environment: sim
  repetitions: 10
  workload: {tasks: 20000, arrivals: {load: 0.5}}
";
const MOST_IN_FLIGHT: u64 = 1_000_000;

/// The draft that the flags ask for. Flags that set single values are not laid over it yet.
pub(crate) fn draft(args: &Args) -> Result<Draft, Error> {
    let flags = &args.experiment;
    let plan = Plan::new(PRESET, SOURCE, flags)?;
    let concurrency = choose_numbers("--concurrency", &args.concurrency, 1..=MOST_IN_FLIGHT)?;
    let arrivals = flags.run.arrivals.is_some();
    if let Some(objective) = &args.slo {
        if arrivals || !concurrency.is_empty() {
            let other = if arrivals { "--arrivals" } else { "--concurrency" };
            return Err(Error::Usage(format!(
                "--slo: it searches for the rate of Poisson arrivals; leave `{other}` away"
            )));
        }
        Objective::parse("--slo", objective)?;
        let rows = plan.below_file(plan.written("--slo", SLO)?, &[]);
        return Ok(plan.draft(rows));
    }
    if !concurrency.is_empty() {
        if arrivals {
            return Err(Error::Usage(
                "--concurrency: it says how tasks arrive, `closed:N`; leave `--arrivals` away"
                    .to_owned(),
            ));
        }
        let rows = plan.written("--concurrency", &rows(&concurrency))?;
        let rows = plan.below_file(rows, &["workload"]);
        return Ok(plan.draft(rows));
    }
    if !plan.stands() {
        return Ok(plan.draft(Vec::new()));
    }
    let arrivals = arrivals || plan.file_has(&["workload", "arrivals"]);
    let says_nothing = |part: &Entry| {
        // Rows that a flag or a file would make equal.
        arrivals && part.key.starts_with("concurrency_")
            || plan.has_other_pipeline() && part.key.starts_with("complexity_")
            || plan.file_has(&["schedulers"]) && part.key == "overhead"
    };
    let parts = plan.parts().iter().filter(|part| !says_nothing(part)).cloned().collect();
    let parts = plan.below_file(parts, &[]);
    Ok(plan.draft(parts))
}

fn rows(concurrency: &[u64]) -> String {
    let row = |n: &u64| {
        format!(
            "concurrency_{n}: {{part: concurrency, workload: {{arrivals: {{closed: {{in_flight: \
             {n}}}}}}}}}\n"
        )
    };
    concurrency.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use harness::sched_core::Registry;
    use harness::spec::{RunSpec, arrivals_text};

    fn runs(flags: &str) -> Vec<RunSpec> {
        let args = Args::parse_from(["exp3"].into_iter().chain(flags.split_whitespace()));
        let registry = Registry::builtin();
        let checked = harness::cli::Flags::check(args.experiment.run.clone(), &registry).unwrap();
        checked.apply(draft(&args).unwrap(), &registry).unwrap().runs()
    }

    fn arrivals(runs: &[RunSpec]) -> Vec<String> {
        runs.iter().map(|run| arrivals_text(&run.setup.workload.arrivals)).collect()
    }

    #[test]
    fn without_flags_there_are_three_parts() {
        let all = runs("");
        let count = |part: &str| all.iter().filter(|run| run.part == part).count();
        assert_eq!(
            ["concurrency", "complexity", "scheduler overhead"].map(count),
            [6, 3, Registry::builtin().names().len()]
        );
        let closed = [1, 2, 4, 8, 16, 32].map(|n| format!("closed:{n}"));
        assert_eq!(arrivals(&all)[..6], closed);
        for run in &all {
            let setup = &run.setup;
            assert_eq!((setup.workload.tasks, setup.workload.stages.len()), (500, 3));
            assert_eq!(setup.cluster.spec.total_slots(), 16, "{}", run.name);
        }
        let means = |run: &RunSpec| run.setup.workload.stages[0].service.mean().as_secs_f64();
        let complexity: Vec<f64> = all[6..9].iter().map(means).collect();
        assert_eq!(complexity, [0.001, 0.01, 0.1]);
        assert!(
            all[6..].iter().all(|run| arrivals_text(&run.setup.workload.arrivals) == "closed:16")
        );
    }

    #[test]
    fn concurrency_alone_runs_its_part_by_the_rule_of_the_preset() {
        let some = runs("--concurrency 1 2 4 8 16 32");
        assert_eq!(some, runs("")[..6]);
        assert_eq!(arrivals(&runs("--concurrency 3 --tasks 7")), ["closed:3"]);
    }

    #[test]
    fn what_would_be_equal_rows_is_left_out() {
        let parts = |flags: &str| {
            let mut parts: Vec<String> = runs(flags).into_iter().map(|run| run.part).collect();
            parts.dedup();
            parts.join(", ")
        };
        assert_eq!(parts("--pipeline rag"), "concurrency, scheduler overhead");
        let stages = |run: &RunSpec| (run.setup.pipeline.clone(), run.setup.workload.stages.len());
        assert!(runs("--pipeline rag").iter().all(|run| stages(run) == ("rag".into(), 4)));
        assert_eq!(parts("--arrivals poisson:30"), "complexity, scheduler overhead");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.yaml");
        let with = |yaml: &str| {
            std::fs::write(&path, yaml).unwrap();
            format!("--config {}", path.display())
        };
        let stages = "pipeline: {stages: [{name: a, service: {constant: 25ms}}]}\n";
        assert_eq!(parts(&with(stages)), "concurrency, scheduler overhead");
        let runs_of = runs(&with(stages));
        assert!(runs_of.iter().all(|run| run.setup.workload.stages.len() == 1));
        let two = runs(&format!("{} --concurrency 2", with("workload: {tasks: 9}")));
        assert_eq!((arrivals(&two), two[0].setup.workload.tasks), (vec!["closed:2".into()], 9));
    }

    #[test]
    fn concurrency_and_arrivals_contradict_each_other() {
        let args = ["exp3", "--concurrency", "4", "--arrivals", "batch"];
        let error = draft(&Args::parse_from(args)).unwrap_err();
        assert!(error.to_string().contains("--concurrency: it says how tasks arrive"), "{error}");
    }
}
