//! Who wins, by how much, and how sure: a sentence for each set of runs that can be compared.
//!
//! Runs of one configuration are compared each with each, pair by pair of equal seeds, and all of these
//! comparisons are corrected together by Holm's method. So the winner may be picked by looking at the
//! numbers: it wins over those only from which even this tells it apart. In a closed system and a batch the
//! first question is throughput; where arrivals are given, that is theirs, and latency is asked alone.

use super::finding::{Delta, Finding, judge};
use super::number;
use super::sentence::amount;
use crate::run::{Measure, Measured, Repetition};

/// What is asked of a set of runs: a measure, whether more of it is better, and how its best is called.
struct Question {
    measure: Measure,
    more: bool,
    best: &'static str,
    unit: &'static str,
}

const THROUGHPUT: Question = Question {
    measure: Measure::Throughput,
    more: true,
    best: "the highest throughput",
    unit: "tasks/s",
};
const TAIL: Question =
    Question { measure: Measure::P99, more: false, best: "the lowest p99 latency", unit: "ms" };

/// Runs from the best on, and each of them against each after it.
struct Order<'a> {
    question: &'static Question,
    ranked: Vec<(f64, &'a Measured)>,
    deltas: Vec<((usize, usize), Delta)>,
}

/// The sentences; at least one if there is a run.
pub(super) fn headlines(runs: &[Measured]) -> Vec<String> {
    let key = |run: &Measured| {
        let config = &run.report.metrics.config;
        [config.part.clone(), config.configuration.clone()]
    };
    let mut told = Vec::new();
    for runs in runs.chunk_by(|one, other| key(one) == key(other)).filter(|runs| runs.len() > 1) {
        let mut names: Vec<String> = key(&runs[0]).into();
        names.retain(|name| !name.is_empty());
        names.dedup(); // a part of one configuration may be called like it
        let start = match names.is_empty() {
            true => String::new(),
            false => format!("{}: ", names.join(", ")),
        };
        told.extend(field(runs).into_iter().map(|sentence| start.clone() + &sentence));
    }
    match runs {
        [] => {}
        [run] => told.push(alone(run)),
        _ if told.is_empty() => told.push(
            "Nobody wins: each run is of another configuration, and they do different work. How they differ is in \
             the table."
                .to_owned(),
        ),
        _ => {}
    }
    told
}

fn alone(run: &Measured) -> String {
    let metrics = &run.report.metrics;
    let [rate, p50, p99] =
        [metrics.throughput_tasks_per_sec, metrics.p50_latency_ms, metrics.p99_latency_ms]
            .map(|x| x.map_or("-".to_owned(), number::short));
    format!(
        "One run, {}: {rate} tasks/s, latency p50 {p50} ms and p99 {p99} ms. There is nothing to compare it with.",
        run.report.name
    )
}

/// The sentences about the runs of one configuration.
fn field(runs: &[Measured]) -> Vec<String> {
    let arrivals = &runs[0].report.metrics.config.arrivals;
    let questions: &[&'static Question] =
        match arrivals.starts_with("closed") || arrivals == "batch" {
            true => &[&THROUGHPUT, &TAIL],
            false => &[&TAIL],
        };
    let mut orders: Vec<Order<'_>> = questions.iter().map(|it| Order::of(runs, it)).collect();
    orders.retain(|order| order.ranked.len() > 1);
    if orders.is_empty() {
        return vec!["Nobody wins: there are no two runs with successful tasks.".to_owned()];
    }
    if runs.iter().any(|run| run.repetitions.len() < 2) {
        let best = orders.iter().map(|order| order.first());
        return vec![format!(
            "Nobody can be said to win: one repetition does not tell a difference from chance. Here {}.",
            best.collect::<Vec<_>>().join(", and ")
        )];
    }
    let mut deltas: Vec<&mut Delta> =
        orders.iter_mut().flat_map(|order| &mut order.deltas).map(|(_, delta)| delta).collect();
    let comparisons = deltas.len();
    judge(&mut deltas);
    orders.iter().map(|order| order.told(comparisons)).collect()
}

impl<'a> Order<'a> {
    fn of(runs: &'a [Measured], question: &'static Question) -> Order<'a> {
        let value = |run: &Measured| match question.measure {
            Measure::Throughput => run.report.metrics.throughput_tasks_per_sec,
            _ => run.report.metrics.p99_latency_ms,
        };
        let mut ranked: Vec<(f64, &Measured)> =
            runs.iter().filter_map(|run| Some((value(run)?, run))).collect();
        ranked.sort_by(|(one, _), (other, _)| match question.more {
            true => other.total_cmp(one),
            false => one.total_cmp(other),
        });
        let pairs = |one: &Measured, other: &Measured| -> Vec<(f64, f64)> {
            let whole = one.repetitions.iter().filter(|it| !it.partial);
            let pair = |it: &Repetition| {
                let mut others = other.repetitions.iter().filter(|it| !it.partial);
                let other = others.find(|other| other.seed == it.seed)?;
                Some((it.value(question.measure)?, other.value(question.measure)?))
            };
            whole.filter_map(pair).collect()
        };
        let all = (0..ranked.len()).flat_map(|i| (i + 1..ranked.len()).map(move |j| (i, j)));
        let deltas =
            all.filter_map(|(i, j)| Some(((i, j), Delta::new(&pairs(ranked[i].1, ranked[j].1))?)));
        let deltas = deltas.collect();
        Order { question, ranked, deltas }
    }

    /// `fifo has the highest throughput, 507.7 tasks/s`
    fn first(&self) -> String {
        let Question { best, unit, .. } = self.question;
        format!("{} has {best}, {} {unit}", self.name(0), number::short(self.ranked[0].0))
    }

    /// Without the name of the configuration, which the sentence begins with.
    fn name(&self, at: usize) -> &str {
        let report = &self.ranked[at].1.report;
        let rest = report.name.strip_prefix(report.metrics.config.configuration.as_str());
        rest.and_then(|rest| rest.strip_prefix('_')).unwrap_or(&report.name)
    }

    fn told(&self, comparisons: usize) -> String {
        let against = |other: usize| {
            self.deltas.iter().find(|(pair, _)| *pair == (0, other)).map(|(_, delta)| delta)
        };
        let beaten = |other: &usize| {
            against(*other).is_some_and(|it| it.finding == Finding::Shown && !it.is_small())
        };
        let (behind, level): (Vec<usize>, Vec<usize>) = (1..self.ranked.len()).partition(beaten);
        let alike = level.iter().all(|other| against(*other).is_some_and(Delta::is_small));
        let names = |of: &[usize]| listed(&of.iter().map(|at| self.name(*at)).collect::<Vec<_>>());
        let tied = match alike {
            true => "less than 1 % from it",
            false => "from which no difference is shown",
        };
        let ahead = behind.first().and_then(|next| {
            let (amount, than) = amount(against(*next)?);
            let next_one = self.name(*next);
            let [mine, theirs] = [0, *next].map(|at| &self.ranked[at].1.report.metrics.config.bind);
            let binding = match mine == theirs {
                true => String::new(),
                false => format!(
                    " It binds {mine} and {next_one} {theirs}, which alone may be the reason."
                ),
            };
            Some(format!(
                "{amount} {than} {next_one}, {} (95 % interval; p ≤ 0.05 after Holm\u{2019}s correction over \
                 {comparisons} comparisons).{binding}",
                if level.is_empty() && behind.len() > 1 {
                    "the next"
                } else if level.is_empty() {
                    "the other"
                } else {
                    "the best of the rest"
                },
            ))
        });
        let first = self.first();
        match (ahead, level.is_empty()) {
            (Some(ahead), true) => format!("{first}: {ahead}"),
            (Some(ahead), false) => {
                format!("{first}; with {}, {tied}, it is ahead of the rest: {ahead}", names(&level))
            }
            (None, _) if alike => {
                format!(
                    "No winner in {}: all are less than 1 % apart.",
                    self.question.measure.name()
                )
            }
            (None, _) => {
                format!(
                    "No winner is shown: {first}, but no difference from {} is shown.",
                    names(&level)
                )
            }
        }
    }
}

/// `a, b and c`
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
