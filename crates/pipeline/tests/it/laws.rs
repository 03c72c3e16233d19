//! Every service law against its closed form: mean, coefficient of variation, and the
//! distribution function (Kolmogorov–Smirnov). The same check must refuse wrong laws.

use pipeline::model::{
    Lengths, Mix, Purpose, Sampler, ServiceLaw, Stream, Streams, TokenCount, TokenTimes, Tokens,
    Values,
};
use sched_core::Span;
use std::sync::Arc;

const DRAWS: u64 = 200_000;

fn laws() -> Vec<ServiceLaw> {
    let mean = Span::from_millis(25);
    vec![
        ServiceLaw::Exponential { mean },
        ServiceLaw::Lognormal { mean, cv: 0.3 },
        ServiceLaw::Lognormal { mean, cv: 1.2 },
        ServiceLaw::Pareto { mean, alpha: 6.0 }, // a fourth moment exists, which the check of cv needs
        ServiceLaw::Uniform { min: Span::from_millis(5), max: Span::from_millis(9) },
        ServiceLaw::Erlang { mean, k: 4 },
        ServiceLaw::Erlang { mean, k: 40 }, // more phases than are multiplied at a time
        ServiceLaw::Hyperexponential { mean, cv: 2.5 },
        ServiceLaw::Hyperexponential { mean, cv: 1.0 }, // is exponential
        ServiceLaw::Empirical(Arc::new(measured())),
        ServiceLaw::Mix(Arc::new(
            Mix::new(vec![
                (0.6, ServiceLaw::Uniform { min: Span::from_millis(1), max: Span::from_millis(3) }),
                (0.4, ServiceLaw::Erlang { mean, k: 4 }),
            ])
            .unwrap(),
        )),
    ]
}

/// One to a thousand squared: ms, each once.
fn measured() -> Values {
    let spans = (1..=1000u64).rev().map(|i| Span::from_micros(i * i)).collect();
    Values::new("times.csv", spans).unwrap()
}

#[test]
fn measured_times_are_drawn_alike_or_by_row() {
    let values = Arc::new(measured());
    // Σi² ÷ n = (n+1)(2n+1) ÷ 6; Σi⁴ ÷ n = (n+1)(2n+1)(3n²+3n−1) ÷ 30.
    let (first, second): (f64, f64) = (1001.0 * 2001.0 / 6.0, 1001.0 * 2001.0 * 3_002_999.0 / 30.0);
    assert_eq!(values.mean(), Span::from_nanos(333_833_500));
    assert!((values.cv() - (second / first / first - 1.0).sqrt()).abs() < 1e-12);
    // 200 draws of each are expected; 4 deviations of a binomial around that is 56, for one value.
    let law = Sampler::new(&ServiceLaw::Empirical(Arc::clone(&values)));
    let mut seen = vec![0; 1001];
    for item in 0..200_000 {
        let drawn = law.of_task(item, 0, &Streams::new(5, Purpose::Service));
        seen[(drawn.as_nanos() as f64 / 1e3).sqrt().round() as usize] += 1;
    }
    assert_eq!(seen[0], 0);
    assert!(seen[1..].iter().all(|n| (130..270).contains(n)), "{seen:?}");
    // A column of a trace is not drawn: the row's own value, whatever the seed.
    let law = Sampler::new(&ServiceLaw::Trace(values));
    for (item, i) in [(0, 1000), (1, 999), (999, 1)] {
        let drawn = law.of_task(item, 0, &Streams::new(item, Purpose::Service));
        assert_eq!(drawn, Span::from_micros(i * i));
    }
    assert!(Values::new("nothing", Vec::new()).is_err());
    let zeros = Values::new("zeros", vec![Span::ZERO; 3]).unwrap();
    assert_eq!((zeros.mean(), zeros.cv()), (Span::ZERO, 0.0));
}

fn requests(times: TokenTimes) -> ServiceLaw {
    let count = |i: u32| TokenCount { context: 1_500 * i, generated: i };
    let lengths = Lengths::new("made up", (1..=100).map(count).collect()).unwrap();
    ServiceLaw::Tokens(Arc::new(Tokens::new(Arc::new(lengths), times).unwrap()))
}

#[test]
fn a_task_has_one_request_at_all_stages() {
    let millis = Span::from_millis;
    // 4,808 ÷ 15,000 s is 320.5333… ms, and 10 × 9.5 ms.
    let times = TokenTimes {
        base: millis(5),
        context_rate: 15_000,
        per_generated: Span::from_micros(9_500),
    };
    let request = TokenCount { context: 4_808, generated: 10 };
    assert_eq!(times.of(request), Span::from_nanos(420_533_333));
    let read = TokenTimes { base: millis(5), context_rate: 1_500_000, ..TokenTimes::default() };
    let write = TokenTimes { per_generated: millis(2), ..TokenTimes::default() };
    let (read, write) = (requests(read), requests(write));
    // 5 ms and 1 ms for each of 1 to 100; 2 ms for each of 1 to 100.
    assert_eq!((read.mean(), write.mean()), (Span::from_micros(55_500), millis(101)));
    let (read, write) = (Sampler::new(&read), Sampler::new(&write));
    let streams = Streams::new(7, Purpose::Service);
    let mut seen = [0; 101];
    for item in 0..20_000 {
        let (first, last) = (read.of_task(item, 0, &streams), write.of_task(item, 3, &streams));
        let tokens = last.as_nanos() / 2_000_000;
        assert_eq!(first, millis(5 + tokens), "the same request");
        seen[tokens as usize] += 1;
    }
    // 200 of each are expected, with a deviation of 14.
    assert!(seen[1..].iter().all(|n| (130..270).contains(n)), "{seen:?}");
    assert!(Lengths::new("nothing", Vec::new()).is_err());
}

#[test]
fn a_task_has_one_kind_at_all_stages() {
    let constant = |ms| ServiceLaw::Constant(Span::from_millis(ms));
    let mix = |first, second| Mix::new(vec![(0.7, first), (0.3, second)]).unwrap();
    let one = ServiceLaw::Mix(Arc::new(mix(constant(10), constant(20))));
    let other = ServiceLaw::Mix(Arc::new(mix(
        constant(1),
        ServiceLaw::Exponential { mean: Span::from_millis(50) },
    )));
    assert_eq!(one.mean(), Span::from_millis(13));
    // E X² = 0.7 × 1 + 0.3 × 2 × 2,500; mean 15.7.
    let cv = (1_500.7 / (15.7 * 15.7) - 1.0_f64).sqrt();
    assert!((other.cv() - cv).abs() < 1e-9, "{}", other.cv());
    let (one, other) = (Sampler::new(&one), Sampler::new(&other));
    let streams = Streams::new(7, Purpose::Service);
    let (mut second, mut sum) = (0, 0.0);
    for item in 0..100_000 {
        let kind = one.of_task(item, 0, &streams) == Span::from_millis(20);
        let time = other.of_task(item, 1, &streams);
        assert!(kind || time == Span::from_millis(1), "the same kind");
        second += u32::from(kind);
        sum += time.as_secs_f64() * 1e3;
    }
    // Deviations of a share: 0.0014; of a mean: 36 ÷ √100,000.
    assert!((f64::from(second) / 1e5 - 0.3).abs() < 0.006, "{second}");
    assert!((sum / 1e5 - 15.7).abs() < 0.5, "{}", sum / 1e5);
    for wrong in [
        vec![],
        vec![(0.5, constant(1))],
        vec![(1.5, constant(1)), (-0.5, constant(1))],
        vec![(1.0, ServiceLaw::Trace(Arc::new(measured())))],
    ] {
        assert!(Mix::new(wrong).is_err());
    }
}

#[test]
fn every_law_has_its_mean_spread_and_shape() {
    for law in laws() {
        let sampler = Sampler::new(&law);
        check(&law, |stream| sampler.sample(stream)).unwrap();
    }
}

#[test]
fn wrong_laws_are_refused() {
    let mean = Span::from_millis(25);
    // The cv of a log-normal law taken for the σ of its logarithm.
    let law = ServiceLaw::Lognormal { mean, cv: 1.2 };
    let wrong = ServiceLaw::Lognormal { mean, cv: (1.2f64.powi(2).exp() - 1.0).sqrt() };
    check(&law, |stream| wrong.sample(stream)).unwrap_err();
    // Equal branch probabilities instead of balanced means: same mean, and nearly the same cv.
    let law = ServiceLaw::Hyperexponential { mean, cv: 1.5 };
    let skew = (0.5 * (1.5f64.powi(2) - 1.0)).sqrt(); // ½(1+d)² + ½(1−d)² = (cv² + 1)/2
    let wrong = |stream: &mut Stream| {
        let branch = if stream.unit() < 0.5 { 1.0 + skew } else { 1.0 - skew };
        Span::from_secs_f64(-branch * 0.025 * stream.unit().ln())
    };
    check(&law, wrong).unwrap_err();
    // One phase too few; a mean one percent too long.
    let law = ServiceLaw::Erlang { mean, k: 4 };
    check(&law, |stream| ServiceLaw::Erlang { mean, k: 3 }.sample(stream)).unwrap_err();
    let longer = Sampler::new(&ServiceLaw::Erlang { mean: Span::from_micros(25_250), k: 4 });
    check(&law, |stream| longer.sample(stream)).unwrap_err();
}

#[test]
fn a_constant_is_constant_and_zero_stays_zero() {
    let mut stream = Stream::new(1, Purpose::Service, 0, 0);
    let span = Span::from_nanos(u64::MAX / 3); // beyond what an f64 can hold exactly
    assert_eq!(ServiceLaw::Constant(span).sample(&mut stream), span);
    let mean = Span::ZERO;
    for law in [
        ServiceLaw::Exponential { mean },
        ServiceLaw::Lognormal { mean, cv: 1.0 },
        ServiceLaw::Pareto { mean, alpha: 3.0 },
        ServiceLaw::Uniform { min: mean, max: mean },
        ServiceLaw::Hyperexponential { mean, cv: 2.0 },
    ] {
        assert_eq!(law.sample(&mut stream), Span::ZERO, "{law:?}");
        assert_eq!(law.mean(), Span::ZERO);
    }
}

#[test]
fn draws_are_the_same_for_ever() {
    // SplitMix64, the key's two rounds of it, and Box and Muller's formula, computed apart from
    // this code in another language: recorded seeds keep their meaning on every machine.
    let law = ServiceLaw::Lognormal { mean: Span::from_millis(25), cv: 0.3 };
    let draw = |item| law.sample(&mut Stream::new(42, Purpose::Service, item, 1)).as_nanos();
    assert_eq!([0, 1, 2].map(draw), [32_642_514, 31_142_704, 20_924_476]);
}

fn check(law: &ServiceLaw, mut draw: impl FnMut(&mut Stream) -> Span) -> Result<(), String> {
    let n = DRAWS as f64;
    let mut x: Vec<f64> = (0..DRAWS)
        .map(|i| draw(&mut Stream::new(7, Purpose::Service, i, 0)).as_secs_f64())
        .collect();
    x.sort_unstable_by(f64::total_cmp);
    let (mean, cv) = (law.mean().as_secs_f64(), law.cv());
    let sigma = cv * mean;

    let sampled = x.iter().sum::<f64>() / n;
    let error = sigma / n.sqrt();
    if (sampled - mean).abs() > 4.0 * error {
        return Err(format!("{law:?}: mean {sampled}, not {mean} ± {error}"));
    }

    // The sample cv is normal with the deviation of its influence function (delta method):
    // ((x−μ)² − σ²) ÷ 2σμ − σ(x−μ) ÷ μ².
    let square = x.iter().map(|x| (x - sampled).powi(2)).sum::<f64>() / n;
    let influence = |x: &f64| {
        let d = x - mean;
        (d * d - sigma * sigma) / (2.0 * sigma * mean) - sigma * d / (mean * mean)
    };
    let error = (x.iter().map(|x| influence(x).powi(2)).sum::<f64>() / n / n).sqrt();
    let sampled = square.sqrt() / sampled;
    if (sampled - cv).abs() > 4.0 * error {
        return Err(format!("{law:?}: cv {sampled}, not {cv} ± {error}"));
    }

    // Kolmogorov's distribution: √n·D is above 2.2 once in eight thousand.
    let distance = x.iter().enumerate().map(|(i, &x)| {
        let f = cdf(law, x);
        (f - i as f64 / n).abs().max((f - (i + 1) as f64 / n).abs())
    });
    let d = distance.fold(0.0, f64::max) * n.sqrt();
    if d > 2.2 { Err(format!("{law:?}: √n·D = {d}")) } else { Ok(()) }
}

/// The closed-form distribution function.
fn cdf(law: &ServiceLaw, x: f64) -> f64 {
    let mean = law.mean().as_secs_f64();
    match *law {
        ServiceLaw::Constant(_) => f64::from(u8::from(x >= mean)),
        ServiceLaw::Exponential { .. } => 1.0 - (-x / mean).exp(),
        ServiceLaw::Lognormal { cv, .. } => {
            let variance = (1.0 + cv * cv).ln();
            let z = (x.ln() - mean.ln() + variance / 2.0) / variance.sqrt();
            0.5 * libm::erfc(-z / 2f64.sqrt())
        }
        ServiceLaw::Pareto { alpha, .. } => 1.0 - (mean * (alpha - 1.0) / alpha / x).powf(alpha),
        ServiceLaw::Uniform { min, max } => {
            (x - min.as_secs_f64()) / (max.as_secs_f64() - min.as_secs_f64())
        }
        // At least k arrivals of a Poisson process until x.
        ServiceLaw::Erlang { k, .. } => {
            let rate = f64::from(k) / mean * x;
            let terms = (0..k).scan((-rate).exp(), |term, i| {
                let now = *term;
                *term *= rate / f64::from(i + 1);
                Some(now)
            });
            1.0 - terms.sum::<f64>()
        }
        ServiceLaw::Mix(ref mix) => {
            mix.parts().iter().map(|(share, law)| share * cdf(law, x).clamp(0.0, 1.0)).sum()
        }
        ServiceLaw::Tokens(ref tokens) => {
            cdf(&ServiceLaw::Empirical(Arc::clone(tokens.values())), x)
        }
        ServiceLaw::Empirical(ref values) | ServiceLaw::Trace(ref values) => {
            let below = values.spans().iter().filter(|span| span.as_secs_f64() <= x);
            below.count() as f64 / values.spans().len() as f64
        }
        ServiceLaw::Hyperexponential { cv, .. } => {
            let ratio = (cv * cv - 1.0) / (cv * cv + 1.0);
            [0.5 * (1.0 + ratio.sqrt()), 0.5 * (1.0 - ratio.sqrt())]
                .map(|p| p * (1.0 - (-2.0 * p * x / mean).exp()))
                .iter()
                .sum()
        }
    }
}
