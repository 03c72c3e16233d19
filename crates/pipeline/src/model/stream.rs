//! Random streams, one per purpose and item.
//!
//! A stream is a function of (seed, purpose, item, part) and nothing else: the service time
//! of item 17 at stage 2 is the same whichever policy runs, in whatever order calls start,
//! and however many draws other laws take. Policies are then compared on equal luck
//! (common random numbers), and differences are paired.

use sched_core::rng::Rng;

/// What a number is drawn for. The values are part of what a seed means; they never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum Purpose {
    /// The gap before an arrival.
    Arrival = 1,
    /// A service time; the part is the stage.
    Service = 2,
    /// A priority level.
    Priority = 3,
    /// Draws of the policy itself.
    Policy = 4,
    /// A way through the network; the item is twice the task's index, plus one on the way back.
    Network = 5,
    /// A node's life and repair; the item is the node, the part counts its failures.
    Failure = 6,
}

/// A stream of uniform numbers.
#[derive(Clone, Debug)]
pub struct Stream(Rng);

impl Stream {
    /// The stream of `item` and `part` for `purpose` in the run of this seed.
    ///
    /// Each word of the key passes through SplitMix64's mixer before the next one is added,
    /// so neighbouring keys give unrelated states.
    #[inline]
    pub fn new(seed: u64, purpose: Purpose, item: u64, part: u32) -> Stream {
        let words = [purpose as u64, item, u64::from(part)];
        let mixed = words.into_iter().fold(seed, |state, word| {
            Rng::new(state.rotate_left(32) ^ word.wrapping_mul(0xD6E8_FEB8_6659_FD93)).next_u64()
        });
        Stream(Rng::new(mixed))
    }

    /// The next 64 uniform bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A uniform number strictly between 0 and 1: an odd multiple of 2⁻⁵³, so that its
    /// logarithm and that of its complement are finite.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
        ((self.next_u64() >> 12 << 1) | 1) as f64 * SCALE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn first(seed: u64, purpose: Purpose, item: u64, part: u32) -> u64 {
        Stream::new(seed, purpose, item, part).next_u64()
    }

    #[test]
    fn every_word_of_the_key_counts() {
        let mut seen = BTreeSet::new();
        for seed in 0..8 {
            for purpose in [Purpose::Arrival, Purpose::Service, Purpose::Priority, Purpose::Policy]
            {
                for item in 0..64 {
                    seen.extend((0..8).map(|part| first(seed, purpose, item, part)));
                }
            }
        }
        assert_eq!(seen.len(), 8 * 4 * 64 * 8, "two keys share a stream");
        assert_eq!(first(1, Purpose::Service, 2, 3), first(1, Purpose::Service, 2, 3));
    }

    #[test]
    fn neighbouring_items_are_uncorrelated() {
        // Lag-1 correlation of n independent uniforms is normal with deviation 1/√n.
        let n = 100_000;
        let u: Vec<f64> =
            (0..n).map(|i| Stream::new(42, Purpose::Service, i, 0).unit() - 0.5).collect();
        let variance = u.iter().map(|x| x * x).sum::<f64>() / n as f64;
        let lag: f64 = u.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n as f64;
        assert!((lag / variance).abs() < 4.0 / (n as f64).sqrt(), "{}", lag / variance);
        assert!((variance * 12.0 - 1.0).abs() < 0.02, "{variance}");
    }

    #[test]
    fn unit_is_open_at_both_ends() {
        let lowest = (1u64) as f64 / (1u64 << 53) as f64;
        let highest = ((u64::MAX >> 12 << 1) | 1) as f64 / (1u64 << 53) as f64;
        assert!(lowest > 0.0 && highest < 1.0);
    }
}
