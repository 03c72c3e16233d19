//! Arrival laws: instants, order, and what they depend on.

use crate::support::stage;
use pipeline::model::{ArrivalProcess, Arrivals, ClusterSetup};
use sched_core::{ClusterSpec, Time};

fn process(arrivals: Arrivals, tasks: u64, seed: u64) -> ArrivalProcess {
    let cluster = ClusterSetup::of_equal_speed(ClusterSpec::uniform(4, 4).unwrap());
    ArrivalProcess::new(&arrivals, tasks, seed, &cluster, &[stage("s", 25)]).unwrap()
}

fn instants(mut process: ArrivalProcess) -> Vec<u64> {
    let mut instants = Vec::new();
    while let Some((index, at)) = process.take(Time::MAX) {
        assert_eq!(index, instants.len() as u64);
        instants.push(at.as_nanos());
    }
    instants
}

#[test]
fn batch_and_uniform_are_what_they_say() {
    assert_eq!(instants(process(Arrivals::Batch, 3, 1)), [0; 3]);
    // A third of a second is no whole number of nanoseconds, and still does not drift.
    let uniform = instants(process(Arrivals::Uniform { rate: 3.0 }, 3_000_001, 1));
    assert_eq!(&uniform[..4], [0, 333_333_333, 666_666_667, 1_000_000_000]);
    assert_eq!(uniform[3_000_000], 1_000_000 * 1_000_000_000);
}

#[test]
fn nothing_arrives_before_it_is_due() {
    let mut uniform = process(Arrivals::Uniform { rate: 1000.0 }, 5, 1);
    assert_eq!(uniform.take(Time::ZERO), Some((0, Time::ZERO)));
    assert_eq!(uniform.due(), Some(Time::from_nanos(1_000_000)));
    assert_eq!(uniform.take(Time::from_nanos(999_999)), None);
    assert_eq!(uniform.left(), 4);
}

#[test]
fn poisson_gaps_are_exponential_and_independent() {
    let n = 200_000u32;
    let at = instants(process(Arrivals::Poisson { rate: 40.0 }, u64::from(n), 9));
    let n = f64::from(n);
    // The n-th arrival is a sum of n gaps of mean and deviation 25 ms.
    let last = *at.last().unwrap() as f64 / 1e9;
    assert!((last - n * 0.025).abs() < 4.0 * 0.025 * n.sqrt(), "{last}");
    // Arrivals in windows of 1 s: a Poisson count has variance = mean; the index of
    // dispersion over m windows is normal around 1 with deviation √(2/m).
    let windows = (last as usize) - 1;
    let mut counts = vec![0f64; windows];
    for second in at.iter().map(|ns| (ns / 1_000_000_000) as usize).filter(|s| *s < windows) {
        counts[second] += 1.0;
    }
    let m = windows as f64;
    let mean = counts.iter().sum::<f64>() / m;
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / (m - 1.0);
    assert!((variance / mean - 1.0).abs() < 4.0 * (2.0 / m).sqrt(), "{}", variance / mean);
    assert_ne!(at, instants(process(Arrivals::Poisson { rate: 40.0 }, n as u64, 10)));
}

#[test]
fn load_is_a_share_of_the_full_rate() {
    // 16 slots ÷ 25 ms = 640/s; half of it.
    let load = instants(process(Arrivals::Load(0.5), 1000, 3));
    assert_eq!(load, instants(process(Arrivals::Poisson { rate: 320.0 }, 1000, 3)));
}

#[test]
fn closed_arrivals_follow_ends() {
    let mut closed = process(Arrivals::Closed { in_flight: 2 }, 4, 1);
    let at = Time::from_nanos;
    assert_eq!(closed.take(at(0)), Some((0, at(0))));
    assert_eq!(closed.take(at(0)), Some((1, at(0))));
    assert_eq!((closed.take(at(9)), closed.due()), (None, None));
    closed.ended(at(5));
    closed.ended(at(7));
    assert_eq!(closed.take(at(9)), Some((2, at(5))));
    assert_eq!(closed.take(at(9)), Some((3, at(7))));
    closed.ended(at(8));
    assert_eq!((closed.take(at(9)), closed.left()), (None, 0));
}

#[test]
fn impossible_rates_are_refused() {
    let cluster = ClusterSetup::of_equal_speed(ClusterSpec::uniform(1, 1).unwrap());
    for arrivals in [
        Arrivals::Closed { in_flight: 0 },
        Arrivals::Poisson { rate: 0.0 },
        Arrivals::Poisson { rate: f64::NAN },
        Arrivals::Uniform { rate: -1.0 },
        Arrivals::Load(f64::INFINITY),
    ] {
        let process = ArrivalProcess::new(&arrivals, 1, 1, &cluster, &[stage("s", 1)]);
        assert!(process.is_err(), "{arrivals:?}");
    }
}
