//! A sorted map from integers to integers, by 64-ary digits.
//!
//! Each node is a 64-bit mask and 64 slots; a key is read six bits at a time from the top.
//! The next or previous key is a shift and a bit scan per level, and levels are as many
//! as the keys need: 3 for loads up to 4, whatever the number of nodes. A balanced tree
//! would pay a comparison and a cache miss per doubling of the cluster instead.
//!
//! Nodes live in one `Vec` and are reused: nothing is allocated once it has grown.

/// The map. Keys are any `u64`; it grows a level whenever a key is too large for it.
#[derive(Clone, Debug)]
pub struct Trie {
    nodes: Vec<Node>,
    vacant: Vec<u32>,
    root: u32,
    levels: u32,
}

#[derive(Clone, Debug)]
struct Node {
    mask: u64,
    slots: [u32; 64],
}

const BITS: u32 = 6;
/// Levels that hold every `u64`.
const MAX_LEVELS: usize = 11;

impl Default for Trie {
    fn default() -> Trie {
        let root = Node { mask: 0, slots: [0; 64] };
        Trie { nodes: vec![root], vacant: Vec::new(), root: 0, levels: 1 }
    }
}

#[inline]
fn digit(key: u64, level: u32) -> u32 {
    (key >> (level * BITS)) as u32 & 63
}

impl Trie {
    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.nodes[self.root as usize].mask == 0
    }

    /// The value of a key. O(levels).
    #[inline]
    pub fn get(&self, key: u64) -> Option<u32> {
        if !self.covers(key) {
            return None;
        }
        let mut at = self.root;
        for level in (0..self.levels).rev() {
            let node = &self.nodes[at as usize];
            let d = digit(key, level);
            if node.mask >> d & 1 == 0 {
                return None;
            }
            at = node.slots[d as usize];
        }
        Some(at)
    }

    /// Sets the value of a key. O(levels).
    #[inline]
    pub fn insert(&mut self, key: u64, value: u32) {
        while !self.covers(key) {
            self.grow();
        }
        let mut at = self.root as usize;
        for level in (1..self.levels).rev() {
            let d = digit(key, level);
            if self.nodes[at].mask >> d & 1 == 0 {
                let child = self.new_node();
                self.nodes[at].mask |= 1 << d;
                self.nodes[at].slots[d as usize] = child;
            }
            at = self.nodes[at].slots[d as usize] as usize;
        }
        let d = digit(key, 0);
        self.nodes[at].mask |= 1 << d;
        self.nodes[at].slots[d as usize] = value;
    }

    /// Removes a key, if it is there. O(levels).
    #[inline]
    pub fn remove(&mut self, key: u64) {
        if !self.covers(key) {
            return;
        }
        let mut path = [0u32; MAX_LEVELS];
        let mut at = self.root;
        for level in (0..self.levels).rev() {
            path[level as usize] = at;
            let node = &self.nodes[at as usize];
            let d = digit(key, level);
            if node.mask >> d & 1 == 0 {
                return;
            }
            at = node.slots[d as usize];
        }
        for level in 0..self.levels {
            let at = path[level as usize];
            let node = &mut self.nodes[at as usize];
            node.mask &= !(1 << digit(key, level));
            if node.mask != 0 || at == self.root {
                return;
            }
            self.vacant.push(at);
        }
    }

    /// The least key at or above `from`, and its value. O(levels).
    #[inline]
    pub fn next(&self, from: u64) -> Option<(u64, u32)> {
        self.seek(from, |from, level| u64::MAX << digit(from, level), u64::trailing_zeros)
    }

    /// The greatest key at or below `from`, and its value. O(levels).
    #[inline]
    pub fn prev(&self, from: u64) -> Option<(u64, u32)> {
        let from = if self.covers(from) { from } else { self.largest() };
        let last = |mask: u64| 63 - mask.leading_zeros();
        self.seek(from, |from, level| u64::MAX >> (63 - digit(from, level)), last)
    }

    /// Walks down along `from` as far as it exists, then turns at the deepest node that has a
    /// digit beyond it. `beyond` masks the digits from that of `from` on; `nearest` picks one.
    #[inline]
    fn seek(
        &self,
        from: u64,
        beyond: impl Fn(u64, u32) -> u64,
        nearest: impl Fn(u64) -> u32,
    ) -> Option<(u64, u32)> {
        if !self.covers(from) {
            return None;
        }
        let mut path = [0u32; MAX_LEVELS];
        let (mut at, mut level) = (self.root, self.levels - 1);
        loop {
            path[level as usize] = at;
            let node = &self.nodes[at as usize];
            let d = digit(from, level);
            if node.mask >> d & 1 == 0 {
                break;
            }
            at = node.slots[d as usize];
            if level == 0 {
                return Some((from, at));
            }
            level -= 1;
        }
        loop {
            let node = &self.nodes[path[level as usize] as usize];
            let mask = node.mask & beyond(from, level) & !(1 << digit(from, level));
            if mask != 0 {
                let prefix = from >> (level * BITS) >> BITS;
                return Some(self.descend(path[level as usize], level, prefix, mask, nearest));
            }
            level += 1;
            if level == self.levels {
                return None;
            }
        }
    }

    /// From a node, whose key so far is `prefix`, to its nearest leaf among `mask`.
    #[inline]
    fn descend(
        &self,
        mut at: u32,
        mut level: u32,
        mut prefix: u64,
        mut mask: u64,
        nearest: impl Fn(u64) -> u32,
    ) -> (u64, u32) {
        loop {
            let d = nearest(mask);
            prefix = prefix << BITS | u64::from(d);
            at = self.nodes[at as usize].slots[d as usize];
            if level == 0 {
                return (prefix, at);
            }
            level -= 1;
            mask = self.nodes[at as usize].mask;
        }
    }

    #[inline]
    fn covers(&self, key: u64) -> bool {
        key <= self.largest()
    }

    #[inline]
    fn largest(&self) -> u64 {
        u64::MAX >> 64u32.saturating_sub(self.levels * BITS)
    }

    fn grow(&mut self) {
        let old = self.root;
        if !self.is_empty() {
            self.root = self.new_node();
            self.nodes[self.root as usize].mask = 1;
            self.nodes[self.root as usize].slots[0] = old;
        }
        self.levels += 1;
    }

    fn new_node(&mut self) -> u32 {
        if let Some(node) = self.vacant.pop() {
            self.nodes[node as usize].mask = 0; // slots are read only where the mask has a bit
            return node;
        }
        self.nodes.push(Node { mask: 0, slots: [0; 64] });
        (self.nodes.len() - 1) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeMap;

    #[test]
    fn is_a_sorted_map() {
        let mut rng = Rng::new(11);
        for spread in [10u64, 70, 5_000, 1 << 20, u64::MAX] {
            let (mut trie, mut oracle) = (Trie::default(), BTreeMap::new());
            for round in 0..30_000u32 {
                let key = rng.below(spread);
                match rng.below(5) {
                    0 | 1 => {
                        trie.insert(key, round);
                        oracle.insert(key, round);
                    }
                    2 => {
                        let near = oracle.range(key..).next().map_or(key, |(&k, _)| k);
                        trie.remove(near);
                        oracle.remove(&near);
                    }
                    _ => {
                        let up = oracle.range(key..).next().map(|(&k, &v)| (k, v));
                        let down = oracle.range(..=key).next_back().map(|(&k, &v)| (k, v));
                        assert_eq!(trie.next(key), up);
                        assert_eq!(trie.prev(key), down);
                        assert_eq!(trie.get(key), oracle.get(&key).copied());
                    }
                }
                assert_eq!(trie.is_empty(), oracle.is_empty());
            }
            assert_eq!(trie.next(0), oracle.first_key_value().map(|(&k, &v)| (k, v)));
            assert_eq!(trie.prev(u64::MAX), oracle.last_key_value().map(|(&k, &v)| (k, v)));
        }
    }

    #[test]
    fn nodes_are_reused() {
        let mut trie = Trie::default();
        for round in 0..10_000u64 {
            trie.insert(round * 977, 1);
            trie.remove(round * 977);
        }
        assert!(trie.nodes.len() <= 6, "{}", trie.nodes.len());
    }
}
