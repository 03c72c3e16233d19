//! Assigns that the account does not show yet.
//!
//! A host whose view is stale even for the scheduler's own placements says so with
//! [`Event::Refresh`](crate::Event::Refresh), and from the first one on they are kept here until the
//! next. That it is a fact and no mode chosen at construction has a reason: the first assigns of a
//! poll must already hide from the next ones of the same poll, which nobody outside of the
//! engine can arrange, and yet when they show is only for the host to say. So every policy has it
//! without a parameter, and a log of facts holds all that a replay needs.

use crate::cluster::NodeId;
use crate::task::Task;

/// The assigns since the last refresh, if they are hidden.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unseen {
    hides: bool,
    calls: Vec<(Task, NodeId)>,
}

impl Unseen {
    /// Whether assigns are hidden; else they are to show at once.
    #[inline]
    pub(crate) fn hides(&self) -> bool {
        self.hides
    }

    /// Keeps an assign that is hidden.
    pub(crate) fn keep(&mut self, task: &Task, node: NodeId) {
        self.calls.push((*task, node));
    }

    /// From here on assigns are hidden.
    pub(crate) fn hide(&mut self) {
        self.hides = true;
    }

    /// Whether there is none, as always where assigns are not hidden.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The hidden assigns, oldest first, to be shown now.
    pub(crate) fn take(&mut self) -> Vec<(Task, NodeId)> {
        std::mem::take(&mut self.calls)
    }
}
