//! The command that would tell more.
//!
//! Where nothing can be told, the exact command that could tell is printed: enough tasks that
//! start and drain do not matter, and ten repetitions. Virtual time has the same answer for emulated
//! work, at once.

use super::Comparison;
use super::differences::Difference;
use super::finding::{Finding, MOST_TIMES, times_as_long};
use super::number;
use super::table::wrapped;
use super::verdict::{Twin, binding, missing_twins};
use crate::provenance::quote;
use crate::run::Measured;
use cluster::Strategy;
use metrics::report::Method;

/// Repetitions that usually decide what is worth deciding.
const REPETITIONS: u64 = 10;
/// More are not suggested: a difference that takes so many matters to nobody.
const MOST_REPETITIONS: u64 = 1_000;
/// Tasks per slot of the suggested run: what a closed run needs for start and drain not to matter.
const TASKS_PER_SLOT: u64 = 50;

/// Flags that the suggestion sets itself or that would be in its way. True: with a value.
const REPLACED: [(&str, bool); 5] =
    [("--tasks", true), ("--reps", true), ("--output", true), ("--quick", false), ("--env", true)];

/// What cannot be told of these runs and what would tell it, in whole lines of at most `width`
/// characters, but for commands, which are in one piece. Empty if all is told.
pub(super) fn suggestion(
    comparison: &Comparison<'_>,
    differences: &[Difference],
    width: usize,
) -> String {
    if comparison.incomplete.is_some() {
        return String::new(); // half of a run decides nothing, and how to run it is known
    }
    let twins = missing_twins(comparison.runs);
    let flag = kept_arguments(&comparison.arguments).iter().any(|word| word == "--schedulers");
    let single: Vec<&Measured> = comparison.runs.iter().filter(|run| tells_nothing(run)).collect();
    if !single.is_empty() {
        let compared = differences.iter().any(|difference| difference.pairs == 1);
        let what = match compared {
            false => "how much these numbers vary from run to run",
            true => "whether these runs differ by more than chance",
        };
        let text = format!("{}, one repetition: {what} cannot be told.", tasks_of(&single));
        let repetitions = REPETITIONS;
        return wrapped(&text, width, "")
            + &binding(&twins, flag, width)
            + &commands(comparison, &single, &twins, "This tells", repetitions);
    }
    let all: Vec<&Measured> = comparison.runs.iter().collect();
    let text = binding(&twins, flag, width);
    if !twins.is_empty() && flag {
        return text + &commands(comparison, &all, &twins, "This tells", REPETITIONS);
    }
    let deltas = differences.iter().flat_map(|difference| &difference.deltas);
    // Repetitions tell more than one run cut into batches; but not of one history.
    let several = comparison.runs.iter().all(|run| !run.one_history);
    let missing = deltas.filter(|_| several).filter_map(|(_, delta)| match delta.finding {
        Finding::Open { missing } if delta.by == Method::Repetitions => missing,
        Finding::Open { .. } | Finding::Correlated => Some(0),
        _ => None,
    });
    let have = all.iter().map(|run| run.repetitions.len() as u64).max().unwrap_or(0);
    let few = |missing: &u64| {
        missing + have <= MOST_REPETITIONS && times_as_long(have, *missing) <= MOST_TIMES
    };
    match missing.filter(few).max() {
        Some(missing) => {
            let repetitions = round_up(have + missing).max(REPETITIONS);
            text + &commands(comparison, &all, &twins, "More repetitions tell more", repetitions)
        }
        None => text,
    }
}

/// Whether a run says nothing of how far chance reaches in it, and repetitions would.
fn tells_nothing(run: &Measured) -> bool {
    let method = run.report.metrics.interval.method;
    run.repetitions.len() < 2 && method.is_none() && !run.one_history
}

/// `200 tasks`, or `100 to 1,000 tasks`.
fn tasks_of(runs: &[&Measured]) -> String {
    let tasks = || runs.iter().map(|run| run.report.metrics.config.tasks);
    match (tasks().min(), tasks().max()) {
        (Some(least), Some(most)) if least < most => {
            format!("{} to {} tasks", number::count(least), number::count(most))
        }
        (Some(1), _) => "1 task".to_owned(),
        (Some(all), _) => format!("{} tasks", number::count(all)),
        _ => "No tasks".to_owned(),
    }
}

/// The same command with enough tasks and repetitions for `runs`, and how long it will take; if they
/// were emulated in real time, in virtual time too.
fn commands(
    comparison: &Comparison<'_>,
    runs: &[&Measured],
    twins: &[Twin],
    what: &str,
    repetitions: u64,
) -> String {
    let configs = || runs.iter().map(|run| &run.report.metrics.config);
    let enough = configs().map(|config| config.parallelism.saturating_mul(TASKS_PER_SLOT)).max();
    let most = configs().map(|config| config.tasks).max();
    let tasks = enough.map(round_up).max(most).unwrap_or(1);
    let more = 1.0 + twins.len() as f64 / comparison.runs.len().max(1) as f64;
    let seconds =
        runs.iter().map(|run| Cost::of(run).seconds(tasks, repetitions)).sum::<f64>() * more;
    let given = |flag: &str| comparison.arguments.iter().any(|word| word.starts_with(flag));
    let enough_already = !given("--tasks") && configs().all(|config| config.tasks == tasks);
    let command = |environment: Option<&str>| {
        let mut words = kept_arguments(&comparison.arguments);
        add_schedulers(&mut words, twins);
        words
            .extend(environment.into_iter().flat_map(|name| ["--env".to_owned(), name.to_owned()]));
        if !enough_already {
            words.extend(["--tasks".to_owned(), tasks.to_string()]);
        }
        words.extend(["--reps".to_owned(), repetitions.to_string()]);
        let words = words.iter().map(|word| quote(word));
        let all = std::iter::once(comparison.command.clone()).chain(words);
        format!("  {}\n", all.collect::<Vec<_>>().join(" "))
    };
    let environments = || configs().map(|config| config.environment.as_str());
    let mixed = comparison.runs.len() > runs.len();
    let own = environments().next().filter(|_| mixed || given("--env"));
    let emulated = configs().all(|config| config.work == "emulated");
    let real = configs().any(|config| Strategy::of(&config.policy).is_some()); // only Ray is Ray
    let simulated = match emulated && !real && environments().all(|name| name != "sim") {
        true => format!("{what}, in virtual time:\n{}", command(Some("sim"))),
        false => String::new(),
    };
    let what = if simulated.is_empty() { what } else { "And in real time" };
    format!("{simulated}{what} (in about {}):\n{}", number::seconds(seconds), command(own))
}

/// What a run cost, to tell what another one will.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// Real seconds, all of it.
    took: f64,
    /// Seconds of its own time, whatever that is, per repetition.
    lasted: f64,
    repetitions: f64,
    tasks: f64,
    stages: f64,
    is_virtual: bool,
    /// Own seconds per task, if it is long; 0 where nobody knows.
    pace: f64,
}

impl Cost {
    /// Real seconds per stage call in virtual time, if a run is too short to tell: of a run of a few tasks, all
    /// that shows is what it takes to begin and to write files.
    const CALL: f64 = 1e-6;
    /// Calls that tell what a call costs.
    const ENOUGH_CALLS: f64 = 50_000.0;

    fn of(run: &Measured) -> Cost {
        let metrics = &run.report.metrics;
        Cost {
            took: run.took.as_secs_f64(),
            lasted: metrics.total_duration_sec.unwrap_or(0.0),
            repetitions: run.repetitions.len().max(1) as f64,
            tasks: metrics.config.tasks.max(1) as f64,
            stages: f64::from(metrics.config.stages),
            is_virtual: metrics.config.environment == "sim",
            pace: run.pace,
        }
    }

    /// Real seconds with so many tasks and repetitions. What does not grow with the tasks is
    /// not scaled with them.
    fn seconds(&self, tasks: u64, repetitions: u64) -> f64 {
        let (tasks, repetitions) = (tasks as f64, repetitions as f64);
        let done = self.tasks * self.repetitions;
        if self.is_virtual {
            let known = done * self.stages >= Self::ENOUGH_CALLS;
            let most = if known { f64::INFINITY } else { Self::CALL * self.stages };
            return self.took + (self.took / done).min(most) * tasks * repetitions;
        }
        let beside = (self.took / self.repetitions - self.lasted).max(0.0);
        let per_task = if self.pace > 0.0 { self.pace } else { self.lasted / self.tasks };
        (beside + per_task * tasks) * repetitions
    }
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
        if let Some(first) = word.strip_prefix("--schedulers=") {
            kept.extend(["--schedulers".to_owned(), first.to_owned()]); // room for more behind it
            continue;
        }
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
        let joined = kept_arguments(&["--schedulers=fifo", "--seed=3"].map(str::to_owned));
        assert_eq!(joined, ["--schedulers", "fifo", "--seed=3"]);
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
    fn what_does_not_grow_with_the_tasks_is_not_scaled_with_them() {
        let one = Cost {
            took: 0.05,
            lasted: 0.03,
            repetitions: 1.0,
            tasks: 1.0,
            stages: 3.0,
            is_virtual: true,
            pace: 0.002,
        };
        // 64,000 tasks of three calls, not 64,000 times what it takes to write a file.
        let seconds = one.seconds(6_400, 10);
        assert!((0.1..1.0).contains(&seconds), "{seconds}");
        // A run that is long enough tells what a task costs.
        let long = Cost { took: 20.0, tasks: 100_000.0, ..one };
        assert!((200.0..240.0).contains(&long.seconds(100_000, 10)));
        // In real time: ten times 800 tasks at 500 per second, and what is done beside.
        let real = Cost { is_virtual: false, ..one };
        assert!((16.0..17.0).contains(&real.seconds(800, 10)), "{}", real.seconds(800, 10));
        // Of work that nobody knows the length of, by what was measured.
        let unknown = Cost { pace: 0.0, lasted: 2.0, took: 2.1, tasks: 200.0, ..real };
        assert!((80.0..85.0).contains(&unknown.seconds(800, 10)));
    }

    #[test]
    fn tasks_are_round() {
        assert_eq!(round_up(7), 7);
        assert_eq!(round_up(1_600), 1_600);
        assert_eq!(round_up(12_801), 13_000);
    }
}
