//! The lowest node id with enough free: a tree of componentwise maxima.
//!
//! A complete binary tree over node ids in one array (the children of `i` are `2i` and
//! `2i + 1`); each inner cell is a bound, resource by resource, on what any node below it
//! has free. A search walks left to right and skips every subtree whose bound does not fit.
//!
//! Bounds are raised at once and lowered late: a node that gets fuller changes its own cell
//! only, and a search that enters a subtree in vain lowers the bound on its way out. So an update
//! is O(1) but for a node that has more free than all its neighbours, and every vain visit is
//! paid for by the update before it. With several scarce resources a subtree can also
//! look fitting because its cpu and its memory are free on different nodes.
//!
//! The last answer is remembered, and where the next one could be: until a node before comes to hold the
//! demand, the same search begins there, and mostly ends there too. So where calls wait, the one for
//! which a slot came free is placed without a walk, and the one behind it refused without.
//!
//! The node that was set last stands aside until another one is: it is asked apart, and the cells above it
//! and the last answer are not told. Room that comes and goes at once, as where calls wait for it, never
//! gets further.

use crate::cluster::NodeId;
use crate::resources::Resources;
use std::ops::Range;

/// The index.
#[derive(Clone, Debug)]
pub struct FitIndex {
    cells: Vec<Cell>,
    leaves: usize,
    last: Search,
    aside: u32, // the node that was set last, of which its own cell alone knows
}

const NOBODY: u32 = u32::MAX;

/// Neither a node from `start` up to, but without, `at` holds `demand`, nor one behind `at` and
/// before `then`.
#[derive(Clone, Copy, Debug, Default)]
struct Search {
    demand: Resources,
    start: u32,
    at: u32,
    then: u32,
}

/// Free amounts; `cpu` counts from 1 so that 0 can say "closed" and refuse even an empty demand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Cell {
    cpu_plus_1: u64,
    gpu: u32,
    memory: u64,
}

impl Cell {
    #[inline(always)]
    fn holds(&self, demand: &Resources) -> bool {
        u64::from(demand.cpu()) < self.cpu_plus_1
            && demand.gpu() <= self.gpu
            && demand.memory() <= self.memory
    }

    #[inline(always)]
    fn is_within(&self, bound: &Cell) -> bool {
        self.cpu_plus_1 <= bound.cpu_plus_1 && self.gpu <= bound.gpu && self.memory <= bound.memory
    }

    #[inline(always)]
    fn min(&self, other: &Cell) -> Cell {
        Cell {
            cpu_plus_1: self.cpu_plus_1.min(other.cpu_plus_1),
            gpu: self.gpu.min(other.gpu),
            memory: self.memory.min(other.memory),
        }
    }

    #[inline(always)]
    fn max(&self, other: &Cell) -> Cell {
        Cell {
            cpu_plus_1: self.cpu_plus_1.max(other.cpu_plus_1),
            gpu: self.gpu.max(other.gpu),
            memory: self.memory.max(other.memory),
        }
    }
}

impl Search {
    /// A node that is not behind `then` holds the demand now.
    #[inline]
    fn meet(&mut self, node: u32) {
        if node < self.at {
            (self.at, self.then) = (node, self.at);
        } else if node > self.at {
            self.then = node;
        }
    }
}

impl FitIndex {
    /// All of `nodes` nodes closed.
    pub fn new(nodes: usize) -> FitIndex {
        let leaves = nodes.next_power_of_two();
        let cells = vec![Cell::default(); 2 * leaves];
        FitIndex { cells, leaves, last: Search::default(), aside: NOBODY }
    }

    /// What `node` takes: demands up to these resources, or nothing. At most O(log n), mostly O(1).
    #[inline(always)]
    pub fn set(&mut self, node: NodeId, takes: Option<Resources>) {
        let cell = takes.map_or_else(Cell::default, |free| Cell {
            cpu_plus_1: u64::from(free.cpu()) + 1,
            gpu: free.gpu(),
            memory: free.memory(),
        });
        if node.0 != self.aside {
            self.settle();
            self.aside = node.0;
        }
        self.cells[self.leaves + node.index()] = cell;
    }

    /// Tells the tree and the last answer of the node that stands aside.
    #[inline(always)]
    fn settle(&mut self) {
        let at = self.leaves + self.aside as usize;
        let Some(cell) = self.cells.get(at) else { return };
        let last = &mut self.last;
        if self.aside < last.then && last.start <= self.aside && cell.holds(&last.demand) {
            last.meet(self.aside);
        }
        let parent = at / 2;
        if parent > 0 && !cell.is_within(&self.cells[parent]) {
            let cell = *cell;
            self.raise(parent, cell);
        }
    }

    /// A node below a cell takes so much, which is not within the bound there.
    #[inline(never)]
    fn raise(&mut self, mut at: usize, cell: Cell) {
        while at > 0 && !cell.is_within(&self.cells[at]) {
            self.cells[at] = self.cells[at].max(&cell);
            at /= 2;
        }
    }

    /// The lowest node of `range` that takes `demand`. Amortised O(log n) for one scarce resource.
    #[inline(always)]
    pub fn first_in(&mut self, range: Range<u32>, demand: &Resources) -> Option<NodeId> {
        let Range { start, mut end } = range;
        let mut aside = None;
        if start <= self.aside
            && self.aside < end
            && self.cells[self.leaves + self.aside as usize].holds(demand)
        {
            aside = Some(NodeId(self.aside));
            end = self.aside;
        }
        let (mut at, mut then) = (start, start + 1);
        if self.last.start == start && self.last.demand.fits(demand) {
            (at, then) = (self.last.at, self.last.then);
        }
        if at < end && !self.cells[self.leaves + at as usize].holds(demand) {
            at = then;
            if at < end && !self.cells[self.leaves + at as usize].holds(demand) {
                at = self.search(at, end, demand);
                if at == end {
                    self.last = Search { demand: *demand, start, at, then: at };
                }
            }
            then = at + 1;
        }
        if at >= end {
            return aside;
        }
        self.last = Search { demand: *demand, start, at, then };
        Some(NodeId(at))
    }

    /// The lowest node from `from` that takes `demand`; `end` if there is none before it.
    #[inline(never)]
    fn search(&mut self, from: u32, end: u32, demand: &Resources) -> u32 {
        let mut at = self.leaves + from as usize;
        while at & 1 == 0 {
            at /= 2; // the largest subtree that begins where the range does
        }
        loop {
            let height = self.leaves.ilog2() - at.ilog2();
            if (at << height) - self.leaves >= end as usize {
                return end;
            }
            if self.cells[at].holds(demand) {
                if at >= self.leaves {
                    return (at - self.leaves) as u32;
                }
                at *= 2;
                continue;
            }
            while at & 1 == 1 {
                at /= 2;
                if at > 0 {
                    // Both subtrees were passed, or lie left of the range: either way this is a bound.
                    let bound = self.cells[2 * at].max(&self.cells[2 * at + 1]);
                    self.cells[at] = self.cells[at].min(&bound); // never raised here: that is up to `settle`
                }
            }
            if at == 0 {
                return end; // that was the right edge of the tree
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn finds_what_a_scan_finds() {
        let mut rng = Rng::new(3);
        for nodes in [1usize, 2, 3, 16, 37, 64, 200] {
            let mut index = FitIndex::new(nodes);
            let mut naive = vec![None; nodes];
            let draw = |rng: &mut Rng| {
                Resources::milli_cpu(rng.below(4) as u32)
                    .with_milli_gpu(rng.below(3) as u32)
                    .with_memory(rng.below(5))
            };
            for _ in 0..4000 {
                let node = rng.below(nodes as u64) as usize;
                naive[node] = (rng.below(3) > 0).then(|| draw(&mut rng));
                index.set(NodeId(node as u32), naive[node]);
                for _ in 0..rng.below(5) {
                    let demand = draw(&mut rng);
                    let start = rng.below(nodes as u64 + 1) as u32 * rng.below(2) as u32;
                    let end = rng.below(nodes as u64 + 1) as u32;
                    let scan = (start..end).map(NodeId).find(|node| {
                        naive[node.index()].is_some_and(|free: Resources| demand.fits(&free))
                    });
                    assert_eq!(
                        index.first_in(start..end, &demand),
                        scan,
                        "{start}..{end} {demand}"
                    );
                }
            }
        }
    }
}
