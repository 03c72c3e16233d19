//! The records of a log, and how each becomes bytes.
//!
//! ```text
//! tag  [time since the last record]  what the kind needs
//! ```
//!
//! The low four bits of a tag are the kind, the others flags. Everything else is told as the
//! difference to what was last told of its sort, which both sides keep in [`Memory`]: an
//! index to the last one of the same kind and stage, a call's demand, groups and level by
//! the number of their shape. Every record is below [`MOST_RECORD`] bytes.

use crate::header::{put_resources, resources};
use crate::wire::{Bytes, Flaw, put, put_difference};
use sched_core::{
    Decision, Event, GroupSet, Infeasible, Level, NodeId, Resources, Task, TaskId, Time,
};

/// No record is longer.
pub(crate) const MOST_RECORD: usize = 128;

/// One thing that was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Record {
    /// The scheduler was told a fact.
    Event {
        /// When.
        at: Time,
        /// What.
        event: Event,
    },
    /// The scheduler was polled. Its decisions follow, each as a record.
    Poll {
        /// When.
        at: Time,
    },
    /// The next decision of the last poll.
    Decision(Decision),
}

/// The kinds of record, as the low bits of their tags.
pub(crate) mod kind {
    pub(crate) const SUBMIT: u8 = 1;
    pub(crate) const FINISHED: u8 = 2;
    pub(crate) const UP: u8 = 3;
    pub(crate) const DOWN: u8 = 4;
    pub(crate) const DRAIN: u8 = 5;
    pub(crate) const POLL: u8 = 6;
    pub(crate) const ASSIGN: u8 = 7;
    pub(crate) const REJECT: u8 = 8;
    pub(crate) const CHECK: u8 = 9; // the log's own: a checksum of all before it
    pub(crate) const END: u8 = 10; // the log's own: the checksum and the number of records
    pub(crate) const REFRESH: u8 = 11;
    pub(crate) const MASK: u8 = 15;
}

const LATER: u8 = 1 << 4; // any kind: time has gone on
const JUST_READY: u8 = 1 << 5; // of a submit: ready at this instant
const RETRIED: u8 = 1 << 6; // of a submit: not the first attempt
const NEW_SHAPE: u8 = 1 << 7; // of a submit: its shape was not told before
const TOO_LARGE: u8 = 1 << 5; // of a rejection: with demand and largest capacity

/// What a call asks for: most calls ask for what others did.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    demand: Resources,
    on: GroupSet,
    priority: Level,
}

const SHAPES: usize = 256;
const STAGES: usize = 16; // later ones share the places of earlier ones

/// What was told last, the same for who writes and who reads. Of fixed size.
pub(crate) struct Memory {
    at: u64,
    index: [[u64; STAGES]; 4], // by kind and stage
    shapes: Box<[Shape; SHAPES]>,
}

impl Memory {
    /// Nothing was told.
    pub(crate) fn new() -> Memory {
        let none =
            Shape { demand: Resources::NONE, on: GroupSet::NONE, priority: Level::default() };
        Memory { at: 0, index: [[0; STAGES]; 4], shapes: Box::new([none; SHAPES]) }
    }

    /// Appends a record; `false` if it is of a kind that the format does not know.
    #[inline]
    pub(crate) fn encode(&mut self, record: &Record, out: &mut Vec<u8>) -> bool {
        match *record {
            Record::Event { at, event } => return self.put_event(at, &event, out),
            Record::Poll { at } => self.put_tag(kind::POLL, at, out),
            Record::Decision(Decision::Assign { task, node }) => {
                out.push(kind::ASSIGN);
                self.put_id(kind::ASSIGN, task, out);
                put(out, u64::from(node.0));
            }
            Record::Decision(Decision::Reject { task, reason }) => match reason {
                Infeasible::NoGroup => {
                    out.push(kind::REJECT);
                    self.put_id(kind::REJECT, task, out);
                }
                Infeasible::TooLarge { demand, largest } => {
                    out.push(kind::REJECT | TOO_LARGE);
                    self.put_id(kind::REJECT, task, out);
                    put_resources(out, demand);
                    put_resources(out, largest);
                }
                _ => return false,
            },
            Record::Decision(_) => return false,
        }
        true
    }

    /// The record of this tag. Checks and the end are the log's affair.
    #[inline]
    pub(crate) fn decode(&mut self, tag: u8, bytes: &mut Bytes<'_>) -> Result<Record, Flaw> {
        let kind = tag & kind::MASK;
        let flags = match kind {
            kind::SUBMIT => LATER | JUST_READY | RETRIED | NEW_SHAPE,
            kind::REJECT => TOO_LARGE,
            kind::ASSIGN => 0,
            kind::FINISHED..=kind::POLL | kind::REFRESH => LATER,
            _ => return Err(Flaw::Bad("a record of no known kind")),
        };
        if tag & !kind::MASK & !flags != 0 {
            return Err(Flaw::Bad("a record with flags that its kind does not have"));
        }
        if tag & flags & LATER != 0 {
            self.at = self.at.wrapping_add(bytes.integer()?);
        }
        let at = Time::from_nanos(self.at);
        let event = match kind {
            kind::SUBMIT => Event::Submit(self.task(tag, bytes)?),
            kind::FINISHED => {
                let task = self.id(kind, bytes)?;
                Event::Finished { task, node: NodeId(bytes.small()?) }
            }
            kind::UP => Event::NodeUp(NodeId(bytes.small()?)),
            kind::DOWN => Event::NodeDown(NodeId(bytes.small()?)),
            kind::DRAIN => Event::NodeDrain(NodeId(bytes.small()?)),
            kind::REFRESH => Event::Refresh,
            kind::POLL => return Ok(Record::Poll { at }),
            kind::ASSIGN => {
                let task = self.id(kind, bytes)?;
                let node = NodeId(bytes.small()?);
                return Ok(Record::Decision(Decision::Assign { task, node }));
            }
            _ => {
                let task = self.id(kind, bytes)?;
                let reason = match tag & TOO_LARGE {
                    0 => Infeasible::NoGroup,
                    _ => Infeasible::TooLarge {
                        demand: resources(bytes)?,
                        largest: resources(bytes)?,
                    },
                };
                return Ok(Record::Decision(Decision::Reject { task, reason }));
            }
        };
        Ok(Record::Event { at, event })
    }

    #[inline]
    fn put_event(&mut self, at: Time, event: &Event, out: &mut Vec<u8>) -> bool {
        match *event {
            Event::Submit(task) => self.put_task(at, &task, out),
            Event::Finished { task, node } => {
                self.put_tag(kind::FINISHED, at, out);
                self.put_id(kind::FINISHED, task, out);
                put(out, u64::from(node.0));
            }
            Event::NodeUp(node) => self.put_node(kind::UP, at, node, out),
            Event::NodeDown(node) => self.put_node(kind::DOWN, at, node, out),
            Event::NodeDrain(node) => self.put_node(kind::DRAIN, at, node, out),
            Event::Refresh => self.put_tag(kind::REFRESH, at, out),
            _ => return false,
        }
        true
    }

    /// A tag, and the time since the last record if there is any. Time that goes back, which no host
    /// may do, wraps around and is kept as it was.
    #[inline]
    fn put_tag(&mut self, tag: u8, at: Time, out: &mut Vec<u8>) {
        let passed = at.as_nanos().wrapping_sub(self.at);
        if passed == 0 {
            out.push(tag);
        } else {
            out.push(tag | LATER);
            put(out, passed);
            self.at = at.as_nanos();
        }
    }

    fn put_node(&mut self, kind: u8, at: Time, node: NodeId, out: &mut Vec<u8>) {
        self.put_tag(kind, at, out);
        put(out, u64::from(node.0));
    }

    #[inline]
    fn put_task(&mut self, at: Time, task: &Task, out: &mut Vec<u8>) {
        let shape = Shape { demand: task.demand, on: task.on, priority: task.priority };
        let slot = slot(&shape);
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let new = self.shapes[slot] != shape;
        let tag = kind::SUBMIT
            | flag(task.submit == at, JUST_READY)
            | flag(task.attempt != 1, RETRIED)
            | flag(new, NEW_SHAPE);
        self.put_tag(tag, at, out);
        self.put_id(kind::SUBMIT, task.id, out);
        out.push(slot as u8);
        if new {
            self.shapes[slot] = shape;
            put_resources(out, shape.demand);
            put(out, !shape.on.bits()); // all groups are the usual set: one byte, not ten
            out.push(shape.priority.get());
        }
        if task.submit != at {
            put_difference(out, at.as_nanos(), task.submit.as_nanos());
        }
        if task.attempt != 1 {
            put(out, u64::from(task.attempt));
        }
    }

    #[inline]
    fn task(&mut self, tag: u8, bytes: &mut Bytes<'_>) -> Result<Task, Flaw> {
        let id = self.id(kind::SUBMIT, bytes)?;
        let slot = usize::from(bytes.byte()?);
        if tag & NEW_SHAPE != 0 {
            let demand = resources(bytes)?;
            let mask = !bytes.integer()?;
            let priority = Level::new(bytes.byte()?).ok_or(Flaw::Bad("a level above 9"))?;
            self.shapes[slot] = Shape { demand, on: group_set(mask), priority };
        }
        let submit = match tag & JUST_READY {
            // The difference is `at − submit`, and `at − (at − submit)` is `submit`.
            0 => self.at.wrapping_sub(bytes.difference(0)?),
            _ => self.at,
        };
        let attempt = if tag & RETRIED == 0 { 1 } else { bytes.small()? };
        let Shape { demand, on, priority } = self.shapes[slot];
        Ok(Task { id, submit: Time::from_nanos(submit), demand, on, priority, attempt })
    }

    #[inline]
    fn put_id(&mut self, kind: u8, id: TaskId, out: &mut Vec<u8>) {
        put(out, u64::from(id.stage));
        let last = self.last(kind, id.stage);
        put_difference(out, id.index, *last);
        *last = id.index;
    }

    #[inline]
    fn id(&mut self, kind: u8, bytes: &mut Bytes<'_>) -> Result<TaskId, Flaw> {
        let stage = bytes.small()?;
        let last = self.last(kind, stage);
        let index = bytes.difference(*last)?;
        *last = index;
        Ok(TaskId { index, stage })
    }

    #[inline]
    fn last(&mut self, kind: u8, stage: u32) -> &mut u64 {
        // The four kinds that name calls differ in their low two bits.
        &mut self.index[usize::from(kind) % 4][stage as usize % STAGES]
    }
}

/// Where a shape is kept. A shape that meets another in its place replaces it.
#[inline]
fn slot(shape: &Shape) -> usize {
    let Shape { demand, on, priority } = shape;
    let mut mixed = demand.memory() ^ on.bits().rotate_left(32);
    for part in [u64::from(demand.cpu()), u64::from(demand.gpu()), u64::from(priority.get())] {
        mixed = (mixed ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as usize
}

fn group_set(mask: u64) -> GroupSet {
    (0..GroupSet::MAX_GROUPS).filter(|group| mask >> group & 1 == 1).collect()
}
