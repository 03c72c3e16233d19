//! One server behind a stale view: its slot is used again only at the refresh after it was freed.
//!
//! Bound late and with one slot, a call holds the server, as far as the scheduler knows, until the
//! first multiple of the interval T after its end. Of a call that starts at a refresh, as all do that had
//! to wait, that is a time B = T ⌈S ÷ T⌉. One that comes when the server looks idle starts at once, in the
//! middle of an interval, and holds it for B₀. That is the M/G/1 queue with an exceptional first
//! service (Welch, Operations Research 12, 1964):
//!
//! W = λ E\[B²\] ÷ 2(1 − ρ) + λ (E\[B₀²\] − E\[B²\]) ÷ 2(1 − ρ + λ E\[B₀\]), with ρ = λ E\[B\],
//!
//! and a share (1 − ρ) ÷ (1 − ρ + λ E\[B₀\]) comes when the server looks idle. Idle times begin at a
//! refresh, so the first call comes at the phase of an exponential time modulo T.

use crate::case::{Case, Measure, exponential, first_wait, seconds};
use crate::suite::{holds, refuses};
use sched_core::{PolicySpec, Registry, StaleView, View};

const RATE: f64 = 0.6;
const REFRESH: f64 = 0.5;

/// E\[B\] and E\[B²\] of exponential service of mean 1: B ÷ T is geometric.
fn held() -> [f64; 2] {
    let over = f64::exp(-REFRESH); // the share that outlasts an interval
    [REFRESH / (1.0 - over), REFRESH * REFRESH * (1.0 + over) / (1.0 - over).powi(2)]
}

/// E\[B₀\] and E\[B₀²\]. With `left` of the interval to go, B₀ is `left`, and with probability e^−left
/// a B on top of it, since exponential service has no memory. Midpoints over the phase.
fn held_by_the_first() -> [f64; 2] {
    const STEPS: u32 = 10_000;
    let [b, b2] = held();
    let mut sums = [0.0; 3];
    for step in 0..STEPS {
        let phase = (f64::from(step) + 0.5) / f64::from(STEPS) * REFRESH;
        let (left, density) = (REFRESH - phase, f64::exp(-RATE * phase));
        let over = f64::exp(-left);
        sums[0] += density;
        sums[1] += density * (left + over * b);
        sums[2] += density * (left * left + 2.0 * left * over * b + over * b2);
    }
    [sums[1] / sums[0], sums[2] / sums[0]]
}

fn behind(refresh: f64) -> Case {
    let mut case = Case::open("M/M/1 seen late", RATE, &[(1, 1, exponential(1.0))]);
    let fifo = Registry::builtin().resolve(&PolicySpec::named("fifo")).unwrap();
    let view = View::new(seconds(refresh), true);
    case.policy = Box::new(move |cluster, seed| StaleView::over(fifo.build(cluster, seed), view));
    let ([b, b2], [first, first2]) = (held(), held_by_the_first());
    let spare = 1.0 - RATE * b;
    let wait = RATE * b2 / (2.0 * spare) + RATE * (first2 - b2) / (2.0 * (spare + RATE * first));
    case.measures = vec![
        Measure::mean("mean wait", wait, first_wait),
        Measure::share("no wait", spare / (spare + RATE * first), |task| first_wait(task) == 0.0),
    ];
    case
}

#[test]
fn a_slot_seen_late_is_an_exceptional_first_service() {
    holds(&behind(REFRESH));
    refuses(&behind(0.9 * REFRESH).but("refreshed more often", |_| ()), &["mean wait", "no wait"]);
    let at_once = Case::open("", RATE, &[(1, 1, exponential(1.0))]).policy;
    refuses(
        &behind(REFRESH).but("all is seen at once", |case| case.policy = at_once),
        &["mean wait", "no wait"],
    );
}
