//! Whole runs in virtual time, and what bounds them.
//!
//! Both go the general path: [`RunSetup`], the drive loop, the recorder with every statistic, the
//! certificate's account. [`bare_heap`] holds the same arrivals and services in one `BinaryHeap` of
//! departures and measures nothing: the floor for any event list of comparison keys.

use pipeline::model::{
    Arrivals, ClusterSetup, Operator, Priorities, Purpose, Sampler, ServiceLaw, Stage, Streams,
    Workload,
};
use pipeline::{Control, Recording, RunSetup, run_sim};
use sched_core::{ClusterSpec, GroupSet, Registry, Resources, Span, Time};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Sink;

const MEAN: Span = Span::from_millis(100);

/// A run that is simulated again and again.
#[derive(Debug)]
pub struct Simulated {
    setup: RunSetup,
    policy: &'static str,
}

impl Simulated {
    /// An M/M/16 queue under `fifo` at 80 % load.
    pub fn mm16(tasks: u64) -> Simulated {
        Simulated { setup: setup(tasks, 16, 1, 0.8), policy: "fifo" }
    }

    /// 10,000 nodes of 4 slots under `load_aware_spread` at 90 % load.
    pub fn spread_10000(tasks: u64) -> Simulated {
        Simulated { setup: setup(tasks, 10_000, 4, 0.9), policy: "load_aware_spread" }
    }

    /// Runs it once, with this seed; gives the number of tasks that succeeded.
    pub fn run(&self, seed: u64) -> u64 {
        let setup = RunSetup { seed, ..self.setup.clone() };
        let stages = &setup.workload.stages;
        let scheduler = Registry::builtin().build(self.policy, &setup.cluster.spec);
        let shape = Recording::<Sink>::shape(&setup.cluster, stages).expect("distinct names");
        let mut recording: Recording<'_, Sink> = Recording::new(shape, stages, None);
        let mut scheduler = scheduler.expect("a built-in policy");
        run_sim(&setup, &mut *scheduler, &mut recording, &Control::new()).expect("a run");
        recording.finish().0.successful_tasks()
    }
}

fn setup(tasks: u64, nodes: u32, slots: u32, load: f64) -> RunSetup {
    let spec = ClusterSpec::uniform(nodes, slots).expect("a valid cluster");
    let workload = Workload {
        tasks,
        warmup: 0,
        arrivals: Arrivals::Load(load),
        priorities: Priorities::default(),
        stages: vec![stage()],
    };
    RunSetup::new(ClusterSetup::of_equal_speed(spec), workload, 1)
}

/// The one stage: exponential services, one slot.
pub(crate) fn stage() -> Stage {
    Stage {
        name: "work".to_owned(),
        service: ServiceLaw::Exponential { mean: MEAN },
        demand: Resources::milli_cpu(Resources::MILLI_PER_SLOT),
        on: GroupSet::ALL,
        operator: Operator::Emulate,
    }
}

/// `servers` servers at this load: arrivals wait for the earliest departure. Nothing is recorded.
pub fn bare_heap(tasks: u64, servers: usize, load: f64) -> Time {
    let service = Sampler::new(&ServiceLaw::Exponential { mean: MEAN });
    let gap = Span::from_secs_f64(MEAN.as_secs_f64() / (servers as f64 * load));
    let gaps = Sampler::new(&ServiceLaw::Exponential { mean: gap });
    let mut free: BinaryHeap<Reverse<Time>> = vec![Reverse(Time::ZERO); servers].into();
    let arrivals = Streams::new(1, Purpose::Arrival);
    let services = Streams::new(1, Purpose::Service);
    let mut now = Time::ZERO;
    for task in 0..tasks {
        now = now + gaps.sample(&mut arrivals.stream(task, 0));
        let Some(Reverse(at)) = free.pop() else { continue };
        let took = service.sample(&mut services.stream(task, 0));
        free.push(Reverse(at.max(now) + took));
    }
    now
}
