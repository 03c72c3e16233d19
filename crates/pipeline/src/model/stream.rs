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
    /// The gap before an arrival; of part 1, a sojourn in a state of the arrivals.
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

/// All streams of one purpose in the run of one seed.
#[derive(Clone, Copy, Debug)]
pub struct Streams(u64);

/// A stream of uniform numbers.
#[derive(Clone, Debug)]
pub struct Stream(Rng);

impl Streams {
    /// Those for `purpose` in the run of this seed.
    pub fn new(seed: u64, purpose: Purpose) -> Streams {
        let word = (purpose as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Streams(Rng::new(seed ^ word).next_u64())
    }

    /// The stream of `item` and `part`.
    ///
    /// Item and part are spread by two odd multipliers, so that no two keys of a run meet, and pass
    /// through SplitMix64's mixer twice, once here and once at the first draw, so that
    /// neighbouring keys give unrelated numbers.
    #[inline]
    pub fn stream(&self, item: u64, part: u32) -> Stream {
        let item = item.wrapping_mul(0xA076_1D64_78BD_642F);
        let part = u64::from(part).wrapping_mul(0xE703_7ED1_A0B4_28DB);
        Stream(Rng::new(Rng::new(self.0 ^ item.wrapping_add(part)).next_u64()))
    }
}

impl Stream {
    /// The stream of `item` and `part` for `purpose` in the run of this seed. Who draws often keeps
    /// the [`Streams`] of the purpose instead.
    #[inline]
    pub fn new(seed: u64, purpose: Purpose, item: u64, part: u32) -> Stream {
        Streams::new(seed, purpose).stream(item, part)
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
