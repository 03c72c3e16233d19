//! What a log says of the world, whatever the policy: calls, how long they took, lost nodes.
//!
//! This is what a simulation of the same load needs. The service time of a call is from its start
//! on its node to its finish; starts are not recorded but follow (see `account`). So it holds the
//! way through a network and the host's own delays too, and it was observed on one node: on a
//! faster one it would have been shorter, which a log cannot know.

use crate::account::Account;
use crate::{Log, LogError, Record};
use sched_core::{Decision, Event, NodeId, Span, Task, TaskId, Time};
use std::collections::BTreeMap;
use std::io::Read;

/// Something that happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Observed {
    /// A call has finished.
    Finished(FinishedCall),
    /// A node went, came or drains: the fact that the scheduler was told.
    Node {
        /// When.
        at: Time,
        /// [`Event::NodeUp`], [`Event::NodeDown`] or [`Event::NodeDrain`].
        event: Event,
    },
}

/// A call from its submit to its finish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FinishedCall {
    /// As it was submitted, the last time.
    pub task: Task,
    /// When the scheduler heard of it, the last time. In real time that is after its submit.
    pub told: Time,
    /// Where it ran.
    pub node: NodeId,
    /// When it was sent there.
    pub assigned: Time,
    /// When it could start there.
    pub started: Time,
    /// When its finish was told.
    pub finished: Time,
}

impl FinishedCall {
    /// Start to finish.
    pub fn service(&self) -> Span {
        self.finished.since(self.started)
    }
}

/// What has no finish in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Unfinished {
    /// Calls that waited in the scheduler when the log ended.
    pub waiting: u64,
    /// Calls that were on a node when the log ended.
    pub on_nodes: u64,
    /// Calls that were rejected.
    pub rejected: u64,
}

/// Tells `each` what happened in the rest of a log, in order. Memory follows the calls that have not
/// finished.
///
/// # Errors
/// When the log cannot be read on.
pub fn observe<R: Read>(
    log: &mut Log<R>,
    mut each: impl FnMut(Observed),
) -> Result<Unfinished, LogError> {
    let mut account = Account::new(&log.header().cluster);
    let mut waiting: BTreeMap<TaskId, Task> = BTreeMap::new();
    let mut told: BTreeMap<TaskId, Time> = BTreeMap::new();
    let mut rest = Unfinished::default();
    let mut now = Time::ZERO;
    for record in log {
        match record? {
            Record::Poll { at } => now = at,
            Record::Event { at, event } => {
                now = at;
                match event {
                    Event::Submit(task) => {
                        account.give_back(task.id, at); // of a call that was sent to a lost node
                        waiting.insert(task.id, task);
                        told.insert(task.id, at);
                    }
                    Event::Finished { task, node } => {
                        let Some(held) = account.finish(task, node, at) else { continue };
                        each(Observed::Finished(FinishedCall {
                            task: held.task,
                            told: told.remove(&task).unwrap_or(held.assigned),
                            node,
                            assigned: held.assigned,
                            // One that ends before it could start here was let in by its host.
                            started: held.started.unwrap_or(held.assigned),
                            finished: at,
                        }));
                    }
                    Event::Refresh => {}
                    event => {
                        if let Event::NodeDown(node) = event {
                            account.lose(node);
                        }
                        each(Observed::Node { at, event });
                    }
                }
            }
            Record::Decision(Decision::Assign { task, node }) => {
                if let Some(task) = waiting.remove(&task) {
                    account.assign(&task, node, now);
                }
            }
            Record::Decision(Decision::Reject { task, .. }) => {
                rest.rejected += u64::from(waiting.remove(&task).is_some());
                told.remove(&task);
            }
            Record::Decision(_) => {}
        }
    }
    rest.waiting = waiting.len() as u64;
    rest.on_nodes = account.len() as u64;
    Ok(rest)
}
