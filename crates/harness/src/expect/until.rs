//! How many repetitions a precision needs.
//!
//! Looked at are the 95 % intervals that reports show beside the headline measures: throughput, mean
//! latency and p99. Ending when an interval is narrow enough makes it cover a little less than 95 %
//! for few repetitions, and exactly that in the limit (Chow and Robbins, Annals of
//! Mathematical Statistics 36(2), 1965); which is why the first look is not at two repetitions.

use metrics::report::Measures;

/// The number of repetitions that would bring every headline interval within ± `percent` of its
/// value, as far as `done` repetitions tell: intervals narrow as 1 ÷ √n. `Ok` if they are there.
///
/// # Errors
/// The number; NaN if there is nothing to tell it from, as where all tasks failed.
pub(crate) fn needed(measures: &Measures, done: u32, percent: f64) -> Result<(), f64> {
    let latency = &measures.latency_ms.end_to_end;
    needed_of(
        &[
            (measures.throughput_tasks_per_sec, measures.throughput_ci95),
            (latency.mean, latency.ci95),
            (latency.p99, latency.p99_ci95),
        ],
        done,
        percent,
    )
}

fn needed_of(
    measures: &[(Option<f64>, Option<[f64; 2]>)],
    done: u32,
    percent: f64,
) -> Result<(), f64> {
    let mut times = 1.0_f64; // the widest half, in units of what is allowed
    for measure in measures {
        let &(Some(value), Some([low, high])) = measure else { return Err(f64::NAN) };
        // The wider side: the lower one may end at 0.
        let half = (high - value).max(value - low);
        let allowed = value.abs() * percent / 100.0;
        if half > allowed {
            times = times.max(half / allowed);
        }
    }
    if times > 1.0 { Err(f64::from(done) * times * times) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(value: f64, half: f64) -> (Option<f64>, Option<[f64; 2]>) {
        (Some(value), Some([value - half, value + half]))
    }

    #[test]
    fn the_widest_interval_decides() {
        let narrow = about(200.0, 2.0);
        assert_eq!(needed_of(&[narrow, about(10.0, 0.0), about(0.0, 0.0)], 5, 1.0), Ok(()));
        // Four times too wide: sixteen times the repetitions.
        assert_eq!(needed_of(&[narrow, about(100.0, 4.0)], 5, 1.0), Err(80.0));
        assert_eq!(needed_of(&[narrow, about(100.0, 4.0)], 5, 4.0), Ok(()));
        assert_eq!(needed_of(&[narrow, about(0.0, 1.0)], 5, 1.0), Err(f64::INFINITY));
        let cut = (Some(10.0), Some([0.0, 30.0]));
        assert_eq!(needed_of(&[cut], 5, 100.0), Err(20.0));
    }

    #[test]
    fn what_was_not_measured_is_not_precise() {
        assert!(needed_of(&[(Some(1.0), None)], 1, 1.0).unwrap_err().is_nan());
        assert!(needed_of(&[(None, None)], 9, 1.0).unwrap_err().is_nan());
    }
}
