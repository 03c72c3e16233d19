//! Shares in integers, without a division.
//!
//! The load of a node is computed anew at every assign and finish, from up to three shares whose
//! divisors, the capacities of its group, never change. So the reciprocals are computed once and
//! a share is a multiplication (Granlund and Montgomery: Division by Invariant Integers using
//! Multiplication, PLDI 1994). It is the same integer that the division gives, by this bound.
//!
//! Let `2^b` be the largest power of two up to the divisor `d`, and `m = ⌈2^(63+b) ÷ d⌉`, which fits
//! 64 bits. Then `⌊n ÷ d⌋ = ⌊n × m ÷ 2^(63+b)⌋` as long as `n × (m × d − 2^(63+b)) < 2^(63+b)`,
//! and because the bracket is below `d < 2^(b+1)`, as long as `n < 2^62`. Here `n` is `held × 2^16`.

use super::node::Dominant;
use crate::resources::Resources;

/// Amounts below it are multiplied; larger ones, of memory only, are divided.
const EXACT: u64 = 1 << 46;

/// A capacity to take shares of.
#[derive(Clone, Copy, Debug)]
struct Divisor {
    magic: u64,
    shift: u32,
    capacity: u64,
}

impl Divisor {
    /// Shares of `capacity`; those of 0 are 0.
    fn new(capacity: u64) -> Divisor {
        let Some(shift) = capacity.checked_ilog2() else {
            return Divisor { magic: 0, shift: 0, capacity };
        };
        // At most 2^63, which a power of two gives.
        let magic = (1u128 << (63 + shift)).div_ceil(u128::from(capacity)) as u64;
        Divisor { magic, shift, capacity }
    }

    /// The share of an amount below [`EXACT`].
    #[inline(always)]
    fn quick(&self, held: u64) -> u64 {
        ((u128::from(held << 17) * u128::from(self.magic)) >> 64) as u64 >> self.shift
    }

    #[inline(always)]
    fn share(&self, held: u64) -> u64 {
        if held < EXACT { self.quick(held) } else { divided(held, self.capacity) }
    }
}

/// Shares of the capacity of a group's nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    cpu: Divisor,
    gpu: Divisor,
    memory: Divisor,
    beside_cpu: bool, // whether another resource has a capacity
}

impl Shares {
    /// A resource of capacity zero is ignored, and so is memory without a limit.
    pub(super) fn of(capacity: &Resources) -> Shares {
        let memory = match capacity.memory() {
            Resources::UNLIMITED_MEMORY => 0,
            limited => limited,
        };
        Shares {
            cpu: Divisor::new(u64::from(capacity.cpu())),
            gpu: Divisor::new(u64::from(capacity.gpu())),
            memory: Divisor::new(memory),
            beside_cpu: capacity.gpu() > 0 || memory > 0,
        }
    }

    /// `⌊2¹⁶ × amount ÷ capacity⌋` of a resource.
    #[inline(always)]
    pub(super) fn of_resource(&self, resource: Dominant, amount: &Resources) -> u64 {
        match resource {
            Dominant::Cpu => self.cpu.share(u64::from(amount.cpu())),
            Dominant::Gpu => self.gpu.share(u64::from(amount.gpu())),
            Dominant::Memory => self.memory.share(amount.memory()),
        }
    }

    /// The largest share of what is held, and whose it is: the first of equal ones.
    #[inline]
    pub(super) fn dominant(&self, held: &Held) -> (u64, Dominant) {
        let cpu = self.cpu.share(held.cpu);
        if !self.beside_cpu {
            return (cpu, Dominant::Cpu);
        }
        largest(cpu, self.gpu.share(held.gpu), self.memory.share(held.memory))
    }

    /// The same of what is taken of `capacity` when `free` is left.
    #[inline(always)]
    pub(super) fn dominant_without(
        &self,
        free: &Resources,
        capacity: &Resources,
    ) -> (u64, Dominant) {
        // A capacity of 32 bits is below the bound, and so is what is taken of it.
        let cpu = self.cpu.quick(u64::from(capacity.cpu() - free.cpu()));
        if !self.beside_cpu {
            return (cpu, Dominant::Cpu);
        }
        let gpu = self.gpu.quick(u64::from(capacity.gpu() - free.gpu()));
        largest(cpu, gpu, self.memory.share(capacity.memory() - free.memory()))
    }
}

#[inline(always)]
fn largest(cpu: u64, gpu: u64, memory: u64) -> (u64, Dominant) {
    let most = if gpu > cpu { (gpu, Dominant::Gpu) } else { (cpu, Dominant::Cpu) };
    if memory > most.0 { (memory, Dominant::Memory) } else { most }
}

/// Demand of several calls together. It counts in 64 bits, because a queue may sum to more than a
/// node can ever run; memory wraps, and is exact again below 16 EiB.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Held {
    pub(super) cpu: u64,
    pub(super) gpu: u64,
    pub(super) memory: u64,
}

impl Held {
    /// What is taken of a capacity when this is left free.
    #[inline(always)]
    pub(super) fn between(free: &Resources, capacity: &Resources) -> Held {
        Held {
            cpu: u64::from(capacity.cpu() - free.cpu()),
            gpu: u64::from(capacity.gpu() - free.gpu()),
            memory: capacity.memory() - free.memory(),
        }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, demand: &Resources) {
        self.cpu += u64::from(demand.cpu());
        self.gpu += u64::from(demand.gpu());
        self.memory = self.memory.wrapping_add(demand.memory());
    }

    /// Both together.
    #[inline(always)]
    pub(super) fn plus(&self, other: &Held) -> Held {
        Held {
            cpu: self.cpu + other.cpu,
            gpu: self.gpu + other.gpu,
            memory: self.memory.wrapping_add(other.memory),
        }
    }

    #[inline(always)]
    pub(super) fn sub(&mut self, demand: &Resources) {
        self.cpu -= u64::from(demand.cpu());
        self.gpu -= u64::from(demand.gpu());
        self.memory = self.memory.wrapping_sub(demand.memory());
    }
}

/// The definition; 0 of a resource that the node does not have.
#[cold]
fn divided(held: u64, capacity: u64) -> u64 {
    if capacity == 0 {
        return 0;
    }
    u64::try_from((u128::from(held) << 16) / u128::from(capacity)).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// Capacities and amounts of every magnitude, and the edges of each.
    #[test]
    fn shares_are_those_of_the_division() {
        let mut rng = Rng::new(21);
        let near = |rng: &mut Rng| {
            let power = 1u64.checked_shl(rng.below(65) as u32).unwrap_or(0);
            match rng.below(3) {
                0 => power.wrapping_add(rng.below(7)).wrapping_sub(3),
                1 => rng.next_u64() >> rng.below(64),
                _ => rng.below(100_000) * 250,
            }
        };
        for _ in 0..1_000_000 {
            let capacity = near(&mut rng);
            let divisor = Divisor::new(capacity);
            let mut held = near(&mut rng);
            if rng.below(2) == 0 {
                held = capacity.wrapping_mul(rng.below(5)).wrapping_sub(rng.below(3)); // about whole shares
            }
            assert_eq!(divisor.share(held), divided(held, capacity), "{held} of {capacity}");
        }
    }

    #[test]
    fn the_first_of_equal_shares_dominates() {
        let capacity = Resources::milli_cpu(4000).with_milli_gpu(2000).with_memory(64);
        let shares = Shares::of(&capacity);
        let held = |cpu, gpu, memory| Held { cpu, gpu, memory };
        assert_eq!(shares.dominant(&held(0, 0, 0)), (0, Dominant::Cpu));
        assert_eq!(shares.dominant(&held(1000, 500, 16)), (1 << 14, Dominant::Cpu));
        assert_eq!(shares.dominant(&held(999, 500, 16)), (1 << 14, Dominant::Gpu));
        assert_eq!(shares.dominant(&held(999, 499, 16)), (1 << 14, Dominant::Memory));
        assert_eq!(shares.dominant(&held(0, 0, 64 << 40)), (1 << 56, Dominant::Memory));
        let unlimited = Shares::of(&Resources::slots(4));
        assert_eq!(unlimited.dominant(&held(1000, 7, u64::MAX)), (1 << 14, Dominant::Cpu));
    }
}
