//! What the numbers of a part say in plain words.
//!
//! Every comparison is told: as a difference with its 95 % interval, as none worth the name,
//! or as open, with the number of repetitions that are missing. Placements are compared under
//! equal binding only; what binding does stands apart.

use super::differences::{Cause, Difference};
use super::finding::Finding;
use super::sentence::{all_alike, by_level, more, sentence};
use super::table::wrapped;
use crate::run::Measured;
use metrics::report::Method;

/// How verdicts are to be read.
pub(super) fn legend(differences: &[Difference]) -> String {
    let by = |method: Method| differences.iter().any(|it| it.by == method && it.pairs > 1);
    let mut text = String::from("Verdicts: ");
    if by(Method::Repetitions) {
        text.push_str(
            "differences of runs with equal seeds, paired; mean relative difference as 95 % interval \
             (Student's t over the repetitions)",
        );
    }
    if by(Method::BatchMeans) {
        text.push_str(if by(Method::Repetitions) { "; or, from within runs, " } else { "" });
        text.push_str(
            "differences of runs of the same tasks, paired by batches of consecutive tasks; \
             difference of the whole runs, relative, as 95 % interval (batch means, delta method, \
             Student's t over 10 to 30 batches, as many as do not correlate with their neighbours)",
        );
    }
    text.push_str(
        "; shown if Holm's correction over all comparisons of the part leaves p ≤ 0.05; what is below \
         1 % is not told apart. What would be needed: to find a difference of 1 % with probability \
         0.8 (Guenther 1981).",
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
            "{} against {against}: less than 1 % apart in every measure",
            names.join(", ")
        ));
    }
    for difference in of(|cause| *cause == Cause::Binding) {
        line(&format!("By binding alone: {}", sentence(difference, &name)));
    }
    let levels = of(|cause| matches!(cause, Cause::Level { .. }));
    let told = levels.iter().filter_map(|difference| by_level(difference, &name));
    told.for_each(|told| line(&format!("By priority: {told}")));
    for (same, what) in [(true, "less than 1 % apart"), (false, "no difference shown")] {
        let mut alike: Vec<&Difference> = levels
            .iter()
            .filter(|it| by_level(it, &name).is_none() && all_alike(it) == same)
            .copied()
            .collect();
        alike.sort_by(|one, other| one.against.cmp(&other.against)); // stable
        for alike in alike.chunk_by(|one, other| one.against == other.against) {
            let names: Vec<String> = alike.iter().map(|difference| name(&difference.run)).collect();
            let more = more(alike.iter().copied());
            line(&format!(
                "By priority: {} against {}: {what}{more}",
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
