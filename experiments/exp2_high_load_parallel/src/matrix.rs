//! From flags to the draft of a spec: which of the preset's configurations are run.
//!
//! Levels and depths are defined once, in the preset file, as the configurations `load_*` and
//! `depth_*`. Axes that no flag names stay as the upper half of that file says.

use crate::Args;
use harness::Error;
use harness::cli::{ExperimentArgs, choose_all};
use harness::preset::Plan;
use harness::spec::{Draft, Entry, Node, Place, Value};

const PRESET: &str = include_str!("../../../config/experiments/exp2.yaml");
const SOURCE: &str = "config/experiments/exp2.yaml";
/// The draft that the flags ask for. Flags that set single values are not laid over it yet.
pub(crate) fn draft(args: &Args) -> Result<Draft, Error> {
    let flags = &args.experiment;
    let plan = Plan::new(PRESET, SOURCE, flags)?;
    let other = plan.has_other_pipeline() && flags.pipeline.is_some();
    if other && !args.depths.is_empty() {
        let message = "--depths: they are depths of the compute pipeline; leave `--pipeline` away";
        return Err(Error::Usage(message.to_owned()));
    }
    let product = product(
        &chosen("--load-levels", "load level", &args.load_levels, plan.parts(), "load_")?,
        &chosen("--depths", "depth", &args.depths, plan.parts(), "depth_")?,
        flags.run.schedulers.len() > 1,
    );
    let whole = product.is_empty() && flags.run.schedulers.is_empty() && flags.config.is_none();
    let parts = match whole {
        true if decides(flags) => plan.parts().to_vec(),
        // Parts with an environment of their own say nothing about another one.
        true => {
            let parts = plan.parts().iter();
            parts.filter(|part| part.node.get("environment").is_none()).cloned().collect()
        }
        false => product,
    };
    let parts = parts.into_iter().filter(|part| !other || part.node.get("pipeline").is_none());
    Ok(plan.draft(parts.collect()))
}

/// Whether the parts that decide are run: no flag asks for a setting that is not theirs.
fn decides(flags: &ExperimentArgs) -> bool {
    flags.run.env.is_none() && flags.run.work.is_none() && flags.run.arrivals.is_none()
}

/// The configurations that a flag names: those called `<prefix><name>`.
fn chosen<'p>(
    flag: &str,
    what: &str,
    names: &[String],
    parts: &'p [Entry],
    prefix: &str,
) -> Result<Vec<(&'p str, &'p Node)>, Error> {
    let valid: Vec<(&str, (&str, &Node))> = parts
        .iter()
        .filter_map(|part| Some((part.key.strip_prefix(prefix)?, &part.node)))
        .map(|(name, node)| (name, (name, node)))
        .collect();
    choose_all(flag, what, names, &valid)
}

/// Each level with each depth, called after the axes that are named. With several policies each
/// configuration is a part of its own, so that they stand side by side.
fn product(levels: &[(&str, &Node)], depths: &[(&str, &Node)], part: bool) -> Vec<Entry> {
    let or_unnamed = |axis: &[(&str, &Node)]| match axis {
        [] => vec![None],
        axis => axis.iter().map(|&(name, node)| Some((name.to_owned(), node.clone()))).collect(),
    };
    let mut parts = Vec::new();
    for level in &or_unnamed(levels) {
        for depth in &or_unnamed(depths) {
            let axes = [("load", level), ("depth", depth)];
            let axes: Vec<_> =
                axes.iter().filter_map(|(axis, chosen)| Some((axis, chosen.as_ref()?))).collect();
            if axes.is_empty() {
                continue;
            }
            let names: Vec<&str> = axes.iter().map(|(_, (name, _))| name.as_str()).collect();
            let label: Vec<String> =
                axes.iter().map(|(axis, (name, _))| format!("{axis} {name}")).collect();
            let place = Place::flag(SOURCE);
            let keys = axes.iter().flat_map(|(_, (_, node))| node.entries());
            let mut keys: Vec<Entry> = keys.filter(|entry| entry.key != "part").cloned().collect();
            if part {
                let node = Node::scalar(&place, label.join(", "));
                keys.push(Entry { key: "part".to_owned(), place: place.clone(), node });
            }
            let node = Node { place: place.clone(), value: Value::Map(keys) };
            parts.push(Entry { key: names.join("_"), place, node });
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use harness::sched_core::Registry;
    use harness::spec::{Environment, RunSpec, Spec};

    fn runs(flags: &str) -> Vec<RunSpec> {
        let args = Args::parse_from(["exp2"].into_iter().chain(flags.split_whitespace()));
        let registry = Registry::builtin();
        let checked = harness::cli::Flags::check(args.experiment.run.clone(), &registry).unwrap();
        let spec: Spec = checked.apply(draft(&args).unwrap(), &registry).unwrap();
        spec.runs()
    }

    fn shape(run: &RunSpec) -> (u64, usize, u64, usize) {
        let setup = &run.setup;
        let cluster = &setup.cluster.spec;
        let stages = setup.workload.stages.len();
        (cluster.total_slots(), cluster.node_count(), setup.workload.tasks, stages)
    }

    fn names(flags: &str) -> Vec<String> {
        runs(flags).into_iter().map(|run| run.name).collect()
    }

    #[test]
    fn without_flags_there_are_three_parts_and_four_that_decide() {
        let all = runs("");
        let (decisive, all): (Vec<RunSpec>, Vec<RunSpec>) =
            all.into_iter().partition(|run| run.setup.environment == Environment::Sim);
        assert_eq!((decisive.len(), all.len()), (28, 14));
        for run in &decisive {
            assert_eq!(shape(run), (16, 4, 20_000, 3), "{}", run.name);
            let capacity: f64 = run.setup.cluster.node_speeds().iter().sum();
            assert_eq!((capacity, run.setup.repetitions), (4.0, 10), "{}", run.name);
        }
        let shapes: Vec<_> = all.iter().map(shape).collect();
        assert_eq!(
            shapes[..4],
            [(4, 2, 100, 3), (16, 4, 200, 3), (64, 8, 500, 3), (128, 16, 1_000, 3)]
        );
        assert!(shapes[4..11].iter().all(|shape| *shape == (16, 4, 200, 3)));
        let depths: Vec<usize> = shapes[11..].iter().map(|shape| shape.3).collect();
        assert_eq!(depths, [2, 3, 5]);
        let bound: Vec<String> = all[4..11]
            .iter()
            .map(|run| format!("{} {}", run.policy.name(), run.policy.bind()))
            .collect();
        assert_eq!(
            bound,
            [
                "fifo late",
                "load_aware_spread early",
                "load_aware_pack late",
                "round_robin early",
                "priority late",
                "load_aware_spread late",
                "round_robin late",
            ]
        );
        for run in &all {
            let closed = pipeline_in_flight(run);
            assert_eq!(closed, 2 * run.setup.cluster.spec.total_slots(), "{}", run.name);
        }
    }

    fn pipeline_in_flight(run: &RunSpec) -> u64 {
        let text = harness::spec::arrivals_text(&run.setup.workload.arrivals);
        text.strip_prefix("closed:").unwrap().parse().unwrap()
    }

    #[test]
    fn flags_give_the_product_of_the_axes() {
        assert_eq!(names("--schedulers fifo round_robin"), ["fifo", "round_robin"]);
        assert_eq!(names("--load-levels low"), ["low_load_aware_spread"]);
        assert_eq!(
            names("--load-levels low high --depths deep --schedulers fifo priority"),
            ["low_deep_fifo", "low_deep_priority", "high_deep_fifo", "high_deep_priority"]
        );
        let run = &runs("--load-levels extreme --depths shallow")[0];
        assert_eq!(shape(run), (128, 16, 1_000, 2));
        assert_eq!(shape(&runs("--schedulers fifo")[0]), (16, 4, 200, 3));
    }

    #[test]
    fn what_decides_is_left_out_where_a_flag_asks_for_another_setting() {
        for flags in ["--env sim", "--env local", "--work cpu", "--arrivals batch"] {
            assert_eq!(runs(flags).len(), 14, "{flags}");
        }
        assert_eq!(runs("--seed 7 --tasks 100 --reps 2").len(), 42);
        let simulated = runs("--env sim --load-levels low");
        assert_eq!(simulated[0].setup.environment, Environment::Sim);
    }

    #[test]
    fn another_pipeline_has_no_depths() {
        let runs = runs("--pipeline mixed");
        assert_eq!(runs.len(), 42 - 3);
        assert!(runs.iter().all(|run| run.setup.pipeline == "mixed" && shape(run).3 == 2));
        let args = Args::parse_from(["exp2", "--pipeline", "llm", "--depths", "deep"]);
        assert!(draft(&args).unwrap_err().to_string().starts_with("--depths: they are depths of"));
    }

    #[test]
    fn quick_is_the_same_with_fewer_tasks() {
        let all = runs("--quick");
        assert_eq!(all.len(), runs("").len());
        let tasks: Vec<u64> = all[..4].iter().map(|run| run.setup.workload.tasks).collect();
        assert_eq!(tasks, [25, 50, 125, 250]);
        assert_eq!(runs("--quick --tasks 7")[3].setup.workload.tasks, 7);
    }

    #[test]
    fn a_file_is_laid_over_the_preset_and_under_the_flags() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.yaml");
        let file = "cluster: {nodes: 3, slots: 2}\nworkload: {tasks: 9}\nschedulers: [random]\n";
        std::fs::write(&path, file).unwrap();
        let with = |more: &str| runs(&format!("--config {} {more}", path.display()));
        let [run] = &with("")[..] else { panic!("one run") };
        assert_eq!((shape(run), run.name.as_str()), ((6, 3, 9, 3), "random"));
        let run = &with("--load-levels low --schedulers fifo --tasks 11")[0];
        assert_eq!((shape(run), run.name.as_str()), ((4, 2, 11, 3), "low_fifo"));
    }
}
