//! Numbers of runs, in the repetitions by which two runs are paired.
//!
//! What is compared is what the reports show: means over the repetitions, and quantiles of all
//! samples, not the mean of the repetitions' own quantiles, which in short repetitions lie lower.
//! Only repetitions that ended count. Where these are not all of a run, because it or the other one
//! was interrupted, there is no quantile of their samples alone, and the mean of theirs has its place,
//! on both sides. Runs by batches of tasks are `metrics::SectionsOfRun`.

use super::measure::Measured;
use super::repetition::{Measure, Repetition};
use metrics::Sections;

impl Measured {
    /// Its repetitions that ended; of one history, which it only repeats, the first.
    pub(crate) fn whole(&self) -> impl Iterator<Item = &Repetition> {
        let most = if self.one_history { 1 } else { usize::MAX };
        self.repetitions.iter().filter(|it| !it.partial).take(most)
    }

    /// The pairs of equal seed.
    pub(crate) fn pairs<'r>(
        &'r self,
        other: &'r Measured,
    ) -> Vec<(&'r Repetition, &'r Repetition)> {
        let with =
            |one: &'r Repetition| Some((one, other.whole().find(|other| other.seed == one.seed)?));
        self.whole().filter_map(with).collect()
    }

    /// A measure by these of its repetitions. None if one of them has none, or if there are none.
    pub(crate) fn estimate(&self, measure: Measure, of: &[&Repetition]) -> Option<Sections> {
        let metrics = &self.report.metrics;
        let all = |value: Option<f64>| value.map(Pooled::AllSamples);
        let pooled = match measure {
            Measure::Throughput => Some(Pooled::Mean),
            Measure::Mean | Measure::Wait => Some(Pooled::MeanOverTasks),
            Measure::P50 => all(metrics.p50_latency_ms),
            Measure::P95 => all(metrics.p95_latency_ms),
            Measure::P99 => all(metrics.p99_latency_ms),
        };
        self.by(|it| it.value(measure), pooled?, of)
    }

    /// The p99 of a priority level, likewise.
    pub(crate) fn level_p99(&self, level: usize, of: &[&Repetition]) -> Option<Sections> {
        let pooled = self.report.metrics.by_priority.get(&level.to_string())?.end_to_end.p99?;
        self.by(|it| it.level_p99.get(&level).copied(), Pooled::AllSamples(pooled), of)
    }

    fn by(
        &self,
        value: impl Fn(&Repetition) -> Option<f64>,
        pooled: Pooled,
        of: &[&Repetition],
    ) -> Option<Sections> {
        let weight = |it: &Repetition| match pooled {
            Pooled::MeanOverTasks => it.successful as f64,
            _ => 1.0,
        };
        let weighted = of.iter().map(|it| Some((value(it)?, weight(it))));
        let weighted: Vec<(f64, f64)> = weighted.collect::<Option<_>>()?;
        let have = self.repetitions.iter().filter(|it| value(it).is_some()).count();
        let mean = || {
            let weights: f64 = weighted.iter().map(|(_, weight)| weight).sum();
            weighted.iter().map(|(own, weight)| own * weight).sum::<f64>() / weights
        };
        let overall = match pooled {
            Pooled::AllSamples(quantile) if have == of.len() => quantile,
            _ => mean(),
        };
        Sections::of_repetitions(overall, &weighted)
    }
}

/// How a number of a run is made from its repetitions.
#[derive(Clone, Copy)]
enum Pooled {
    Mean,
    MeanOverTasks,
    AllSamples(f64),
}
