//! What the engine itself has counted, over the counted tasks of a repetition.
//!
//! Plain integers and no methods that add: the engine counts, this crate compares. A time
//! integral is kept as a signed sum of instants, minus one when a task comes in and plus one when
//! it leaves: ∫N(t) dt over those that left is the sum of their leaves less the sum of their entries,
//! and so L·T is known without a single latency.

/// The engine's account of a repetition. Warm-up tasks are not in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// Of the tasks.
    pub tasks: TaskLedger,
    /// Of the stages, in pipeline order. Their calls are counted from submit to finish.
    pub stages: Vec<StageLedger>,
    /// Of the nodes, in order.
    pub nodes: Vec<NodeLedger>,
    /// Calls that were begun again because their node was lost.
    pub retries: u64,
}

/// The tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TaskLedger {
    /// How many had to arrive; `None` when the run was stopped, and it does not matter.
    pub planned: Option<u64>,
    /// How many arrived.
    pub submitted: u64,
    /// How many passed all stages.
    pub completed: u64,
    /// How many failed.
    pub failed: u64,
    /// How many were inside at the end, found by looking for them.
    pub in_flight: u64,
    /// Time integral of the number inside, over those that ended; task-ns.
    pub area: i128,
}

/// The calls of a stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StageLedger {
    /// How many were submitted. A call that is begun again is the same call.
    pub entered: u64,
    /// How many finished, or ended with their task.
    pub left: u64,
    /// How many were inside at the end, found by looking for them.
    pub inside: u64,
    /// Time integral of the number inside, over those that left; call-ns.
    pub area: i128,
    /// Time integral of the number that ran, over those that ended on a node; call-ns.
    pub running: i128,
    /// Of those that left: what belongs to tasks that were still in flight at the end, elsewhere.
    /// They are in no latency, since their tasks have none yet.
    pub unended: Unended,
}

/// The calls of a stage whose tasks had not ended when the run was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Unended {
    /// How many.
    pub calls: u64,
    /// Their share of the time integral of the number inside; call-ns.
    pub area: i128,
    /// Their share of the time integral of the number that ran; call-ns.
    pub running: i128,
}

/// The calls of a node, in one cache line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(align(64))]
pub struct NodeLedger {
    /// How many were sent to it.
    pub assigned: u64,
    /// How many finished on it.
    pub finished: u64,
    /// How many were lost with it.
    pub lost: u64,
    /// How many were on it at the end, found by looking for them.
    pub bound: u64,
    /// Time that its capacity was held by those that finished; thousandths of a slot × ns.
    pub busy: u128,
    /// Submit to finish of those that finished; ns.
    pub sojourn: u128,
}
