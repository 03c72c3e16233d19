//! The repetitions that run at this moment, for those who watch and stop them.
//!
//! Each repetition has a [`Control`] of its own, since several run at once; Ctrl-C and the progress
//! line see one object. A repetition that starts after the stop ends at once.

use pipeline::{Control, Progress};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Handle of all repetitions of a command.
#[derive(Debug, Default)]
pub struct Running {
    stopped: AtomicBool,
    run: Mutex<Run>,
}

/// The run whose repetitions these are.
#[derive(Debug, Default)]
struct Run {
    tasks: u64,
    controls: Vec<Arc<Control>>,
}

impl Running {
    /// A run begins, of this many tasks over all repetitions.
    pub(crate) fn begin(&self, tasks: u64) {
        *self.run() = Run { tasks, controls: Vec::new() };
    }

    /// The handle of one more repetition of it.
    pub(crate) fn repetition(&self) -> Arc<Control> {
        let control = Arc::new(Control::new());
        let mut run = self.run();
        run.controls.push(Arc::clone(&control));
        if self.stopped() {
            control.stop();
        }
        control
    }

    /// Ends all repetitions, present and future.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.give_up();
    }

    /// Ends the present repetitions: one of them failed, and nobody waits for the others.
    pub(crate) fn give_up(&self) {
        self.run().controls.iter().for_each(|control| control.stop());
    }

    /// Whether [`Running::stop`] was called.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// How far the run is, over its repetitions.
    pub(crate) fn progress(&self) -> Progress {
        let run = self.run();
        let done = run.controls.iter().map(|control| control.progress().done).sum();
        Progress { done, total: run.tasks }
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_reaches_repetitions_before_and_after_it() {
        let running = Running::default();
        running.begin(10);
        let before = running.repetition();
        assert!(!before.stopped() && !running.stopped());
        running.stop();
        assert!(before.stopped() && running.repetition().stopped());
        running.begin(5);
        assert!(running.repetition().stopped(), "the next run does not start either");
        assert_eq!(running.progress(), Progress { done: 0, total: 5 });
    }

    #[test]
    fn giving_up_a_run_is_no_stop() {
        let running = Running::default();
        let control = running.repetition();
        running.give_up();
        assert!(control.stopped() && !running.stopped() && !running.repetition().stopped());
    }
}
