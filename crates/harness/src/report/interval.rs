//! How intervals were made, in words.
//!
//! An interval without its method is half a number: one over repetitions speaks of other seeds, one
//! over batches of more of the same run. So the method stands wherever intervals do.

use super::number;
use crate::run::Measured;
use metrics::report::{Interval, Method};
use metrics::{LEAST_TASKS, LeastTasks};

/// From where on one repetition says how far chance reaches in it; `LEAST_TASKS` in a sentence without its
/// full stop, for every text that asks for more than that.
pub(crate) fn from_within() -> String {
    let LeastTasks { tasks, p99, per_slot } = LEAST_TASKS;
    format!(
        "one repetition has intervals from within if it has {} tasks, {} for those of the p99, and \
         {per_slot} for each slot",
        number::count(tasks),
        number::count(p99)
    )
}

/// What a run's intervals are over, as in `by batch means over 15 batches of about 588 tasks`. None if
/// it has none.
pub(super) fn method(of: &Interval) -> Option<String> {
    Some(match of.method? {
        Method::Repetitions => format!("over {} repetitions", number::count(u64::from(of.n))),
        Method::BatchMeans => {
            let tasks = number::count(of.batch_tasks.unwrap_or(0));
            format!("by batch means over {} batches of about {tasks} consecutive tasks", of.n)
        }
    })
}

/// The methods of several runs, each once, without numbers where these differ.
pub(super) fn methods(runs: &[Measured]) -> Vec<String> {
    let all: Vec<&Interval> = runs.iter().map(|run| &run.report.metrics.interval).collect();
    let of = |wanted: Method, several: &str| {
        let mut texts: Vec<String> =
            all.iter().filter(|it| it.method == Some(wanted)).filter_map(|it| method(it)).collect();
        texts.dedup();
        match &texts[..] {
            [] => None,
            [one] => Some(one.clone()),
            _ => Some(several.to_owned()),
        }
    };
    let batches = "by batch means over 10 to 30 batches of consecutive tasks";
    let methods = [of(Method::Repetitions, "over repetitions"), of(Method::BatchMeans, batches)];
    methods.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_same_threshold() {
        let readme = include_str!("../../../../README.md");
        let words = readme.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut sentence = from_within();
        sentence.replace_range(..1, "O");
        assert!(words.contains(&sentence), "not in the README: {sentence}");
    }
}
