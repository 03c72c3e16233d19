//! What the numbers of a part say in plain words.
//!
//! Every comparison is told: as a difference with its 95 % interval, as none worth the name,
//! or as open, with the number of repetitions that are missing. Placements are compared under
//! equal binding only; what binding does stands apart.

use super::differences::{Cause, Difference};
use super::finding::Finding;
use super::sentence::{all_alike, by_level, more, save, sentence};
use super::table::wrapped;
use crate::run::Measured;
use metrics::report::Method;

/// How verdicts are to be read.
pub(super) fn legend(differences: &[Difference]) -> String {
    let by = |method: Method| differences.iter().any(|it| it.by == method && it.pairs > 1);
    let mut text = String::from("Verdicts: ");
    if by(Method::Repetitions) {
        text.push_str(
            "ratio of the numbers of two runs with equal seeds, paired, as 95 % interval (jackknife of \
             its logarithm over the repetitions, Student's t)",
        );
    }
    if by(Method::BatchMeans) {
        text.push_str(if by(Method::Repetitions) { "; or, from within runs, " } else { "" });
        text.push_str(
            "ratio of the numbers of two runs of the same tasks, paired by batches of consecutive tasks, \
             as 95 % interval (batch means, jackknife of its logarithm over 10 to 30 batches, as many \
             as do not correlate with their neighbours, Student's t)",
        );
    }
    text.push_str(
        "; shown if Holm's correction over all comparisons of the part, those of the headline too, \
         leaves p ≤ 0.05; what is below 1 % is not told apart. What would be needed: to find, with probability 0.8, the \
         difference that there seems to be, or one of 1 % where it seems less (Guenther 1981).",
    );
    text
}

/// The verdicts on a part, in whole lines of at most `width` characters. Empty if there is nothing to
/// compare, or one repetition only. `name` is how a run is called.
pub(super) fn verdicts(
    differences: &[&Difference],
    width: usize,
    name: impl Fn(&str) -> String,
) -> String {
    let of = |wanted: fn(&Cause) -> bool| {
        let told = differences.iter().filter(move |difference| {
            let untold = |finding: Finding| finding == Finding::Untold;
            wanted(&difference.cause) && !difference.deltas.iter().all(|(_, d)| untold(d.finding))
        });
        told.copied().collect::<Vec<&Difference>>()
    };
    let mut text = String::new();
    let mut line = |line: &str| text.push_str(&wrapped(&format!("  {line}"), width, "    "));
    let (alike, told): (Vec<&Difference>, Vec<&Difference>) = of(|cause| *cause == Cause::Policy)
        .into_iter()
        .partition(|difference| all_alike(difference));
    for difference in told {
        line(&sentence(difference, &name));
    }
    for same in alike.chunk_by(|one, other| one.against == other.against) {
        let names: Vec<String> = same.iter().map(|difference| name(&difference.run)).collect();
        let against = name(&same[0].against);
        line(&format!(
            "{} against {against}: less than 1 % apart in every measure{}",
            names.join(", "),
            save(same.iter().copied())
        ));
    }
    for difference in of(|cause| *cause == Cause::Binding) {
        line(&format!("By binding alone: {}", sentence(difference, &name)));
    }
    let levels = of(|cause| matches!(cause, Cause::Level { .. }));
    let told = levels.iter().filter_map(|difference| by_level(difference, &name));
    told.for_each(|told| line(&format!("By priority: {told}")));
    for (same, what) in [(true, "less than 1 % apart"), (false, "no difference shown")] {
        let alike =
            levels.iter().filter(|it| by_level(it, &name).is_none() && all_alike(it) == same);
        let mut alike: Vec<&Difference> = alike.copied().collect();
        alike.sort_by(|one, other| one.against.cmp(&other.against)); // stable
        // A run is against itself where there is no other: its levels are told apart, or are not.
        let (own, alike): (Vec<&Difference>, Vec<&Difference>) =
            alike.into_iter().partition(|it| it.run == it.against);
        for it in &own {
            let Cause::Level { high, low, .. } = it.cause else { continue };
            let (run, more, save) = (name(&it.run), more([*it]), save([*it]));
            line(&format!(
                "By priority: under {run}, level {high} against level {low}: {what} in p99{save}{more}"
            ));
        }
        for alike in alike.chunk_by(|one, other| one.against == other.against) {
            let names: Vec<String> = alike.iter().map(|difference| name(&difference.run)).collect();
            let (more, save) = (more(alike.iter().copied()), save(alike.iter().copied()));
            line(&format!(
                "By priority: {} against {}: {what}{save}{more}",
                names.join(", "),
                name(&alike[0].against)
            ));
        }
    }
    text
}

/// What a policy lacks to be compared with the first of its configuration: the same policy bound as
/// that one is.
pub(super) struct Twin {
    pub(super) run: String,
    pub(super) first: String,
    pub(super) bind: String,
    /// As a flag names it.
    pub(super) policy: String,
}

/// Twins that were not run, each policy once.
pub(super) fn missing_twins(runs: &[Measured]) -> Vec<Twin> {
    let mut twins: Vec<Twin> = Vec::new();
    for run in runs {
        let config = &run.report.metrics.config;
        let peers = || {
            let peers = runs.iter();
            peers.filter(|peer| peer.report.metrics.config.configuration == config.configuration)
        };
        let Some(first) = peers().next() else { continue };
        let bind = &first.report.metrics.config.bind;
        let has_twin = peers().any(|peer| {
            let peer = &peer.report.metrics.config;
            (&peer.policy, &peer.parameters, &peer.bind)
                == (&config.policy, &config.parameters, bind)
        });
        if has_twin {
            continue;
        }
        let parameters = config.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let parameters: Vec<String> = parameters.chain([format!("bind={bind}")]).collect();
        let policy = format!("{}:{}", config.policy, parameters.join(","));
        if twins.iter().all(|twin| twin.policy != policy) {
            let (run, first) = (run.report.name.clone(), first.report.name.clone());
            twins.push(Twin { run, first, bind: bind.clone(), policy });
        }
    }
    twins
}

/// What cannot be told because the bindings differ, and what would tell it. `flag` says whether the
/// policies were named by a flag, so that a suggested command will have the twins.
pub(super) fn binding(twins: &[Twin], flag: bool, width: usize) -> String {
    let Some(Twin { first, bind, .. }) = twins.first() else { return String::new() };
    let runs: Vec<&str> =
        twins.iter().filter(|twin| twin.first == *first).map(|twin| twin.run.as_str()).collect();
    let (verb, other) = if runs.len() == 1 { ("does", "it") } else { ("do", "them") };
    let remedy = match flag {
        true => String::new(),
        false => format!(" Add `bind: {bind}` to {other}, as more `schedulers`, to tell."),
    };
    let text = format!(
        "{first} binds {bind}, {} {verb} not: what tells {other} apart may be the binding \
         alone.{remedy}",
        runs.join(", ")
    );
    wrapped(&text, width, "")
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Delta, judge};
    use super::*;
    use crate::run::Measure;

    fn told(against: &str, pairs: &[(f64, f64)]) -> String {
        let mut delta = Delta::of_pairs(pairs);
        judge(&mut [&mut delta]);
        let difference = Difference {
            run: "over_fifo".into(),
            against: against.into(),
            part: String::new(),
            cause: Cause::Level { high: 9, low: 0, p99_ms: [50.0, 50.0] },
            by: Method::Repetitions,
            pairs: 2,
            same_tasks: false,
            deltas: vec![(Measure::P99, delta)],
        };
        verdicts(&[&difference], usize::MAX, |run| run.replace("over_", ""))
    }

    #[test]
    fn levels_of_one_run_are_told_against_each_other_and_not_the_run_against_itself() {
        let alike = [(7.0, 7.0), (8.0, 8.0)];
        let expected =
            "  By priority: under fifo, level 9 against level 0: less than 1 % apart in p99\n";
        assert_eq!(told("over_fifo", &alike), expected);
        let wide = [(90.0, 100.0), (110.0, 100.0), (101.0, 100.0)];
        let text = told("over_fifo", &wide);
        assert!(
            text.starts_with("  By priority: under fifo, level 9 against level 0: no "),
            "{text}"
        );
        let text = told("over_random", &alike);
        assert_eq!(text, "  By priority: fifo against random: less than 1 % apart\n");
    }
}
