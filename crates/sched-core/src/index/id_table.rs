//! From the id of a call to the slot where it is kept.
//!
//! Ids are mostly consecutive, and calls that are in flight together are close to each other.
//! So the bucket of an id is its low bits, with the high ones folded in: neighbours share
//! cache lines, where a scattering hash would miss the cache for each. What is kept in the slots,
//! the ids themselves included, is the owner's, who tells them by `id_of`; this holds a small
//! integer per slot and one per bucket, and allocates only to grow. Nothing iterates it, so its
//! order can reach no decision.

use crate::task::TaskId;

/// The table. Expected O(1) per operation; buckets are at least as many as entries.
#[derive(Clone, Debug)]
pub struct IdTable {
    heads: Vec<u32>, // by bucket
    nexts: Vec<u32>, // by slot
    len: usize,
}

const NIL: u32 = u32::MAX;
const LEAST_BUCKETS: usize = 16;

impl Default for IdTable {
    fn default() -> IdTable {
        IdTable { heads: vec![NIL; LEAST_BUCKETS], nexts: Vec::new(), len: 0 }
    }
}

impl IdTable {
    /// How many ids are in the table.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The slot of an id.
    #[inline(always)]
    pub fn get(&self, id: TaskId, id_of: impl Fn(u32) -> TaskId) -> Option<u32> {
        let mut slot = self.heads[self.bucket(id)];
        while slot != NIL {
            if id_of(slot) == id {
                return Some(slot);
            }
            slot = self.nexts[slot as usize];
        }
        None
    }

    /// Enters an id that is not there, in a slot that no other id has. The owner keeps it there already.
    #[inline(always)]
    pub fn insert(&mut self, id: TaskId, slot: u32, id_of: impl Fn(u32) -> TaskId) {
        if self.len == self.heads.len() {
            self.grow(id_of);
        }
        let bucket = self.bucket(id);
        let next = std::mem::replace(&mut self.heads[bucket], slot);
        match self.nexts.get_mut(slot as usize) {
            Some(at) => *at = next,
            None => self.widen(slot, next),
        }
        self.len += 1;
    }

    /// Takes an id out, whose slot is known.
    #[inline(always)]
    pub fn remove(&mut self, id: TaskId, slot: u32) {
        let bucket = self.bucket(id);
        let next = self.nexts[slot as usize];
        if self.heads[bucket] == slot {
            self.heads[bucket] = next;
        } else {
            let mut before = self.heads[bucket];
            while before != NIL && self.nexts[before as usize] != slot {
                before = self.nexts[before as usize];
            }
            if before == NIL {
                return; // it was not there
            }
            self.nexts[before as usize] = next;
        }
        self.len -= 1;
    }

    #[inline(always)]
    fn bucket(&self, id: TaskId) -> usize {
        let folded = id.index ^ id.index >> 20 ^ id.index >> 40;
        let key = folded.wrapping_add(u64::from(id.stage).wrapping_mul(0x9E37_79B9));
        key as usize & (self.heads.len() - 1)
    }

    #[cold]
    fn widen(&mut self, slot: u32, next: u32) {
        self.nexts.resize(slot as usize + 1, NIL);
        self.nexts[slot as usize] = next;
    }

    #[cold]
    fn grow(&mut self, id_of: impl Fn(u32) -> TaskId) {
        let old = std::mem::take(&mut self.heads);
        self.heads = vec![NIL; old.len() * 2];
        for mut slot in old {
            while slot != NIL {
                let next = self.nexts[slot as usize];
                let bucket = self.bucket(id_of(slot));
                self.nexts[slot as usize] = std::mem::replace(&mut self.heads[bucket], slot);
                slot = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeMap;

    #[test]
    fn is_a_map() {
        let mut rng = Rng::new(9);
        for (spread, shift) in [(40, 0), (3_000, 0), (3_000, 20), (3_000, 44)] {
            let (mut table, mut oracle) = (IdTable::default(), BTreeMap::new());
            let mut ids = vec![TaskId { index: 0, stage: 0 }; 4000];
            let mut free: Vec<u32> = (0..4000).rev().collect();
            for _ in 0..40_000 {
                let id = TaskId { index: rng.below(spread) << shift, stage: rng.below(2) as u32 };
                let found = table.get(id, |slot| ids[slot as usize]);
                assert_eq!(found, oracle.get(&id).copied());
                if rng.below(2) == 0 {
                    if let Some(slot) = oracle.remove(&id) {
                        free.push(slot);
                        table.remove(id, slot);
                    }
                } else if found.is_none()
                    && let Some(slot) = free.pop()
                {
                    ids[slot as usize] = id;
                    table.insert(id, slot, |slot| ids[slot as usize]);
                    oracle.insert(id, slot);
                }
                assert_eq!((table.len(), table.is_empty()), (oracle.len(), oracle.is_empty()));
            }
        }
    }
}
