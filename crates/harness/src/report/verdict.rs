//! What the numbers say in plain words, and what would say more.
//!
//! A difference is stated only where a paired 95 % interval over the repetitions leaves out
//! zero. Where nothing can be told, the exact command that could tell is printed:
//! enough tasks that start and drain do not matter, and ten repetitions.

use super::Comparison;
use super::differences::{Cause, Delta, Difference};
use super::number;
use super::table::wrapped;
use crate::provenance::quote;

/// Repetitions that usually decide what is worth deciding.
const REPETITIONS: u32 = 10;
/// Tasks per slot of the suggested run: what a closed run needs for start and drain not to matter.
const TASKS_PER_SLOT: u64 = 50;

/// Flags that the suggestion sets itself or that would be in its way. True: with a value.
const REPLACED: [(&str, bool); 4] =
    [("--tasks", true), ("--reps", true), ("--output", true), ("--quick", false)];

/// The verdict on the runs of a command, in whole lines of at most `width` characters, but for
/// commands, which are in one piece. Empty if nothing can be said and nothing would tell more.
pub(super) fn verdict(
    comparison: &Comparison<'_>,
    differences: &[Difference],
    width: usize,
) -> String {
    if comparison.incomplete.is_some() {
        return String::new(); // half of a run decides nothing, and how to run it is known
    }
    let twins = missing_twins(comparison);
    let single = comparison.runs.iter().all(|run| run.repetitions.len() < 2);
    if single {
        let what = match differences.is_empty() {
            true => "how much these numbers vary from run to run",
            false => "whether these runs differ by more than chance",
        };
        let text = format!("{}, one repetition: {what} cannot be told.", tasks_of(comparison));
        return wrapped(&text, width, "")
            + &binding(&twins, comparison, width)
            + &suggestion(comparison, &twins, "This tells");
    }
    let mut text = String::new();
    if !differences.is_empty() {
        text.push_str("Differences, paired by seed (mean, 95 % interval):\n");
    }
    for difference in differences {
        text.push_str(&wrapped(&format!("  {}", sentence(difference)), width, "    "));
    }
    text.push_str(&binding(&twins, comparison, width));
    if !twins.is_empty() && names_schedulers(comparison) {
        text.push_str(&suggestion(comparison, &twins, "This tells"));
    } else if differences.iter().any(|difference| !decided(difference)) {
        text.push_str(&suggestion(comparison, &twins, "More repetitions tell more"));
    }
    text
}

/// What a policy lacks to be compared with the first of its configuration: the same policy bound as
/// that one is.
struct Twin {
    run: String,
    first: String,
    bind: String,
    policy: String, // as a flag names it
}

/// Twins that were not run, each policy once.
fn missing_twins(comparison: &Comparison<'_>) -> Vec<Twin> {
    let mut twins: Vec<Twin> = Vec::new();
    for run in comparison.runs {
        let config = &run.report.metrics.config;
        let peers = || {
            let peers = comparison.runs.iter();
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

/// What cannot be told because the bindings differ, and what would tell it.
fn binding(twins: &[Twin], comparison: &Comparison<'_>, width: usize) -> String {
    let Some(Twin { first, bind, .. }) = twins.first() else { return String::new() };
    let runs: Vec<&str> =
        twins.iter().filter(|twin| twin.first == *first).map(|twin| twin.run.as_str()).collect();
    let (verb, other) = if runs.len() == 1 { ("does", "it") } else { ("do", "them") };
    let remedy = match names_schedulers(comparison) {
        true => String::new(), // the suggested command has them
        false => format!(" Add `bind: {bind}` to {other}, as more `schedulers`, to tell."),
    };
    let text = format!(
        "{first} binds {bind}, {} {verb} not: what tells {other} apart may be the binding \
         alone.{remedy}",
        runs.join(", ")
    );
    wrapped(&text, width, "")
}

fn names_schedulers(comparison: &Comparison<'_>) -> bool {
    comparison.arguments.iter().any(|word| word == "--schedulers")
}

fn decided(difference: &Difference) -> bool {
    let deltas = [difference.throughput_tasks_per_sec, difference.avg_latency_ms];
    deltas.iter().flatten().any(Delta::decided)
}

fn sentence(difference: &Difference) -> String {
    let Difference { run, against, cause, pairs, .. } = difference;
    let what = match cause {
        Cause::Policy => format!("{run} against {against}"),
        Cause::Binding => format!("{run} against {against} (binding alone)"),
    };
    let measures = [
        ("tasks/s", difference.throughput_tasks_per_sec),
        ("mean latency", difference.avg_latency_ms),
        ("p99", difference.p99_latency_ms),
    ];
    let told: Vec<String> = measures
        .iter()
        .filter_map(|(name, delta)| Some((name, delta.filter(Delta::decided)?)))
        .map(|(name, delta)| format!("{name} {}", relative(&delta)))
        .collect();
    match told.is_empty() {
        true => format!("{what}: nothing that {pairs} repetitions can tell from chance"),
        false => format!("{what}: {}", told.join("; ")),
    }
}

/// `+1.2 % (+0.3 % … +2.1 %)`
fn relative(delta: &Delta) -> String {
    let share = |x: f64| number::percent(x / delta.base);
    let interval = delta.ci95.map(|[lo, hi]| format!(" ({} … {})", share(lo), share(hi)));
    format!("{}{}", share(delta.mean), interval.unwrap_or_default())
}

/// `200 tasks`, or `100 to 1,000 tasks`.
fn tasks_of(comparison: &Comparison<'_>) -> String {
    let tasks = || comparison.runs.iter().map(|run| run.report.metrics.config.tasks);
    match (tasks().min(), tasks().max()) {
        (Some(least), Some(most)) if least < most => {
            format!("{} to {} tasks", number::count(least), number::count(most))
        }
        (Some(1), _) => "1 task".to_owned(),
        (Some(all), _) => format!("{} tasks", number::count(all)),
        _ => "No tasks".to_owned(),
    }
}

/// The same command with enough tasks and repetitions, and how long it will take.
fn suggestion(comparison: &Comparison<'_>, twins: &[Twin], what: &str) -> String {
    let configs = || comparison.runs.iter().map(|run| &run.report.metrics.config);
    let repetitions = comparison.runs.iter().map(|run| run.repetitions.len()).max().unwrap_or(1);
    let repetitions = u32::try_from(repetitions).unwrap_or(u32::MAX);
    let enough = configs().map(|config| config.parallelism.saturating_mul(TASKS_PER_SLOT)).max();
    let most = configs().map(|config| config.tasks).max();
    let tasks = enough.map(round_up).max(most).unwrap_or(1);
    let more = if repetitions < REPETITIONS { REPETITIONS } else { repetitions.saturating_mul(4) };
    let seconds: f64 = comparison
        .runs
        .iter()
        .filter_map(|run| run.report.metrics.throughput_tasks_per_sec)
        .filter(|rate| *rate > 0.0)
        .map(|rate| tasks as f64 * f64::from(more) / rate)
        .sum();
    let seconds = seconds * (1.0 + twins.len() as f64 / comparison.runs.len().max(1) as f64);
    let mut kept = kept_arguments(&comparison.arguments);
    add_schedulers(&mut kept, twins);
    let words = kept.iter().map(|word| quote(word));
    let given = comparison.arguments.iter().any(|word| word.starts_with("--tasks"));
    let enough_already = !given && configs().all(|config| config.tasks == tasks);
    let own = (!enough_already).then(|| format!("--tasks {tasks}"));
    let own = own.into_iter().chain([format!("--reps {more}")]);
    let all: Vec<String> =
        std::iter::once(comparison.command.clone()).chain(words).chain(own).collect();
    format!("{what} (in about {}):\n  {}\n", number::seconds(seconds), all.join(" "))
}

/// To one or two significant digits.
fn round_up(n: u64) -> u64 {
    let mut unit = 1_u64;
    while n / unit >= 100 {
        unit = unit.saturating_mul(10);
    }
    n.div_ceil(unit).saturating_mul(unit)
}

/// Puts more policies behind those that the arguments name, if they name any.
fn add_schedulers(arguments: &mut Vec<String>, twins: &[Twin]) {
    let Some(flag) = arguments.iter().position(|word| word == "--schedulers") else { return };
    let values = arguments[flag + 1..].iter().take_while(|word| !word.starts_with('-')).count();
    let at = flag + 1 + values;
    arguments.splice(at..at, twins.iter().map(|twin| twin.policy.clone()));
}

fn kept_arguments(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or(word);
        match REPLACED.iter().find(|(flag, _)| *flag == name) {
            Some((_, true)) if name == word => drop(words.next()),
            Some(_) => {}
            None => kept.push(word.clone()),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suggestion_keeps_all_other_arguments() {
        let given = ["--schedulers", "fifo", "--tasks", "5", "--quick", "--output=x", "--no-plots"];
        let kept = kept_arguments(&given.map(str::to_owned));
        assert_eq!(kept, ["--schedulers", "fifo", "--no-plots"]);
    }

    #[test]
    fn policies_are_added_behind_the_others() {
        let given = ["--schedulers", "fifo", "round_robin", "--no-plots"];
        let mut arguments = given.map(str::to_owned).to_vec();
        let twin = |policy: &str| Twin {
            run: String::new(),
            first: String::new(),
            bind: String::new(),
            policy: policy.to_owned(),
        };
        add_schedulers(&mut arguments, &[twin("round_robin:bind=late")]);
        let all = ["--schedulers", "fifo", "round_robin", "round_robin:bind=late", "--no-plots"];
        assert_eq!(arguments, all);
    }

    #[test]
    fn tasks_are_round() {
        assert_eq!(round_up(7), 7);
        assert_eq!(round_up(1_600), 1_600);
        assert_eq!(round_up(12_801), 13_000);
    }

    #[test]
    fn a_difference_is_told_with_its_interval_and_only_if_it_is_one() {
        let delta =
            |mean, half| Some(Delta { mean, ci95: Some([mean - half, mean + half]), base: 100.0 });
        let mut difference = Difference {
            run: "b".into(),
            against: "a".into(),
            cause: Cause::Policy,
            pairs: 5,
            throughput_tasks_per_sec: delta(2.0, 1.0),
            avg_latency_ms: delta(0.5, 1.0),
            p99_latency_ms: None,
        };
        assert_eq!(sentence(&difference), "b against a: tasks/s +2.0 % (+1.0 % … +3.0 %)");
        difference.throughput_tasks_per_sec = delta(0.2, 1.0);
        let text = sentence(&difference);
        assert_eq!(text, "b against a: nothing that 5 repetitions can tell from chance");
    }
}
