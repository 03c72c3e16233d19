//! The trait at the bottom of everything.
//!
//! Facts go in, decisions come out. There is no clock, no I/O, no blocking and no
//! `async`: a host (simulator, real-time executor, cluster driver, your service)
//! calls [`Scheduler::on_event`] with what happened and [`Scheduler::poll`] for
//! what to do, or [`Scheduler::decide`], which also says whether all is well and when to ask again. That
//! is why the same object runs in all of them.

use crate::checked::Violation;
use crate::event::{Decision, Event};
use crate::time::Time;

/// A deterministic state machine: facts in, decisions out.
///
/// The host calls [`on_event`](Self::on_event) for every fact of an instant, then
/// [`poll`](Self::poll) once for that instant, then carries out the decisions, in order.
/// `now` never goes back. Equal histories must give equal decisions: no clock, no
/// randomness but from a seed given at construction, no dependence on addresses or hashes.
///
/// ```
/// use sched_core::{ClusterSpec, Decision, Event, Registry, Resources, Scheduler, Task, TaskId, Time};
///
/// let cluster = ClusterSpec::uniform(2, 4)?; // 2 nodes of 4 slots
/// let mut scheduler = Registry::builtin().build("load_aware_spread", &cluster)?;
/// let id = TaskId { index: 0, stage: 0 };
/// scheduler.on_event(Time::ZERO, Event::Submit(Task::new(id, Time::ZERO, Resources::milli_cpu(1000))));
/// let mut decisions = Vec::new();
/// scheduler.poll(Time::ZERO, &mut decisions);
/// assert_eq!(decisions[0].to_string(), "0.0 -> node-0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Wrong: polling between two facts of the same instant. A finish and a submit at one
/// instant would then be decided on half of what is known.
pub trait Scheduler: Send {
    /// Takes note of a fact. It decides nothing, and must be cheap.
    fn on_event(&mut self, now: Time, event: Event);

    /// Appends everything decidable at `now` to `out`, in the order in which it is to be done.
    /// Called once after all events of that instant; what it appends is final.
    fn poll(&mut self, now: Time, out: &mut Vec<Decision>);

    /// When to poll again even if nothing happens. `None`: only after the next event.
    fn next_timeout(&self) -> Option<Time> {
        None
    }

    /// The first rule that this scheduler was seen to break. Only [`Checked`](crate::Checked) looks;
    /// a host stops the run when it is an error.
    ///
    /// # Errors
    /// The broken rule, with the call and the node.
    fn health(&self) -> Result<(), &Violation> {
        Ok(())
    }

    /// All that a host asks once the facts of an instant are told, in one question: appends what is
    /// decidable at `now` to `out`, and says when to ask again even if nothing happens.
    ///
    /// It is [`poll`](Self::poll), [`health`](Self::health) and [`next_timeout`](Self::next_timeout), called in
    /// place of them. A scheduler that has its own can only be faster.
    ///
    /// ```
    /// # use sched_core::{ClusterSpec, Event, Registry, Resources, Task, TaskId, Time};
    /// # let mut scheduler = Registry::builtin().build("fifo", &ClusterSpec::uniform(2, 4)?)?;
    /// # let call = Task::new(TaskId { index: 0, stage: 0 }, Time::ZERO, Resources::milli_cpu(1000));
    /// let mut decisions = Vec::new();
    /// scheduler.on_event(Time::ZERO, Event::Submit(call));
    /// let next = scheduler.decide(Time::ZERO, &mut decisions).map_err(Clone::clone)?;
    /// assert_eq!((decisions.len(), next), (1, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`health`](Self::health); legal decisions are appended all the same.
    fn decide(&mut self, now: Time, out: &mut Vec<Decision>) -> Result<Option<Time>, &Violation> {
        self.poll(now, out);
        self.health()?;
        Ok(self.next_timeout())
    }
}
