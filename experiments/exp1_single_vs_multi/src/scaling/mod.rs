//! Speed-up, efficiency and the law of scalability.
//!
//! A series is a policy at all its sizes. Its first row is what the others are measured by: on one
//! node every placement is the same, so a series without a row of its own there takes the one that
//! is. Speed-ups are ratios of throughputs of equal seeds; efficiency divides them by how many times
//! the slots there are. Where tasks are few the ideal beside it, which has the same start and drain,
//! says more.

mod json;
mod picture;
mod text;

use harness::metrics::report::{Interval, RunConfig};
use harness::metrics::{Scalability, Throughput, ratio_interval, t975};
use harness::{Chapter, Error, Measured};

/// Differences of the ideal of a slot that are worth a word: chance makes smaller ones.
const DRAIN: f64 = 0.03;

/// A policy at several sizes.
struct Series<'a> {
    label: String,
    rows: Vec<Row<'a>>,
    law: Law,
}

/// A run beside the first of its series.
struct Row<'a> {
    run: &'a Measured,
    config: &'a RunConfig,
    speed_up: Option<Ratio>,
    efficiency: Option<Ratio>,
    of_ideal: Option<Ratio>,
}

/// A ratio, with its 95 % interval if there were repetitions.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Ratio {
    value: f64,
    ci95: Option<[f64; 2]>,
}

/// The law of scalability, or why there is none.
enum Law {
    Fitted(Scalability),
    /// So many different sizes are too few.
    Few(usize),
    /// The throughput is that of the arrivals.
    Open,
    /// No minimum was found.
    None,
}

/// The chapter about these runs.
///
/// # Errors
/// When the picture cannot be made.
pub(crate) fn chapter(title: &str, runs: &[Measured]) -> Result<Chapter, Error> {
    let all = series(runs);
    Ok(Chapter {
        name: "scaling",
        headlines: all.iter().filter_map(text::headline).collect(),
        pieces: text::pieces(&all),
        json: json::json(&all),
        picture: Some(picture::picture(title, &all)?),
        plane: Some(picture::plane(&all)),
    })
}

/// What the intervals of throughput are over; none if no row has one.
fn methods(all: &[Series<'_>]) -> Option<&'static str> {
    let rows = all.iter().flat_map(|series| &series.rows);
    let known = rows.map(|row| &row.run.report().metrics);
    let known = known.filter(|metrics| metrics.throughput_ci95.is_some());
    Interval::methods(known.map(|metrics| &metrics.interval))
}

/// What tells the policies of series apart.
fn label(config: &RunConfig) -> String {
    let parameters = config.parameters.iter().map(|(name, value)| format!(", {name} {value}"));
    format!("{}, {} binding{}", config.policy, config.bind, parameters.collect::<String>())
}

fn series(runs: &[Measured]) -> Vec<Series<'_>> {
    let of = |run: &Measured| label(&run.report().metrics.config);
    let single = |run: &Measured| run.report().metrics.config.nodes == 1;
    let mut labels: Vec<String> = Vec::new();
    let several = runs.iter().any(|run| !single(run));
    for label in runs.iter().filter(|run| !several || !single(run)).map(of) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let series = labels.into_iter().map(|label| {
        let own = runs.iter().any(|run| single(run) && of(run) == label);
        let lent = runs.iter().find(|run| single(run) && !own).map(|run| &run.report().name);
        let mine = runs.iter().filter(|run| of(run) == label || Some(&run.report().name) == lent);
        measured(label.clone(), &mine.collect::<Vec<&Measured>>())
    });
    series.collect()
}

fn measured<'a>(label: String, runs: &[&'a Measured]) -> Series<'a> {
    let open = runs.iter().any(|run| is_open(&run.report().metrics.config));
    let first = runs.first().copied().filter(|_| !open);
    let rows = runs.iter().map(|&run| row(run, first)).collect();
    Series { label, rows, law: if open { Law::Open } else { law(runs) } }
}

/// Whether the arrivals set the throughput.
fn is_open(config: &RunConfig) -> bool {
    !config.arrivals.starts_with("closed") && config.arrivals != "batch"
}

fn row<'a>(run: &'a Measured, first: Option<&Measured>) -> Row<'a> {
    let metrics = &run.report().metrics;
    let config = &metrics.config;
    let slots = |run: &Measured| run.report().metrics.config.parallelism.max(1) as f64;
    let speed_up = first.and_then(|first| ratio(run, first));
    let efficiency = first.and_then(|first| Some(speed_up?.times(slots(first) / slots(run))));
    let of_ideal = run.ideal().and_then(|(ideal, _)| {
        let rate = metrics.throughput_tasks_per_sec?;
        Some(Ratio { value: rate, ci95: metrics.throughput_ci95 }.times(1.0 / ideal))
    });
    Row { run, config, speed_up, efficiency, of_ideal }
}

/// Throughput ÷ throughput. With repetitions of equal seeds, paired: what a seed gives to both cancels.
fn ratio(run: &Measured, first: &Measured) -> Option<Ratio> {
    let (ours, theirs) = (run.throughputs(), first.throughputs());
    let pairs: Vec<(f64, f64)> = ours
        .iter()
        .filter_map(|(seed, rate)| Some((*rate, theirs.iter().find(|(other, _)| other == seed)?.1)))
        .collect();
    let (sum, base) = pairs.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let itself = run.report().name == first.report().name;
    let ci95 = ratio_interval(&pairs).filter(|_| !itself);
    (base > 0.0).then(|| Ratio { value: sum / base, ci95 })
}

fn law(runs: &[&Measured]) -> Law {
    let Some(first) = runs.first().map(|run| &run.report().metrics.config) else {
        return Law::Few(0);
    };
    let node = first.parallelism.max(1) as f64 / f64::from(first.nodes.max(1));
    let point = |run: &&Measured| {
        let metrics = &run.report().metrics;
        let degrees = run.throughputs().len().saturating_sub(1);
        let half = metrics.throughput_ci95.map(|[low, high]| (high - low) / 2.0);
        Some(Throughput {
            size: metrics.config.parallelism as f64 / node,
            rate: metrics.throughput_tasks_per_sec.filter(|rate| *rate > 0.0)?,
            error: half.map(|half| half / t975(degrees)).filter(|error| error.is_finite()),
        })
    };
    let points: Vec<Throughput> = runs.iter().filter_map(point).collect();
    let mut sizes: Vec<f64> = points.iter().map(|point| point.size).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    match Scalability::fit(&points) {
        Some(law) => Law::Fitted(law),
        None if sizes.len() < harness::metrics::LEAST_SIZES => Law::Few(sizes.len()),
        None => Law::None,
    }
}

impl Ratio {
    fn times(self, factor: f64) -> Ratio {
        Ratio { value: self.value * factor, ci95: self.ci95.map(|ci| ci.map(|x| x * factor)) }
    }
}

impl Series<'_> {
    /// The nodes of the largest throughput. Start and drain bend a law as coherency does: what they bend
    /// has none.
    fn peak(&self) -> Option<f64> {
        match &self.law {
            Law::Fitted(law) if !self.drains() => law.peak(),
            _ => None,
        }
    }

    /// Whether a row has so few tasks that start and drain matter.
    fn is_short(&self) -> bool {
        self.rows.iter().any(|row| row.run.ideal().is_some_and(|(_, drains)| drains))
    }

    /// Whether start and drain lower the throughput of one row more than that of another: even the ideal
    /// of a slot differs. Few tasks do it, and a few long ones.
    fn drains(&self) -> bool {
        let of_slot =
            |row: &Row<'_>| Some(row.run.ideal()?.0 / row.config.parallelism.max(1) as f64);
        let rates = || self.rows.iter().filter_map(of_slot);
        let (least, most) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
        least < most * (1.0 - DRAIN)
    }
    /// Whether a row shows more than its slots can give, beyond what chance explains: emulated work gains nothing from
    /// company, so the row that it is measured by had less than its due.
    fn is_superlinear(&self) -> bool {
        let least = |it: Ratio| it.ci95.map_or(it.value, |[low, _]| low);
        let above = |row: &Row<'_>| row.efficiency.is_some_and(|it| least(it) > 1.0);
        self.rows.iter().any(|row| row.run.ideal().is_some() && above(row))
    }
}
