//! A sorted map from integers to integers, by 64-ary digits, with bounds to skip by.
//!
//! Each node is a 64-bit mask and 64 slots; a key is read six bits at a time from the top.
//! The next key is a shift and a bit scan per level, and levels are as many as the keys need:
//! 3 for loads up to 4, whatever the number of nodes. A balanced tree would pay a comparison
//! and a cache miss per doubling of the cluster instead.
//!
//! Every node carries a bound, resource by resource, on what is free behind any key below it, so
//! that a search for a demand passes whole subtrees. Bounds are raised at once, from the leaf
//! that holds the key up to where they hold already, and lowered, leaf by leaf, when the owner asks.
//!
//! Nodes live in one `Vec` and are reused: nothing is allocated once it has grown.

use crate::resources::Resources;

/// The map. Keys are any `u64`; it grows a level whenever a key is too large for it.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    vacant: Vec<u32>,
    root: u32,
    levels: u32,
}

#[derive(Clone, Debug)]
struct Node {
    mask: u64,
    bound: Resources,
    parent: u32,
    sags: bool, // a leaf some of whose values have less free than its bound says
    slots: [u32; 64],
}

const BITS: u32 = 6;
const NIL: u32 = u32::MAX;

impl Default for Trie {
    fn default() -> Trie {
        Trie { nodes: vec![Node::new(NIL)], vacant: Vec::new(), root: 0, levels: 1 }
    }
}

impl Node {
    fn new(parent: u32) -> Node {
        Node { mask: 0, bound: Resources::NONE, parent, sags: false, slots: [0; 64] }
    }

    /// The least bound that holds for every slot, when `of` gives that of one.
    fn largest(&self, of: impl Fn(u32) -> Resources) -> Resources {
        let (mut left, mut bound) = (self.mask, Resources::NONE);
        while left != 0 {
            bound = bound.covering(&of(self.slots[left.trailing_zeros() as usize]));
            left &= left - 1;
        }
        bound
    }
}

#[inline]
fn digit(key: u64, level: u32) -> u32 {
    (key >> (level * BITS)) as u32 & 63
}

impl Trie {
    /// The value of a key. O(levels).
    pub(super) fn get(&self, key: u64) -> Option<u32> {
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

    /// Enters a key that is not there, and returns its leaf, for [`raise`](Self::raise) and
    /// [`remove`](Self::remove). O(levels).
    pub(super) fn insert(&mut self, key: u64, value: u32) -> u32 {
        while !self.covers(key) {
            self.grow();
        }
        let mut at = self.root;
        for level in (1..self.levels).rev() {
            let d = digit(key, level) as usize;
            if self.nodes[at as usize].mask >> d & 1 == 0 {
                let child = self.new_node(at);
                self.nodes[at as usize].mask |= 1 << d;
                self.nodes[at as usize].slots[d] = child;
            }
            at = self.nodes[at as usize].slots[d];
        }
        let leaf = &mut self.nodes[at as usize];
        let d = digit(key, 0) as usize;
        leaf.mask |= 1 << d;
        leaf.slots[d] = value;
        at
    }

    /// Removes a key, whose leaf is known. O(levels).
    pub(super) fn remove(&mut self, key: u64, leaf: u32) {
        let (mut at, mut level) = (leaf, 0);
        loop {
            let node = &mut self.nodes[at as usize];
            node.mask &= !(1 << digit(key, level));
            if node.mask != 0 || at == self.root {
                return;
            }
            self.vacant.push(at);
            at = node.parent;
            level += 1;
        }
    }

    /// So much is now free behind a key of this leaf. O(levels), mostly O(1).
    #[inline]
    pub(super) fn raise(&mut self, leaf: u32, free: &Resources) {
        let mut at = leaf;
        while let Some(node) = self.nodes.get_mut(at as usize) {
            if free.fits(&node.bound) {
                return;
            }
            node.bound = node.bound.covering(free);
            at = node.parent;
        }
    }

    /// Less is free behind a key of this leaf than was.
    #[inline]
    pub(super) fn sag(&mut self, leaf: u32) {
        self.nodes[leaf as usize].sags = true;
    }

    /// If a leaf sags, brings its bound, and those above as far as that changes them, down to what its
    /// values have. `of` gives that. O(64 × levels).
    #[inline]
    pub(super) fn settle(&mut self, leaf: u32, of: impl Fn(u32) -> Resources) {
        if std::mem::replace(&mut self.nodes[leaf as usize].sags, false) {
            self.lower(leaf, of);
        }
    }

    fn lower(&mut self, leaf: u32, of: impl Fn(u32) -> Resources) {
        let mut at = leaf;
        let mut bound = self.nodes[leaf as usize].largest(of);
        loop {
            let node = &mut self.nodes[at as usize];
            if std::mem::replace(&mut node.bound, bound) == bound || node.parent == NIL {
                return;
            }
            at = node.parent;
            bound = self.nodes[at as usize].largest(|child| self.nodes[child as usize].bound);
        }
    }

    /// The least key at or above `from` whose nodes do not rule `demand` out, and its value.
    /// O(levels) and the nodes passed by.
    pub(super) fn next(&self, from: u64, demand: &Resources) -> Option<(u64, u32)> {
        if !self.covers(from) {
            return None;
        }
        let (mut at, mut level, mut key) = (self.root, self.levels - 1, from);
        loop {
            let node = &self.nodes[at as usize];
            let d = digit(key, level);
            let ahead = if demand.fits(&node.bound) { node.mask & u64::MAX << d } else { 0 };
            if ahead == 0 {
                // On behind this subtree, from the node where that is another digit and not a carry.
                let behind = (level + 1) * BITS;
                key = (key.checked_shr(behind)? + 1).checked_shl(behind)?;
                loop {
                    level += 1;
                    if level == self.levels {
                        return None;
                    }
                    at = self.nodes[at as usize].parent;
                    if digit(key, level) != 0 {
                        break;
                    }
                }
                continue;
            }
            let nearest = ahead.trailing_zeros();
            if nearest != d {
                let above = key >> (level * BITS) & !63 | u64::from(nearest);
                key = above << (level * BITS);
            }
            at = node.slots[nearest as usize & 63];
            if level == 0 {
                return Some((key, at));
            }
            level -= 1;
        }
    }

    #[inline]
    fn covers(&self, key: u64) -> bool {
        key <= u64::MAX >> 64u32.saturating_sub(self.levels * BITS)
    }

    fn grow(&mut self) {
        let old = self.root;
        if self.nodes[old as usize].mask != 0 {
            self.root = self.new_node(NIL);
            let bound = self.nodes[old as usize].bound;
            self.nodes[old as usize].parent = self.root;
            let root = &mut self.nodes[self.root as usize];
            (root.mask, root.slots[0], root.bound) = (1, old, bound);
        }
        self.levels += 1;
    }

    fn new_node(&mut self, parent: u32) -> u32 {
        if let Some(at) = self.vacant.pop() {
            let node = &mut self.nodes[at as usize];
            // Slots are read only where the mask has a bit.
            (node.mask, node.bound, node.parent, node.sags) = (0, Resources::NONE, parent, false);
            return at;
        }
        self.nodes.push(Node::new(parent));
        (self.nodes.len() - 1) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeMap;

    fn some(rng: &mut Rng) -> Resources {
        Resources::milli_cpu(rng.below(9) as u32).with_memory(rng.below(9))
    }

    /// Against a map from keys to what is free there. Bounds are raised as keys come, lowered at
    /// random, and may be too high in between: then a search finds keys in vain, but passes by none.
    #[test]
    fn is_a_sorted_map() {
        let mut rng = Rng::new(11);
        for spread in [10u64, 70, 5_000, 1 << 20, u64::MAX] {
            let mut trie = Trie::default();
            let mut oracle: BTreeMap<u64, (u32, Resources)> = BTreeMap::new();
            let mut values: Vec<(u64, Resources)> = Vec::new(); // by value, what the owner keeps
            for _ in 0..30_000 {
                let key = rng.below(spread);
                let near = oracle.range(key..).next().map_or(key, |(&k, _)| k);
                match rng.below(6) {
                    0 | 1 if !oracle.contains_key(&key) => {
                        let free = some(&mut rng);
                        let value = values.len() as u32;
                        let leaf = trie.insert(key, value);
                        trie.raise(leaf, &free);
                        values.push((u64::from(leaf), free));
                        oracle.insert(key, (value, free));
                    }
                    2 => {
                        if let Some((value, _)) = oracle.remove(&near) {
                            trie.remove(near, values[value as usize].0 as u32);
                        }
                    }
                    3 => {
                        if let Some((value, _)) = oracle.get(&near) {
                            let leaf = values[*value as usize].0 as u32;
                            trie.sag(leaf);
                            trie.settle(leaf, |value| values[value as usize].1);
                        }
                    }
                    _ => {
                        assert_eq!(trie.get(key), oracle.get(&key).map(|(value, _)| *value));
                        let demand = some(&mut rng);
                        let holds = |(_, (_, free)): &(&u64, &(u32, Resources))| demand.fits(free);
                        let expected = oracle.range(key..).find(holds).map(|(&k, &(v, _))| (k, v));
                        let mut found = trie.next(key, &demand);
                        while let Some((at, value)) = found
                            && !demand.fits(&values[value as usize].1)
                        {
                            assert_eq!(oracle.get(&at).map(|(value, _)| *value), Some(value));
                            found = at.checked_add(1).and_then(|from| trie.next(from, &demand));
                        }
                        assert_eq!(found, expected);
                    }
                }
            }
        }
    }

    /// With its bounds lowered, a node that cannot hold a demand is not entered.
    #[test]
    fn bounds_are_as_low_as_they_can_be() {
        let mut trie = Trie::default();
        let free = |value: u32| Resources::milli_cpu(if value == 0 { 0 } else { 1000 });
        let leaf = trie.insert(3, 0);
        trie.raise(leaf, &Resources::milli_cpu(4000));
        let far = trie.insert(1 << 40, 1);
        trie.raise(far, &free(1));
        let asked = |trie: &Trie, cpu| trie.next(0, &Resources::milli_cpu(cpu)).map(|(key, _)| key);
        assert_eq!((asked(&trie, 1), asked(&trie, 4000)), (Some(3), Some(3)));
        trie.settle(leaf, free);
        assert_eq!(asked(&trie, 4000), Some(3), "nobody said that it sags");
        trie.sag(leaf);
        trie.settle(leaf, free);
        assert_eq!((asked(&trie, 1), asked(&trie, 1000)), (Some(1 << 40), Some(1 << 40)));
        assert_eq!((asked(&trie, 0), asked(&trie, 1001)), (Some(3), None));
    }

    #[test]
    fn nodes_are_reused() {
        let mut trie = Trie::default();
        for round in 0..10_000u64 {
            let leaf = trie.insert(round * 977, 1);
            trie.remove(round * 977, leaf);
        }
        assert!(trie.nodes.len() <= 6, "{}", trie.nodes.len());
    }
}
