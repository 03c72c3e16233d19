//! Nodes in the order of a key, in rungs of those whose key is equal.
//!
//! What [`LoadIndex`](super::LoadIndex) and [`PackIndex`](super::PackIndex) have in common: who
//! stands on a rung is theirs ([`Members`]), the order of the rungs is kept here, in a [`Trie`] for
//! each ladder. Three things keep searches and moves off the tries:
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
//!
//! The rungs of all ladders lie in one array, so that a node needs to know its rung only.

use super::trie::{Look, Trie, Values};
use crate::resources::Resources;

/// Who stands on a rung.
pub(super) trait Members: Copy + Default {
    /// Whether nobody does.
    fn is_empty(&self) -> bool;
}

/// The ladders of an index.
#[derive(Clone, Debug)]
pub(super) struct Ladders<M> {
    rungs: Vec<Rung<M>>,
    ladders: Vec<Ladder>,
    vacant: Vec<u32>,
    recent: [u32; RECENT], // by a hash of ladder and key
    lingering: [u32; LINGERING],
    oldest: usize,
}

#[derive(Clone, Debug, Default)]
struct Ladder {
    last: Search,
    order: Trie, // key → rung, which may be empty
}

#[derive(Clone, Copy, Debug)]
struct Rung<M> {
    key: u64,
    bound: Resources,
    members: M,
    ladder: u32,
    leaf: u32, // of the ladder's trie
    lingers: bool,
}

/// No rung from `from` up to, but without, `key` has a node that holds `demand`. `rung` is that of
/// `key`, if there is one.
#[derive(Clone, Copy, Debug)]
struct Search {
    from: u64,
    key: u64,
    demand: Resources,
    rung: u32,
}

const RECENT: usize = 64;
const LINGERING: usize = 32;
const NIL: u32 = u32::MAX;
const NO_KEY: u64 = u64::MAX;

/// A search under way.
struct Searching<'a, M, F> {
    rungs: &'a mut [Rung<M>],
    demand: &'a Resources,
    find: F,
    found: Option<u32>,
}

impl<M, F> Values for Searching<'_, M, F>
where
    M: Members,
    F: Fn(u64, &M) -> Result<u32, Resources>,
{
    #[inline(always)]
    fn look(&mut self, key: u64, rung: u32) -> Look {
        let rung = &mut self.rungs[rung as usize];
        if !self.demand.fits(&rung.bound) || rung.members.is_empty() {
            return Look::Pass;
        }
        match (self.find)(key, &rung.members) {
            Ok(node) => {
                self.found = Some(node);
                Look::Take
            }
            Err(bound) => {
                rung.bound = bound;
                Look::Lowered
            }
        }
    }

    #[inline(always)]
    fn bound(&self, rung: u32) -> Resources {
        self.rungs[rung as usize].bound
    }
}

impl Default for Search {
    /// None that could be asked for again.
    fn default() -> Search {
        Search { from: NO_KEY, key: NO_KEY, demand: Resources::NONE, rung: NIL }
    }
}

impl<M> Default for Ladders<M> {
    fn default() -> Ladders<M> {
        Ladders {
            rungs: Vec::new(),
            ladders: Vec::new(),
            vacant: Vec::new(),
            recent: [NIL; RECENT],
            lingering: [NIL; LINGERING],
            oldest: 0,
        }
    }
}

impl<M: Members> Ladders<M> {
    /// So many ladders without a node.
    pub(super) fn new(count: usize) -> Ladders<M> {
        Ladders { ladders: vec![Ladder::default(); count], ..Ladders::default() }
    }

    /// Who stands on a rung. The owner changes it, and tells [`gained`](Self::gained) or
    /// [`left`](Self::left).
    #[inline(always)]
    pub(super) fn members(&mut self, rung: u32) -> &mut M {
        &mut self.rungs[rung as usize].members
    }

    /// Whether a rung is that of a key on a ladder.
    #[inline(always)]
    pub(super) fn is_at(&self, rung: u32, ladder: u32, key: u64) -> bool {
        let found = self.rungs.get(rung as usize);
        found.is_some_and(|rung| rung.key == key && rung.ladder == ladder)
    }

    /// The rung of a key below `u64::MAX`, made if there is none.
    #[inline(always)]
    pub(super) fn rung(&mut self, ladder: u32, key: u64) -> u32 {
        let mixed = (key ^ u64::from(ladder) << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let slot = (mixed >> 58) as usize;
        let at = self.recent[slot];
        if self.is_at(at, ladder, key) { at } else { self.look_up(ladder, key, slot) }
    }

    #[inline(never)]
    fn look_up(&mut self, ladder: u32, key: u64, slot: usize) -> u32 {
        let known = self.ladders[ladder as usize].order.get(key);
        let at = known.unwrap_or_else(|| self.new_rung(ladder, key));
        self.recent[slot] = at;
        at
    }

    /// A node with so much free came to a rung, or has it there now. It is among the members.
    #[inline(always)]
    pub(super) fn gained(&mut self, rung: u32, free: &Resources) {
        let at = &mut self.rungs[rung as usize];
        let ladder = &mut self.ladders[at.ladder as usize];
        if !free.fits(&at.bound) {
            at.bound = at.bound.covering(free);
            ladder.order.raise(at.leaf, free);
        }
        let last = &mut ladder.last;
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
        ladder: usize,
        from: u64,
        most: u64,
        demand: &Resources,
        find: impl Fn(u64, &M) -> Result<u32, Resources>,
    ) -> Option<(u64, u32)> {
        let last = &self.ladders[ladder].last;
        if last.from == from
            && last.key <= most
            && last.demand.fits(demand)
            && let Some(rung) = self.rungs.get(last.rung as usize)
            && demand.fits(&rung.bound)
            && !rung.members.is_empty()
            && let Ok(node) = find(last.key, &rung.members)
        {
            return Some((last.key, node));
        }
        self.search(ladder, from, most, demand, find)
    }

    /// As [`first`](Self::first), where the last answer is not the answer.
    #[inline(never)]
    fn search(
        &mut self,
        ladder: usize,
        from: u64,
        most: u64,
        demand: &Resources,
        find: impl Fn(u64, &M) -> Result<u32, Resources>,
    ) -> Option<(u64, u32)> {
        let Ladder { last, order } = &mut self.ladders[ladder];
        let again = last.from == from && last.demand.fits(demand);
        let start = if again { last.key } else { from };
        let mut search = Searching { rungs: &mut self.rungs, demand, find, found: None };
        let end = order.find(start..=most, demand, &mut search);
        let (key, rung) = end.unwrap_or_else(|key| (key, NIL));
        let found = search.found;
        *last = Search { from, key, demand: *demand, rung };
        found.map(|node| (key, node))
    }

    /// The rung lingers; one that has lingered for long and is still empty goes for good.
    #[inline(never)]
    fn emptied(&mut self, rung: u32) {
        let at = &mut self.rungs[rung as usize];
        at.bound = Resources::NONE;
        self.ladders[at.ladder as usize].order.sag(at.leaf);
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
        let ladder = &mut self.ladders[at.ladder as usize];
        ladder.order.remove(key, at.leaf);
        if ladder.last.rung == rung {
            ladder.last = Search::default();
        }
        self.vacant.push(rung);
    }

    #[cold]
    fn new_rung(&mut self, ladder: u32, key: u64) -> u32 {
        let at = self.vacant.pop().unwrap_or(self.rungs.len() as u32);
        let leaf = self.ladders[ladder as usize].order.insert(key, at);
        let (members, bound) = (M::default(), Resources::NONE);
        let rung = Rung { key, bound, members, ladder, leaf, lingers: false };
        match self.rungs.get_mut(at as usize) {
            Some(vacated) => *vacated = rung,
            None => self.rungs.push(rung),
        }
        at
    }
}
