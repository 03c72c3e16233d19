//! The loop's own account of a run, for its certificate.
//!
//! Counted where tasks and calls come and go, from the instants that the loop acts on, and told to
//! no observer: a report that gets lost or changed on its way cannot be missing here too. It costs
//! a few additions per call and keeps no sample. What was inside when a run was stopped is looked for
//! at the end, so that an interrupted run balances as well.

use super::items::{Items, Place};
use super::observe::CallTimes;
use metrics::{Ledger, NodeLedger, StageLedger};
use sched_core::{NodeId, Time};

/// What has been counted so far. Warm-up tasks are passed over.
#[derive(Debug)]
pub(super) struct Account {
    warmup: u64,
    ledger: Ledger,
    assigned: Vec<u64>, // by node: apart, so that an assign does not fetch all that is known of the node
}

impl Account {
    pub(super) fn new(warmup: u64, stages: usize, nodes: usize) -> Account {
        let ledger = Ledger {
            stages: vec![StageLedger::default(); stages],
            nodes: vec![NodeLedger::default(); nodes],
            ..Ledger::default()
        };
        Account { warmup, ledger, assigned: vec![0; nodes] }
    }

    /// Counted calls that have finished on a node; 0 for one that is not there.
    #[inline]
    pub(super) fn calls_finished(&self, node: NodeId) -> u64 {
        self.ledger.nodes.get(node.index()).map_or(0, |node| node.finished)
    }

    /// A task has arrived at its first stage.
    #[inline]
    pub(super) fn arrived(&mut self, index: u64, intended: Time) {
        if index >= self.warmup {
            self.ledger.tasks.submitted += 1;
            self.ledger.tasks.area -= instant(intended);
            self.enter(0, intended);
        }
    }

    /// Its call has left a stage for the next one.
    #[inline]
    pub(super) fn passed(&mut self, index: u64, stage: u32, at: Time) {
        if index >= self.warmup {
            self.leave(stage, at);
            self.enter(stage + 1, at);
        }
    }

    /// It has ended, and its call in `stage` with it.
    #[inline]
    pub(super) fn ended(&mut self, index: u64, stage: u32, at: Time, failed: bool) {
        if index >= self.warmup {
            self.leave(stage, at);
            let tasks = &mut self.ledger.tasks;
            tasks.area += instant(at);
            // A branch that is foretold, where two sums would take both.
            if failed {
                tasks.failed += 1;
            } else {
                tasks.completed += 1;
            }
        }
    }

    /// Its call was sent to a node.
    #[inline]
    pub(super) fn assigned(&mut self, index: u64, node: NodeId) {
        if index >= self.warmup
            && let Some(assigned) = self.assigned.get_mut(node.index())
        {
            *assigned += 1;
        }
    }

    /// Its call is on another node than it was sent to.
    pub(super) fn moved(&mut self, index: u64, from: NodeId, to: NodeId) {
        if index < self.warmup {
            return;
        }
        if let Some(from) = self.assigned.get_mut(from.index()) {
            *from -= 1;
        }
        if let Some(to) = self.assigned.get_mut(to.index()) {
            *to += 1;
        }
    }

    /// Its call has finished on a node.
    #[inline]
    pub(super) fn finished(&mut self, index: u64, stage: u32, times: &CallTimes) {
        if index < self.warmup {
            return;
        }
        self.ledger.stages[stage as usize].running += instant(times.ended) - instant(times.started);
        let ran = u128::from(times.execution().as_nanos()) * u128::from(times.cpu);
        let sojourn = u128::from(times.total().as_nanos());
        if let Some(node) = self.node(times.node) {
            node.finished += 1;
            node.busy += ran;
            node.sojourn += sojourn;
        }
    }

    /// Its call was lost with a node.
    pub(super) fn lost(&mut self, index: u64, node: NodeId) {
        if index >= self.warmup
            && let Some(node) = self.node(node)
        {
            node.lost += 1;
        }
    }

    /// Its call begins again.
    pub(super) fn retried(&mut self, index: u64) {
        self.ledger.retries += u64::from(index >= self.warmup);
    }

    /// The account at the end. `planned` tasks had to arrive, unless the run was stopped.
    pub(super) fn close(mut self, items: &Items, planned: Option<u64>) -> Ledger {
        self.ledger.tasks.planned = planned;
        for (node, assigned) in self.ledger.nodes.iter_mut().zip(&self.assigned) {
            node.assigned = *assigned;
        }
        for (slot, item) in items.live() {
            if item.index < self.warmup {
                continue;
            }
            let tasks = &mut self.ledger.tasks;
            tasks.in_flight += 1;
            tasks.area += instant(item.intended);
            let stage = &mut self.ledger.stages[item.stage as usize];
            stage.inside += 1;
            stage.area += instant(item.submit);
            for (passed, times) in items.times(slot, item.stage as usize).iter().enumerate() {
                let unended = &mut self.ledger.stages[passed].unended;
                unended.calls += 1;
                unended.area += instant(times.finish) - instant(times.submit);
                unended.running += instant(times.ended) - instant(times.started);
            }
            if let Place::Bound(node) = item.place
                && let Some(node) = self.node(node)
            {
                node.bound += 1;
            }
        }
        self.ledger
    }

    #[inline]
    fn enter(&mut self, stage: u32, at: Time) {
        let stage = &mut self.ledger.stages[stage as usize];
        stage.entered += 1;
        stage.area -= instant(at);
    }

    #[inline]
    fn leave(&mut self, stage: u32, at: Time) {
        let stage = &mut self.ledger.stages[stage as usize];
        stage.left += 1;
        stage.area += instant(at);
    }

    #[inline]
    fn node(&mut self, node: NodeId) -> Option<&mut NodeLedger> {
        self.ledger.nodes.get_mut(node.0 as usize)
    }
}

#[inline]
fn instant(time: Time) -> i128 {
    i128::from(time.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_has_moved_counts_where_it_is_and_only_there() {
        let mut account = Account::new(1, 1, 2);
        account.assigned(0, NodeId(0)); // warm-up
        account.assigned(1, NodeId(0));
        account.assigned(2, NodeId(0));
        account.moved(0, NodeId(0), NodeId(1));
        account.moved(2, NodeId(0), NodeId(1));
        let ledger = account.close(&Items::new(1), None);
        assert_eq!(ledger.nodes.iter().map(|node| node.assigned).collect::<Vec<_>>(), [1, 1]);
    }
}
