//! The universal scalability law, fitted to throughputs at several sizes.
//!
//! X(N) = λN ÷ (1 + σ(N − 1) + κN(N − 1)): λ is what one node does alone, σ the share of the work
//! that waits its turn (contention), κ the cost of every pair that must agree (coherency). With κ > 0
//! there is a largest useful size (N. J. Gunther, *Guerrilla Capacity Planning*, 2007, chapter 4).
//!
//! The fit is least squares of ln X, so that every throughput counts by its *relative* error: Gauss
//! and Newton's method from a linear start (N ÷ X is linear in 1 ÷ λ, σ ÷ λ and κ ÷ λ). Intervals
//! are those of the linearised model, with Student's t. A κ that cannot be told from 0 is left
//! out and the rest fitted again: an extrapolated peak would be luck. Logarithms come from `libm`.

use crate::confidence::t975;

/// Sizes from which on there is a fit: three parameters and a residual.
pub const LEAST_SIZES: usize = 4;
/// No throughput is known more exactly, relative to itself: a run has a first and a last task.
const RESOLUTION: f64 = 1e-4;
const STEPS: usize = 100;

/// A measured throughput.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Throughput {
    /// Size of the system, > 0, in any unit (nodes, say).
    pub size: f64,
    /// Mean throughput at this size, > 0.
    pub rate: f64,
    /// Standard error of `rate`, if there were repetitions.
    pub error: Option<f64>,
}

/// A number with its 95 % interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its interval.
    pub ci95: [f64; 2],
}

/// The fitted law.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scalability {
    /// Throughput of a system of size 1, as fitted.
    pub lambda: Estimate,
    /// Contention. Negative where the throughput grows faster than the size.
    pub sigma: Estimate,
    /// Coherency; none if its interval includes 0, or if it is negative.
    pub kappa: Option<Estimate>,
    /// Root of the mean squared relative residual, with the degrees of freedom.
    pub residual: f64,
    /// Different sizes that it rests on.
    pub sizes: usize,
}

impl Estimate {
    /// Whether 0 is outside of the interval.
    pub fn is_not_zero(&self) -> bool {
        self.ci95[0] > 0.0 || self.ci95[1] < 0.0
    }
}

impl Scalability {
    /// Fits the law. `None` for fewer than [`LEAST_SIZES`] different sizes, for a size or rate that is
    /// not above zero, and where the sum of squares has no minimum that is found in 100 steps.
    pub fn fit(points: &[Throughput]) -> Option<Scalability> {
        let sound = |x: f64| x.is_finite() && x > 0.0;
        let mut sizes: Vec<f64> = points.iter().map(|point| point.size).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        if sizes.len() < LEAST_SIZES || !points.iter().all(|it| sound(it.size) && sound(it.rate)) {
            return None;
        }
        let full = fitted::<3>(points)?;
        let whole = |[lambda, sigma, kappa]: [Estimate; 3], residual| Scalability {
            lambda,
            sigma,
            kappa: Some(kappa),
            residual,
            sizes: sizes.len(),
        };
        if full.0[2].ci95[0] > 0.0 {
            return Some(whole(full.0, full.1));
        }
        let ([lambda, sigma], residual) = fitted::<2>(points)?;
        Some(Scalability { lambda, sigma, kappa: None, residual, sizes: sizes.len() })
    }

    /// The throughput that the law gives at a size.
    pub fn at(&self, size: f64) -> f64 {
        let kappa = self.kappa.map_or(0.0, |kappa| kappa.value);
        self.lambda.value * size / divisor(size, &[self.sigma.value, kappa])
    }

    /// The size of the largest throughput, √((1 − σ) ÷ κ); none without a κ above zero.
    pub fn peak(&self) -> Option<f64> {
        let kappa = self.kappa?.value;
        let size = ((1.0 - self.sigma.value) / kappa).sqrt();
        size.is_finite().then_some(size)
    }
}

/// 1 + σ(N − 1) + κN(N − 1), of as many of the two as there are.
fn divisor(size: f64, terms: &[f64]) -> f64 {
    let powers = [size - 1.0, size * (size - 1.0)];
    1.0 + terms.iter().zip(powers).map(|(term, power)| term * power).sum::<f64>()
}

/// λ, σ and, for P = 3, κ; and the residual.
fn fitted<const P: usize>(points: &[Throughput]) -> Option<([Estimate; P], f64)> {
    let mut at = start::<P>(points)?;
    let mut squares = cost(points, &at)?;
    for _ in 0..STEPS {
        let (step, _) = solved(points.iter().map(|point| row(point, &at)))?;
        // Halved until it goes downhill and no throughput becomes negative.
        let mut share = 1.0;
        let next = loop {
            let mut next = at;
            next.iter_mut().zip(step).for_each(|(it, step)| *it += share * step);
            match cost(points, &next) {
                Some(lower) if lower <= squares => break Some((next, lower)),
                _ if share < 1e-9 => break None,
                _ => share /= 2.0,
            }
        };
        let Some((next, lower)) = next else { break }; // as low as rounding lets it be
        let gain = squares - lower;
        (at, squares) = (next, lower);
        if gain <= squares * 1e-14 {
            break;
        }
    }
    let freedom = points.len().checked_sub(P).filter(|freedom| *freedom > 0)?;
    let lack = squares / freedom as f64;
    // What repetitions say about the error of a mean counts where the fit happens to be closer.
    let errors = || points.iter().filter_map(|it| Some((it.error? / it.rate).powi(2)));
    let pure = errors().sum::<f64>() / errors().count().max(1) as f64;
    let variance = lack.max(pure).max(RESOLUTION * RESOLUTION);
    let (_, inverse) = solved(points.iter().map(|point| row(point, &at)))?;
    let t = t975(freedom);
    let mut estimates = [Estimate { value: 0.0, ci95: [0.0; 2] }; P];
    for (i, estimate) in estimates.iter_mut().enumerate() {
        let half = t * (variance * inverse[i]).sqrt();
        let ends = [at[i] - half, at[i] + half];
        // λ is fitted as its logarithm.
        let shown = |x: f64| if i == 0 { libm::exp(x) } else { x };
        *estimate = Estimate { value: shown(at[i]), ci95: ends.map(shown) };
    }
    Some((estimates, lack.sqrt()))
}

/// Of ln X − ln λ − ln N + ln D: the derivatives by ln λ, σ and κ, and the residual.
fn row<const P: usize>(point: &Throughput, at: &[f64; P]) -> ([f64; P], f64) {
    let size = point.size;
    let divisor = divisor(size, &at[1..]);
    let derivatives = [1.0, -(size - 1.0) / divisor, -size * (size - 1.0) / divisor];
    let model = at[0] + libm::log(size) - libm::log(divisor);
    (std::array::from_fn(|i| derivatives[i]), libm::log(point.rate) - model)
}

/// The sum of squares; none where the law has no positive throughput.
fn cost<const P: usize>(points: &[Throughput], at: &[f64; P]) -> Option<f64> {
    let positive = points.iter().all(|point| divisor(point.size, &at[1..]) > 0.0);
    let squares: f64 = points.iter().map(|point| row(point, at).1.powi(2)).sum();
    (positive && squares.is_finite()).then_some(squares)
}

/// N ÷ X = (1 + σ(N − 1) + κN(N − 1)) ÷ λ by linear least squares of relative residuals; where that
/// has a negative throughput, a law without σ and κ.
fn start<const P: usize>(points: &[Throughput]) -> Option<[f64; P]> {
    let rows = points.iter().map(|point| {
        let (size, unit) = (point.size, point.rate / point.size);
        let powers = [unit, unit * (size - 1.0), unit * size * (size - 1.0)];
        (std::array::from_fn::<f64, P, _>(|i| powers[i]), 1.0)
    });
    let linear = solved(rows).map(|(found, _)| {
        let mut at = found.map(|term| term / found[0]);
        at[0] = -libm::log(found[0]);
        at
    });
    let mut plain = [0.0; P];
    let each = points.iter().map(|point| libm::log(point.rate / point.size));
    plain[0] = each.sum::<f64>() / points.len() as f64;
    [linear, Some(plain)].into_iter().flatten().find(|at| cost(points, at).is_some())
}

/// Least squares by the normal equations, columns scaled to length 1: the solution, and the diagonal
/// of the inverse. `None` if the columns do not differ.
fn solved<const P: usize>(
    rows: impl Iterator<Item = ([f64; P], f64)> + Clone,
) -> Option<([f64; P], [f64; P])> {
    let mut lengths = [0.0; P];
    for (row, _) in rows.clone() {
        lengths.iter_mut().zip(row).for_each(|(length, x)| *length += x * x);
    }
    let lengths = lengths.map(f64::sqrt);
    // The matrix, then the right-hand side, then the unit matrix.
    let mut table = vec![vec![0.0; 2 * P + 1]; P];
    for (row, y) in rows {
        for i in 0..P {
            for j in 0..P {
                table[i][j] += row[i] / lengths[i] * row[j] / lengths[j];
            }
            table[i][P] += row[i] / lengths[i] * y;
        }
    }
    (0..P).for_each(|i| table[i][P + 1 + i] = 1.0);
    for pivot in 0..P {
        let best =
            (pivot..P).max_by(|&a, &b| table[a][pivot].abs().total_cmp(&table[b][pivot].abs()))?;
        table.swap(pivot, best);
        let scale = table[pivot][pivot];
        if scale.is_nan() || scale.abs() <= 1e-13 {
            return None;
        }
        table[pivot].iter_mut().for_each(|x| *x /= scale);
        let base = table[pivot].clone();
        for (_, row) in table.iter_mut().enumerate().filter(|(i, _)| *i != pivot) {
            let factor = row[pivot];
            row.iter_mut().zip(&base).for_each(|(x, base)| *x -= factor * base);
        }
    }
    let solution = std::array::from_fn(|i| table[i][P] / lengths[i]);
    let inverse = std::array::from_fn(|i| table[i][P + 1 + i] / (lengths[i] * lengths[i]));
    Some((solution, inverse))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 48.0];

    fn law(size: f64, [lambda, sigma, kappa]: [f64; 3]) -> f64 {
        lambda * size / (1.0 + sigma * (size - 1.0) + kappa * size * (size - 1.0))
    }

    /// Throughputs of a law, each off by a relative error.
    fn points(sizes: &[f64], law_of: [f64; 3], errors: impl Fn(usize) -> f64) -> Vec<Throughput> {
        let rate = |(i, &size): (usize, &f64)| law(size, law_of) * (1.0 + errors(i));
        let point = |it: (usize, &f64)| Throughput { size: *it.1, rate: rate(it), error: None };
        sizes.iter().enumerate().map(point).collect()
    }

    #[track_caller]
    fn near(estimate: Estimate, value: f64) {
        let off = (estimate.value - value).abs();
        assert!(off <= 1e-6 * value.abs().max(1e-3), "{estimate:?} is not {value}");
        assert!(estimate.ci95[0] <= value && value <= estimate.ci95[1], "{estimate:?}, {value}");
    }

    #[test]
    fn the_parameters_of_a_law_are_found() {
        for (sigma, kappa) in [(0.05, 0.001), (0.0, 0.02), (0.3, 0.0001), (-0.01, 0.0005)] {
            let fit = Scalability::fit(&points(&SIZES, [133.0, sigma, kappa], |_| 0.0)).unwrap();
            near(fit.lambda, 133.0);
            near(fit.sigma, sigma);
            near(fit.kappa.unwrap(), kappa);
            assert!((fit.peak().unwrap() / ((1.0 - sigma) / kappa).sqrt() - 1.0).abs() < 1e-4);
            assert!((fit.at(16.0) / law(16.0, [133.0, sigma, kappa]) - 1.0).abs() < 1e-9);
            assert!(fit.residual < 1e-9);
        }
    }

    /// Eleven throughputs with the noise of a real measurement. The expected values are from a golden-section
    /// search of σ alone, which shares nothing with the fit: for a given σ the best ln λ is a mean; the
    /// intervals are by the normal equations, Student's t with nine degrees of freedom.
    #[test]
    fn a_fit_to_noise_agrees_with_another_method() {
        let rates = [(1, 20.0), (4, 78.0), (8, 130.0), (12, 170.0), (16, 190.0), (20, 200.0)];
        let more = [(24, 210.0), (28, 230.0), (32, 260.0), (48, 280.0), (64, 310.0)];
        let points: Vec<Throughput> = rates
            .into_iter()
            .chain(more)
            .map(|(size, rate)| Throughput { size: f64::from(size), rate, error: None })
            .collect();
        let fit = Scalability::fit(&points).unwrap();
        // κ is not told from 0 by these points, so it is left out.
        assert_eq!((fit.kappa, fit.peak()), (None, None));
        let near = |one: f64, other: f64| assert!((one / other - 1.0).abs() < 1e-4, "{fit:?}");
        near(fit.lambda.value, 21.604_392);
        near(fit.lambda.ci95[0], 19.917_5);
        near(fit.lambda.ci95[1], 23.434_2);
        near(fit.sigma.value, 0.056_584_04);
        near(fit.sigma.ci95[0], 0.047_710_83);
        near(fit.sigma.ci95[1], 0.065_457_25);
        near(fit.residual, 0.053_168_5);
    }

    #[test]
    fn linear_growth_has_neither_contention_nor_a_peak() {
        let wobble = |i: usize| if i.is_multiple_of(2) { 2e-5 } else { -2e-5 };
        for errors in [&(|_: usize| 0.0) as &dyn Fn(usize) -> f64, &wobble] {
            let fit = Scalability::fit(&points(&SIZES[..5], [133.0, 0.0, 0.0], errors)).unwrap();
            assert_eq!((fit.kappa, fit.peak()), (None, None), "{fit:?}");
            assert!(!fit.sigma.is_not_zero() && fit.sigma.value.abs() < 1e-4, "{fit:?}");
        }
    }

    #[test]
    fn errors_of_repetitions_widen_the_intervals() {
        let exact = points(&SIZES, [100.0, 0.02, 0.001], |_| 0.0);
        let noisy: Vec<Throughput> =
            exact.iter().map(|it| Throughput { error: Some(it.rate * 0.1), ..*it }).collect();
        assert!(Scalability::fit(&exact).unwrap().kappa.is_some());
        let fit = Scalability::fit(&noisy).unwrap();
        assert_eq!(fit.kappa, None, "ten percent of error hide a coherency of 0.001");
    }

    /// Of 95 % intervals over noisy data, about 95 % hold the truth.
    #[test]
    fn intervals_cover_what_they_promise() {
        let mut state = 7_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let (truth, rounds) = ([50.0, 0.1, 0.002], 1_000);
        let (mut covered, mut told) = (0, 0);
        for _ in 0..rounds {
            let noise: Vec<f64> = SIZES
                .iter()
                .map(|_| ((0..12).map(|_| uniform()).sum::<f64>() - 6.0) * 0.02)
                .collect();
            let (all, _) = fitted::<3>(&points(&SIZES, truth, |i| noise[i])).unwrap();
            let holds = |i: usize| all[i].ci95[0] <= truth[i] && truth[i] <= all[i].ci95[1];
            covered += usize::from(holds(1)) + usize::from(holds(2));
            told += usize::from(all[2].ci95[0] > 0.0);
        }
        let share = covered as f64 / (2 * rounds) as f64;
        assert!((0.925..0.975).contains(&share), "{share}");
        assert!(told > rounds * 9 / 10, "{told}");
    }

    #[test]
    fn few_sizes_or_nonsense_give_no_fit() {
        let three = points(&SIZES[..3], [10.0, 0.1, 0.01], |_| 0.0);
        assert_eq!(Scalability::fit(&three), None);
        let repeated = [three[0], three[0], three[1], three[1], three[2]];
        assert_eq!(Scalability::fit(&repeated), None, "three different sizes");
        let mut zero = points(&SIZES, [10.0, 0.1, 0.01], |_| 0.0);
        zero[2].rate = 0.0;
        assert_eq!(Scalability::fit(&zero), None);
    }

    #[test]
    fn thousands_of_nodes_lose_no_digits() {
        let sizes = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];
        let fit = Scalability::fit(&points(&sizes, [1.0, 1e-4, 1e-8], |_| 0.0)).unwrap();
        assert!(
            (fit.at(10_000.0) / law(10_000.0, [1.0, 1e-4, 1e-8]) - 1.0).abs() < 1e-6,
            "{fit:?}"
        );
    }
}
