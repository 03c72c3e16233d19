//! Who wins, by how much, and how sure: a sentence for each set of runs that can be compared.
//!
//! Runs of one configuration are compared each with each (`ranking`), in one family with the
//! differences that are told below it: this only picks from them. So the winner may be picked by
//! looking at the numbers, since it wins over those only from which even this tells it apart; and
//! what a headline says of two runs is what the list says of them.

use super::Comparison;
use super::differences::{Difference, delta_of, family};
use super::finding::{Delta, Finding};
use super::number;
use super::ranking::{Question, fields, questions};
use super::remarks::of_the_others;
use super::sentence::amount;
use crate::run::Measured;
use metrics::words::{count, listed};

/// A run, as far as a question is about it.
#[derive(Clone, Debug)]
struct Entry<'a> {
    /// Without the name of the configuration, which the sentence begins with.
    name: &'a str,
    bind: &'a str,
    value: f64,
    /// Whether its certificate says not to rely on it.
    spoilt: bool,
}

/// Runs from the best on, and the best against each after it.
struct Order<'a> {
    question: &'static Question,
    ranked: Vec<Entry<'a>>,
    /// From the second one on.
    deltas: Vec<Option<Delta>>,
}

/// What each sentence is about, empty if it says so itself, and the sentence; those of the experiment's
/// own chapters first; at least one if there is a run.
pub(super) fn headlines(
    comparison: &Comparison<'_>,
    differences: &[Difference],
) -> Vec<(String, String)> {
    let all = comparison.runs;
    let key = |run: &Measured| {
        let config = &run.report.metrics.config;
        [config.part.clone(), config.configuration.clone()]
    };
    let chapters = comparison.chapters.iter();
    let whole = |sentence: String| (String::new(), sentence);
    let mut told: Vec<(String, String)> =
        chapters.flat_map(|it| it.headlines.iter().cloned()).map(whole).collect();
    for runs in fields(all) {
        let [part, configuration] = key(&runs[0]);
        // A part of one configuration needs no other name.
        let several =
            all.iter().map(key).any(|[other, name]| other == part && name != configuration);
        let names = if several || part.is_empty() { vec![part, configuration] } else { vec![part] };
        let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
        let failed = of_the_others(runs, called);
        let sentences = field(runs, differences).into_iter().map(|sentence| sentence + &failed);
        told.extend(sentences.map(|sentence| (names.join(", "), sentence)));
    }
    match all {
        [] => {}
        [run] if told.is_empty() => told.push(whole(alone(run))),
        _ if told.is_empty() => told.push(whole(
            "Nobody wins: each run is of another configuration, and only runs of the same one are \
             compared. How they differ is in the table."
                .to_owned(),
        )),
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
        "One run, {}: {rate} tasks/s, latency p50 {p50} ms and p99 {p99} ms. There is nothing to \
         compare it with.",
        run.report.name
    )
}

/// A run without the name of its configuration.
fn called(run: &Measured) -> &str {
    let rest = run.report.name.strip_prefix(run.report.metrics.config.configuration.as_str());
    rest.and_then(|rest| rest.strip_prefix('_')).unwrap_or(&run.report.name)
}

/// The sentences about the runs of one configuration.
fn field(runs: &[Measured], differences: &[Difference]) -> Vec<String> {
    let orders = questions(runs).iter().map(|it| Order::of(runs, it, differences));
    let orders: Vec<Order<'_>> = orders.filter(|order| order.ranked.len() > 1).collect();
    if orders.is_empty() {
        return vec!["Nobody wins: there are no two runs with successful tasks.".to_owned()];
    }
    let one = |run: &Measured| run.repetitions.len() < 2 || run.one_history;
    if runs.iter().any(|run| run.sections.is_none() && one(run)) {
        let best = orders.iter().map(Order::first);
        let spoilt: String = orders.iter().map(Order::spoilt).collect();
        return vec![format!(
            "Nobody can be said to win: one history does not tell a difference from chance. \
             Here {}.{spoilt}",
            best.collect::<Vec<_>>().join(", and ")
        )];
    }
    let comparisons = family(differences, &runs[0].report.metrics.config.part);
    orders.iter().map(|order| order.told(comparisons)).collect()
}

impl<'a> Entry<'a> {
    /// None of a run without the measure.
    fn of(run: &'a Measured, question: &Question) -> Option<Entry<'a>> {
        let metrics = &run.report.metrics;
        Some(Entry {
            name: called(run),
            bind: &metrics.config.bind,
            value: question.value(run)?,
            spoilt: question.measure.is_spoilt(metrics),
        })
    }
}

impl<'a> Order<'a> {
    fn of(
        runs: &'a [Measured],
        question: &'static Question,
        differences: &[Difference],
    ) -> Order<'a> {
        let ranked = question.ranked(runs);
        let names: Vec<&str> = ranked.iter().map(|run| run.report.name.as_str()).collect();
        let against = names.iter().skip(1);
        let delta = |other: &&str| delta_of(differences, [names[0], other], question.measure);
        Order {
            question,
            deltas: against.map(delta).collect(),
            ranked: ranked.into_iter().filter_map(|run| Entry::of(run, question)).collect(),
        }
    }

    /// `fifo has the highest throughput, 507.7 tasks/s`
    fn first(&self) -> String {
        let Question { best, unit, .. } = self.question;
        format!("{} has {best}, {} {unit}", self.name(0), number::short(self.ranked[0].value))
    }

    fn name(&self, at: usize) -> &str {
        self.ranked[at].name
    }

    fn told(&self, comparisons: usize) -> String {
        self.compared(comparisons) + &self.spoilt()
    }

    /// What the certificates take back.
    fn spoilt(&self) -> String {
        let measure = self.question.measure;
        let spoilt = |at: &usize| self.ranked[*at].spoilt;
        let names: Vec<&str> =
            (0..self.ranked.len()).filter(spoilt).map(|at| self.name(at)).collect();
        match names.len() {
            0 => String::new(),
            n if n == self.ranked.len() => {
                format!(
                    " But the certificates say not to rely on the {} of any run.",
                    measure.name()
                )
            }
            _ => format!(
                " But the certificates say not to rely on the {} of {}.",
                measure.name(),
                listed(&names)
            ),
        }
    }

    fn compared(&self, comparisons: usize) -> String {
        let against = |other: usize| self.deltas.get(other - 1)?.as_ref();
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
            let [mine, theirs] = [0, *next].map(|at| self.ranked[at].bind);
            let binding = match mine == theirs {
                true => String::new(),
                false => format!(
                    " It binds {mine} and {next_one} {theirs}, which alone may be the reason."
                ),
            };
            Some(format!(
                "{amount} {than} {next_one}, {} (95 % interval; p ≤ 0.05 {}).{binding}",
                if level.is_empty() && behind.len() > 1 {
                    "the next"
                } else if level.is_empty() {
                    "the other"
                } else {
                    "the best of the rest"
                },
                match comparisons {
                    0 | 1 => "of one comparison".to_owned(),
                    n => format!(
                        "after Holm\u{2019}s correction over {} comparisons",
                        count(n as u64)
                    ),
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

#[cfg(test)]
mod tests {
    use super::super::finding::judge;
    use super::super::ranking::{TAIL, THROUGHPUT};
    use super::*;

    /// A run, and its values by seed.
    type Run = (Entry<'static>, [f64; 4]);

    fn entry(name: &'static str, bind: &'static str, values: [f64; 4]) -> Run {
        let value = values.iter().sum::<f64>() / 4.0;
        (Entry { name, bind, value, spoilt: false }, values)
    }

    /// The best is first. All comparisons are each with each.
    fn told(question: &'static Question, runs: &[Run]) -> String {
        let pairs = (0..runs.len()).flat_map(|i| (i + 1..runs.len()).map(move |j| (i, j)));
        let pairs: Vec<(usize, usize)> = pairs.collect();
        let of = |&(i, j): &(usize, usize)| {
            let pairs: Vec<_> = runs[i].1.into_iter().zip(runs[j].1).collect();
            Delta::of_pairs(&pairs)
        };
        let mut deltas: Vec<Delta> = pairs.iter().map(of).collect();
        judge(&mut deltas.iter_mut().collect::<Vec<_>>());
        let of_best = pairs.iter().zip(&deltas).filter(|((i, _), _)| *i == 0);
        let order = Order {
            question,
            ranked: runs.iter().map(|(entry, _)| entry.clone()).collect(),
            deltas: of_best.map(|(_, delta)| Some(*delta)).collect(),
        };
        order.told(deltas.len())
    }

    const HUNDRED: [f64; 4] = [100.0, 101.0, 99.0, 100.0];

    #[test]
    fn who_is_shown_to_be_ahead_of_all_wins() {
        let (slow, slower) = ([120.0, 121.2, 118.8, 120.0], [200.0, 202.0, 198.0, 200.0]);
        let [a, b, c] =
            [("a", HUNDRED), ("b", slow), ("c", slower)].map(|(name, of)| entry(name, "late", of));
        let text = told(&TAIL, &[a.clone(), b.clone(), c.clone()]);
        // 100 ÷ 120 is the same in every pair.
        assert!(
            text.starts_with(
                "a has the lowest p99 latency, 100 ms: 16.67 % lower than b, the next"
            ),
            "{text}"
        );
        assert!(text.contains("over 3 comparisons") && !text.contains("binds"), "{text}");
        let text = told(&THROUGHPUT, &[c, b, a]);
        assert!(
            text.starts_with("c has the highest throughput, 200 tasks/s: 66.67 % higher than b"),
            "{text}"
        );
    }

    #[test]
    fn what_binding_may_explain_is_said() {
        let text = told(
            &TAIL,
            &[entry("a", "late", HUNDRED), entry("b", "early", HUNDRED.map(|x| x * 1.5))],
        );
        assert!(
            text.ends_with("It binds late and b early, which alone may be the reason."),
            "{text}"
        );
    }

    #[test]
    fn nobody_wins_by_chance() {
        let noisy = [90.0, 115.0, 99.0, 104.0];
        let text = told(&TAIL, &[entry("a", "late", HUNDRED), entry("b", "late", noisy)]);
        assert_eq!(
            text,
            "No winner is shown: a has the lowest p99 latency, 100 ms, but no difference from b \
             is shown."
        );
        let same = HUNDRED.map(|x| x * 1.001);
        let text = told(&TAIL, &[entry("a", "late", HUNDRED), entry("b", "late", same)]);
        assert_eq!(text, "No winner in p99: all are less than 1 % apart.");
        let far = HUNDRED.map(|x| x * 3.0);
        let text = told(
            &TAIL,
            &[entry("a", "late", HUNDRED), entry("b", "late", same), entry("c", "late", far)],
        );
        let expected = "a has the lowest p99 latency, 100 ms; with b, less than 1 % from it, it \
                        is ahead of the rest: ";
        assert!(
            text.starts_with(expected) && text.contains("lower than c, the best of the rest"),
            "{text}"
        );
    }

    #[test]
    fn what_certificates_take_back_is_said() {
        let (b, values) = entry("b", "late", HUNDRED.map(|x| x * 1.5));
        let spoilt = (Entry { spoilt: true, ..b }, values);
        let text = told(&TAIL, &[entry("a", "late", HUNDRED), spoilt]);
        assert!(text.ends_with("But the certificates say not to rely on the p99 of b."), "{text}");
    }
}
