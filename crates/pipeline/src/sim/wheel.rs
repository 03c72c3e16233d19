//! What is far enough away to be unsorted: buckets by instant, as on a wheel that turns.
//!
//! A heap of tens of thousands of events waits for memory at each of its lower levels, one after the
//! other. Here an event is written into the bucket of its instant and read once when the wheel has
//! come to it. Buckets are as wide as a power of two, so a bucket has events of later turns too,
//! which stay. Their events lie in chunks of one cache line, used again as soon as they are empty.

/// The buckets. Entries begin with their instant, in 64 bits.
#[derive(Debug, Default)]
pub(super) struct Wheel {
    heads: Vec<Head>, // a power of two, or none while there is no wheel
    chunks: Vec<Chunk>,
    vacant: Vec<u32>,
    shift: u32, // log₂ of the width
    len: usize,
}

/// The chunk of a bucket that has room, and how many entries it has; those behind it are full.
#[derive(Clone, Copy, Debug)]
struct Head {
    chunk: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Chunk {
    entries: [u128; ROOM],
    next: u32,
}

const ROOM: usize = 3;
const NIL: u32 = u32::MAX;
const EMPTY: Head = Head { chunk: NIL, len: 0 };

impl Wheel {
    /// A wheel of at least so many buckets of width 2^`shift`.
    pub(super) fn new(buckets: usize, shift: u32) -> Wheel {
        let heads = vec![EMPTY; buckets.next_power_of_two()];
        Wheel { heads, shift, ..Wheel::default() }
    }

    /// Number of buckets.
    pub(super) fn buckets(&self) -> usize {
        self.heads.len()
    }

    /// Number of entries.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The bucket of an entry, counted from instant zero on.
    #[inline]
    pub(super) fn bucket_of(&self, entry: u128) -> u64 {
        (entry >> 64) as u64 >> self.shift
    }

    /// Adds an entry. O(1).
    #[inline]
    pub(super) fn push(&mut self, entry: u128) {
        let at = self.bucket_of(entry) as usize & (self.heads.len() - 1);
        let head = &mut self.heads[at];
        if head.chunk == NIL || head.len as usize == ROOM {
            let fresh = Chunk { entries: [0; ROOM], next: head.chunk };
            let chunk = match self.vacant.pop() {
                Some(chunk) => {
                    self.chunks[chunk as usize].next = fresh.next;
                    chunk
                }
                None => {
                    self.chunks.push(fresh);
                    (self.chunks.len() - 1) as u32
                }
            };
            *head = Head { chunk, len: 0 };
        }
        self.chunks[head.chunk as usize].entries[head.len as usize] = entry;
        head.len += 1;
        self.len += 1;
    }

    /// Hands out the entries of a bucket, counted as [`bucket_of`](Self::bucket_of) does; those of other
    /// turns stay.
    #[inline]
    pub(super) fn drain(&mut self, bucket: u64, mut each: impl FnMut(u128)) {
        let at = bucket as usize & (self.heads.len() - 1);
        let Head { mut chunk, mut len } = std::mem::replace(&mut self.heads[at], EMPTY);
        while chunk != NIL {
            let Chunk { entries, next } = self.chunks[chunk as usize];
            self.vacant.push(chunk);
            self.len -= len as usize;
            for &entry in &entries[..len as usize] {
                if self.bucket_of(entry) == bucket {
                    each(entry);
                } else {
                    self.push(entry);
                }
            }
            (chunk, len) = (next, ROOM as u32);
        }
    }

    /// Every entry.
    pub(super) fn for_each(&mut self, mut each: impl FnMut(&mut u128)) {
        for head in &self.heads {
            let Head { mut chunk, mut len } = *head;
            while chunk != NIL {
                let at = &mut self.chunks[chunk as usize];
                at.entries[..len as usize].iter_mut().for_each(&mut each);
                (chunk, len) = (at.next, ROOM as u32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sched_core::rng::Rng;
    use std::collections::BTreeMap;

    /// Against a sorted map from bucket to entries, over many turns.
    #[test]
    fn a_bucket_has_what_was_put_there() {
        let (mut rng, mut wheel) = (Rng::new(5), Wheel::new(30, 4));
        let mut oracle: BTreeMap<u64, Vec<u128>> = BTreeMap::new();
        assert_eq!(wheel.buckets(), 32);
        let mut bucket = 0;
        for round in 0..40_000_u128 {
            if rng.below(10) < 6 {
                let at = bucket * 16 + rng.below(3 * 32 * 16);
                let entry = u128::from(at) << 64 | round;
                wheel.push(entry);
                oracle.entry(at / 16).or_default().push(entry);
            } else {
                let mut found = Vec::new();
                wheel.drain(bucket, |entry| found.push(entry));
                found.sort_unstable();
                let mut wanted = oracle.remove(&bucket).unwrap_or_default();
                wanted.sort_unstable();
                assert_eq!(found, wanted);
                bucket += 1;
            }
            assert_eq!(wheel.len(), oracle.values().map(Vec::len).sum::<usize>());
        }
        let (mut all, mut wanted) =
            (Vec::new(), oracle.into_values().flatten().collect::<Vec<_>>());
        wheel.for_each(|entry| all.push(*entry));
        all.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(all, wanted);
        assert!(wheel.chunks.len() < 3_000, "chunks are used again: {}", wheel.chunks.len());
    }
}
