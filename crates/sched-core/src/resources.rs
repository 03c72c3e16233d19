//! Amounts of cpu, gpu and memory, as integers.
//!
//! Integers make "it fits" exact and a give-back the exact inverse of a take.
//! CPU and GPU count in thousandths, so a quarter of a GPU is 250. A node that
//! declares no memory has [`Resources::UNLIMITED_MEMORY`]: no demand exhausts it
//! and its share is always zero, without a special case anywhere.

use std::fmt;

/// A demand, or a capacity: cpu and gpu in thousandths, memory in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Resources {
    pub(crate) cpu: u32,
    pub(crate) gpu: u32,
    pub(crate) memory: u64,
}

impl Resources {
    /// Nothing of anything.
    pub const NONE: Resources = Resources { cpu: 0, gpu: 0, memory: 0 };
    /// The memory of a node that declares none.
    pub const UNLIMITED_MEMORY: u64 = u64::MAX;
    /// Thousandths of a CPU in a slot.
    pub const MILLI_PER_SLOT: u32 = 1000;

    /// The capacity of a node with `slots` slots, no gpu and unlimited memory.
    pub const fn slots(slots: u32) -> Resources {
        Resources {
            cpu: slots.saturating_mul(Self::MILLI_PER_SLOT),
            gpu: 0,
            memory: Self::UNLIMITED_MEMORY,
        }
    }

    /// A demand of `milli` thousandths of a CPU and nothing else.
    pub const fn milli_cpu(milli: u32) -> Resources {
        Resources { cpu: milli, gpu: 0, memory: 0 }
    }

    /// The same, with `milli` thousandths of a GPU.
    pub const fn with_milli_gpu(self, milli: u32) -> Resources {
        Resources { gpu: milli, ..self }
    }

    /// The same, with `bytes` of memory.
    pub const fn with_memory(self, bytes: u64) -> Resources {
        Resources { memory: bytes, ..self }
    }

    /// Thousandths of a CPU.
    #[inline]
    pub const fn cpu(&self) -> u32 {
        self.cpu
    }

    /// Thousandths of a GPU.
    #[inline]
    pub const fn gpu(&self) -> u32 {
        self.gpu
    }

    /// Bytes of memory; [`Self::UNLIMITED_MEMORY`] in a capacity means no limit.
    #[inline]
    pub const fn memory(&self) -> u64 {
        self.memory
    }

    /// Whole slots in this capacity.
    pub const fn whole_slots(&self) -> u32 {
        self.cpu / Self::MILLI_PER_SLOT
    }

    /// Whether this demand is at most `capacity` in every resource.
    #[inline]
    pub const fn fits(&self, capacity: &Resources) -> bool {
        self.cpu <= capacity.cpu && self.gpu <= capacity.gpu && self.memory <= capacity.memory
    }

    /// What is left after taking `demand`, or `None` if it does not fit. Unlimited memory
    /// stays unlimited.
    #[inline]
    pub fn minus(self, demand: Resources) -> Option<Resources> {
        Some(Resources {
            cpu: self.cpu.checked_sub(demand.cpu)?,
            gpu: self.gpu.checked_sub(demand.gpu)?,
            memory: match self.memory {
                Self::UNLIMITED_MEMORY => Self::UNLIMITED_MEMORY,
                limited => limited.checked_sub(demand.memory)?,
            },
        })
    }

    /// Takes a demand that fits. Unlimited memory stays unlimited.
    #[inline]
    pub(crate) fn take(&mut self, demand: &Resources) {
        self.cpu -= demand.cpu;
        self.gpu -= demand.gpu;
        if self.memory != Self::UNLIMITED_MEMORY {
            self.memory -= demand.memory;
        }
    }

    /// What is left without a demand; nothing of what it exceeds.
    #[inline]
    pub(crate) fn without(self, demand: &Resources) -> Resources {
        Resources {
            cpu: self.cpu.saturating_sub(demand.cpu),
            gpu: self.gpu.saturating_sub(demand.gpu),
            memory: self.memory.saturating_sub(demand.memory),
        }
    }

    /// Gives back what was taken. Unlimited memory stays unlimited.
    #[inline]
    pub(crate) fn give_back(&mut self, demand: &Resources) {
        self.cpu += demand.cpu;
        self.gpu += demand.gpu;
        if self.memory != Self::UNLIMITED_MEMORY {
            self.memory += demand.memory;
        }
    }

    /// Each resource the larger of both.
    #[inline]
    pub(crate) fn covering(&self, other: &Resources) -> Resources {
        Resources {
            cpu: self.cpu.max(other.cpu),
            gpu: self.gpu.max(other.gpu),
            memory: self.memory.max(other.memory),
        }
    }

    /// Both together; saturates.
    #[inline]
    pub fn plus(self, other: Resources) -> Resources {
        Resources {
            cpu: self.cpu.saturating_add(other.cpu),
            gpu: self.gpu.saturating_add(other.gpu),
            memory: self.memory.saturating_add(other.memory),
        }
    }
}

impl fmt::Display for Resources {
    /// As in `cpu 1.5, gpu 0.25, memory 6442450944 bytes`; zero amounts are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (name, milli) in [("cpu", self.cpu), ("gpu", self.gpu)] {
            if milli > 0 {
                write!(f, "{comma}{name} {}", f64::from(milli) / 1000.0)?;
                comma = ", ";
            }
        }
        match self.memory {
            0 if comma.is_empty() => f.write_str("nothing"),
            0 => Ok(()),
            Self::UNLIMITED_MEMORY => write!(f, "{comma}unlimited memory"),
            bytes => write!(f, "{comma}memory {bytes} bytes"),
        }
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
