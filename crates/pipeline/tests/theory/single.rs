//! One server: M/M/1, M/D/1 and M/G/1.

use crate::case::{Case, Measure, exponential, first_wait, seconds, sojourn};
use crate::formula::{pollaczek_khinchine, waits_longer_m_d_1};
use crate::suite::{holds, refuses, refuses_only};
use pipeline::model::{Arrivals, ServiceLaw};
use sched_core::Span;

/// Mean service time 1 s, so that the rate of arrivals is the load.
const SECOND: Span = Span::from_secs(1);

fn one_server(name: &str, load: f64, law: ServiceLaw) -> Case {
    Case::open(name, load, &[(1, 1, law)])
}

/// What holds for every law: the mean wait of Pollaczek and Khinchine, and that a share of 1 − ρ
/// finds the server idle (Poisson arrivals see time averages; Wolff, Operations Research 30, 1982).
fn m_g_1(name: &str, load: f64, law: ServiceLaw) -> Case {
    let theory = pollaczek_khinchine(load, law.cv());
    let mut case = one_server(name, load, law);
    case.measures = vec![
        Measure::mean("mean wait", theory, first_wait),
        Measure::share("no wait", 1.0 - load, |task| first_wait(task) == 0.0),
    ];
    case
}

/// The sojourn is exponential with rate 1 − ρ (Kleinrock, Queueing Systems I, section 5.7).
fn m_m_1(load: f64) -> Case {
    let mut case = one_server("M/M/1", load, exponential(1.0));
    let rate = 1.0 - load;
    case.measures = vec![
        Measure::mean("mean sojourn", 1.0 / rate, sojourn),
        Measure::share("no wait", 1.0 - load, |task| first_wait(task) == 0.0),
    ];
    for (name, beyond) in [("sojourn p50", 0.5), ("sojourn p90", 0.1), ("sojourn p99", 0.01)] {
        let quantile = -f64::ln(beyond) / rate;
        case.measures.push(Measure::quantile(name, quantile, beyond, rate * beyond, sojourn));
    }
    case
}

#[test]
fn exponential_service() {
    holds(&m_m_1(0.75));
    let longer = |case: &mut Case| case.stages[0].service = exponential(1.05);
    refuses(
        &m_m_1(0.75).but("service takes 5 % longer", longer),
        &["mean sojourn", "no wait", "sojourn p50", "sojourn p90", "sojourn p99"],
    );
    let even = |case: &mut Case| case.arrivals = Arrivals::Uniform { rate: 0.75 };
    refuses(
        &m_m_1(0.75).but("arrivals are even", even),
        &["mean sojourn", "no wait", "sojourn p50", "sojourn p90", "sojourn p99"],
    );
}

/// The wait's distribution is Erlang's of 1909.
fn m_d_1(load: f64) -> Case {
    let mut case = m_g_1("M/D/1", load, ServiceLaw::Constant(SECOND));
    for (name, t) in [("wait over 0.5", 0.5), ("wait over 2.5", 2.5)] {
        let beyond = waits_longer_m_d_1(load, t);
        case.measures.push(Measure::share(name, beyond, move |task| first_wait(task) > t));
    }
    case
}

#[test]
fn constant_service() {
    holds(&m_d_1(0.8));
    let spread = |case: &mut Case| {
        let (min, max) = (seconds(0.2), seconds(1.8)); // cv 0.46: the mean wait is 21 % longer
        case.stages[0].service = ServiceLaw::Uniform { min, max };
    };
    refuses(&m_d_1(0.8).but("service varies", spread), &["mean wait", "wait over 2.5"]);
}

#[test]
fn general_service() {
    let mean = SECOND;
    let laws = [
        ("M/E4/1", 0.75, ServiceLaw::Erlang { mean, k: 4 }),
        ("M/lognormal/1", 0.7, ServiceLaw::Lognormal { mean, cv: 1.3 }),
        ("M/H2/1", 0.6, ServiceLaw::Hyperexponential { mean, cv: 2.0 }),
    ];
    for (name, load, law) in laws {
        holds(&m_g_1(name, load, law.clone()));
        // The mean is the same, and so is the share without a wait: only the spread is wrong.
        let other = match law {
            ServiceLaw::Erlang { .. } => ServiceLaw::Constant(mean),
            ServiceLaw::Lognormal { .. } => ServiceLaw::Lognormal { mean, cv: 1.0 },
            _ => exponential(1.0),
        };
        let change = |case: &mut Case| case.stages[0].service = other;
        let wrong = m_g_1(name, load, law).but("the spread is another", change);
        refuses_only(&wrong, &["mean wait"]);
    }
}
