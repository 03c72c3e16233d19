//! Arrival laws: instants, order, and what they depend on.

use crate::support::stage;
use pipeline::model::{
    ArrivalProcess, Arrivals, ClusterSetup, Mmpp, Overrides, Trace, TraceSource,
};
use sched_core::{ClusterSpec, Span, Time};
use std::sync::Arc;

fn process(arrivals: &Arrivals, tasks: u64, seed: u64) -> ArrivalProcess {
    let cluster = ClusterSetup::of_equal_speed(ClusterSpec::uniform(4, 4).unwrap());
    ArrivalProcess::new(arrivals, tasks, seed, &cluster, &[stage("s", 25)]).unwrap()
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
    assert_eq!(instants(process(&Arrivals::Batch, 3, 1)), [0; 3]);
    // A third of a second is no whole number of nanoseconds, and still does not drift.
    let uniform = instants(process(&Arrivals::Uniform { rate: 3.0 }, 3_000_001, 1));
    assert_eq!(&uniform[..4], [0, 333_333_333, 666_666_667, 1_000_000_000]);
    assert_eq!(uniform[3_000_000], 1_000_000 * 1_000_000_000);
}

#[test]
fn nothing_arrives_before_it_is_due() {
    let mut uniform = process(&Arrivals::Uniform { rate: 1000.0 }, 5, 1);
    assert_eq!(uniform.take(Time::ZERO), Some((0, Time::ZERO)));
    assert_eq!(uniform.due(), Some(Time::from_nanos(1_000_000)));
    assert_eq!(uniform.take(Time::from_nanos(999_999)), None);
    assert_eq!(uniform.left(), 4);
}

#[test]
fn poisson_gaps_are_exponential_and_independent() {
    let n = 200_000u32;
    let at = instants(process(&Arrivals::Poisson { rate: 40.0 }, u64::from(n), 9));
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
    assert_ne!(at, instants(process(&Arrivals::Poisson { rate: 40.0 }, n as u64, 10)));
}

#[test]
fn load_is_a_share_of_the_full_rate() {
    // 16 slots ÷ 25 ms = 640/s; half of it.
    let load = instants(process(&Arrivals::Load(0.5), 1000, 3));
    assert_eq!(load, instants(process(&Arrivals::Poisson { rate: 320.0 }, 1000, 3)));
}

fn mmpp(states: &[(f64, u64)]) -> Mmpp {
    Mmpp::new(states.iter().map(|&(rate, ms)| (rate, Span::from_millis(ms))).collect()).unwrap()
}

/// Holds a process of two states against its closed forms: the mean rate, and the index of
/// dispersion of the number of arrivals in windows of `t` seconds,
/// `1 + 2(λ₁−λ₂)²σ₁σ₂ ÷ ((σ₁+σ₂)²(λ₁σ₂+λ₂σ₁)) · (1 − (1 − e^(−(σ₁+σ₂)t)) ÷ ((σ₁+σ₂)t))`
/// (Heffes and Lucantoni, *A Markov modulated characterization of packetized voice and data
/// traffic*, IEEE JSAC 4(6), 1986), `σ` being the rates at which states end.
fn check_mmpp(instants: &[u64], states: [(f64, u64); 2], t: f64) -> Result<(), String> {
    let [(a, ms_a), (b, ms_b)] = states;
    let (end_a, end_b) = (1e3 / ms_a as f64, 1e3 / ms_b as f64);
    let sum = end_a + end_b;
    let mean = (a * end_b + b * end_a) / sum;
    let limit = 2.0 * (a - b).powi(2) * end_a * end_b / (sum * sum * (a * end_b + b * end_a));
    let expected = 1.0 + limit * (1.0 - (1.0 - (-sum * t).exp()) / (sum * t));

    let windows = (*instants.last().unwrap() as f64 / 1e9 / t) as usize;
    let mut counts = vec![0f64; windows];
    for &at in instants {
        if let Some(count) = counts.get_mut((at as f64 / 1e9 / t) as usize) {
            *count += 1.0;
        }
    }
    // Batches of many windows are as good as independent; 100 of them give the error.
    let accept = |what: &str, of: &dyn Fn(f64) -> f64, expected: f64| {
        let batches: Vec<f64> = counts
            .chunks_exact(windows / 100)
            .map(|batch| batch.iter().map(|&count| of(count)).sum::<f64>() / batch.len() as f64)
            .collect();
        let n = batches.len() as f64;
        let found = batches.iter().sum::<f64>() / n;
        let spread = batches.iter().map(|x| (x - found).powi(2)).sum::<f64>() / (n - 1.0);
        let error = (spread / n).sqrt();
        assert!(error < 0.05 * expected, "{what}: an error of {error} shows nothing");
        if (found - expected).abs() > 3.5 * error {
            return Err(format!("{what} {found} ± {error}, not {expected}"));
        }
        Ok(())
    };
    accept("rate", &|count| count / t, mean)?;
    accept("dispersion", &|count| (count - mean * t).powi(2) / (mean * t), expected)
}

#[test]
fn bursts_have_their_rate_and_dispersion() {
    let tasks = 2_000_000;
    for states in [[(5.0, 10_000), (100.0, 1_000)], [(0.0, 2_000), (40.0, 500)]] {
        let law = mmpp(&states);
        let at = instants(process(&Arrivals::Mmpp(law), tasks, 11));
        assert!(at.is_sorted());
        for window in [1.0, 20.0] {
            check_mmpp(&at, states, window).unwrap();
            // The same rate without bursts; the states in each other's place; a state too short.
            let rate = mmpp(&states).mean_rate();
            let poisson = instants(process(&Arrivals::Poisson { rate }, tasks, 11));
            check_mmpp(&poisson, states, window).unwrap_err();
            let [(a, ms_a), (b, ms_b)] = states;
            check_mmpp(&at, [(a, ms_b), (b, ms_a)], window).unwrap_err();
            check_mmpp(&at, [(a, ms_a), (b, ms_b * 4 / 5)], window).unwrap_err();
        }
    }
}

#[test]
fn states_follow_one_another_in_their_order() {
    // Rates so far apart that a gap tells its state; sojourns of a second each.
    let law = mmpp(&[(1e5, 1000), (1e3, 1000), (0.0, 1000)]);
    assert!((law.mean_rate() - 101e3 / 3.0).abs() < 1e-9);
    let at = instants(process(&Arrivals::Mmpp(law), 1_000_000, 3));
    // Thousand gaps at a time: around 10 µs, or around 1 ms; and single ones of some 100 ms.
    let mut order = Vec::new();
    for gaps in at.windows(11).step_by(10) {
        let mean = (gaps[10] - gaps[0]) as f64 / 10.0;
        let state = if mean < 50e3 {
            'a'
        } else if mean < 5e6 {
            'b'
        } else {
            'c'
        };
        if order.last() != Some(&state) {
            order.push(state);
        }
    }
    let order: String = order.into_iter().collect();
    assert!(order.starts_with("abcabcabc"), "{order}");
}

#[test]
fn the_first_bursts_are_the_same_for_ever() {
    let law = mmpp(&[(5.0, 10_000), (100.0, 1_000)]);
    let few = instants(process(&Arrivals::Mmpp(law.clone()), 100, 42));
    let many = instants(process(&Arrivals::Mmpp(law.clone()), 1000, 42));
    assert_eq!(few, many[..100], "how many come does not matter to when they come");
    assert_ne!(few, instants(process(&Arrivals::Mmpp(law), 100, 43)));
}

#[test]
fn impossible_bursts_are_refused() {
    let s = Span::from_secs(1);
    for states in [
        vec![],
        vec![(1.0, s)],
        vec![(0.0, s), (0.0, s)],
        vec![(1.0, s), (-1.0, s)],
        vec![(1.0, s), (f64::NAN, s)],
        vec![(1.0, s), (f64::INFINITY, s)],
        vec![(1.0, s), (2.0, Span::ZERO)],
        vec![(1.0, Span::from_nanos(1)), (1e-9, Span::from_nanos(1))],
    ] {
        assert!(Mmpp::new(states.clone()).is_err(), "{states:?}");
    }
}

#[test]
fn a_trace_is_replayed_row_by_row() {
    let source = TraceSource { format: String::new(), path: "rows".into(), speedup: 1.0 };
    let at = |ns: &[u64]| ns.iter().map(|&ns| Time::from_nanos(ns)).collect::<Vec<_>>();
    let trace = |ns: &[u64]| Trace::new(source.clone(), at(ns), Overrides::default());
    let arrivals = Arrivals::Trace(Arc::new(trace(&[3, 3, 70, 1_000_000_000_000]).unwrap()));
    assert_eq!(instants(process(&arrivals, 4, 1)), [3, 3, 70, 1_000_000_000_000]);
    assert_eq!(instants(process(&arrivals, 3, 9)), [3, 3, 70]);
    let cluster = ClusterSetup::of_equal_speed(ClusterSpec::uniform(1, 1).unwrap());
    let error = ArrivalProcess::new(&arrivals, 5, 1, &cluster, &[stage("s", 1)]).unwrap_err();
    assert!(error.to_string().contains("`rows` has 4 rows for 5 tasks"), "{error}");
    assert!(trace(&[]).is_err());
    assert!(trace(&[3, 2]).is_err());
    let short = Overrides { cpu: Some(vec![1]), ..Overrides::default() };
    assert!(Trace::new(source.clone(), at(&[1, 2]), short).is_err());
}

#[test]
fn closed_arrivals_follow_ends() {
    let mut closed = process(&Arrivals::Closed { in_flight: 2 }, 4, 1);
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
