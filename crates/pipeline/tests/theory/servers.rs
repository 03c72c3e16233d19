//! Many servers and one queue: M/M/c.

use crate::case::{Case, Measure, exponential, first_wait, policy};
use crate::estimate::Estimate;
use crate::formula::erlang_c;
use crate::suite::{Experiment as _, SEEDS, SMALL, each_seed, holds, refuses, refuses_only};
use metrics::Distribution;
use sched_core::policies::fifo::FirstFit;
use sched_core::{Bind, ListScheduler, Order, PolicySpec, Task};

pub(crate) const LOAD: f64 = 0.8;

/// `nodes` × `slots` servers with exponential service of mean 1 s. A share C waits (Erlang), and
/// those who do wait exponentially with rate c(1 − ρ) (Cooper, Introduction to Queueing Theory,
/// 2nd ed., chapter 3): the q-quantile of the wait is ln(C ÷ (1 − q)) ÷ c(1 − ρ).
pub(crate) fn m_m_c(nodes: u32, slots: u32, load: f64) -> Case {
    let servers = nodes * slots;
    let erlangs = f64::from(servers) * load;
    let name = format!("M/M/{servers}");
    let mut case = Case::open(&name, erlangs, &[(nodes, slots, exponential(1.0))]);
    case.least = 40_000; // few wait
    let waits = erlang_c(servers, erlangs);
    let rate = f64::from(servers) - erlangs;
    case.measures = vec![
        Measure::mean("mean wait", waits / rate, first_wait),
        Measure::share("some wait", waits, |task| first_wait(task) > 0.0),
    ];
    for (name, beyond) in [("wait p90", 0.1), ("wait p99", 0.01)] {
        let quantile = f64::ln(waits / beyond) / rate;
        case.measures.push(Measure::quantile(name, quantile, beyond, rate * beyond, first_wait));
    }
    case
}

#[test]
fn many_servers() {
    holds(&m_m_c(4, 4, LOAD));
    holds(&m_m_c(1, 2, 0.7));
}

/// On equal nodes it does not matter which server is free, only that none is while a call waits.
/// Every late policy in arrival order is the same queue, task by task.
#[test]
fn every_late_policy_is_the_same_queue() {
    let expected = m_m_c(4, 4, LOAD).batches(1, SMALL);
    for name in ["load_aware_spread", "load_aware_pack", "round_robin", "random", "power_of_two"] {
        let late = PolicySpec::named(name).with("bind", "late");
        let case = Case { policy: policy(&late), ..m_m_c(4, 4, LOAD) };
        assert_eq!(case.batches(1, SMALL), expected, "{name}");
    }
}

/// What a report shows, the recorder's quantiles, against the same formula: they are at most one
/// bucket of the histogram, 1/1024, above those of the sample.
#[test]
fn quantiles_of_the_recorder() {
    let case = m_m_c(4, 4, LOAD);
    let runs = each_seed(SEEDS, |seed| case.run(seed, SMALL));
    let mut waits = Distribution::new();
    runs.iter().for_each(|run| waits.merge(&run.stages[0].wait));
    let recorded = waits.quantiles([900, 990]).unwrap();
    for (at, found) in [2, 3].into_iter().zip(recorded) {
        let batches: Vec<_> = runs.iter().map(|run| run.batches[at].clone()).collect();
        let (found, theory) = (found.as_secs_f64(), case.measures[at].theory);
        let error = 3.5 * Estimate::of(&batches).error + theory / 1024.0;
        assert!((found - theory).abs() <= error, "{found} s, not {theory} ± {error}");
    }
}

/// The last to come is the first to be served.
pub(crate) struct Last;

impl Order for Last {
    fn rank(&self, task: &Task) -> i64 {
        -(task.submit.as_nanos() as i64)
    }
}

#[test]
fn other_queues_are_refused() {
    let early = |case: &mut Case| case.policy = policy(&PolicySpec::named("random"));
    refuses(
        &m_m_c(4, 4, LOAD).but("servers are drawn at random", early),
        &["mean wait", "some wait", "wait p90", "wait p99"],
    );
    // Who is served first changes neither the mean wait nor the chance of one, only its spread.
    let last = |case: &mut Case| {
        case.policy = Box::new(|cluster, _| {
            Box::new(ListScheduler::new(cluster, Bind::Late, Last, FirstFit::default()))
        });
    };
    let wrong = m_m_c(4, 4, LOAD).but("the last comes first", last);
    refuses_only(&wrong, &["wait p90", "wait p99"]);
    let fewer = |case: &mut Case| {
        case.cluster = Case::open("", 1.0, &[(3, 5, exponential(1.0))]).cluster;
    };
    refuses(
        &m_m_c(4, 4, LOAD).but("a server is missing", fewer),
        &["mean wait", "some wait", "wait p90", "wait p99"],
    );
}
