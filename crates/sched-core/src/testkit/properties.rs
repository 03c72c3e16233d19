//! What every scheduler owes its host, and what some promise besides.
//!
//! The host checks each decision where it is carried out. Here is what can only be
//! seen of a whole poll: whether a call was left waiting that should have gone, and
//! whether one went that should have waited for another.

use super::host::Host;
use super::ledger::Ledger;
use crate::{GroupSet, NodeId, Task, TaskId, Time};
use std::cmp::Reverse;
use std::fmt;

/// A property that a scheduler can break.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Property {
    /// A call is decided on once, while it waits; decisions are final.
    Once,
    /// A call goes only to a declared node of its groups that can hold it when empty.
    Eligible,
    /// A call goes only to a node that is up and not draining.
    Live,
    /// Never over capacity: where queues are not allowed, a call sent starts at once.
    Capacity,
    /// No node queue grows above its limit.
    QueueLimit,
    /// Rejected are those, and at the next poll those, that no declared node can hold.
    Rejection,
    /// The next timeout lies after the poll that it follows.
    Timeout,
    /// In the end, with every node up, every call is placed.
    Placed,
    /// Equal histories give equal decisions.
    Deterministic,
    /// Promise: nothing waits that the head-of-line rule lets go to a node which would take it.
    WorkConserving,
    /// Promise: a node takes a call only if none ahead of it waits that the node could hold.
    HeadOfLine,
    /// The decisions are those of the naive list scheduler.
    Oracle,
    /// It reports no violation of its own: a placement names candidates only.
    Healthy,
    /// It does not panic.
    NoPanic,
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Property::Once => "a call is decided on once, while it waits",
            Property::Eligible => "a call goes only to a node of its groups that can hold it",
            Property::Live => "a call goes only to a node that is up and not draining",
            Property::Capacity => "never over capacity",
            Property::QueueLimit => "no node queue grows above its limit",
            Property::Rejection => {
                "exactly those calls are rejected that no declared node can hold"
            }
            Property::Timeout => "the next timeout lies ahead",
            Property::Placed => "every call is placed in the end",
            Property::Deterministic => "equal histories give equal decisions",
            Property::WorkConserving => {
                "no call waits that may go to a node which would take it (if yours waits on \
                 purpose, say so with `Check::holds_back`)"
            }
            Property::HeadOfLine => "no call goes to a node that a call ahead of it waits for",
            Property::Oracle => "the decisions are those of the naive list scheduler",
            Property::Healthy => "it reports no violation (`Scheduler::health`)",
            Property::NoPanic => "it does not panic",
        })
    }
}

/// A property was seen broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// Which.
    pub property: Property,
    /// By what: the call, the node.
    pub what: String,
}

impl Broken {
    /// `property` was broken by `what`.
    pub fn new(property: Property, what: impl Into<String>) -> Broken {
        Broken { property, what: what.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nbroken is: {}", self.what, self.property)
    }
}

/// The rank of a call in a policy's order: least first, ties by arrival.
pub type Rank = Box<dyn Fn(&Task) -> i128 + Send + Sync>;

/// Place of a call in the order: rank, then arrival (submit, index, stage).
pub(super) fn position(rank: i128, task: &Task) -> (i128, Time, TaskId) {
    (rank, task.submit, task.id)
}

/// What a scheduler promises beyond what it owes.
pub struct Promises {
    /// It never leaves a call waiting that it may send somewhere.
    pub work_conserving: bool,
    /// It keeps to the head-of-line rule in this order. `None`: in an order that it keeps to itself.
    pub order: Option<Rank>,
}

impl Default for Promises {
    /// Work-conserving, in whatever order.
    fn default() -> Promises {
        Promises { work_conserving: true, order: None }
    }
}

impl Promises {
    /// Before an assignment: that no call ahead waits for the same node.
    ///
    /// # Errors
    /// The call that was passed over.
    pub fn check_assign(&self, host: &Host, call: TaskId, node: NodeId) -> Result<(), Broken> {
        let Some(rank) = &self.order else { return Ok(()) };
        let Some(task) = host.waiting().find(|task| task.id == call) else { return Ok(()) };
        let group = host.ledger().group(node);
        let own = position(rank(task), task);
        let ahead = |other: &&Task| {
            position(rank(other), other) < own && host.ledger().eligible(other).contains(group)
        };
        match host.waiting().find(ahead) {
            None => Ok(()),
            Some(other) => Err(Broken::new(
                Property::HeadOfLine,
                format!("{call} was sent to {node}, for which {} waits ahead of it", other.id),
            )),
        }
    }

    /// After a poll: that nothing waits without need.
    ///
    /// # Errors
    /// A call that could have gone.
    pub fn check_idle(&self, host: &Host) -> Result<(), Broken> {
        if !self.work_conserving {
            return Ok(());
        }
        let mut waiting: Vec<&Task> = host.waiting().collect();
        let stuck = match &self.order {
            Some(rank) => {
                waiting.sort_by_cached_key(|task| position(rank(task), task));
                first_free(&waiting, host.ledger())
            }
            None => no_order_explains(waiting, host.ledger()),
        };
        match stuck {
            None => Ok(()),
            Some((task, node)) => Err(Broken::new(
                Property::WorkConserving,
                format!("{task} was left waiting, though {node} would have taken it"),
            )),
        }
    }
}

/// In this order, the first call that is not blocked from a node which would take it.
fn first_free(waiting: &[&Task], ledger: &Ledger) -> Option<(TaskId, NodeId)> {
    let mut blocked = GroupSet::NONE;
    for task in waiting {
        let eligible = ledger.eligible(task);
        if let Some(&node) = ledger.candidates(task, eligible.minus(blocked)).first() {
            return Some((task.id, node));
        }
        blocked = blocked.union(eligible);
    }
    None
}

/// The order is unknown: is there any in which all of these rightly wait? Taking up
/// whoever is stuck, and blocking what it could use, only ever makes more of them stuck,
/// so the greedy search finds such an order if there is one.
fn no_order_explains(mut waiting: Vec<&Task>, ledger: &Ledger) -> Option<(TaskId, NodeId)> {
    waiting.sort_by_key(|task| Reverse(task.submit)); // the oldest is popped first, and blamed
    let mut blocked = GroupSet::NONE;
    loop {
        let before = waiting.len();
        waiting.retain(|task| {
            let eligible = ledger.eligible(task);
            let stuck = ledger.candidates(task, eligible.minus(blocked)).is_empty();
            if stuck {
                blocked = blocked.union(eligible);
            }
            !stuck
        });
        if waiting.len() == before {
            break;
        }
    }
    let task = waiting.pop()?;
    let node = *ledger.candidates(task, ledger.eligible(task).minus(blocked)).first()?;
    Some((task.id, node))
}
