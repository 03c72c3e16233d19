//! How a run ends: with its last task, by a stop, or because it cannot go on.
//!
//! Of a run that an executor breaks off, what was done until then is as sound as of one that was stopped, so
//! it is given back with the reason.

use super::executor::Executor;
use super::observe::Failure;
use super::outcome::Outcome;
use super::turn::Loop;
use crate::RunError;

impl<E: Executor> Loop<'_, E> {
    /// Turns to the end, and closes the account.
    pub(super) fn run(mut self) -> Result<Outcome, RunError> {
        let ended = self.turns();
        self.outcome.partial |= ended.is_err();
        let outcome = self.close();
        match ended {
            Ok(()) => Ok(outcome),
            Err(RunError::Executor(source)) => {
                Err(RunError::BrokenOff { source, outcome: Box::new(outcome) })
            }
            Err(error) => Err(error),
        }
    }

    fn close(self) -> Outcome {
        let planned = (!self.outcome.partial).then_some(self.plan.tasks - self.plan.warmup);
        let unfinished = self.items.len() as u64;
        let ledger = self.account.close(&self.items, planned);
        Outcome { unfinished, ledger, ..self.outcome }
    }

    /// Nothing runs and nothing is to come. If nodes are down for good, what waits for them has
    /// failed; else the scheduler has.
    #[cold]
    pub(super) fn give_up_waiting(&mut self) -> Result<(), RunError> {
        let (at, waiting) = (self.executor.now(), self.items.waiting());
        if self.down.is_empty() || waiting.is_empty() {
            return Err(RunError::Stuck { at, waiting: waiting.len() as u64 });
        }
        for slot in waiting {
            self.items.take_waiting(self.items.get(slot).id());
            self.end_unplaced(slot, at, Some(Box::new(Failure::NoNode)));
        }
        self.report();
        Ok(())
    }
}
