//! Where the numbers come from, and how to have them again: command, spec, machine, version.
//!
//! The spec is the effective one: it repeats the runs when later versions have other defaults, which
//! the command alone would not.

use super::text::escaped;
use super::{Page, PageRun};
use metrics::report::Provenance;

/// When, by what and where, in a line.
pub(super) fn when(it: &Provenance) -> String {
    let cores = match it.host.cores {
        1 => "1 core".to_owned(),
        n => format!("{n} cores"),
    };
    format!(
        "<time datetime=\"{0}\">{0}</time> · sage {1}{2} · {3} · {cores}",
        escaped(&it.started_at),
        escaped(&it.version),
        it.git_commit.as_deref().map_or_else(String::new, |commit| {
            format!(
                " (<abbr title=\"{}\">{}</abbr>)",
                escaped(commit),
                escaped(&abbreviated(commit))
            )
        }),
        escaped(&it.host.platform),
    )
}

/// A commit in twelve digits, and whether the tree was changed since.
fn abbreviated(commit: &str) -> String {
    let (hash, rest) = commit.split_at(commit.find('-').unwrap_or(commit.len()));
    hash.chars().take(12).collect::<String>() + rest
}

/// A command, with a button that copies it.
pub(super) fn command(command: &str) -> String {
    format!("<pre class=\"command\" tabindex=\"0\"><code>{}</code></pre>", escaped(command))
}

/// The commands that repeat the runs.
pub(super) fn repeat(page: &Page<'_>) -> String {
    format!(
        "<p>This was made by</p>{}<p>The spec below is in this folder too; there it repeats the same runs, whatever \
         later defaults \
         are:</p>{}<details class=\"data\"><summary>The full effective spec</summary>\
         <pre tabindex=\"0\"><code>{}</code></pre></details>",
        command(page.made),
        command(page.repeat),
        escaped(page.spec)
    )
}

/// Machine, version, seed. Runs of one command share them.
pub(super) fn provenance(runs: &[PageRun<'_>]) -> String {
    let Some(run) = runs.first() else { return String::new() };
    let it = &run.report.provenance;
    let host = &it.host;
    let seeds: Vec<String> = {
        let mut seeds: Vec<u64> = runs.iter().map(|run| run.report.provenance.seed).collect();
        seeds.dedup();
        seeds.iter().map(u64::to_string).collect()
    };
    let repetitions = runs.iter().map(|run| run.report.metrics.repetitions);
    let (least, most) = (repetitions.clone().min().unwrap_or(0), repetitions.max().unwrap_or(0));
    let repetitions = if least == most { most.to_string() } else { format!("{least} to {most}") };
    let facts = [
        ("version", it.version.clone()),
        ("commit", it.git_commit.clone().unwrap_or_else(|| "not built from a checkout".to_owned())),
        ("build", it.build_profile.clone()),
        ("started", it.started_at.clone()),
        ("first seed", seeds.join(", ")),
        ("repetitions", repetitions),
        ("host", host.name.clone()),
        ("system", host.platform.clone()),
        ("processor", host.cpu_model.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("cores", host.cores.to_string()),
    ];
    let rows =
        facts.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>", escaped(value)));
    format!("<dl class=\"facts\">{}</dl>", rows.collect::<String>())
}
