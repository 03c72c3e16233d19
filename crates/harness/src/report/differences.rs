//! Which differences between runs are more than chance.
//!
//! Runs of one configuration see the same arrivals and service times in equal repetitions,
//! so they are compared pair by pair (see `metrics::Ratio`). Only runs of equal binding are
//! compared, with the first of them: what late or early binding does must not be credited to a
//! placement. What binding does to one policy, and what a priority level does to its tasks,
//! are differences of their own kind; and so is each with each, in what a headline is about
//! (`ranking`). Whoever looks at many differences finds some by chance: within a part of an experiment
//! all p-values, those of the headline too, are corrected together, by Holm's method.

use super::finding::{Delta, judge};
use super::ranking::{fields, questions};
use crate::run::{Measure, Measured, Repetition};
use metrics::report::Method;
use metrics::{Ratio, Sections};
use serde_json::{Map, Value, json};

/// What two runs differ in.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Cause {
    /// The policy; the binding is the same.
    Policy,
    /// The binding; the policy is the same.
    Binding,
    /// The priority of the tasks; the run is the same.
    Level {
        /// The most urgent.
        high: usize,
        /// The least urgent.
        low: usize,
        /// The p99 of both in the run, ms.
        p99_ms: [f64; 2],
    },
    /// Both may be, for a headline that asks who is first: a difference in one measure only.
    Ranking,
}

/// One run against another, paired by seed, or by batches of the same tasks.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Difference {
    /// The run.
    pub(crate) run: String,
    /// What it is compared with.
    pub(crate) against: String,
    /// The part of the experiment that both belong to.
    pub(crate) part: String,
    /// What differs between the two.
    pub(crate) cause: Cause,
    /// What a pair is: a repetition of equal seed, or a batch of the same tasks.
    pub(crate) by: Method,
    /// Pairs.
    pub(crate) pairs: u32,
    /// Whether both had the same tasks in each pair, so that mean latencies are paired by task too.
    pub(crate) same_tasks: bool,
    /// Each measure that both have.
    pub(crate) deltas: Vec<(Measure, Delta)>,
}

/// The differences that can be told about: within each configuration, each run against the first
/// one of its binding, and against the run of the same policy that is bound otherwise; how the
/// most urgent tasks fare against the least urgent ones, where there are several priorities; and,
/// where a headline asks who is first, each against each that is not there yet.
pub(crate) fn differences(runs: &[Measured]) -> Vec<Difference> {
    let part = |run: &Measured| run.report.metrics.config.part.clone();
    let mut found = Vec::new();
    for runs in runs.chunk_by(|one, other| part(one) == part(other)) {
        let mut of_part = listed(runs);
        for field in fields(runs) {
            rank(field, &mut of_part);
        }
        let deltas = of_part.iter_mut().flat_map(|difference| &mut difference.deltas);
        judge(&mut deltas.map(|(_, delta)| delta).collect::<Vec<_>>());
        found.extend(of_part);
    }
    found
}

/// Those of a part that are told one by one, not judged yet.
fn listed(runs: &[Measured]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let config = &run.report.metrics.config;
        let before = || {
            let same = |other: &&Measured| {
                other.report.metrics.config.configuration == config.configuration
            };
            runs[..i].iter().filter(same)
        };
        let first = before().find(|other| other.report.metrics.config.bind == config.bind);
        let twin = before().find(|other| {
            let other = &other.report.metrics.config;
            (&other.policy, &other.parameters) == (&config.policy, &config.parameters)
                && other.bind != config.bind
        });
        found.extend(first.map(|first| between(run, first, Cause::Policy)));
        found.extend(twin.map(|twin| between(run, twin, Cause::Binding)));
        // The first of its binding is what the others are told against, unless there are none.
        let alone = || {
            let peers = runs.iter().filter(|other| {
                let other = &other.report.metrics.config;
                (&other.configuration, &other.bind) == (&config.configuration, &config.bind)
            });
            peers.count() == 1
        };
        if first.is_some() || alone() {
            found.extend(levels(run, first));
        }
    }
    found
}

/// Adds what is missing of each against each, in the measures that a headline is about.
fn rank(field: &[Measured], found: &mut Vec<Difference>) {
    for question in questions(field) {
        let ranked = question.ranked(field);
        for (i, one) in ranked.iter().enumerate() {
            for other in &ranked[i + 1..] {
                let names = [one, other].map(|run| run.report.name.as_str());
                if delta_of(found, names, question.measure).is_some() {
                    continue;
                }
                let mut difference = between(one, other, Cause::Ranking);
                difference.deltas.retain(|(measure, _)| *measure == question.measure);
                let same = |it: &&mut Difference| {
                    let pair = [it.run.as_str(), it.against.as_str()];
                    it.cause == Cause::Ranking && (pair == names || pair == [names[1], names[0]])
                };
                match found.iter_mut().find(same) {
                    Some(known) if known.run == names[0] => known.deltas.extend(difference.deltas),
                    Some(known) => {
                        let turned = difference.deltas.into_iter();
                        known.deltas.extend(turned.map(|(of, delta)| (of, delta.reversed())));
                    }
                    None => found.push(difference),
                }
            }
        }
    }
}

/// The delta of two runs of a configuration in a measure, whichever way round it was taken.
pub(super) fn delta_of(
    differences: &[Difference],
    [run, against]: [&str; 2],
    measure: Measure,
) -> Option<Delta> {
    let of_runs = differences.iter().filter(|it| !matches!(it.cause, Cause::Level { .. }));
    of_runs.into_iter().find_map(|it| {
        let delta = it.delta(measure)?;
        match (it.run == run && it.against == against, it.run == against && it.against == run) {
            (true, _) => Some(*delta),
            (_, true) => Some(delta.reversed()),
            _ => None,
        }
    })
}

/// The number of comparisons that were corrected together in a part.
pub(super) fn family(differences: &[Difference], part: &str) -> usize {
    let of_part = differences.iter().filter(|it| it.part == part);
    of_part.flat_map(|it| &it.deltas).filter(|(_, delta)| delta.p.is_some()).count()
}

fn between(run: &Measured, against: &Measured, cause: Cause) -> Difference {
    let mut difference = by_seed(run, against, cause);
    if let Some((pairs, deltas)) = by_batches(run, against) {
        difference = Difference { by: Method::BatchMeans, pairs, deltas, ..difference };
    }
    for (measure, delta) in &mut difference.deltas {
        delta.spoilt = [run, against].iter().any(|it| measure.is_spoilt(&it.report.metrics));
    }
    difference
}

/// By batches of the same tasks: their number, and the differences. None unless both runs have any.
fn by_batches(run: &Measured, against: &Measured) -> Option<(u32, Vec<(Measure, Delta)>)> {
    let (one, other) = (run.sections.as_ref()?, against.sections.as_ref()?);
    let both = |measure: Measure| {
        Some((measure, measure.sections(one)?, measure.sections(other)?))
            .filter(|_| one.plan == other.plan)
    };
    let both: Vec<_> = Measure::ALL.into_iter().filter_map(both).collect();
    let judged = both.iter().filter_map(|(_, one, other)| {
        one.log_ratio(other).or_else(|| one.minus(other)) // for any number of batches
    });
    let n = Sections::sectioning(&judged.collect::<Vec<_>>())?.sections;
    let delta = |&(measure, one, other): &(Measure, &Sections, &Sections)| {
        Some((measure, Delta::of(one, other, Method::BatchMeans, n)?))
    };
    Some((n as u32, both.iter().filter_map(delta).collect()))
}

/// By repetitions of equal seed. Those of one history are all the same pair.
fn by_seed(run: &Measured, against: &Measured, cause: Cause) -> Difference {
    let pairs = run.pairs(against);
    let delta = |measure: Measure| {
        let have = |pair: &&(&Repetition, &Repetition)| {
            pair.0.value(measure).is_some() && pair.1.value(measure).is_some()
        };
        let (ones, others): (Vec<_>, Vec<_>) = pairs.iter().filter(have).copied().unzip();
        let (one, other) = (run.estimate(measure, &ones)?, against.estimate(measure, &others)?);
        Some((measure, Delta::of(&one, &other, Method::Repetitions, ones.len())?))
    };
    let same = |(one, other): &(&Repetition, &Repetition)| {
        one.failed + other.failed == 0 && one.successful == other.successful
    };
    Difference {
        run: run.report.name.clone(),
        against: against.report.name.clone(),
        part: run.report.metrics.config.part.clone(),
        cause,
        by: Method::Repetitions,
        pairs: u32::try_from(pairs.len()).unwrap_or(u32::MAX),
        same_tasks: pairs.iter().all(same),
        deltas: Measure::ALL.into_iter().filter_map(delta).collect(),
    }
}

/// The p99 of the most urgent tasks ÷ that of the least urgent ones, against the same under `first`:
/// both have the same urgent tasks, so it cancels whether those happened to be lucky. Of a run
/// without such a first one, the p99 of the most urgent against that of the least urgent.
fn levels(run: &Measured, first: Option<&Measured>) -> Option<Difference> {
    if run.one_history {
        return None; // batches have no levels
    }
    let present = || run.whole().flat_map(|repetition| repetition.level_p99.keys().copied());
    let (low, high) = (present().min()?, present().max()?);
    let both = |it: &Repetition| [low, high].iter().all(|level| it.level_p99.contains_key(level));
    let (own, firsts): (Vec<&Repetition>, Vec<&Repetition>) = match first {
        None => run.whole().filter(|it| both(it)).map(|it| (it, it)).unzip(),
        Some(first) => {
            run.pairs(first).into_iter().filter(|(one, other)| both(one) && both(other)).unzip()
        }
    };
    let ends = |run: &Measured, of: &[&Repetition]| {
        Some([run.level_p99(high, of)?, run.level_p99(low, of)?])
    };
    let [urgent, patient] = ends(run, &own)?;
    let mut delta = match first {
        None => Delta::of(&urgent, &patient, Method::Repetitions, own.len())?,
        Some(first) => {
            let [base, base_patient] = ends(first, &firsts)?;
            let paired = ratios([&urgent, &patient], &own, [high, low])?
                .minus(&ratios([&base, &base_patient], &firsts, [high, low])?)?
                .estimate(own.len(), base.overall() / base_patient.overall())?;
            let ends = ([&urgent, &patient], [&base, &base_patient]);
            Delta::new(paired, Ratio::of_ratios(ends.0, ends.1, own.len()))
        }
    };
    let spoilt = |run: &Measured, level: usize| {
        run.report.metrics.certificate.spoils(&format!("by_priority.{level}.end_to_end.p99"))
    };
    delta.spoilt =
        [Some(run), first].into_iter().flatten().any(|it| spoilt(it, low) || spoilt(it, high));
    let p99 = |level: usize| run.report.metrics.by_priority.get(&level.to_string())?.end_to_end.p99;
    let p99_ms = [p99(high)?, p99(low)?];
    (low < high).then(|| Difference {
        run: run.report.name.clone(),
        against: first.unwrap_or(run).report.name.clone(),
        part: run.report.metrics.config.part.clone(),
        cause: Cause::Level { high, low, p99_ms },
        by: Method::Repetitions,
        pairs: u32::try_from(own.len()).unwrap_or(u32::MAX),
        same_tasks: false,
        deltas: vec![(Measure::P99, delta)],
    })
}

/// The ratio of the p99 of two levels by repetition. None where the second is 0.
fn ratios(of: [&Sections; 2], repetitions: &[&Repetition], levels: [usize; 2]) -> Option<Sections> {
    let ratio = |it: &&Repetition| {
        let [one, other] = levels.map(|level| it.level_p99.get(&level).copied());
        Some((one? / other.filter(|other| *other > 0.0)?, 1.0))
    };
    let own: Vec<(f64, f64)> = repetitions.iter().map(ratio).collect::<Option<_>>()?;
    Sections::of_repetitions(of[0].overall() / of[1].overall(), &own)
}

impl Difference {
    /// The delta of a measure.
    pub(crate) fn delta(&self, measure: Measure) -> Option<&Delta> {
        self.deltas.iter().find(|(of, _)| *of == measure).map(|(_, delta)| delta)
    }

    /// As it stands in files.
    pub(crate) fn json(&self) -> Value {
        let mut map = Map::new();
        let (cause, levels) = match self.cause {
            Cause::Policy => ("policy", None),
            Cause::Binding => ("binding", None),
            Cause::Level { high, low, .. } => ("level", Some([high, low])),
            Cause::Ranking => ("ranking", None),
        };
        let mut set = |key: &str, value: Value| drop(map.insert(key.to_owned(), value));
        set("run", json!(self.run));
        set("against", json!(self.against));
        set("part", json!(self.part));
        set("cause", json!(cause));
        set("levels", json!(levels));
        set("pairs", json!(self.pairs));
        set("method", json!(self.by));
        set(
            "paired_by",
            json!(match (self.by, self.same_tasks) {
                (Method::BatchMeans, _) => "batch of tasks",
                (_, true) => "seed and task",
                (_, false) => "seed",
            }),
        );
        if levels.is_some() {
            // Not in ms where it is a ratio, so not under the name of the measure.
            set("p99_by_level", self.delta(Measure::P99).map_or(Value::Null, Delta::json));
            return Value::Object(map);
        }
        for measure in Measure::ALL {
            set(measure.key(), self.delta(measure).map_or(Value::Null, Delta::json));
        }
        Value::Object(map)
    }
}
