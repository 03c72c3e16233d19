//! Tasks in flight, and the instants of their calls.
//!
//! Kept in slots that are used again, so memory follows the tasks in flight and nothing is
//! allocated per task once the table has grown. Facts name the slot; only decisions, which
//! know nothing but the id, need a look-up, and they are about calls that wait: only those are in the
//! table of ids, which is then small and near. A task is one cache line, because with many in flight
//! each is far away when its call ends; of its calls, all but the last one's instants are kept.

use super::executor::CallKey;
use super::observe::CallTimes;
use sched_core::index::IdTable;
use sched_core::{Level, NodeId, Span, TaskId, Time};

/// A task in flight.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Item {
    pub(super) index: u64,
    pub(super) intended: Time,
    pub(super) submit: Time, // of the present call
    pub(super) assigned: Time,
    pub(super) service: Span, // of the present call, on a node of speed 1
    pub(super) stage: u32,
    pub(super) attempt: u32,
    pub(super) priority: Level,
    pub(super) place: Place,
}

/// Where the present call of a task is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// With the scheduler.
    Waiting,
    /// On a node, queued or running.
    Bound(NodeId),
    /// Nowhere: the task has ended, and is only to be reported; or the slot is free.
    Ended,
}

impl Item {
    #[inline]
    pub(super) fn id(&self) -> TaskId {
        TaskId { index: self.index, stage: self.stage }
    }
}

/// All tasks in flight.
#[derive(Debug)]
pub(super) struct Items {
    items: Vec<Item>,
    times: Vec<CallTimes>, // of each slot, `kept`
    kept: usize,           // stages but the last
    free: Vec<u32>,
    waiting: IdTable, // slots by the id of the call that waits, but for the fresh ones
    fresh: Vec<u32>,  // those that wait since this turn, in order
    next_fresh: usize, // the first that no decision was about
}

impl Items {
    pub(super) fn new(stages: usize) -> Items {
        Items {
            items: Vec::new(),
            times: Vec::new(),
            kept: stages.saturating_sub(1),
            free: Vec::new(),
            waiting: IdTable::default(),
            fresh: Vec::new(),
            next_fresh: 0,
        }
    }

    /// How many are in flight.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// Takes a task in; gives its slot.
    #[inline]
    pub(super) fn insert(&mut self, item: Item) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.items[slot as usize] = item;
                slot
            }
            None => {
                self.items.push(item);
                self.times.resize(self.items.len() * self.kept, UNUSED);
                (self.items.len() - 1) as u32
            }
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Item {
        &mut self.items[slot as usize]
    }

    #[inline]
    pub(super) fn get(&self, slot: u32) -> &Item {
        &self.items[slot as usize]
    }

    /// The present call of a task waits from now on.
    #[inline]
    pub(super) fn wait(&mut self, slot: u32) {
        self.items[slot as usize].place = Place::Waiting;
        self.fresh.push(slot);
    }

    /// The slot of the task whose present call this is, if that waits; it does no longer, and is to be
    /// put elsewhere. Most calls are decided on in the turn in which they began to wait, in that order.
    #[inline]
    pub(super) fn take_waiting(&mut self, id: TaskId) -> Option<u32> {
        if let Some(&slot) = self.fresh.get(self.next_fresh)
            && self.items[slot as usize].id() == id
        {
            self.next_fresh += 1;
            return Some(slot);
        }
        self.take_settled(id)
    }

    /// The turn is over: what waits now will be looked for by its id.
    #[inline(always)]
    pub(super) fn settle(&mut self) {
        if self.next_fresh < self.fresh.len() {
            self.settle_rest();
        }
        self.fresh.clear();
        self.next_fresh = 0;
    }

    #[inline(never)]
    fn settle_rest(&mut self) {
        for at in self.next_fresh..self.fresh.len() {
            let (items, slot) = (&self.items, self.fresh[at]);
            self.waiting.insert(items[slot as usize].id(), slot, |slot| items[slot as usize].id());
        }
    }

    fn take_settled(&mut self, id: TaskId) -> Option<u32> {
        self.settle();
        let slot = self.waiting.get(id, |slot| self.items[slot as usize].id())?;
        self.waiting.remove(id, slot);
        Some(slot)
    }

    /// The item that a fact is about, unless the fact is an old attempt's late answer.
    #[inline]
    pub(super) fn bound(&mut self, key: &CallKey, node: NodeId) -> Option<&mut Item> {
        let item = self.items.get_mut(key.slot as usize)?;
        let is_present = item.id() == key.task
            && item.attempt == key.attempt
            && item.place == Place::Bound(node);
        is_present.then_some(item)
    }

    /// Notes the instants of a call that has ended, and was not that of the last stage.
    #[inline]
    pub(super) fn note(&mut self, slot: u32, stage: u32, times: &CallTimes) {
        self.times[slot as usize * self.kept + stage as usize] = *times;
    }

    /// The instants of the first `calls` stages of a task.
    #[inline]
    pub(super) fn times(&self, slot: u32, calls: usize) -> &[CallTimes] {
        let first = slot as usize * self.kept;
        &self.times[first..first + calls]
    }

    /// The task of this slot has ended.
    #[inline]
    pub(super) fn remove(&mut self, slot: u32) {
        self.free.push(slot);
    }

    /// All tasks in flight, with their slots. O(slots).
    pub(super) fn live(&self) -> impl Iterator<Item = (u32, &Item)> {
        let slots = (0..).zip(&self.items);
        slots.filter(|(_, item)| item.place != Place::Ended)
    }

    /// Whether there is such a call, waiting or not. O(slots).
    pub(super) fn exists(&self, id: TaskId) -> bool {
        self.live().any(|(_, item)| item.id() == id)
    }

    /// Slots of tasks whose call waits with the scheduler, lowest first. O(slots).
    pub(super) fn waiting(&self) -> Vec<u32> {
        let slots = 0..self.items.len() as u32;
        slots.filter(|&slot| self.get(slot).place == Place::Waiting).collect()
    }
}

/// Fills slots that have never been used.
const UNUSED: CallTimes = CallTimes {
    node: NodeId(0),
    cpu: 0,
    submit: Time::ZERO,
    assign: Time::ZERO,
    arrived: Time::ZERO,
    started: Time::ZERO,
    ended: Time::ZERO,
    finish: Time::ZERO,
};
