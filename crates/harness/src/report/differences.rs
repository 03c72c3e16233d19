//! Which differences between runs are more than chance.
//!
//! Runs of one configuration see the same arrivals and service times in equal repetitions,
//! so they are compared pair by pair (see `metrics::Paired`). Only runs of equal binding are
//! compared, with the first of them: what late or early binding does must not be credited to a
//! placement. What binding does to one policy, and what a priority level does to its tasks,
//! are differences of their own kind. Whoever looks at many differences finds some by chance: within
//! a part of an experiment all p-values are corrected together, by Holm's method.

use super::finding::{Delta, judge, judged_by};
use crate::run::{Measure, Measured, Repetition};
use metrics::Sections;
use metrics::report::Method;
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
/// one of its binding, and against the run of the same policy that is bound otherwise; and how the
/// most urgent tasks fare against the least urgent ones, where there are several priorities.
pub(crate) fn differences(runs: &[Measured]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let config = &run.report.metrics.config;
        let before = || {
            let same = |other: &&Measured| {
                let other = &other.report.metrics.config;
                other.configuration == config.configuration && other.part == config.part
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
                (&other.configuration, &other.part, &other.bind)
                    == (&config.configuration, &config.part, &config.bind)
            });
            peers.count() == 1
        };
        if first.is_some() || alone() {
            found.extend(levels(run, first));
        }
    }
    for part in found.chunk_by_mut(|one, other| one.part == other.part) {
        let deltas = part.iter_mut().flat_map(|difference| &mut difference.deltas);
        judge(&mut deltas.map(|(_, delta)| delta).collect::<Vec<_>>());
    }
    found
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
    let judged: Vec<Sections> =
        both.iter().filter_map(|(_, one, other)| judged_by(one, other)).collect();
    let n = Sections::sectioning(&judged)?.sections;
    let delta = |&(measure, one, other): &(Measure, &Sections, &Sections)| {
        Some((measure, Delta::of_sections(one, other, n)?))
    };
    Some((n as u32, both.iter().filter_map(delta).collect()))
}

/// By repetitions of equal seed. Those of one history are all the same pair.
fn by_seed(run: &Measured, against: &Measured, cause: Cause) -> Difference {
    let pairs: Vec<(&Repetition, &Repetition)> = run
        .repetitions
        .iter()
        .filter_map(|one| {
            let seed = |other: &&Repetition| other.seed == one.seed;
            let other = against.repetitions.iter().find(seed)?;
            (!one.partial && !other.partial).then_some((one, other))
        })
        .take(if run.one_history { 1 } else { usize::MAX })
        .collect();
    let delta = |measure: Measure| {
        let values: Vec<(f64, f64)> = pairs
            .iter()
            .filter_map(|(one, other)| Some((one.value(measure)?, other.value(measure)?)))
            .collect();
        Some((measure, Delta::new(&values)?))
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
    let whole = |run: &'_ Measured| -> Vec<Repetition> {
        run.repetitions.iter().filter(|repetition| !repetition.partial).cloned().collect()
    };
    let own = whole(run);
    let present = || own.iter().flat_map(|repetition| repetition.level_p99.keys().copied());
    let (low, high) = (present().min()?, present().max()?);
    let ends = |repetition: &Repetition| {
        Some((*repetition.level_p99.get(&high)?, *repetition.level_p99.get(&low)?))
    };
    let ratio = |repetition: &Repetition| ends(repetition).map(|(high, low)| high / low);
    let firsts = first.map(whole);
    let pair = |one: &Repetition| match &firsts {
        None => ends(one),
        Some(firsts) => {
            let other = firsts.iter().find(|other| other.seed == one.seed)?;
            Some((ratio(one)?, ratio(other)?))
        }
    };
    let pairs: Vec<(f64, f64)> = own.iter().filter_map(pair).collect();
    let spoilt = |run: &Measured, level: usize| {
        run.report.metrics.certificate.spoils(&format!("by_priority.{level}.end_to_end.p99"))
    };
    let spoilt =
        [Some(run), first].into_iter().flatten().any(|it| spoilt(it, low) || spoilt(it, high));
    let mut delta = Delta::new(&pairs)?;
    delta.spoilt = spoilt;
    let p99 = |level: usize| run.report.metrics.by_priority.get(&level.to_string())?.end_to_end.p99;
    let p99_ms = [p99(high)?, p99(low)?];
    (low < high).then(|| Difference {
        run: run.report.name.clone(),
        against: first.unwrap_or(run).report.name.clone(),
        part: run.report.metrics.config.part.clone(),
        cause: Cause::Level { high, low, p99_ms },
        by: Method::Repetitions,
        pairs: u32::try_from(pairs.len()).unwrap_or(u32::MAX),
        same_tasks: false,
        deltas: vec![(Measure::P99, delta)],
    })
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
