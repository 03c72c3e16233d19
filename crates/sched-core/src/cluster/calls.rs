//! The calls that nodes hold, by id.
//!
//! A hash table whose chains run through the slots that the calls are kept in, so that a finish
//! touches one bucket and one slot. Ids are mostly consecutive, and calls that are held together are
//! close to each other: the bucket of an id is its low bits with the high ones folded in, so that
//! neighbours share cache lines, where a scattering hash would miss the cache for each.
//!
//! A slot does not say which other calls its node has. When a node is lost, its *term* ends instead:
//! a call of an earlier term is gone, is never found, and its slot is reclaimed when there is no
//! other. So losing a node is O(1), and assign and finish link and unlink nothing for its sake.
//! Nothing iterates the table in an order that could reach a decision.

use super::NodeId;
use super::node::{NIL, Node};
use crate::resources::Resources;
use crate::task::{Task, TaskId};

/// The table. Expected O(1) per operation, amortised for one that finds it full.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    slots: Vec<Call>, // a power of two of them
    heads: Vec<u32>,  // by bucket, as many as slots
    vacant: u32,      // head of the list of slots that no call is in
}

/// A call on a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) task: TaskId,
    pub(super) demand: Resources,
    pub(super) node: NodeId,
    pub(super) term: u32, // of the node
    pub(super) place: Place,
    pub(super) next: u32, // in the node's queue
    chain: u32,           // in the bucket, or among the vacant
}

/// Where a call is at its node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// The slot is empty.
    Vacant,
    /// It runs.
    Running,
    /// It waits in the node's queue.
    Queued,
    /// It left while it waited. Its slot is still in the queue, which drops it when it comes by.
    Left,
}

const LEAST: usize = 16;

impl Default for Calls {
    fn default() -> Calls {
        let mut calls = Calls { slots: vec![Call::NONE; LEAST], heads: Vec::new(), vacant: NIL };
        calls.relink();
        calls
    }
}

impl Calls {
    /// The call in a slot, if there is such a slot.
    #[inline(always)]
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Call> {
        self.slots.get_mut(slot as usize)
    }

    /// Sees to it that one more call can be entered.
    #[inline(always)]
    pub(super) fn make_room(&mut self, nodes: &[Node]) {
        if self.vacant == NIL {
            self.reclaim(nodes);
        }
    }

    /// Enters a call that is on no node, and returns its slot. The caller has made room.
    #[inline(always)]
    pub(super) fn insert(&mut self, task: &Task, (node, term): (NodeId, u32), place: Place) -> u32 {
        let bucket = self.bucket(task.id);
        let slot = self.vacant;
        let at = &mut self.slots[slot as usize];
        self.vacant = at.chain;
        at.task = task.id;
        at.demand = task.demand;
        (at.node, at.term, at.place, at.next) = (node, term, place, NIL);
        at.chain = std::mem::replace(&mut self.heads[bucket], slot);
        slot
    }

    /// Takes a call off a node whose term is `term`, and says what it demanded and where it was. `None`, and
    /// nothing changes, if that node does not hold it. A call that was queued leaves its slot in the queue.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        task: TaskId,
        node: NodeId,
        term: u32,
    ) -> Option<(&Resources, Place)> {
        let bucket = self.bucket(task);
        let mut slot = self.heads[bucket];
        let first = self.slots.get(slot as usize)?;
        if first.task == task && first.node == node && first.term == term {
            self.heads[bucket] = first.chain;
        } else {
            slot = self.unchain(slot, task, node, term)?;
        }
        let call = self.slots.get_mut(slot as usize)?;
        let place = call.place;
        if place == Place::Queued {
            call.place = Place::Left;
        } else {
            (call.place, call.chain) = (Place::Vacant, self.vacant);
            self.vacant = slot;
        }
        Some((&call.demand, place))
    }

    /// Takes the slot of a call out of its chain behind `before`.
    #[inline(never)]
    fn unchain(&mut self, mut before: u32, task: TaskId, node: NodeId, term: u32) -> Option<u32> {
        loop {
            let slot = self.slots.get(before as usize)?.chain;
            let call = self.slots.get(slot as usize)?;
            if call.task == task && call.node == node && call.term == term {
                self.slots[before as usize].chain = call.chain;
                return Some(slot);
            }
            before = slot;
        }
    }

    /// A slot whose call had left is out of its queue.
    pub(super) fn drop_left(&mut self, slot: u32) {
        if let Some(call) = self.slots.get_mut(slot as usize) {
            (call.place, call.chain) = (Place::Vacant, self.vacant);
            self.vacant = slot;
        }
    }

    /// Whether a node holds the call, of its current term.
    pub(super) fn holds(&self, task: TaskId, nodes: &[Node]) -> bool {
        let mut slot = self.heads[self.bucket(task)];
        while let Some(call) = self.slots.get(slot as usize) {
            if call.task == task && !is_gone(call, nodes) {
                return true;
            }
            slot = call.chain;
        }
        false
    }

    /// How many calls nodes hold. Looks at every slot.
    pub(super) fn held(&self, nodes: &[Node]) -> usize {
        let holds = |call: &&Call| {
            matches!(call.place, Place::Running | Place::Queued) && !is_gone(call, nodes)
        };
        self.slots.iter().filter(holds).count()
    }

    /// Empties the slots of calls that are gone with their nodes. If that leaves less than a quarter of
    /// the slots free, they are doubled, so that the next look at all of them is as many calls away.
    #[cold]
    #[inline(never)]
    fn reclaim(&mut self, nodes: &[Node]) {
        let mut free = 0;
        for call in &mut self.slots {
            if call.place == Place::Vacant || is_gone(call, nodes) {
                call.place = Place::Vacant;
                free += 1;
            }
        }
        let slots = self.slots.len();
        if free < slots / 4 {
            self.slots.resize(2 * slots, Call::NONE);
        }
        self.relink();
    }

    /// Makes every chain anew, that of the vacant in the order of their slots.
    fn relink(&mut self) {
        self.heads = vec![NIL; self.slots.len()];
        self.vacant = NIL;
        for at in (0..self.slots.len()).rev() {
            let Call { task, place, .. } = self.slots[at];
            let chain = match place {
                Place::Vacant => &mut self.vacant,
                Place::Left => continue, // it is in none
                Place::Running | Place::Queued => {
                    let bucket = self.bucket(task);
                    &mut self.heads[bucket]
                }
            };
            self.slots[at].chain = std::mem::replace(chain, at as u32);
        }
    }

    #[inline(always)]
    fn bucket(&self, id: TaskId) -> usize {
        let folded = id.index ^ id.index >> 20 ^ id.index >> 40;
        let key = folded.wrapping_add(u64::from(id.stage).wrapping_mul(0x9E37_79B9));
        key as usize & (self.heads.len() - 1)
    }
}

impl Call {
    /// What a vacant slot holds.
    const NONE: Call = Call {
        task: TaskId { index: 0, stage: 0 },
        demand: Resources::NONE,
        node: NodeId(0),
        term: 0,
        place: Place::Vacant,
        next: NIL,
        chain: NIL,
    };
}

/// Whether a call is gone with the node it was on.
fn is_gone(call: &Call, nodes: &[Node]) -> bool {
    nodes.get(call.node.index()).is_none_or(|node| node.term != call.term)
}

#[cfg(test)]
mod tests {
    use super::super::queue::NodeQueue;
    use super::*;
    use crate::rng::Rng;
    use crate::time::Time;
    use std::collections::BTreeMap;

    fn call(id: TaskId, demand: Resources) -> Task {
        Task::new(id, Time::ZERO, demand)
    }

    /// Against a map from id to node, with nodes that are lost, calls that come back before the table
    /// has noticed, late answers, and queues out of which calls leave before their turn.
    #[test]
    fn is_a_map() {
        let mut rng = Rng::new(9);
        for (spread, shift) in [(40, 0), (3_000, 0), (3_000, 20), (3_000, 44)] {
            let mut calls = Calls::default();
            let mut nodes = vec![Node::empty(Resources::NONE, 0, &NodeQueue::empty(0)); 8];
            let mut oracle: BTreeMap<TaskId, (NodeId, Resources, Place)> = BTreeMap::new();
            let mut left: Vec<(u32, TaskId, NodeId)> = Vec::new(); // their slots, while they are in a queue
            let mut slots: BTreeMap<TaskId, u32> = BTreeMap::new();
            for step in 0..40_000 {
                let task = TaskId { index: rng.below(spread) << shift, stage: rng.below(2) as u32 };
                let node = NodeId(rng.below(8) as u32);
                let term = nodes[node.index()].term;
                match rng.below(100) {
                    0 => {
                        nodes[node.index()].term += 1;
                        oracle.retain(|_, held| held.0 != node);
                        left.retain(|(_, _, at)| *at != node);
                    }
                    1..=10 => {
                        if let Some((slot, _, _)) = left.pop() {
                            calls.drop_left(slot);
                        }
                    }
                    11..=50 => {
                        let held = oracle.get(&task).copied().filter(|held| held.0 == node);
                        let taken = calls.take(task, node, term);
                        assert_eq!(taken, held.as_ref().map(|(_, demand, place)| (demand, *place)));
                        if let Some((_, _, place)) = held {
                            oracle.remove(&task);
                            if place == Place::Queued {
                                left.push((slots[&task], task, node));
                            }
                        }
                    }
                    _ if !oracle.contains_key(&task) => {
                        let place = [Place::Running, Place::Queued][rng.below(2) as usize];
                        let demand = Resources::milli_cpu(step);
                        calls.make_room(&nodes);
                        let slot = calls.insert(&call(task, demand), (node, term), place);
                        slots.insert(task, slot);
                        oracle.insert(task, (node, demand, place));
                    }
                    _ => {}
                }
                assert_eq!(calls.holds(task, &nodes), oracle.contains_key(&task));
                for (slot, task, _) in &left {
                    let call = calls.slots[*slot as usize];
                    assert_eq!(
                        (call.task, call.place),
                        (*task, Place::Left),
                        "a queue keeps its slots"
                    );
                }
            }
            assert_eq!(calls.held(&nodes), oracle.len());
        }
    }

    /// Calls of lost nodes do not pile up, whatever is lost and comes back.
    #[test]
    fn slots_of_lost_calls_are_reclaimed() {
        let mut calls = Calls::default();
        let mut nodes = vec![Node::empty(Resources::NONE, 0, &NodeQueue::empty(0))];
        for index in 0..10_000 {
            let task = TaskId { index, stage: 0 };
            calls.make_room(&nodes);
            calls.insert(&call(task, Resources::NONE), (NodeId(0), nodes[0].term), Place::Running);
            nodes[0].term += u32::from(index % 10 == 9);
        }
        assert!(calls.slots.len() <= 2 * LEAST, "{} slots", calls.slots.len());
    }
}
