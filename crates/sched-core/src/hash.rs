//! A map from call ids, never iterated.
//!
//! The standard map with a hash that is a few instructions and the same in every
//! process. Ids come from the host, not from strangers, so flooding is no concern; and
//! since no code walks the map, its order can reach no decision.

use crate::task::TaskId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map keyed by ids.
type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Folds each integer in by a multiplication whose high half is mixed back.
#[derive(Clone, Copy, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        // 2⁶⁴ ÷ golden ratio, odd: neighbouring ids land far apart.
        let product = u128::from(self.0 ^ value) * 0x9E37_79B9_7F4A_7C15;
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }
}

/// The map of calls.
pub(crate) type TaskMap<V> = IdMap<TaskId, V>;
