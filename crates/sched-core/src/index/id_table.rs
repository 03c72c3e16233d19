//! From the id of a call to the slot where it is kept.
//!
//! Ids are mostly consecutive, and calls that are in flight together are close to each other.
//! So the bucket of an id is its low bits, with the high ones folded in: neighbours share
//! cache lines, where a scattering hash would miss the cache for each. What is kept in the slots is
//! the owner's; this holds two small integers per slot and one per bucket, and
//! allocates only to grow. Nothing iterates it, so its order can reach no decision.

use crate::task::TaskId;

/// The table. Expected O(1) per operation; buckets are at least as many as entries.
#[derive(Clone, Debug)]
pub struct IdTable {
    heads: Vec<u32>,  // by bucket
    links: Vec<Link>, // by slot
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    id: TaskId,
    next: u32,
}

const NIL: u32 = u32::MAX;
const LEAST_BUCKETS: usize = 16;

impl Default for IdTable {
    fn default() -> IdTable {
        IdTable { heads: vec![NIL; LEAST_BUCKETS], links: Vec::new(), len: 0 }
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
    #[inline]
    pub fn get(&self, id: TaskId) -> Option<u32> {
        let mut slot = self.heads[self.bucket(id)];
        while slot != NIL {
            let link = &self.links[slot as usize];
            if link.id == id {
                return Some(slot);
            }
            slot = link.next;
        }
        None
    }

    /// Enters an id that is not there, in a slot that no other id has.
    #[inline]
    pub fn insert(&mut self, id: TaskId, slot: u32) {
        if self.len == self.heads.len() {
            self.grow();
        }
        let bucket = self.bucket(id);
        let next = std::mem::replace(&mut self.heads[bucket], slot);
        let link = Link { id, next };
        if self.links.len() <= slot as usize {
            self.links.resize(slot as usize + 1, link);
        }
        self.links[slot as usize] = link;
        self.len += 1;
    }

    /// Takes an id out; gives the slot that it had.
    #[inline]
    pub fn remove(&mut self, id: TaskId) -> Option<u32> {
        let bucket = self.bucket(id);
        let (mut before, mut slot) = (NIL, self.heads[bucket]);
        while slot != NIL {
            let Link { id: here, next } = self.links[slot as usize];
            if here == id {
                match before {
                    NIL => self.heads[bucket] = next,
                    _ => self.links[before as usize].next = next,
                }
                self.len -= 1;
                return Some(slot);
            }
            (before, slot) = (slot, next);
        }
        None
    }

    #[inline]
    fn bucket(&self, id: TaskId) -> usize {
        let folded = id.index ^ id.index >> 20 ^ id.index >> 40;
        let key = folded.wrapping_add(u64::from(id.stage).wrapping_mul(0x9E37_79B9));
        key as usize & (self.heads.len() - 1)
    }

    #[cold]
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.heads);
        self.heads = vec![NIL; old.len() * 2];
        for mut slot in old {
            while slot != NIL {
                let Link { id, next } = self.links[slot as usize];
                let bucket = self.bucket(id);
                self.links[slot as usize].next = std::mem::replace(&mut self.heads[bucket], slot);
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
            let mut free: Vec<u32> = (0..4000).rev().collect();
            for _ in 0..40_000 {
                let id = TaskId { index: rng.below(spread) << shift, stage: rng.below(2) as u32 };
                assert_eq!(table.get(id), oracle.get(&id).copied());
                if rng.below(2) == 0 {
                    let removed = oracle.remove(&id);
                    free.extend(removed);
                    assert_eq!(table.remove(id), removed);
                } else if !oracle.contains_key(&id)
                    && let Some(slot) = free.pop()
                {
                    table.insert(id, slot);
                    oracle.insert(id, slot);
                }
                assert_eq!((table.len(), table.is_empty()), (oracle.len(), oracle.is_empty()));
            }
        }
    }
}
