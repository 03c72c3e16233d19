//! Queues in a row.

use crate::case::{Case, Measure, exponential, seconds, sojourn};
use crate::formula::sum_exceeds;
use crate::servers::Last;
use crate::suite::{holds, refuses, refuses_only};
use pipeline::model::ServiceLaw;
use sched_core::policies::fifo::FirstFit;
use sched_core::{Bind, ListScheduler};

/// Loads of the stages; all different, so that the sum of sojourns has a simple law.
const LOADS: [f64; 5] = [0.5, 0.75, 0.6, 0.7, 0.4];

/// One task per second through servers with exponential service. What leaves an M/M/1 queue is a
/// Poisson process (Burke, Operations Research 4, 1956), so each is an M/M/1 queue by itself
/// (Jackson, 1957), and a task's sojourns at them are independent (Reich, Annals of Mathematical
/// Statistics 28, 1957): the whole is a sum of exponentials of rates 1 ÷ ρ − 1.
fn tandem(depth: usize) -> Case {
    let loads = &LOADS[..depth];
    let stages: Vec<_> = loads.iter().map(|&load| (1, 1, exponential(load))).collect();
    let rates: Vec<f64> = loads.iter().map(|load| 1.0 / load - 1.0).collect();
    let mut case = Case::open(&format!("tandem of {depth}"), 1.0, &stages);
    for (at, rate) in rates.iter().enumerate() {
        case.measures.push(Measure::mean(format!("sojourn {at}"), 1.0 / rate, move |task| {
            task.calls[at].total().as_secs_f64()
        }));
    }
    case.measures.push(Measure::mean(
        "whole sojourn",
        rates.iter().map(|r| 1.0 / r).sum(),
        sojourn,
    ));
    let t = 2.5 * depth as f64;
    let (beyond, density) = sum_exceeds(&rates, t);
    case.measures.push(Measure::quantile("quantile of the whole", t, beyond, density, sojourn));
    case
}

/// Bursts leave a first stage whose service varies more, and the second is no M/M/1 queue either.
fn bursts(depth: usize) -> Case {
    tandem(depth).but("the first stage varies more", |case| {
        let mean = seconds(LOADS[0]);
        case.stages[0].service = ServiceLaw::Hyperexponential { mean, cv: 3.0 };
    })
}

#[test]
fn two_stages() {
    holds(&tandem(2));
    refuses(&bursts(2), &["sojourn 0", "sojourn 1", "whole sojourn", "quantile of the whole"]);
}

#[test]
fn three_stages() {
    holds(&tandem(3));
    refuses(&bursts(3), &["sojourn 0", "sojourn 1", "whole sojourn", "quantile of the whole"]);
}

#[test]
fn five_stages() {
    holds(&tandem(5));
    refuses(&bursts(5), &["sojourn 0", "sojourn 1", "whole sojourn", "quantile of the whole"]);
}

/// Where the last comes first, each stage has the same mean, but the whole another law.
#[test]
fn another_order_is_refused() {
    let last = tandem(3).but("the last comes first", |case| {
        case.policy = Box::new(|cluster, _| {
            Box::new(ListScheduler::new(cluster, Bind::Late, Last, FirstFit::default()))
        });
    });
    refuses_only(&last, &["quantile of the whole"]);
}
