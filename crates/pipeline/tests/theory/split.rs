//! Arrivals dealt out in turn.

use crate::case::{Case, Measure, exponential, first_wait, policy};
use crate::formula::gi_m_1_root;
use crate::suite::{holds, refuses};
use sched_core::PolicySpec;

/// `round_robin` over `nodes` servers of one slot: each sees every `nodes`-th arrival of a Poisson
/// process, whose gaps are Erlang, and is a GI/M/1 queue. Bound early, so that turns do not depend
/// on who is free.
fn dealt(nodes: u32, load: f64) -> Case {
    let stage = (nodes, 1, exponential(1.0));
    let name = format!("{nodes} in turn");
    let mut case = Case::open(&name, load * f64::from(nodes), &[stage]);
    case.policy = policy(&PolicySpec::named("round_robin"));
    let root = gi_m_1_root(load, nodes);
    let rate = 1.0 - root;
    let beyond = 0.1;
    let quantile = f64::ln(root / beyond) / rate;
    case.measures = vec![
        Measure::mean("mean wait", root / rate, first_wait),
        Measure::share("some wait", root, move |task| first_wait(task) > 0.0),
        Measure::quantile("wait p90", quantile, beyond, rate * beyond, first_wait),
    ];
    case
}

#[test]
fn in_turn() {
    holds(&dealt(2, 0.75));
    holds(&dealt(6, 0.8));
}

#[test]
fn other_ways_to_deal_are_refused() {
    for name in ["random", "power_of_two"] {
        let wrong = dealt(6, 0.8).but(&format!("by {name}"), |case| {
            case.policy = policy(&PolicySpec::named(name));
        });
        refuses(&wrong, &["mean wait", "some wait", "wait p90"]);
    }
}
