//! A sorted map from integers to integers, by 64-ary digits, with bounds to skip by.
//!
//! Each node is a 64-bit mask and 64 slots; a key is read six bits at a time from the top.
//! The next key is a shift and a bit scan per level, and levels are as many as the keys need:
//! 3 for loads up to 4, whatever the number of nodes. A balanced tree would pay a comparison
//! and a cache miss per doubling of the cluster instead.
//!
//! Every node carries a bound, resource by resource, on what is free behind any key below it, so
//! that a search for a demand passes whole subtrees. Bounds are raised at once, from the leaf
//! that holds the key up to where they hold already, and lowered by a search that passed in vain.
//!
//! Nodes live in one `Vec` and are reused: nothing is allocated once it has grown.

use crate::resources::Resources;
use std::ops::RangeInclusive;

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
    bounds: Bounds,
    slots: [u32; 64],
}

/// What the owner keeps behind the keys, as a search sees it.
pub(super) trait Values {
    /// Whether to take this one.
    fn look(&mut self, key: u64, value: u32) -> Look;
    /// The most that is free behind it.
    fn bound(&self, value: u32) -> Resources;
}

/// What came of a look at a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Look {
    /// It is taken.
    Take,
    /// It is not.
    Pass,
    /// It is not, and its bound was lowered.
    Lowered,
}

const BITS: u32 = 6;
const NIL: u32 = u32::MAX;

/// How the bound of a leaf compares with what its values have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Bounds {
    /// As low as it can be.
    Tight,
    /// Maybe too high.
    Sagging,
    /// Maybe too high, and a search has passed by in vain since anything was raised. The first time is
    /// forgiven, because where calls wait, what comes free is taken at once, and to bring all bounds
    /// down and up again for each call costs more than another look.
    Passed,
}

impl Default for Trie {
    fn default() -> Trie {
        Trie { nodes: vec![Node::new(NIL)], vacant: Vec::new(), root: 0, levels: 1 }
    }
}

impl Node {
    fn new(parent: u32) -> Node {
        Node { mask: 0, bound: Resources::NONE, parent, bounds: Bounds::Tight, slots: [0; 64] }
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
            if node.bounds == Bounds::Passed {
                node.bounds = Bounds::Sagging;
            }
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
        let node = &mut self.nodes[leaf as usize];
        if node.bounds == Bounds::Tight {
            node.bounds = Bounds::Sagging;
        }
    }

    /// A search leaves a leaf. If its bound sags, and not for the first time, it and those above are
    /// brought down to what the values have; `of` gives that. O(64 × levels).
    #[inline]
    fn pass(&mut self, leaf: u32, of: impl Fn(u32) -> Resources) {
        let node = &mut self.nodes[leaf as usize];
        match node.bounds {
            Bounds::Tight => {}
            Bounds::Sagging => node.bounds = Bounds::Passed,
            Bounds::Passed => {
                node.bounds = Bounds::Tight;
                self.lower(leaf, of);
            }
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

    /// The least key in `range` that `values` takes, and its value; else where the search ended:
    /// before that key it takes none. Those that are behind a bound which rules `demand` out are
    /// passed by. O(levels), and the nodes and values passed by.
    pub(super) fn find(
        &mut self,
        range: RangeInclusive<u64>,
        demand: &Resources,
        values: &mut impl Values,
    ) -> Result<(u64, u32), u64> {
        let (from, to) = range.into_inner();
        if !self.covers(from) || from > to {
            return Err(from);
        }
        let top = (self.levels - 1) * BITS;
        let (mut at, mut shift, mut key) = (self.root, top, from);
        loop {
            let node = &mut self.nodes[at as usize];
            let mut ahead = 0;
            if demand.fits(&node.bound) {
                ahead = node.mask & u64::MAX << (key >> shift & 63);
            }
            if shift > 0 && ahead != 0 {
                let (nearest, digits) = (u64::from(ahead.trailing_zeros()), key >> shift);
                if nearest != digits & 63 {
                    key = (digits & !63 | nearest) << shift;
                    if key > to {
                        return Err(key);
                    }
                }
                at = node.slots[nearest as usize & 63];
                shift -= BITS;
                continue;
            }
            while ahead != 0 {
                let nearest = ahead.trailing_zeros();
                ahead &= ahead - 1;
                key = key & !63 | u64::from(nearest);
                if key > to {
                    return Err(key);
                }
                let value = node.slots[nearest as usize & 63];
                match values.look(key, value) {
                    Look::Take => return Ok((key, value)),
                    Look::Pass => {}
                    Look::Lowered if node.bounds == Bounds::Tight => node.bounds = Bounds::Sagging,
                    Look::Lowered => {}
                }
            }
            if shift == 0 {
                self.pass(at, |value| values.bound(value));
            }
            // On behind this subtree, from the node where that is another digit and not a carry.
            key = ((key >> shift >> BITS) + 1) << shift << BITS;
            if key == 0 {
                return Err(u64::MAX); // that was the right edge of all keys
            }
            if key > to {
                return Err(key);
            }
            loop {
                shift += BITS;
                if shift > top {
                    return Err(u64::MAX);
                }
                at = self.nodes[at as usize].parent;
                if key >> shift & 63 != 0 {
                    break;
                }
            }
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
            (node.mask, node.bound, node.parent) = (0, Resources::NONE, parent);
            node.bounds = Bounds::Tight;
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

    /// What is free behind each value, and the bound that the trie is told of it.
    struct Kept {
        demand: Resources,
        free: Vec<(u32, Resources, Resources)>, // leaf, free, bound
        looks: usize,
    }

    impl Values for Kept {
        fn look(&mut self, _key: u64, value: u32) -> Look {
            self.looks += 1;
            let (_, free, bound) = &mut self.free[value as usize];
            if self.demand.fits(free) {
                return Look::Take;
            }
            if std::mem::replace(bound, *free) == *free { Look::Pass } else { Look::Lowered }
        }

        fn bound(&self, value: u32) -> Resources {
            self.free[value as usize].2
        }
    }

    fn find(
        trie: &mut Trie,
        (from, span): (u64, u64),
        demand: Resources,
        kept: &mut Kept,
    ) -> Option<(u64, u32)> {
        kept.demand = demand;
        let to = from.saturating_add(span);
        trie.find(from..=to, &demand, kept).map_err(|end| assert!(end >= from)).ok()
    }

    /// Against a map from keys to what is free there, while that comes and goes.
    #[test]
    fn is_a_sorted_map() {
        let mut rng = Rng::new(11);
        for spread in [10u64, 70, 5_000, 1 << 20, u64::MAX] {
            let (mut trie, mut oracle) = (Trie::default(), BTreeMap::new());
            let mut kept = Kept { demand: Resources::NONE, free: Vec::new(), looks: 0 };
            for _ in 0..30_000 {
                let key = rng.below(spread);
                let near = oracle.range(key..).next().map_or(key, |(&k, _)| k);
                let free = some(&mut rng);
                match rng.below(6) {
                    0 | 1 if !oracle.contains_key(&key) => {
                        let value = kept.free.len() as u32;
                        let leaf = trie.insert(key, value);
                        trie.raise(leaf, &free);
                        kept.free.push((leaf, free, free));
                        oracle.insert(key, value);
                    }
                    2 => {
                        if let Some(value) = oracle.remove(&near) {
                            trie.remove(near, kept.free[value as usize].0);
                        }
                    }
                    3 => {
                        if let Some(value) = oracle.get(&near) {
                            let (leaf, now, bound) = &mut kept.free[*value as usize];
                            trie.raise(*leaf, &free);
                            (*now, *bound) = (free, bound.covering(&free));
                        }
                    }
                    _ => {
                        assert_eq!(trie.get(key), oracle.get(&key).copied());
                        let holds = |value: &u32| free.fits(&kept.free[*value as usize].1);
                        let span = rng.below(spread);
                        let range = key..=key.saturating_add(span);
                        let mut ahead = oracle.range(range).map(|(&key, &value)| (key, value));
                        let expected = ahead.find(|(_, value)| holds(value));
                        let found = find(&mut trie, (key, span), free, &mut kept);
                        assert_eq!(found, expected);
                    }
                }
            }
        }
    }

    /// The second search in vain lowers the bounds, and the next one looks at nothing.
    #[test]
    fn a_vain_search_is_repeated_once() {
        let mut trie = Trie::default();
        let mut kept = Kept { demand: Resources::NONE, free: Vec::new(), looks: 0 };
        let full = Resources::milli_cpu(4000);
        for value in 0..100u32 {
            let leaf = trie.insert(u64::from(value) * 1000, value);
            trie.raise(leaf, &full);
            kept.free.push((leaf, Resources::milli_cpu(value), full));
        }
        for looks in [100, 200, 200] {
            assert_eq!(find(&mut trie, (0, u64::MAX), full, &mut kept), None);
            assert_eq!(kept.looks, looks);
        }
        let last = find(&mut trie, (0, u64::MAX), Resources::milli_cpu(99), &mut kept);
        assert_eq!((last, kept.looks), (Some((99_000, 99)), 201));
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
