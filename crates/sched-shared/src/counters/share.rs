//! The load of a node without a division.
//!
//! Two choices compare two loads per call, and divisions are slow. ⌊n ÷ c⌋ is
//! ⌊n × m ÷ 2ᵏ⌋ with m = ⌈2ᵏ ÷ c⌉: m × c exceeds 2ᵏ by e < c ≤ 2ᴸ, so the product is exact while
//! n × e < 2ᵏ, which k = 63 + L grants for every n below 2⁶³ (Granlund, Montgomery: Division by Invariant
//! Integers using Multiplication, PLDI 1994). Twice n makes that the high half of a product, shifted by L.

/// The reciprocal of a capacity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    factor: u64,
    shift: u32,
}

impl Share {
    /// Of a capacity that is not zero.
    pub(crate) fn of(capacity: u32) -> Share {
        let capacity = u128::from(capacity.max(1));
        let shift = capacity.next_power_of_two().trailing_zeros();
        Share { factor: (1_u128 << (63 + shift)).div_ceil(capacity) as u64, shift }
    }

    /// ⌊2¹⁶ × held ÷ capacity⌋, for less than 2⁴⁶ held.
    #[inline(always)]
    pub(crate) fn load(self, held: u64) -> u64 {
        let product = u128::from(held << 17) * u128::from(self.factor);
        (product >> 64) as u64 >> self.shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sched_core::rng::Rng;

    #[test]
    fn it_is_the_division() {
        let mut rng = Rng::new(5);
        let special = [1, 2, 3, 999, 1000, 1 << 16, (1 << 31) - 1, 1 << 31, u32::MAX - 1, u32::MAX];
        let random: Vec<u32> = (0..2000).map(|_| (rng.next_u64() >> 32) as u32 | 1).collect();
        for &capacity in special.iter().chain(&random) {
            let share = Share::of(capacity);
            let check = |held: u64| {
                assert_eq!(
                    share.load(held),
                    (held << 16) / u64::from(capacity),
                    "{held}/{capacity}"
                );
            };
            [0, 1, (1 << 46) - 1, (1 << 40) - 1].into_iter().for_each(check);
            for around in 1..20 {
                let held = u64::from(capacity) * around;
                [held - 1, held, held + 1].into_iter().for_each(check);
                check(rng.below(1 << 46));
            }
        }
    }
}
