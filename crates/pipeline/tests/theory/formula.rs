//! The formulas, each with its source, each checked against numbers from somewhere else.
//!
//! Time is in mean service times and load is per server, unless it is said otherwise.

/// Chance to wait in an M/M/c queue that is offered `erlangs` of work.
///
/// Erlang (1917); here by the recursion for the chance of loss, B(c) = aB(c−1) ÷ (c + aB(c−1)), and
/// C = B ÷ (1 − ρ(1 − B)) (Cooper, Introduction to Queueing Theory, 2nd ed., chapter 3).
pub(crate) fn erlang_c(servers: u32, erlangs: f64) -> f64 {
    let lost = (1..=servers).fold(1.0, |b, c| erlangs * b / (f64::from(c) + erlangs * b));
    lost / (1.0 - erlangs / f64::from(servers) * (1.0 - lost))
}

/// Mean wait in an M/G/1 queue: ρ(1 + cv²) ÷ 2(1 − ρ).
///
/// Pollaczek (1930), Khinchine (1932); Kleinrock, Queueing Systems I (1975), section 5.5.
pub(crate) fn pollaczek_khinchine(load: f64, cv: f64) -> f64 {
    load * (1.0 + cv * cv) / (2.0 * (1.0 - load))
}

/// Chance to wait longer than `t` in an M/D/1 queue:
/// 1 − (1 − ρ) Σ_{j=0}^{⌊t⌋} (ρ(j − t))^j ÷ j! · e^{−ρ(j − t)}.
///
/// Erlang, The theory of probabilities and telephone conversations (1909). The sum alternates: it
/// is exact to ten digits for `t` up to 10.
pub(crate) fn waits_longer_m_d_1(load: f64, t: f64) -> f64 {
    let mut factorial = 1.0;
    let mut sum = 0.0;
    for j in 0..=t.floor() as i32 {
        factorial *= f64::from(j.max(1));
        let x = load * (f64::from(j) - t);
        sum += x.powi(j) / factorial * (-x).exp();
    }
    1.0 - (1.0 - load) * sum
}

/// Mean sojourn in the limit of many servers, each task going to the shortest of `choices` queues
/// drawn at random: Σ_{i≥1} λ^((d^i − d) ÷ (d − 1)).
///
/// Vvedenskaya, Dobrushin and Karpelevich (1996); Mitzenmacher, The power of two choices in
/// randomized load balancing, IEEE TPDS 12 (2001). For one choice the exponent is i − 1, and the
/// sum that of M/M/1.
pub(crate) fn supermarket(load: f64, choices: u32) -> f64 {
    let d = f64::from(choices);
    let exponent = |i: i32| {
        if choices == 1 { f64::from(i - 1) } else { (d.powi(i) - d) / (d - 1.0) }
    };
    (1..).map(|i| load.powf(exponent(i))).take_while(|term| *term > 1e-15).sum()
}

/// A station of a closed network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Station {
    /// Mean service time.
    pub(crate) mean: f64,
    /// How many serve there. As many as there are tasks make a delay.
    pub(crate) servers: u32,
}

/// A closed cycle of stations.
#[derive(Clone, Debug)]
pub(crate) struct Cycle {
    /// Mean time at each station, waiting included.
    pub(crate) sojourns: Vec<f64>,
    /// Tasks per unit of time.
    pub(crate) throughput: f64,
}

/// A cycle of stations with exponential service, in which `tasks` tasks go round.
///
/// Exact mean value analysis with servers that serve several at once: Reiser and Lavenberg,
/// Mean-value analysis of closed multichain queueing networks, JACM 27 (1980). An arriving
/// task sees the network with one task less.
pub(crate) fn mean_value_analysis(stations: &[Station], tasks: u32) -> Cycle {
    // Of each station, the chances that it holds 0, 1, … tasks.
    let mut held = vec![vec![1.0]; stations.len()];
    let mut cycle = Cycle { sojourns: Vec::new(), throughput: 0.0 };
    for n in 1..=tasks {
        // Mean time until one of `j` tasks there is served.
        let pace = |it: &Station, j: usize| it.mean / f64::from(it.servers.min(j as u32));
        let sojourn = |(it, held): (&Station, &Vec<f64>)| -> f64 {
            held.iter().zip(1..).map(|(chance, j)| chance * j as f64 * pace(it, j)).sum()
        };
        cycle.sojourns = stations.iter().zip(&held).map(sojourn).collect();
        cycle.throughput = f64::from(n) / cycle.sojourns.iter().sum::<f64>();
        for (it, held) in stations.iter().zip(&mut held) {
            let busy = held.iter().zip(1..).map(|(p, j)| p * cycle.throughput * pace(it, j));
            let busy: Vec<f64> = busy.collect();
            *held = std::iter::once(1.0 - busy.iter().sum::<f64>()).chain(busy).collect();
        }
    }
    cycle
}

/// Mean waits of priority classes in an M/G/1 queue that finishes what it has begun, the most
/// urgent first: W₀ ÷ (1 − σ_{p−1})(1 − σ_p), where W₀ = ρ(1 + cv²) ÷ 2 is the rest of the service
/// that is met, and σ_p the load of the classes up to p.
///
/// Cobham, Priority assignment in waiting line problems, Operations Research 2 (1954).
pub(crate) fn cobham(load: f64, cv: f64, shares: &[f64]) -> Vec<f64> {
    let met = load * (1.0 + cv * cv) / 2.0;
    let mut above = 0.0;
    let wait = |share: &f64| {
        let with = above + load * share;
        let wait = met / ((1.0 - above) * (1.0 - with));
        above = with;
        wait
    };
    shares.iter().map(wait).collect()
}

/// Chance σ to wait in a queue with exponential service whose arrivals are every `k`-th of a
/// Poisson process (Erlang-k gaps): the root below 1 of σ = (kρ ÷ (kρ + 1 − σ))^k. The wait is 0
/// with 1 − σ, else exponential of mean 1 ÷ (1 − σ).
///
/// GI/M/1: Kendall (1953); Kleinrock, Queueing Systems I (1975), chapter 6.
pub(crate) fn gi_m_1_root(load: f64, k: u32) -> f64 {
    let rate = f64::from(k) * load;
    // From 0 the iteration climbs to the smallest root.
    (0..10_000).fold(0.0, |root: f64, _| (rate / (rate + 1.0 - root)).powi(k as i32))
}

/// Chance that a sum of independent exponentials of these rates, all different, exceeds `t`:
/// Σ_i e^{−θ_i t} Π_{j≠i} θ_j ÷ (θ_j − θ_i); and the density there.
///
/// The hypoexponential law: Ross, Introduction to Probability Models, 11th ed., section 5.2.4.
pub(crate) fn sum_exceeds(rates: &[f64], t: f64) -> (f64, f64) {
    let term = |&a: &f64| {
        let others = rates.iter().filter(|&&b| b != a);
        let chance = others.map(|b| b / (b - a)).product::<f64>() * (-a * t).exp();
        (chance, a * chance)
    };
    rates.iter().map(term).fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, known: f64) {
        assert!((found - known).abs() <= 1e-9 * known.abs().max(1.0), "{found}, not {known}");
    }

    /// C from the chances of the birth and death process themselves.
    #[test]
    fn erlang_c_is_the_tail_of_birth_and_death() {
        close(erlang_c(1, 0.8), 0.8);
        close(erlang_c(2, 1.0), 1.0 / 3.0); // ½·2 ÷ (1 + 1 + 1)
        let (servers, erlangs) = (16u32, 13.6);
        let states: Vec<f64> = (1..2_000u32)
            .scan(1.0, |p, n| {
                *p *= erlangs / f64::from(n.min(servers));
                Some(*p)
            })
            .collect();
        let waits: f64 = states[servers as usize - 1..].iter().sum();
        close(erlang_c(servers, erlangs), waits / (1.0 + states.iter().sum::<f64>()));
    }

    #[test]
    fn single_servers_agree_with_each_other() {
        close(pollaczek_khinchine(0.8, 1.0), 0.8 / 0.2); // M/M/1
        close(cobham(0.8, 0.5, &[1.0])[0], pollaczek_khinchine(0.8, 0.5));
        // Kleinrock's conservation law (1965): work does not depend on who is first.
        let shares = [0.2, 0.3, 0.5];
        let waits = cobham(0.8, 1.5, &shares);
        let mean: f64 = waits.iter().zip(shares).map(|(wait, share)| wait * share).sum();
        close(mean, pollaczek_khinchine(0.8, 1.5));
        close(gi_m_1_root(0.8, 1), 0.8); // Erlang-1 gaps are exponential
        // Many phases are a constant gap: D/M/1, σ = e^{−(1−σ)÷ρ}.
        let root = gi_m_1_root(0.7, 100_000);
        assert!((root - (-(1.0 - root) / 0.7f64).exp()).abs() < 1e-5);
    }

    /// ∫ P(W > t) dt is the mean.
    #[test]
    fn m_d_1_has_the_mean_of_pollaczek_and_khinchine() {
        close(waits_longer_m_d_1(0.6, 0.0), 0.6);
        let step = 1e-3;
        let points = (0..10_000).map(|i| waits_longer_m_d_1(0.6, (f64::from(i) + 0.5) * step));
        let area: f64 = points.sum::<f64>() * step;
        // Beyond 10 the tail is a geometric one: what is cut off is below 1e-4.
        assert!((area - pollaczek_khinchine(0.6, 0.0)).abs() < 2e-4, "{area}");
    }

    /// Against the equations that the shares s_i of servers with at least i tasks come to rest in,
    /// ds_i/dt = λ(s_{i−1}^d − s_i^d) − (s_i − s_{i+1}), integrated from empty servers.
    #[test]
    fn the_supermarket_is_at_rest() {
        for (load, choices) in [(0.5, 1), (0.7, 2), (0.9, 2), (0.8, 3)] {
            let mut s = [0.0f64; 64];
            s[0] = 1.0;
            for _ in 0..20_000 {
                let before = s;
                let arrives = |i: usize| load * before[i].powi(choices as i32);
                for i in 1..63 {
                    let flow = arrives(i - 1) - arrives(i) - before[i] + before[i + 1];
                    s[i] = before[i] + 0.05 * flow;
                }
            }
            let number: f64 = s[1..].iter().sum();
            close(supermarket(load, choices), number / load); // Little
        }
    }

    /// Against the product form, summed over all states (Gordon and Newell, 1967).
    #[test]
    fn mean_value_analysis_is_the_product_form() {
        let station = |mean, servers| Station { mean, servers };
        let stations = [station(1.0, 1), station(2.5, 2), station(3.0, 5)];
        let weight = |it: &Station, held: u32| {
            (1..=held).map(|n| it.mean / f64::from(n.min(it.servers))).product::<f64>()
        };
        let all = |tasks: u32| {
            let (mut sum, mut held) = (0.0, 0.0);
            for a in 0..=tasks {
                for b in 0..=tasks - a {
                    let states = [a, b, tasks - a - b];
                    let chance: f64 =
                        stations.iter().zip(states).map(|(s, n)| weight(s, n)).product();
                    sum += chance;
                    held += chance * f64::from(b);
                }
            }
            (sum, held / sum)
        };
        let cycle = mean_value_analysis(&stations, 5);
        close(cycle.throughput, all(4).0 / all(5).0);
        close(cycle.sojourns[1] * cycle.throughput, all(5).1);
    }

    #[test]
    fn sums_of_exponentials() {
        close(sum_exceeds(&[2.0], 0.5).0, (-1.0f64).exp());
        let (above, density) = sum_exceeds(&[1.0, 0.25, 1.5], 3.0);
        let next = sum_exceeds(&[1.0, 0.25, 1.5], 3.0 + 1e-6).0;
        assert!(((above - next) / 1e-6 - density).abs() < 1e-5);
        close(sum_exceeds(&[1.0, 0.25, 1.5], 0.0).0, 1.0);
    }
}
