//! What a run could reach.
//!
//! A throughput says little without what the slots allow. Here the very service times of
//! the run go through one shared queue that costs nothing, first come, first served, with the
//! start and the drain of a short run in it. It is a yardstick and no bound: another order of
//! the same calls can end a little sooner, as a few short runs do. Long runs, and ones whose stages ask
//! for different things, get the rate at which the first resource is full instead.

use crate::spec::Setup;
use pipeline::model::{Arrivals, Operator, Purpose, Sampler, Streams, full_rate};
use sched_core::{Resources, Time};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// Calls that are simulated at most, over all repetitions; beyond, start and drain do not matter.
const MOST_CALLS: u64 = 600_000;
/// Tasks per slot from which on start and drain of a closed run do not matter.
const LONG: u64 = 50;

/// The best throughput that a run's slots and service times allow.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Ideal {
    /// Tasks per second.
    pub(crate) rate: f64,
    /// Whether the run is so short that its start and end lower this rate.
    pub(crate) drain_limited: bool,
}

/// The ideal of a run in a closed system, or of a batch. `None` where the throughput is set by the
/// arrivals or by the machine (work that burns cpu).
pub(crate) fn ideal(setup: &Setup) -> Option<Ideal> {
    let workload = &setup.workload;
    let emulated = |operator: &Operator| matches!(operator, Operator::Emulate);
    if !workload.stages.iter().all(|stage| emulated(&stage.operator)) {
        return None;
    }
    let in_flight = match workload.arrivals {
        Arrivals::Closed { in_flight } => in_flight,
        Arrivals::Batch => workload.tasks,
        _ => return None,
    };
    let drain_limited = workload.tasks < LONG * setup.cluster.spec.total_slots();
    let calls = workload.tasks.saturating_mul(workload.stages.len() as u64);
    let rate = match slots(setup, in_flight) {
        Some(slots) if calls <= MOST_CALLS => {
            let afford = (MOST_CALLS / calls.max(1)).min(u64::from(setup.repetitions));
            let seeds = setup.seed..setup.seed + afford;
            let rates = seeds.map(|seed| shared_queue(setup, &slots, in_flight, seed));
            rates.sum::<Option<f64>>()? / afford as f64
        }
        // The plain rate would be too high for a short run, or one that leaves slots idle.
        _ if drain_limited || in_flight < setup.cluster.spec.total_slots() => return None,
        _ => full_rate(&setup.cluster, &workload.stages).ok()?,
    };
    Some(Ideal { rate, drain_limited })
}

/// The speed of every slot, if all stages ask for the same of the same nodes. Of each group no more
/// slots than calls can be in flight: the rest would stay idle.
fn slots(setup: &Setup, in_flight: u64) -> Option<Vec<f64>> {
    let cluster = &setup.cluster;
    let stages = &setup.workload.stages;
    let first = stages.first()?;
    let eligible = cluster.spec.eligible(&first.demand, first.on);
    let alike = stages.iter().all(|stage| {
        stage.demand == first.demand && cluster.spec.eligible(&stage.demand, stage.on) == eligible
    });
    if !alike || first.demand == Resources::NONE {
        return None;
    }
    let mut slots = Vec::new();
    for group in eligible.iter() {
        let declared = &cluster.spec.groups()[group];
        let speed = cluster.speeds[group];
        let fitting = u64::from(declared.count)
            .saturating_mul(fitting(&first.demand, &declared.capacity))
            .min(in_flight)
            .min(MOST_CALLS);
        slots.resize(slots.len() + fitting as usize, speed);
    }
    slots.sort_by(|a, b| b.total_cmp(a)); // of free slots the fastest is taken
    Some(slots)
}

/// How many calls of this demand a node runs at once.
pub(super) fn fitting(demand: &Resources, capacity: &Resources) -> u64 {
    let times = |demand: u64, capacity: u64| capacity.checked_div(demand).unwrap_or(u64::MAX);
    let cpu = times(u64::from(demand.cpu()), u64::from(capacity.cpu()));
    let gpu = times(u64::from(demand.gpu()), u64::from(capacity.gpu()));
    let memory = match capacity.memory() {
        Resources::UNLIMITED_MEMORY => u64::MAX,
        limited => times(demand.memory(), limited),
    };
    cpu.min(gpu).min(memory)
}

/// A call that runs, by its end, then by when it began: its task, its stage, its slot.
type Call = (Time, u64, u64, usize, usize);

/// Tasks per second of one queue in front of these slots, in the repetition of this seed: to the nanosecond
/// what `fifo` with late binding does in virtual time, where the nodes stand in order of their speeds. Instant by
/// instant, calls end in the order in which they began, each task that ends lets in the next one, and only
/// then do free slots take the calls that wait, by when they became ready, then by task.
/// O(calls × log(slots + in flight)).
fn shared_queue(setup: &Setup, slots: &[f64], in_flight: u64, seed: u64) -> Option<f64> {
    let workload = &setup.workload;
    let samplers: Vec<Sampler> =
        workload.stages.iter().map(|stage| Sampler::new(&stage.service)).collect();
    let streams = Streams::new(seed, Purpose::Service);
    let mut free: BinaryHeap<Reverse<usize>> = (0..slots.len()).map(Reverse).collect();
    let mut arrived = in_flight.min(workload.tasks);
    let mut ready: BinaryHeap<Reverse<(Time, u64, usize)>> =
        (0..arrived).map(|index| Reverse((Time::ZERO, index, 0))).collect();
    let mut running: BinaryHeap<Reverse<Call>> = BinaryHeap::new();
    let (mut begun, mut now) = (0, Time::ZERO);
    let (mut counted_from, mut last) = (Time::ZERO, Time::ZERO);
    loop {
        while !ready.is_empty()
            && let Some(Reverse(slot)) = free.pop()
            && let Some(Reverse((_, index, stage))) = ready.pop()
        {
            let service = samplers[stage].of_task(index, u32::try_from(stage).ok()?, &streams);
            let end = now + service.scaled(1.0 / slots[slot]);
            running.push(Reverse((end, begun, index, stage, slot)));
            begun += 1;
        }
        let Some(Reverse((instant, ..))) = running.peek() else { break };
        now = *instant;
        while let Some(next) = running.peek_mut()
            && next.0.0 == now
        {
            let Reverse((_, _, index, stage, slot)) = PeekMut::pop(next);
            free.push(Reverse(slot));
            if stage + 1 < samplers.len() {
                ready.push(Reverse((now, index, stage + 1)));
                continue;
            }
            if index >= workload.warmup {
                last = now;
            }
            if arrived < workload.tasks {
                if arrived == workload.warmup {
                    counted_from = now;
                }
                ready.push(Reverse((now, arrived, 0)));
                arrived += 1;
            }
        }
    }
    let seconds = last.since(counted_from).as_secs_f64();
    (seconds > 0.0).then(|| (workload.tasks - workload.warmup) as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;
    use pipeline::{Control, Recording, RunSetup, run_sim};
    use sched_core::Registry;

    fn of(cluster: &str, tasks: u64, arrivals: &str, stages: &[&str]) -> Option<Ideal> {
        let stages: Vec<String> = stages
            .iter()
            .enumerate()
            .map(|(i, law)| format!("{{name: s{i}, service: {{{law}}}}}"))
            .collect();
        let yaml = format!(
            "cluster: {cluster}\nworkload: {{tasks: {tasks}, arrivals: {arrivals}}}\n\
             pipeline: {{stages: [{}]}}\nschedulers: [fifo]\n",
            stages.join(", ")
        );
        let spec = Spec::parse(&yaml, "test", &Registry::builtin()).unwrap();
        ideal(&spec.runs()[0].setup)
    }

    #[track_caller]
    fn near(ideal: Option<Ideal>, rate: f64, drain_limited: bool) {
        let ideal = ideal.unwrap();
        assert!((ideal.rate / rate - 1.0).abs() < 1e-6, "{ideal:?} is not {rate}");
        assert_eq!(ideal.drain_limited, drain_limited);
    }

    #[test]
    fn constant_times_have_a_closed_form() {
        let stages = ["constant: 25ms"; 3];
        // 16 slots ÷ 75 ms; 2,000 × 3 calls are 375 full waves of 16.
        near(of("{nodes: 4, slots: 4}", 2_000, "closed:32", &stages), 16.0 / 0.075, false);
        // 100 × 3 calls of 16 slots are 18.75 waves: 19 of 25 ms.
        near(of("{nodes: 4, slots: 4}", 100, "batch", &stages), 100.0 / 0.475, true);
        // One in flight: one task per 75 ms, however many slots.
        near(of("{nodes: 4, slots: 4}", 10, "closed:1", &stages), 1.0 / 0.075, true);
    }

    #[test]
    fn speeds_count() {
        let groups = "{groups: [{name: a, count: 1, slots: 1, speed: 2}, \
                       {name: b, count: 1, slots: 1, speed: 1}]}";
        // Two thirds of the tasks on the fast slot: 300 tasks × 10 ms ÷ 3.
        let ideal = of(groups, 300, "batch", &["constant: 10ms"]).unwrap();
        assert!((ideal.rate / 300.0 - 1.0).abs() < 0.01, "{ideal:?}");
    }

    #[test]
    fn open_arrivals_and_long_runs() {
        assert_eq!(of("{nodes: 1, slots: 1}", 10, "poisson:5", &["constant: 1ms"]), None);
        near(of("{nodes: 2, slots: 1}", 1_000_000, "closed:4", &["constant: 1ms"]), 2_000.0, false);
    }

    /// The rate of `fifo`, bound late, in virtual time: what the ideal must be to the nanosecond.
    #[track_caller]
    fn is_fifo(cluster: &str, workload: &str, stages: &[&str], seed: u64) {
        let stages: Vec<String> = stages.iter().map(|it| format!("{{{it}}}")).collect();
        let yaml = format!(
            "seed: {seed}\nenvironment: sim\ncluster: {cluster}\nworkload: {workload}\n\
             pipeline: {{stages: [{}]}}\nschedulers: [fifo]\n",
            stages.join(", ")
        );
        let run = Spec::parse(&yaml, "test", &Registry::builtin()).unwrap().runs().remove(0);
        let (cluster, workload) = (run.setup.cluster.clone(), run.setup.workload.clone());
        let shape = Recording::<Vec<u8>>::shape(&cluster, &workload.stages).unwrap();
        let mut recording = Recording::<Vec<u8>>::new(shape, &workload.stages, None);
        let mut fifo = run.policy.build(&cluster.spec, 1);
        let counted = workload.tasks - workload.warmup;
        let setup = RunSetup::new(cluster, workload, seed);
        run_sim(&setup, &mut *fifo, &mut recording, &Control::new()).unwrap();
        let seconds = recording.finish().0.duration().unwrap().as_secs_f64();
        let ideal = ideal(&run.setup).unwrap();
        // Equal numbers of tasks over equal integers of nanoseconds.
        assert_eq!(ideal.rate, counted as f64 / seconds, "{yaml}");
    }

    #[test]
    fn the_ideal_is_what_one_queue_does_in_virtual_time() {
        let lognormal = "name: a, service: {lognormal: {mean: 10ms, cv: 0.3}}";
        let exponential = "name: b, service: {exponential: {mean: 3ms}}";
        let constant = "name: c, service: {constant: 5ms}";
        let wide = "name: a, service: {exponential: {mean: 7ms}}, demand: {cpu: 2}";
        let closed = |n, tasks| format!("{{tasks: {tasks}, arrivals: 'closed:{n}'}}");
        for seed in [1, 42, 43] {
            is_fifo("{nodes: 4, slots: 4}", &closed(32, 800), &[lognormal], seed);
            is_fifo("{nodes: 4, slots: 4}", &closed(32, 200), &[lognormal, exponential], seed);
            is_fifo("{nodes: 4, slots: 4}", &closed(7, 200), &[exponential; 1], seed);
            is_fifo("{nodes: 2, slots: 3}", &closed(9, 300), &[constant, exponential], seed);
            is_fifo("{nodes: 2, slots: 3}", &closed(9, 300), &[constant], seed); // ties throughout
            is_fifo("{nodes: 3, slots: 5}", &closed(64, 500), &[wide], seed);
            let batch = "{tasks: 300, arrivals: batch}";
            is_fifo("{nodes: 4, slots: 2}", batch, &[exponential, lognormal, constant], seed);
            let warm = "{tasks: 400, warmup: 100, arrivals: 'closed:16'}";
            is_fifo("{nodes: 4, slots: 2}", warm, &[lognormal], seed);
            let groups = "{groups: [{name: fast, count: 2, slots: 2, speed: 3}, \
                          {name: slow, count: 3, slots: 2, speed: 0.7}]}";
            is_fifo(groups, &closed(25, 500), &[lognormal, exponential], seed);
        }
    }

    #[test]
    fn a_short_run_with_random_times_is_below_the_long_one() {
        let stages = ["lognormal: {mean: 10ms, cv: 0.3}"; 3];
        let short = of("{nodes: 16, slots: 8}", 1_000, "closed:256", &stages).unwrap();
        let full = 128.0 / 0.03;
        assert!(short.drain_limited && short.rate < full && short.rate > 0.8 * full, "{short:?}");
    }
}
