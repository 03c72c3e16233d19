//! Whether intervals from within one run cover the truth as often as they say.
//!
//! Each seed is a run of modest length, recorded in batches as a run of one repetition is. Of its 95 %
//! intervals about 95 of 100 should hold what the formula says, neither many less, which would be
//! a lie, nor nearly all, which would be a waste. With 200 seeds the share itself is uncertain by
//! 1.5 of 100. What was found is printed, and was no reason to change a number.

use crate::case::{Case, exponential, policy};
use crate::suite::each_seed;
use metrics::report::{Measures, Method, RunConfig};
use metrics::{BatchPlan, Fold, Ratio, RunFacts, Sections, SectionsOfRun};
use pipeline::model::{Arrivals, ServiceLaw};
use pipeline::{Control, Recording, run_sim};
use sched_core::{PolicySpec, Span};
use std::io::Empty;

const SEEDS: u64 = 200;
/// Shares of 200 that are sound: 95 % less some for what is left of correlation.
const SOUND: std::ops::RangeInclusive<f64> = 0.88..=0.99;

/// One run of a seed.
struct Ran {
    measures: Measures,
    sections: SectionsOfRun,
}

fn ran(case: &Case, seed: u64, tasks: u64) -> Ran {
    let setup = case.setup(seed, tasks);
    let shape = Recording::<Empty>::shape(&setup.cluster, &case.stages).unwrap();
    let throughput = matches!(case.arrivals, Arrivals::Closed { .. });
    let plan = BatchPlan { first: case.warmup, tasks, throughput };
    let mut recording: Recording<'_, Empty> = Recording::new(shape.clone(), &case.stages, None);
    recording = recording.with_batches(plan);
    let mut scheduler = (case.policy)(&case.cluster, seed);
    run_sim(&setup, &mut *scheduler, &mut recording, &Control::new()).unwrap();
    let mut fold = Fold::new(shape);
    fold.add(&recording.finish().0).unwrap();
    let sections = fold.sections().unwrap();
    Ran { measures: fold.finish(facts()), sections }
}

fn facts() -> RunFacts {
    let text = String::new;
    let config = RunConfig {
        experiment: text(),
        part: text(),
        configuration: text(),
        policy: text(),
        bind: text(),
        parameters: Default::default(),
        environment: text(),
        work: text(),
        pipeline: text(),
        stages: 1,
        nodes: 1,
        parallelism: 1,
        tasks: 0,
        view: None,
        arrivals: text(),
    };
    RunFacts { partial: false, notes: Vec::new(), config, open_arrivals: true }
}

/// How many of the intervals that are there hold the truth, and the mean half of their width.
#[derive(Default)]
struct Coverage {
    held: u32,
    all: u32,
    width: f64,
}

impl Coverage {
    fn add(&mut self, interval: Option<[f64; 2]>, truth: f64) {
        if let Some([low, high]) = interval {
            self.all += 1;
            self.held += u32::from((low..=high).contains(&truth));
            self.width += (high - low) / 2.0 / truth.abs();
        }
    }

    /// Prints the share, and holds it against what is sound. `least` of the seeds have an interval.
    #[track_caller]
    fn sound(&self, what: &str, least: u64) {
        let share = f64::from(self.held) / f64::from(self.all);
        let half = 100.0 * self.width / f64::from(self.all);
        println!("{what:<44} {:>5.1} % of {} intervals, ± {half:.1} %", 100.0 * share, self.all);
        assert!(u64::from(self.all) >= least, "{what}: only {} intervals", self.all);
        assert!(SOUND.contains(&share), "{what}: {share}");
    }
}

fn within_one_run(load: f64, tasks: u64) {
    let case = Case::open("M/M/1", load, &[(1, 1, exponential(1.0))]);
    // The sojourn is exponential with rate 1 − ρ; in ms.
    let mean = 1e3 / (1.0 - load);
    let mut found: [Coverage; 4] = Default::default();
    let mut batches = [0; 3];
    let mut narrow = 0;
    for measures in each_seed(1..=SEEDS, |seed| ran(&case, seed, tasks).measures) {
        let latency = &measures.latency_ms.end_to_end;
        assert_eq!(measures.interval.method, Some(Method::BatchMeans));
        assert_eq!(measures.throughput_ci95, None, "that of the arrivals");
        narrow += u32::from(measures.interval.lower_bound);
        batches[[30, 15, 10].iter().position(|n| *n == measures.interval.n).unwrap()] += 1;
        for (coverage, (interval, truth)) in found.iter_mut().zip([
            (latency.ci95, mean),
            (latency.p50_ci95, mean * 2.0_f64.ln()),
            (latency.p95_ci95, mean * 20.0_f64.ln()),
            (latency.p99_ci95, mean * 100.0_f64.ln()),
        ]) {
            coverage.add(interval, truth);
        }
    }
    println!("load {load}: 30, 15, 10 batches {batches:?} times, correlated even then {narrow}");
    for (coverage, name) in found.iter().zip(["mean", "p50", "p95", "p99"]) {
        // Where chance reaches as far as the largest sample, there is no interval of the p99.
        let least = if name == "p99" { SEEDS * 3 / 4 } else { SEEDS };
        coverage.sound(&format!("M/M/1, load {load}, {tasks} tasks, {name}"), least);
    }
}

#[test]
fn of_one_queue() {
    within_one_run(0.5, 20_000);
}

#[test]
fn of_one_busy_queue() {
    within_one_run(0.8, 40_000);
}

/// Two servers behind one queue against the same two with a queue each and a coin: M/M/2, whose sojourn
/// is 1 ÷ (1 − ρ²) services, against M/M/1, 1 ÷ (1 − ρ) (Kleinrock, Queueing Systems I, sections 3.2
/// and 3.5).
#[test]
fn of_two_policies_on_the_same_tasks() {
    let (load, tasks) = (0.6, 20_000);
    let two = Case::open("two", 2.0 * load, &[(2, 1, exponential(1.0))]);
    let coin = Case::open("two", 2.0 * load, &[(2, 1, exponential(1.0))])
        .but("by a coin", |case| case.policy = policy(&PolicySpec::named("random")));
    let (one_queue, own_queue) = (1e3 / (1.0 - load * load), 1e3 / (1.0 - load));
    let [mut difference, mut ratio] = [Coverage::default(), Coverage::default()];
    let runs =
        each_seed(1..=SEEDS, |seed| [&two, &coin].map(|case| ran(case, seed, tasks).sections));
    for [two, coin] in runs {
        let (two, coin) = (two.end_to_end.unwrap(), coin.end_to_end.unwrap());
        let interval = |it: Sections| it.interval(Sections::sectioning([&it])?.sections);
        difference.add(coin.minus(&two).and_then(interval), own_queue - one_queue);
        let of_two = |log: Sections| {
            Ratio::of(&coin, &two, Sections::sectioning([&log])?.sections)?.interval()
        };
        ratio.add(coin.log_ratio(&two).and_then(of_two), own_queue / one_queue);
    }
    difference.sound("a coin − one queue, mean", SEEDS);
    ratio.sound("a coin ÷ one queue, mean", SEEDS);
}

/// A closed network of two stations in turn, one server each: with N tasks the throughput is N ÷ (N + 1)
/// services per second, since all N + 1 ways to share them out are equally probable (Gordon and
/// Newell, Operations Research 15(2), 1967).
#[test]
fn of_a_throughput() {
    let stage = (1, 1, exponential(1.0));
    let mut case = Case::open("closed", 1.0, &[stage.clone(), stage]);
    case.arrivals = Arrivals::Closed { in_flight: 4 };
    let mut found = Coverage::default();
    for measures in each_seed(1..=SEEDS, |seed| ran(&case, seed, 10_000).measures) {
        found.add(measures.throughput_ci95, 4.0 / 5.0);
    }
    found.sound("throughput of a closed network", SEEDS);
}

/// A run that is not stationary says so: overloaded, the latency rises from batch to batch.
#[test]
fn of_a_queue_that_grows() {
    let second = ServiceLaw::Constant(Span::from_secs(1));
    let case = Case::open("overloaded", 1.25, &[(1, 1, second)]);
    let measures = ran(&case, 1, 20_000).measures;
    assert!(measures.interval.lower_bound && measures.interval.n == 10);
    assert!(measures.notes.iter().any(|note| note.contains("lower bound")), "{:?}", measures.notes);
    // And 30 long batches of a calm queue do not.
    let calm = Case::open("calm", 0.3, &[(1, 1, exponential(1.0))]);
    assert!(!ran(&calm, 1, 60_000).measures.interval.lower_bound);
}
