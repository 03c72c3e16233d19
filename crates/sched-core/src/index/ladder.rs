//! Nodes in the order of a key, in rungs of those whose key is equal.
//!
//! What [`LoadIndex`](super::LoadIndex) and [`PackIndex`](super::PackIndex) have in common: who
//! stands on a rung is theirs, by its number; the order of the rungs is kept here, in a [`Trie`] for
//! each ladder. Three things keep searches and moves off the tries:
//!
//! - A small cache finds the rung of a key met lately, and a rung that runs empty lingers, because
//!   its key is likely to be met again. So a move is O(1), mostly.
//! - The answer of the last search for each demand is remembered, and up to where there is no other
//!   ([`Answers`]). Until a node that holds the demand comes to a rung before it, the same search begins
//!   there, so the least loaded node of a busy cluster is found in O(1), and so is that there is none once
//!   that node is taken.
//! - Each rung has a bound, resource by resource, on what its nodes have free, and so has each
//!   subtree of the trie. With several scarce resources a search passes by the nodes on which the
//!   demand's largest part would fit and another would not. Bounds are raised when a node comes, and
//!   lowered by a search that looked in vain, so a vain look is paid for by the move before it.
//!
//! The rungs of all ladders are numbered together, so that a node needs to know its rung only.

pub(super) use super::answers::ANYBODY;
use super::answers::Answers;
use super::trie::{Look, Trie, Values};
use crate::resources::Resources;

/// The ladders of an index: so many *kinds* for each group of nodes.
#[derive(Clone, Debug)]
pub(super) struct Ladders {
    kinds: usize,
    used: Vec<u8>, // by group: the kinds that ever had a rung
    rungs: Vec<Rung>,
    answers: Answers,
    orders: Vec<Trie>, // by ladder: key → rung, which may be empty
    vacant: Vec<u32>,
    recent: [u32; RECENT], // by a hash of ladder and key
    lingering: [u32; LINGERING],
    oldest: usize,
}

#[derive(Clone, Copy, Debug)]
struct Rung {
    key: u64,
    bound: Resources,
    ladder: u32,
    leaf: u32, // of the ladder's trie
    lingers: bool,
}

/// What is found on a rung.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// The node that is wanted.
    Node(u32),
    /// Nobody who holds the demand: this is the most, resource by resource, that any node there has
    /// free; nothing, if nobody is there at all.
    AtMost(Resources),
}

const RECENT: usize = 64;
const LINGERING: usize = 32;
const NIL: u32 = u32::MAX;
const NO_KEY: u64 = u64::MAX;

/// A search under way.
struct Searching<'a, F> {
    rungs: &'a mut [Rung],
    demand: &'a Resources,
    find: F,
    found: Option<u32>,
}

impl<F: Fn(u64, u32, &Resources) -> Found> Values for Searching<'_, F> {
    #[inline(always)]
    fn look(&mut self, key: u64, number: u32) -> Look {
        let rung = &mut self.rungs[number as usize];
        if !self.demand.fits(&rung.bound) {
            return Look::Pass;
        }
        match (self.find)(key, number, &rung.bound) {
            Found::Node(node) => {
                self.found = Some(node);
                Look::Take
            }
            Found::AtMost(bound) => {
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

impl Default for Ladders {
    fn default() -> Ladders {
        Ladders::new(0, 1)
    }
}

impl Ladders {
    /// `kinds` ladders, 8 at most, for each of so many groups.
    pub(super) fn new(groups: usize, kinds: usize) -> Ladders {
        Ladders {
            kinds,
            used: vec![0; groups],
            rungs: Vec::new(),
            answers: Answers::new(groups * kinds),
            orders: vec![Trie::default(); groups * kinds],
            vacant: Vec::new(),
            recent: [NIL; RECENT],
            lingering: [NIL; LINGERING],
            oldest: 0,
        }
    }

    /// The kinds of a group that ever had a rung, as a mask.
    #[inline(always)]
    pub(super) fn used(&self, group: usize) -> u8 {
        self.used[group]
    }

    /// Whether a rung is that of a key on a ladder.
    #[inline(always)]
    pub(super) fn is_at(&self, rung: u32, ladder: u32, key: u64) -> bool {
        let found = self.rungs.get(rung as usize);
        found.is_some_and(|rung| rung.key == key && rung.ladder == ladder)
    }

    /// The rung of a key below `u64::MAX`, made if there is none: then nobody is on it.
    #[inline(always)]
    pub(super) fn rung(&mut self, ladder: u32, key: u64) -> u32 {
        let mixed = (key ^ u64::from(ladder) << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let slot = (mixed >> 58) as usize;
        let at = self.recent[slot];
        if self.is_at(at, ladder, key) { at } else { self.look_up(ladder, key, slot) }
    }

    #[inline(never)]
    fn look_up(&mut self, ladder: u32, key: u64, slot: usize) -> u32 {
        let known = self.orders[ladder as usize].get(key);
        let at = known.unwrap_or_else(|| self.new_rung(ladder, key));
        self.recent[slot] = at;
        at
    }

    /// A node came to a rung, or is there with more than before, and has so much free now.
    #[inline(always)]
    pub(super) fn gained(&mut self, (ladder, key): (u32, u64), rung: u32, free: &Resources) {
        self.answers.met(ladder, key, rung, free);
        if !free.fits(&self.rungs[rung as usize].bound) {
            self.raise(rung, free);
        }
    }

    /// The same on a ladder that is only asked for nothing, and so needs no bounds.
    #[inline(always)]
    pub(super) fn met(&mut self, (ladder, key): (u32, u64), rung: u32) {
        self.answers.met_anybody(ladder, key, rung);
    }

    /// The number of a demand that is going to be asked for.
    #[inline(always)]
    pub(super) fn number(&mut self, demand: &Resources) -> usize {
        self.answers.number(demand)
    }

    #[inline(never)]
    fn raise(&mut self, rung: u32, free: &Resources) {
        let at = &mut self.rungs[rung as usize];
        at.bound = at.bound.covering(free);
        self.orders[at.ladder as usize].raise(at.leaf, free);
    }

    /// The first node of a key up to `most` that can hold `demand`, with its key. `find` gives
    /// it among those on a rung, of which none has more free than a bound, or the most that any of them
    /// has free; `bounds` gives the keys before and behind which no node can ever
    /// hold it, which are not asked for if the last answer is still the answer. `number` is that of the
    /// demand; [`ANYBODY`] on a ladder where nothing but `Resources::NONE` is ever asked for.
    #[inline(always)]
    pub(super) fn first(
        &mut self,
        (ladder, number): (usize, usize),
        most: u64,
        demand: &Resources,
        find: impl Fn(u64, u32, &Resources) -> Found,
        bounds: impl FnOnce() -> (u64, u64),
    ) -> Option<(u64, u32)> {
        let last = self.answers.of(ladder, number);
        if last.key > most {
            return None;
        }
        let mut start = last.key;
        if let Some(rung) = self.rungs.get_mut(last.rung as usize)
            && (rung.key, rung.ladder) == (last.key, ladder as u32)
        {
            match find(last.key, last.rung, &rung.bound) {
                Found::Node(node) => return Some((last.key, node)),
                Found::AtMost(bound) => rung.bound = bound,
            }
            start = last.then.max(last.key + 1);
        }
        let (from, to) = bounds();
        start = from.max(start);
        if start <= most && start <= to {
            return self.search((ladder, number), (start, most.min(to)), demand, find);
        }
        let key = if start > to { NO_KEY } else { start };
        self.answers.none_before((ladder, number), key, NIL);
        None
    }

    /// As [`first`](Self::first), where the last answer is not the answer: the search begins at `start`.
    #[inline(never)]
    fn search(
        &mut self,
        (ladder, number): (usize, usize),
        (start, most): (u64, u64),
        demand: &Resources,
        find: impl Fn(u64, u32, &Resources) -> Found,
    ) -> Option<(u64, u32)> {
        let mut search = Searching { rungs: &mut self.rungs, demand, find, found: None };
        let end = self.orders[ladder].find(start..=most, demand, &mut search);
        let found = search.found;
        let (key, rung) = end.unwrap_or_else(|key| (key, NIL));
        self.answers.none_before((ladder, number), key, rung);
        found.map(|node| (key, node))
    }

    /// Nobody is on a rung any more. It lingers; one that has lingered for long and still
    /// `is_empty` goes for good.
    #[inline(always)]
    pub(super) fn emptied(&mut self, rung: u32, is_empty: impl Fn(u32) -> bool) {
        if !self.rungs[rung as usize].lingers {
            self.linger(rung, is_empty);
        }
    }

    #[inline(never)]
    fn linger(&mut self, rung: u32, is_empty: impl Fn(u32) -> bool) {
        self.rungs[rung as usize].lingers = true;
        let gone = std::mem::replace(&mut self.lingering[self.oldest], rung);
        self.oldest = (self.oldest + 1) % LINGERING;
        if let Some(at) = self.rungs.get_mut(gone as usize) {
            at.lingers = false;
            if is_empty(gone) {
                self.remove(gone);
            }
        }
    }

    #[cold]
    fn remove(&mut self, rung: u32) {
        let at = &mut self.rungs[rung as usize];
        let key = std::mem::replace(&mut at.key, NO_KEY);
        let order = &mut self.orders[at.ladder as usize];
        order.remove(key, at.leaf);
        order.sag(at.leaf);
        self.vacant.push(rung);
    }

    #[cold]
    fn new_rung(&mut self, ladder: u32, key: u64) -> u32 {
        let at = self.vacant.pop().unwrap_or(self.rungs.len() as u32);
        let leaf = self.orders[ladder as usize].insert(key, at);
        let rung = Rung { key, bound: Resources::NONE, ladder, leaf, lingers: false };
        match self.rungs.get_mut(at as usize) {
            Some(vacated) => *vacated = rung,
            None => self.rungs.push(rung),
        }
        let (group, kind) = (ladder as usize / self.kinds, ladder as usize % self.kinds);
        self.used[group] |= 1 << kind;
        at
    }
}
