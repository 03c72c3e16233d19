//! A stage call: the unit that the scheduler places.
//!
//! One item of the source, at one stage of the pipeline. It says of itself all
//! that a policy may know (demand, allowed groups, priority, age), so that a
//! recorded history can be replayed without the pipeline that made it.

use crate::cluster::GroupSet;
use crate::resources::Resources;
use crate::time::Time;
use std::fmt;

/// Which item, at which stage. Its order is the tie-break of arrival order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// Index of the item in its run, from 0.
    pub index: u64,
    /// Index of the stage in its pipeline, from 0.
    pub stage: u32,
}

/// Urgency of a call: 0 to 9, 9 is the most urgent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Level(u8);

impl Level {
    /// The most urgent level.
    pub const MAX: Level = Level(9);

    /// The level `level`, or `None` above 9.
    pub const fn new(level: u8) -> Option<Level> {
        if level <= Self::MAX.0 { Some(Level(level)) } else { None }
    }

    /// 0 to 9.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Level {
    /// The level of a call whose workload declares none.
    fn default() -> Level {
        Level(5)
    }
}

/// A stage call that is ready to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Task {
    /// Unique among the calls that have not finished.
    pub id: TaskId,
    /// When the call became ready. A call that runs again keeps its first submit.
    pub submit: Time,
    /// What a node must have free to run it.
    pub demand: Resources,
    /// Groups whose nodes may run it.
    pub on: GroupSet,
    /// Its urgency.
    pub priority: Level,
    /// 1 for the first attempt, one more for each time its node was lost while it ran.
    pub attempt: u32,
}

impl Task {
    /// A first attempt at `id`, ready at `submit`, of the default level, on any group.
    pub fn new(id: TaskId, submit: Time, demand: Resources) -> Task {
        Task { id, submit, demand, on: GroupSet::ALL, priority: Level::default(), attempt: 1 }
    }
}

impl fmt::Display for TaskId {
    /// Item and stage: `17.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.stage)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
