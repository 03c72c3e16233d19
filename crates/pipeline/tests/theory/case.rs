//! A queue whose answer is known: what is run, and what should come out.
//!
//! A measure is a number taken from each task, and its mean as the formula has it. The run goes
//! through the recorder as well, whose sums must agree with those made here to the nanosecond.

use crate::estimate::Batch;
use crate::suite::{BATCHES, Claim, Experiment, Size};
use metrics::LatencySeries;
use pipeline::model::{Arrivals, ClusterSetup, Operator, Priorities, ServiceLaw, Stage, Workload};
use pipeline::{CallTimes, Control, Failure, Observer, Recording, RunSetup, TaskEnd, run_sim};
use sched_core::{
    ClusterSpec, Group, GroupSet, Level, PolicySpec, Registry, Resources, Scheduler, Span, Time,
};
use std::io::Empty;

type Build = dyn Fn(&ClusterSpec, u64) -> Box<dyn Scheduler> + Send + Sync;
type Take = dyn Fn(&Seen<'_>) -> Option<f64> + Send + Sync;

/// A task that has ended.
pub(crate) struct Seen<'a> {
    pub(crate) task: &'a TaskEnd<'a>,
    /// Seconds since the end reported before it.
    pub(crate) gap: Option<f64>,
}

/// A number taken from tasks, and what its mean should be.
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) theory: f64,
    take: Box<Take>,
}

/// A run, and what it should come to.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) cluster: ClusterSpec,
    pub(crate) stages: Vec<Stage>,
    pub(crate) arrivals: Arrivals,
    pub(crate) priorities: Priorities,
    /// Tasks until it is stationary.
    pub(crate) warmup: u64,
    /// Least counted tasks of a seed: more for clusters of many nodes, where a batch must be
    /// many tasks per node.
    pub(crate) least: u64,
    pub(crate) policy: Box<Build>,
    pub(crate) measures: Vec<Measure>,
}

/// What a run came to.
pub(crate) struct Run {
    /// By measure, in the order of the tasks.
    pub(crate) batches: Vec<Vec<Batch>>,
    /// What the recorder has of each stage.
    pub(crate) stages: Vec<LatencySeries>,
}

impl Measure {
    /// The mean of a number of every task.
    pub(crate) fn mean(
        name: impl Into<String>,
        theory: f64,
        take: impl Fn(&TaskEnd<'_>) -> f64 + Send + Sync + 'static,
    ) -> Measure {
        Measure::some(name, theory, move |seen| Some(take(seen.task)))
    }

    /// The mean of a number of some tasks.
    pub(crate) fn some(
        name: impl Into<String>,
        theory: f64,
        take: impl Fn(&Seen<'_>) -> Option<f64> + Send + Sync + 'static,
    ) -> Measure {
        Measure { name: name.into(), theory, take: Box::new(take) }
    }

    /// The share of tasks for which something is so.
    pub(crate) fn share(
        name: impl Into<String>,
        theory: f64,
        so: impl Fn(&TaskEnd<'_>) -> bool + Send + Sync + 'static,
    ) -> Measure {
        Measure::mean(name, theory, move |task| f64::from(u8::from(so(task))))
    }

    /// A quantile: by the formula, `beyond` of all tasks are above `quantile`, where the density is
    /// `density`. To first order a sample's quantile is off by (share beyond − `beyond`) ÷ density
    /// (Bahadur, Annals of Mathematical Statistics 37, 1966), which unlike itself is a mean.
    pub(crate) fn quantile(
        name: impl Into<String>,
        quantile: f64,
        beyond: f64,
        density: f64,
        take: impl Fn(&TaskEnd<'_>) -> f64 + Send + Sync + 'static,
    ) -> Measure {
        Measure::mean(name, quantile, move |task| {
            let above = f64::from(u8::from(take(task) > quantile));
            quantile + (above - beyond) / density
        })
    }
}

impl Case {
    /// Poisson arrivals of `rate` tasks per second through `stages`, each with a group of nodes of
    /// its own (nodes, slots of each), under `fifo`. It expects nothing yet.
    pub(crate) fn open(name: &str, rate: f64, stages: &[(u32, u32, ServiceLaw)]) -> Case {
        let names: Vec<String> = (0..stages.len()).map(|at| format!("stage-{at}")).collect();
        let group = |(name, (count, slots, _)): (&String, &(u32, u32, _))| {
            Group::of_slots(name, *count, *slots)
        };
        let stage = |(at, (name, (_, _, law))): (usize, (&String, &(_, _, ServiceLaw)))| Stage {
            name: name.clone(),
            service: law.clone(),
            demand: Resources::slots(1),
            on: GroupSet::only(at),
            operator: Operator::Emulate,
        };
        Case {
            name: name.into(),
            cluster: ClusterSpec::new(names.iter().zip(stages).map(group).collect()).unwrap(),
            stages: names.iter().zip(stages).enumerate().map(stage).collect(),
            arrivals: Arrivals::Poisson { rate },
            priorities: Priorities::default(),
            warmup: 5_000,
            least: 0,
            policy: policy(&PolicySpec::named("fifo")),
            measures: Vec::new(),
        }
    }

    /// This case under another name, with one thing changed: one that may be wrong.
    pub(crate) fn but(mut self, what: &str, change: impl FnOnce(&mut Case)) -> Case {
        self.name = format!("{} but {what}", self.name);
        change(&mut self);
        self
    }

    pub(crate) fn setup(&self, seed: u64, counted: u64) -> RunSetup {
        let workload = Workload {
            tasks: self.warmup + counted,
            warmup: self.warmup,
            arrivals: self.arrivals.clone(),
            priorities: self.priorities.clone(),
            stages: self.stages.clone(),
        };
        RunSetup::new(ClusterSetup::of_equal_speed(self.cluster.clone()), workload, seed)
    }

    /// Runs it once.
    pub(crate) fn run(&self, seed: u64, size: Size) -> Run {
        let counted = size.tasks.max(self.least);
        let setup = self.setup(seed, counted);
        let shape = Recording::<Empty>::shape(&setup.cluster, &self.stages).unwrap();
        let mut watch = Watch {
            case: self,
            recording: Recording::new(shape, &self.stages, None),
            batches: vec![vec![Batch::default(); BATCHES as usize]; self.measures.len()],
            length: counted / BATCHES,
            before: None,
            sum: Span::ZERO,
        };
        let mut scheduler = (self.policy)(&self.cluster, seed);
        let outcome = run_sim(&setup, &mut *scheduler, &mut watch, &Control::new()).unwrap();
        assert_eq!((outcome.ended, outcome.partial), (self.warmup + counted, false));

        let (recorder, _) = watch.recording.finish();
        let recorded = recorder.latencies().end_to_end;
        assert_eq!(recorded.count(), counted);
        assert_eq!(recorded.sum_ns(), u128::from(watch.sum.as_nanos()));
        assert_eq!(recorder.contradictions(), 0);
        Run { batches: watch.batches, stages: recorder.by_stage().to_vec() }
    }
}

/// The built-in policy of this name and these parameters.
pub(crate) fn policy(spec: &PolicySpec) -> Box<Build> {
    let policy = Registry::builtin().resolve(spec).unwrap();
    Box::new(move |cluster, seed| policy.build(cluster, seed))
}

/// Exponential with this mean, in seconds.
pub(crate) fn exponential(mean: f64) -> ServiceLaw {
    ServiceLaw::Exponential { mean: seconds(mean) }
}

pub(crate) fn seconds(span: f64) -> Span {
    Span::from_secs_f64(span)
}

/// The waiting time of a call, in seconds, wherever it waits.
fn wait(call: &CallTimes) -> f64 {
    (call.scheduling() + call.queueing()).as_secs_f64()
}

/// The waiting time of a task's first call, in seconds.
pub(crate) fn first_wait(task: &TaskEnd<'_>) -> f64 {
    wait(&task.calls[0])
}

/// From the arrival of a task to its end, in seconds.
pub(crate) fn sojourn(task: &TaskEnd<'_>) -> f64 {
    task.finish.since(task.intended).as_secs_f64()
}

/// Level `level` of priority.
pub(crate) fn level(level: u8) -> Level {
    Level::new(level).unwrap()
}

impl Experiment for Case {
    fn title(&self) -> &str {
        &self.name
    }

    fn claims(&self) -> Vec<Claim> {
        let claim = |it: &Measure| Claim { name: it.name.clone(), theory: it.theory };
        self.measures.iter().map(claim).collect()
    }

    fn batches(&self, seed: u64, size: Size) -> Vec<Vec<Batch>> {
        self.run(seed, size).batches
    }
}

/// Feeds the recorder, and the measures of a case.
struct Watch<'a> {
    case: &'a Case,
    recording: Recording<'static, Empty>,
    batches: Vec<Vec<Batch>>,
    length: u64, // of a batch, in tasks
    before: Option<Time>,
    sum: Span, // of all sojourns
}

impl Observer for Watch<'_> {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.recording.task_succeeded(task);
        let gap = self.before.map(|before| task.finish.since(before).as_secs_f64());
        self.before = Some(task.finish);
        self.sum += task.finish.since(task.intended);
        let seen = Seen { task, gap };
        let batch = ((task.index - self.case.warmup) / self.length) as usize;
        for (measure, batches) in self.case.measures.iter().zip(&mut self.batches) {
            if let Some(sample) = (measure.take)(&seen) {
                batches[batch].add(sample);
            }
        }
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        panic!("{}: task {} failed: {failure}", self.case.name, task.index);
    }

    fn call_finished(&mut self, stage: u32, call: &CallTimes) {
        self.recording.call_finished(stage, call);
    }

    fn decided(&mut self, cost: Span, decisions: u64) {
        self.recording.decided(cost, decisions);
    }
}
