//! Very many servers with a queue each: random against the better of two.

use crate::case::{Case, Measure, exponential, first_wait, policy, sojourn};
use crate::formula::supermarket;
use crate::suite::{FULL, holds, refuses};
use sched_core::PolicySpec;

/// The limit is approached as 1 ÷ nodes (Gast, Expected values estimated via mean-field
/// approximation are 1/N-accurate, SIGMETRICS 2017): at load 0.7, a hundred servers are still 0.4 %
/// above it, which is enough to be refused, and 2,000 are 0.02 %.
const NODES: u32 = if FULL { 2_000 } else { 1_000 };

/// Loads. Heavy ones remember for long, and need batches of many tasks per node; the better of two
/// forgets sooner.
const ONE: &[f64] = if FULL { &[0.5, 0.7] } else { &[0.4] };
const TWO: &[f64] = if FULL { &[0.5, 0.7, 0.9] } else { &[0.4] };

/// `random` and `power_of_two` on servers of one slot, service of mean 1 s. With one choice every
/// node is an M/M/1 queue, however few they are. A task waits if all its choices are busy.
fn choices(choices: u32, load: f64) -> Case {
    let name = ["random", "power_of_two"][choices as usize - 1];
    // One choice splits a Poisson stream: its formula is exact for any number of nodes, and fewer
    // nodes make longer batches. At load 0.7 a queue remembers for 37 s, 1 ÷ (1 − √load)².
    let nodes = if choices == 1 { 1_000 } else { NODES };
    let stage = (nodes, 1, exponential(1.0));
    let mut case = Case::open(&format!("{name} at {load}"), load * f64::from(nodes), &[stage]);
    case.policy = policy(&PolicySpec::named(name));
    case.warmup = if FULL { 300_000 } else { 40_000 };
    case.least = 100_000;
    case.measures = vec![
        Measure::mean("mean sojourn", supermarket(load, choices), sojourn),
        Measure::share("some wait", load.powi(choices as i32), |task| first_wait(task) > 0.0),
    ];
    case
}

#[test]
fn one_choice() {
    for &load in ONE {
        holds(&choices(1, load));
    }
}

#[test]
fn two_choices() {
    for &load in TWO {
        holds(&choices(2, load));
    }
}

#[test]
fn wrong_choices_are_refused() {
    let load = ONE[0];
    for (right, name) in [(1, "power_of_two"), (2, "load_aware_spread")] {
        let wrong = choices(right, load).but(&format!("it is {name}"), |case| {
            case.policy = policy(&PolicySpec::named(name));
        });
        refuses(&wrong, &["mean sojourn", "some wait"]);
    }
}
