//! Tasks in flight, and the instants of their calls.
//!
//! Kept in slots that are used again, so memory follows the tasks in flight and nothing is
//! allocated per task once the table has grown. Facts name the slot; only decisions, which
//! know nothing but the id, need a look-up.

use super::executor::CallKey;
use super::observe::CallTimes;
use sched_core::index::IdTable;
use sched_core::{Level, NodeId, TaskId, Time};

/// A task in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) index: u64,
    pub(super) intended: Time,
    pub(super) submit: Time, // of the present call
    pub(super) assigned: Time,
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
    pub(super) fn id(&self) -> TaskId {
        TaskId { index: self.index, stage: self.stage }
    }
}

/// All tasks in flight.
#[derive(Debug)]
pub(super) struct Items {
    items: Vec<Item>,
    times: Vec<CallTimes>, // `stages` of each slot
    free: Vec<u32>,
    slots: IdTable, // by the id of the task's first call
    stages: usize,
}

impl Items {
    pub(super) fn new(stages: usize) -> Items {
        Items {
            items: Vec::new(),
            times: Vec::new(),
            free: Vec::new(),
            slots: IdTable::default(),
            stages,
        }
    }

    /// How many are in flight.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Takes a task in; gives its slot.
    pub(super) fn insert(&mut self, item: Item) -> u32 {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.items[slot as usize] = item;
                slot
            }
            None => {
                self.items.push(item);
                self.times.resize(self.items.len() * self.stages, UNUSED);
                (self.items.len() - 1) as u32
            }
        };
        let first = |slot: u32| first_call(self.items[slot as usize].index);
        self.slots.insert(first(slot), slot, first);
        slot
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Item {
        &mut self.items[slot as usize]
    }

    pub(super) fn get(&self, slot: u32) -> &Item {
        &self.items[slot as usize]
    }

    /// The slot of the task whose present call is this one.
    pub(super) fn find(&self, id: TaskId) -> Option<u32> {
        let first = |slot: u32| first_call(self.items[slot as usize].index);
        let slot = self.slots.get(first_call(id.index), first)?;
        (self.get(slot).stage == id.stage).then_some(slot)
    }

    /// The item that a fact is about, unless the fact is an old attempt's late answer.
    pub(super) fn bound(&mut self, key: &CallKey, node: NodeId) -> Option<&mut Item> {
        let item = self.items.get_mut(key.slot as usize)?;
        let is_present = item.id() == key.task
            && item.attempt == key.attempt
            && item.place == Place::Bound(node);
        is_present.then_some(item)
    }

    /// Notes the instants of a call that has ended.
    pub(super) fn note(&mut self, slot: u32, stage: u32, times: CallTimes) {
        self.times[slot as usize * self.stages + stage as usize] = times;
    }

    /// The instants of the first `calls` stages of a task.
    pub(super) fn times(&self, slot: u32, calls: usize) -> &[CallTimes] {
        let first = slot as usize * self.stages;
        &self.times[first..first + calls]
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.slots.remove(first_call(self.items[slot as usize].index), slot);
        self.free.push(slot);
    }

    /// All tasks in flight, with their slots. O(slots).
    pub(super) fn live(&self) -> impl Iterator<Item = (u32, &Item)> {
        let slots = (0..).zip(&self.items);
        slots.filter(|(_, item)| item.place != Place::Ended)
    }

    /// Slots of tasks whose call waits with the scheduler, lowest first. O(slots).
    pub(super) fn waiting(&self) -> Vec<u32> {
        let slots = 0..self.items.len() as u32;
        slots.filter(|&slot| self.get(slot).place == Place::Waiting).collect()
    }
}

fn first_call(index: u64) -> TaskId {
    TaskId { index, stage: 0 }
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
