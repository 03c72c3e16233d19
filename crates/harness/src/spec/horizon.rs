//! Whether a run ends before its clock does.
//!
//! Instants are whole nanoseconds in 64 bits: 584 years. Beyond, they would all be the last one, and every
//! latency between them wrong. A spec is refused if even a cluster that is busy throughout could
//! not be done in half of that; what lasts longer for other reasons (a policy that leaves nodes idle, a law with a
//! heavy tail, nodes that fail) ends in an error when its time runs out. Sums of latencies are no bound: they
//! have 128 bits.

use pipeline::model::{Arrivals, ClusterSetup, Workload, full_rate};
use sched_core::Time;

/// Seconds of a run at most, by what is known of it beforehand: 2⁶³ ns.
const MOST: f64 = (1_u64 << 63) as f64 / 1e9;
/// Of 365.25 days.
const YEAR: f64 = 31_557_600.0;

/// What is too long.
pub(super) enum TooLong {
    /// A single task, however empty the cluster.
    Task(String),
    /// All tasks together.
    Run(String),
}

/// Seconds that a task of a long run takes the cluster, as far as that is known beforehand; 0 where it is not.
pub(crate) fn seconds_per_task(workload: &Workload, cluster: &ClusterSetup) -> f64 {
    let [arrivals, work] = at_least(workload, cluster);
    arrivals.max(work) / workload.tasks as f64
}

/// Refuses a workload that this cluster could not do within its clock.
///
/// # Errors
/// Says how long it would take, how long it may, and what to change.
pub(super) fn ends_in_time(workload: &Workload, cluster: &ClusterSetup) -> Result<(), TooLong> {
    let task = of_one_task(workload, cluster);
    if task > MOST {
        return Err(TooLong::Task(format!(
            "a task takes {} on average, and a run lasts at most {}: its clock counts nanoseconds in 64 \
             bits; shorten the service times",
            years(task),
            years(MOST)
        )));
    }
    let [arrivals, work] = at_least(workload, cluster);
    let whole = arrivals.max(work);
    if whole <= MOST {
        return Ok(());
    }
    Err(TooLong::Run(format!(
        "{} tasks take at least {} here, and a run lasts at most {}: its clock counts nanoseconds in 64 \
         bits; ask for fewer tasks, shorten the {}",
        metrics::words::count(workload.tasks),
        years(whole),
        years(MOST),
        if arrivals > work {
            "times, or let tasks come faster"
        } else {
            "service times, or add slots"
        }
    )))
}

/// Seconds until the last task has come, and until all are done if no slot is ever idle; 0 for what is not known.
fn at_least(workload: &Workload, cluster: &ClusterSetup) -> [f64; 2] {
    let tasks = workload.tasks as f64;
    let full = full_rate(cluster, &workload.stages).ok();
    let arrivals = match &workload.arrivals {
        Arrivals::Batch => 0.0,
        Arrivals::Closed { in_flight } => {
            tasks * of_one_task(workload, cluster) / *in_flight as f64
        }
        Arrivals::Poisson { rate } | Arrivals::Uniform { rate } => tasks / rate,
        Arrivals::Load(share) => full.map_or(0.0, |rate| tasks / (share * rate)),
        Arrivals::Mmpp(mmpp) => tasks / mmpp.mean_rate(),
        Arrivals::Trace(trace) => {
            let last = trace.arrivals().iter().take(workload.tasks as usize).next_back();
            last.map_or(0.0, |last| last.since(Time::ZERO).as_secs_f64())
        }
    };
    [arrivals, full.map_or(0.0, |rate| tasks / rate)]
}

/// Seconds that a task takes which never waits, on average.
fn of_one_task(workload: &Workload, cluster: &ClusterSetup) -> f64 {
    let fastest = cluster.speeds.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let network = 2.0 * cluster.network.mean().as_secs_f64();
    let stages = workload.stages.iter();
    stages.map(|stage| stage.service.mean().as_secs_f64() / fastest + network).sum()
}

fn years(seconds: f64) -> String {
    match seconds / YEAR {
        years if years < 1e6 => format!("{} years", metrics::words::count(years.round() as u64)),
        years => format!("{years:.0e} years"),
    }
}
