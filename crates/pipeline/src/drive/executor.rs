//! What the loop asks of the world: carry this out, tell me what happened, what time is it.
//!
//! The loop never learns whether time is real. Deadlines are instants, facts carry the
//! instants at which they happened, and an executor that jumps to the next event
//! implements the same methods as one that sleeps.

use super::Failure;
use crate::RunError;
use sched_core::{NodeId, Resources, Span, TaskId, Time};

/// A world in which stage calls run.
pub trait Executor {
    /// The cost of the scheduler's code is measured in one poll of so many. 1 where time is
    /// real; more where reading the clock would cost as much as the rest of the loop.
    const DECISION_SAMPLING: u64;

    /// The present instant. Never goes back.
    fn now(&mut self) -> Time;

    /// Sends a call to its node, behind those sent before; it need not set out before
    /// [`flush`](Self::flush). A call sent to a node that is down comes back as [`Fact::Lost`].
    fn send(&mut self, call: Call);

    /// These were all calls of this turn: those that were held back for company set out.
    fn flush(&mut self) {}

    /// Waits until something has happened or `deadline` is there, and appends what has happened,
    /// in the order in which the loop is to take note of it. Returns the present instant, which
    /// is before none of these facts. May return early with nothing.
    ///
    /// # Errors
    /// When the world is gone.
    fn wait(&mut self, deadline: Option<Time>, facts: &mut Vec<Fact>) -> Result<Time, RunError>;

    /// Slots of calls that will end soon, when there are others than before; whoever asks takes them out. What is
    /// known of a call is far away when there are many, and of several together it arrives together. Nothing
    /// else depends on it. `None` of an executor that cannot foresee.
    fn soon(&mut self) -> Option<&mut Vec<u32>> {
        None
    }

    /// Whether something will happen though no call runs: a lost node that will come back.
    fn expects_facts(&self) -> bool {
        false
    }
}

/// Names a call between loop and executor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallKey {
    /// The item and its stage.
    pub task: TaskId,
    /// Where the loop keeps the item, so that an answer needs no search.
    pub slot: u32,
    /// 1 for the first attempt.
    pub attempt: u32,
}

/// A call on its way to a node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Call {
    /// Its name in facts.
    pub key: CallKey,
    /// Where to.
    pub node: NodeId,
    /// What it holds there while it runs.
    pub demand: Resources,
    /// Its drawn service time, on a node of speed 1.
    pub service: Span,
    /// When the decision was carried out.
    pub assigned: Time,
}

/// What happened.
#[derive(Debug)]
pub enum Fact {
    /// A call has ended, well or badly, and given back what it held.
    Finished {
        /// Which.
        key: CallKey,
        /// Where.
        node: NodeId,
        /// When it reached the node.
        arrived: Time,
        /// When it started.
        started: Time,
        /// When it ended on the node.
        ended: Time,
        /// When its result was here: `ended`, where there is no network between.
        at: Time,
        /// What went wrong, if anything. Boxed, because it is rare and facts are moved a lot.
        failure: Option<Box<Failure>>,
    },
    /// A call is on another node than the decision named: the world has a scheduler of its own. Told before
    /// the call is finished. The loop's scheduler hears of the finish only, there, so it must be one that
    /// keeps no account of nodes.
    Moved {
        /// Which.
        key: CallKey,
        /// Where it was sent.
        from: NodeId,
        /// Where it is.
        to: NodeId,
    },
    /// A node is gone. The calls that it had follow, each as [`Fact::Lost`].
    NodeDown(NodeId),
    /// A call is not on its node any more, and will not answer.
    Lost {
        /// Which.
        key: CallKey,
        /// Where it was.
        node: NodeId,
        /// Whether it had started: then it is a new attempt that runs next.
        started: bool,
    },
    /// A node is there, empty, or takes calls again.
    NodeUp(NodeId),
    /// A node takes no more calls.
    NodeDrain(NodeId),
}
