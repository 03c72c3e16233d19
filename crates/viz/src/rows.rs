//! Runs as labelled rows, grouped by the part of the experiment.
//!
//! What all rows of a part have in common is said once, in the part's heading; a
//! row's label keeps only what tells it from its neighbours, and binding, which
//! always shows. Two rows that would read alike fall back to the names of their runs.

use crate::number::plural;
use metrics::report::{RunConfig, RunReport};

/// The runs of a part.
pub(crate) struct Group<'a> {
    /// Name of the part; may be empty.
    pub(crate) part: &'a str,
    /// What is common to its runs.
    pub(crate) common: String,
    pub(crate) rows: Vec<Row<'a>>,
}

/// A run.
pub(crate) struct Row<'a> {
    pub(crate) report: &'a RunReport,
    /// Short name within the part.
    pub(crate) label: String,
    /// `late` or `early`.
    pub(crate) bind: &'a str,
    /// Further facts that tell it from its neighbours; may be empty.
    pub(crate) facts: String,
}

/// `runs` by part; parts in order of their first run, runs in the order given.
pub(crate) fn groups<'a>(runs: impl IntoIterator<Item = &'a RunReport>) -> Vec<Group<'a>> {
    let mut parts: Vec<(&str, Vec<&RunReport>)> = Vec::new();
    for run in runs {
        let part = run.metrics.config.part.as_str();
        match parts.iter_mut().find(|(name, _)| *name == part) {
            Some((_, members)) => members.push(run),
            None => parts.push((part, vec![run])),
        }
    }
    parts.into_iter().map(|(part, members)| group(part, &members)).collect()
}

/// `topic`, and where and on what all `runs` were made, as far as they agree.
pub(crate) fn setting(topic: &str, runs: &[RunReport]) -> String {
    let same = |noun: &str, fact: fn(&RunConfig) -> &str| {
        let mut facts = runs.iter().map(|run| fact(&run.metrics.config));
        let first = facts.next().filter(|first| !first.is_empty())?;
        facts.all(|other| other == first).then(|| format!("{first} {noun}"))
    };
    let facts = [
        same("run", |config| &config.environment),
        same("work", |config| &config.work),
        same("pipeline", |config| &config.pipeline),
    ];
    joined(std::iter::once(topic.to_owned()).chain(facts.into_iter().flatten()))
}

fn group<'a>(part: &'a str, runs: &[&'a RunReport]) -> Group<'a> {
    let names: [fn(&RunConfig) -> String; 2] = [|c| c.configuration.clone(), policy];
    let facts: [fn(&RunConfig) -> String; 4] = [
        |c| plural(u64::from(c.nodes), "node"),
        |c| plural(c.parallelism, "slot"),
        |c| plural(u64::from(c.stages), "stage"),
        |c| c.arrivals.clone(),
    ];
    let config = |run: &&RunReport| run.metrics.config.clone();
    let configs: Vec<RunConfig> = runs.iter().map(config).collect();
    let shared = |fact: &fn(&RunConfig) -> String| {
        configs.len() > 1 && configs.windows(2).all(|w| fact(&w[0]) == fact(&w[1]))
    };
    let common = names.iter().chain(&facts).filter(|f| shared(f)).map(|f| f(&configs[0]));
    let common = joined(common);
    let own = |config: &RunConfig, facts: &[fn(&RunConfig) -> String]| {
        joined(facts.iter().filter(|f| !shared(f)).map(|f| f(config)))
    };
    let mut labels: Vec<String> = configs
        .iter()
        .map(|c| Some(own(c, &names)).filter(|l| !l.is_empty()).unwrap_or_else(|| policy(c)))
        .collect();
    let alike =
        |i: usize, j: usize| i != j && labels[i] == labels[j] && configs[i].bind == configs[j].bind;
    let ambiguous: Vec<usize> = (0..labels.len())
        .filter(|&i| labels[i].is_empty() || (0..labels.len()).any(|j| alike(i, j)))
        .collect();
    for i in ambiguous {
        labels[i].clone_from(&runs[i].name);
    }
    let rows = runs.iter().zip(labels).zip(&configs).map(|((&report, label), config)| Row {
        report,
        label,
        bind: &report.metrics.config.bind,
        facts: own(config, &facts),
    });
    Group { part, common, rows: rows.collect() }
}

fn policy(config: &RunConfig) -> String {
    let parameters: Vec<String> =
        config.parameters.iter().map(|(key, value)| format!("{key} {value}")).collect();
    if parameters.is_empty() {
        config.policy.clone()
    } else {
        format!("{} ({})", config.policy, parameters.join(", "))
    }
}

fn joined(facts: impl Iterator<Item = String>) -> String {
    facts.filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(" · ")
}
