//! Nodes in the order of a key, in rungs of those whose key is equal.
//!
//! What [`LoadIndex`](super::LoadIndex) and [`PackIndex`](super::PackIndex) have in common: who
//! stands on a rung is theirs ([`Members`]), the order of the rungs is kept here, in a [`Trie`]. Three
//! things keep searches and moves off the trie:
//!
//! - A small cache finds the rung of a key met lately, and a rung that runs empty lingers, because
//!   its key is likely to be met again. So a move is O(1), mostly.
//! - The answer of the last search is remembered. Until a node that holds the demand comes to a rung
//!   before it, the same search begins there, so the least loaded node of a busy cluster is
//!   found in O(1).
//! - Each rung has a bound, resource by resource, on what its nodes have free, and so has each
//!   subtree of the trie. With several scarce resources a search passes by the nodes on which the
//!   demand's largest part would fit and another would not. Bounds are raised when a node comes, and
//!   lowered by a search that looked in vain, so a vain look is paid for by the move before it.

use super::Trie;
use crate::resources::Resources;

/// Who stands on a rung.
pub(super) trait Members: Copy + Default {
    /// Whether nobody does.
    fn is_empty(&self) -> bool;
}

/// The ladder.
#[derive(Clone, Debug)]
pub(super) struct Ladder<M> {
    rungs: Vec<Rung<M>>,
    order: Trie, // key → rung, which may be empty
    vacant: Vec<u32>,
    recent: [u32; RECENT], // by a hash of the key
    lingering: [u32; LINGERING],
    oldest: usize,
    last: Search,
}

#[derive(Clone, Copy, Debug)]
struct Rung<M> {
    key: u64,
    members: M,
    bound: Resources,
    leaf: u32, // of the trie
    lingers: bool,
}

/// No rung from key `from` up to, but without, that of `rung` has a node that holds `demand`.
#[derive(Clone, Copy, Debug)]
struct Search {
    from: u64,
    demand: Resources,
    rung: u32,
    key: u64,
}

const RECENT: usize = 64;
const LINGERING: usize = 32;
const NIL: u32 = u32::MAX;
const NO_KEY: u64 = u64::MAX;
const NO_SEARCH: Search = Search { from: NO_KEY, demand: Resources::NONE, rung: NIL, key: NO_KEY };

impl<M> Default for Ladder<M> {
    fn default() -> Ladder<M> {
        Ladder {
            rungs: Vec::new(),
            order: Trie::default(),
            vacant: Vec::new(),
            recent: [NIL; RECENT],
            lingering: [NIL; LINGERING],
            oldest: 0,
            last: NO_SEARCH,
        }
    }
}

impl<M: Members> Ladder<M> {
    /// Whether no node was ever on it.
    #[inline(always)]
    pub(super) fn is_unused(&self) -> bool {
        self.rungs.is_empty()
    }

    /// The members of a rung.
    #[inline(always)]
    pub(super) fn members(&mut self, rung: u32) -> &mut M {
        &mut self.rungs[rung as usize].members
    }

    /// The key of a rung.
    #[inline(always)]
    pub(super) fn key(&self, rung: u32) -> u64 {
        self.rungs[rung as usize].key
    }

    /// The rung of a key below `u64::MAX`, made if there is none.
    #[inline(always)]
    pub(super) fn rung(&mut self, key: u64) -> u32 {
        let slot = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize;
        let at = self.recent[slot];
        if self.rungs.get(at as usize).is_some_and(|rung| rung.key == key) {
            return at;
        }
        let at = self.order.get(key).unwrap_or_else(|| self.new_rung(key));
        self.recent[slot] = at;
        at
    }

    /// A node with so much free came to a rung, or has it there now. It is among the members.
    #[inline(always)]
    pub(super) fn gained(&mut self, rung: u32, free: &Resources) {
        let at = &mut self.rungs[rung as usize];
        if !free.fits(&at.bound) {
            at.bound = at.bound.covering(free);
            self.order.raise(at.leaf, free);
        }
        let last = &mut self.last;
        if at.key < last.key && last.from <= at.key && last.demand.fits(free) {
            (last.rung, last.key) = (rung, at.key);
        }
    }

    /// A node left a rung: it is not among the members any more.
    #[inline(always)]
    pub(super) fn left(&mut self, rung: u32) {
        if self.rungs[rung as usize].members.is_empty() {
            self.emptied(rung);
        }
    }

    /// The first node from key `from` up to `most` that can hold `demand`, with its key. `find` gives
    /// it among the members of a rung, or the most that any of them has free.
    #[inline(always)]
    pub(super) fn first(
        &mut self,
        from: u64,
        most: u64,
        demand: &Resources,
        find: impl Fn(u64, &M) -> Result<u32, Resources>,
    ) -> Option<(u64, u32)> {
        let last = &self.last;
        let (mut key, mut at) = (last.key, last.rung);
        if last.from != from || !last.demand.fits(demand) {
            (key, at) = self.order.next(from, demand).unwrap_or((NO_KEY, NIL));
        }
        while key <= most
            && let Some(rung) = self.rungs.get_mut(at as usize)
        {
            if demand.fits(&rung.bound) && !rung.members.is_empty() {
                match find(key, &rung.members) {
                    Ok(node) => {
                        self.last = Search { from, demand: *demand, rung: at, key };
                        return Some((key, node));
                    }
                    Err(bound) => {
                        rung.bound = bound;
                        self.order.sag(rung.leaf);
                    }
                }
            }
            (key, at) = self.behind(key, at, demand);
        }
        self.last = Search { from, demand: *demand, rung: at, key };
        None
    }

    /// The rung behind one that does not hold a demand.
    #[inline(never)]
    fn behind(&mut self, key: u64, rung: u32, demand: &Resources) -> (u64, u32) {
        let next = self.order.next(key + 1, demand);
        self.leave(rung, next.map(|(_, rung)| rung));
        next.unwrap_or((NO_KEY, NIL))
    }

    /// A search goes on from a rung to another. If that was the last of its leaf, the bounds of the
    /// trie are brought down to what the rungs have.
    #[inline]
    fn leave(&mut self, rung: u32, next: Option<u32>) {
        let (rungs, leaf) = (&self.rungs, self.rungs[rung as usize].leaf);
        if next.is_none_or(|next| rungs[next as usize].leaf != leaf) {
            self.order.settle(leaf, |rung| rungs[rung as usize].bound);
        }
    }

    /// The rung lingers; one that has lingered for long and is still empty goes for good.
    #[inline(never)]
    fn emptied(&mut self, rung: u32) {
        let at = &mut self.rungs[rung as usize];
        at.bound = Resources::NONE;
        self.order.sag(at.leaf);
        if std::mem::replace(&mut at.lingers, true) {
            return;
        }
        let gone = std::mem::replace(&mut self.lingering[self.oldest], rung);
        self.oldest = (self.oldest + 1) % LINGERING;
        if let Some(at) = self.rungs.get_mut(gone as usize) {
            at.lingers = false;
            if at.members.is_empty() {
                self.remove(gone);
            }
        }
    }

    #[cold]
    fn remove(&mut self, rung: u32) {
        let at = &mut self.rungs[rung as usize];
        let key = std::mem::replace(&mut at.key, NO_KEY);
        self.order.remove(key, at.leaf);
        self.vacant.push(rung);
        if self.last.rung == rung {
            self.last = NO_SEARCH;
        }
    }

    #[cold]
    fn new_rung(&mut self, key: u64) -> u32 {
        let at = self.vacant.pop().unwrap_or(self.rungs.len() as u32);
        let leaf = self.order.insert(key, at);
        let (members, bound) = (M::default(), Resources::NONE);
        let rung = Rung { key, members, bound, leaf, lingers: false };
        match self.rungs.get_mut(at as usize) {
            Some(vacated) => *vacated = rung,
            None => self.rungs.push(rung),
        }
        at
    }
}
