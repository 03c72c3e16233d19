//! Means of correlated samples, and how far they can be trusted.
//!
//! Waiting times of neighbouring tasks depend on each other, so the error of their mean is taken
//! from the means of batches, each much longer than the memory of the queue (Law, Simulation
//! Modeling and Analysis, 5th ed., section 9.5.3). Batches may differ in size; then the mean is a
//! ratio, with the ratio estimator's error (Cochran, Sampling Techniques, 3rd ed., chapter 6).

/// Total of a batch, and its number of samples.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) total: f64,
    pub(crate) weight: f64,
}

impl Batch {
    #[inline]
    pub(crate) fn add(&mut self, sample: f64) {
        self.total += sample;
        self.weight += 1.0;
    }
}

/// A mean over batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Estimate {
    pub(crate) mean: f64,
    /// Standard error of the mean.
    pub(crate) error: f64,
    /// Correlation of a batch with the next of its run. Near 0 if batches are long enough for
    /// their error to be believed.
    pub(crate) lag: f64,
    pub(crate) batches: usize,
}

impl Estimate {
    /// From the batches of independent runs.
    pub(crate) fn of(runs: &[Vec<Batch>]) -> Estimate {
        let all = || runs.iter().flatten();
        let n = all().count() as f64;
        let weight: f64 = all().map(|batch| batch.weight).sum();
        let mean = all().map(|batch| batch.total).sum::<f64>() / weight;
        let residual = |batch: &Batch| batch.total - mean * batch.weight;
        let squares: f64 = all().map(|batch| residual(batch).powi(2)).sum();
        let neighbours = runs.iter().flat_map(|run| run.windows(2));
        let products: f64 = neighbours.map(|two| residual(&two[0]) * residual(&two[1])).sum();
        let error = (squares / (n * (n - 1.0))).sqrt() / (weight / n);
        let pairs = n - runs.len() as f64;
        Estimate { mean, error, lag: products / pairs / (squares / n), batches: n as usize }
    }

    /// How many standard errors the mean is above `theory`.
    pub(crate) fn distance(&self, theory: f64) -> f64 {
        (self.mean - theory) / self.error
    }
}

#[test]
fn equal_batches_give_the_plain_error_of_a_mean() {
    let run = |totals: &[f64]| totals.iter().map(|&total| Batch { total, weight: 10.0 }).collect();
    // Means 1, 2, 3 and 6: mean 3, squares 4 + 1 + 0 + 9 = 14, error √(14 ÷ 12).
    let found = Estimate::of(&[run(&[10.0, 20.0]), run(&[30.0, 60.0])]);
    assert_eq!((found.mean, found.batches), (3.0, 4));
    assert!((found.error - (14.0f64 / 12.0).sqrt()).abs() < 1e-12);
    // Neighbours within a run: (−2)(−1) and 0·3; their mean over the variance of 14 ÷ 4.
    assert!((found.lag - 1.0 / 3.5).abs() < 1e-12);
    assert!((found.distance(2.0) - (12.0f64 / 14.0).sqrt()).abs() < 1e-12);
}

#[test]
fn unequal_batches_are_a_ratio() {
    // 1 sample of 2 and 3 samples of 6 in total: mean 8 ÷ 4, without any residual.
    let run = vec![Batch { total: 2.0, weight: 1.0 }, Batch { total: 6.0, weight: 3.0 }];
    let found = Estimate::of(&[run]);
    assert_eq!((found.mean, found.error), (2.0, 0.0));
}
