//! What the combiner's lock guards: the scheduler, the clock, and the calls that it still owes an answer.
//!
//! A scheduler has no way to take a submitted call back. A call that was only to be tried, or that gave up,
//! therefore stays in its queue and is finished the moment it gets a node, which is then the next one's.
//! At most one tried call of each shape waits like that: while some call of a shape waits, another one
//! of that shape would come after it, so it is refused without asking.

use super::Request;
use crate::call::{Call, Refusal};
use crate::seat::Ticket;
use crate::waiter::{Answer, Waiter};
use sched_core::{Decision, Event, GroupSet, Level, NodeId, Resources};
use sched_core::{Scheduler, TaskId, Time, Violation};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

type Shape = (Resources, GroupSet, Level);

/// The state behind the lock.
pub(super) struct Core {
    scheduler: Box<dyn Scheduler>,
    now: Time,
    submitted: u64,
    generations: Vec<u32>, // how often each node was lost
    owed: BTreeMap<u64, Owed>,
    waiting: BTreeMap<Shape, u32>, // how many calls of a shape wait
    unsettled: bool,               // facts were told since the last poll
    decisions: Vec<Decision>,
    woken: Vec<Waker>,
}

/// A call that waits in the scheduler.
struct Owed {
    shape: Shape,
    waiter: Option<Arc<Waiter>>, // none: it was only tried
}

impl Core {
    pub(super) fn new(scheduler: Box<dyn Scheduler>, nodes: usize) -> Core {
        Core {
            scheduler,
            now: Time::ZERO,
            submitted: 0,
            generations: vec![0; nodes],
            owed: BTreeMap::new(),
            waiting: BTreeMap::new(),
            unsettled: false,
            decisions: Vec::new(),
            woken: Vec::new(),
        }
    }

    /// A node now. Nothing is owed and nothing allocated where there is one.
    ///
    /// In line with all that an answer passes through: handed on by calls, it is written field by field and read as a
    /// whole each time, which processors wait for.
    #[inline(always)]
    pub(super) fn try_place(&mut self, call: &Call) -> Answer {
        let shape = shape(call);
        self.settle();
        if self.waiting.contains_key(&shape) {
            return Err(Refusal::NotNow);
        }
        let number = self.submit(call);
        match self.poll_for(Some(number)) {
            Some(answer) => answer,
            None => self.try_again(number, shape),
        }
    }

    /// The answer of a call that the first poll has not placed.
    #[cold]
    #[inline(never)]
    fn try_again(&mut self, number: u64, shape: Shape) -> Answer {
        while self.unsettled {
            // A call that gave up had got a node.
            if let Some(answer) = self.poll_for(Some(number)) {
                return answer;
            }
        }
        self.owe(number, shape, None);
        Err(Refusal::NotNow)
    }

    /// Takes note of a request; [`settle`](Self::settle) answers it.
    pub(super) fn enter(&mut self, request: Request) {
        match request {
            Request::Done(ticket) => drop(self.done(ticket)),
            Request::Node(node, event) => self.node(node, event),
            Request::Place { call, waiter, stays: true } => {
                let number = self.submit(&call);
                self.owe(number, shape(&call), Some(waiter));
            }
            Request::Place { call, waiter, stays: false } => {
                let answer = self.try_place(&call);
                self.answer(&waiter, answer);
            }
        }
    }

    pub(super) fn done(&mut self, ticket: Ticket) -> bool {
        let node = ticket.node;
        let current = self.generations.get(node.index()) == Some(&ticket.generation);
        if current {
            let task = TaskId { index: ticket.what, stage: 0 };
            self.tell(Event::Finished { task, node });
        }
        current
    }

    fn node(&mut self, node: NodeId, event: Event) {
        let Some(generation) = self.generations.get_mut(node.index()) else { return };
        if matches!(event, Event::NodeDown(_)) {
            *generation += 1;
        }
        self.tell(event);
    }

    pub(super) fn tick(&mut self, now: Time) -> Option<Time> {
        self.now = self.now.max(now);
        self.unsettled = true;
        self.settle();
        self.scheduler.next_timeout()
    }

    pub(super) fn healthy(&self) -> Result<(), Violation> {
        self.scheduler.health().map_err(Clone::clone)
    }

    /// Polls until no decision frees anything.
    #[inline]
    pub(super) fn settle(&mut self) {
        if self.unsettled {
            self.settle_now();
        }
    }

    #[inline(never)]
    fn settle_now(&mut self) {
        while self.unsettled {
            self.poll_for(None);
        }
    }

    /// Whom to wake, once the lock is free.
    pub(super) fn woken(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.woken)
    }

    fn tell(&mut self, event: Event) {
        self.scheduler.on_event(self.now, event);
        self.unsettled = true;
    }

    fn submit(&mut self, call: &Call) -> u64 {
        let number = self.submitted;
        self.submitted += 1;
        self.now = self.now.max(call.ready);
        self.tell(Event::Submit(call.task(number)));
        number
    }

    /// One poll. Gives the answer of the call `own`; the others' go into their cells.
    #[inline(always)]
    fn poll_for(&mut self, own: Option<u64>) -> Option<Answer> {
        self.unsettled = false;
        let mut decisions = std::mem::take(&mut self.decisions);
        self.scheduler.poll(self.now, &mut decisions);
        let mut answer_of_own = None;
        for decision in decisions.drain(..) {
            let (task, answer) = match decision {
                Decision::Assign { task, node } => {
                    let generation = self.generations.get(node.index()).copied().unwrap_or(0);
                    (task, Ok(Ticket { node, generation, what: task.index }))
                }
                Decision::Reject { task, reason } => (task, Err(Refusal::Never(reason))),
                _ => continue,
            };
            if own == Some(task.index) {
                answer_of_own = Some(answer);
            } else {
                self.deliver(task.index, answer);
            }
        }
        self.decisions = decisions;
        answer_of_own
    }

    /// The answer of a call that waited.
    #[inline(never)]
    fn deliver(&mut self, number: u64, answer: Answer) {
        let Some(owed) = self.owed.remove(&number) else { return };
        self.no_longer_waits(&owed.shape);
        match owed.waiter {
            Some(waiter) => self.answer(&waiter, answer),
            None => self.unwanted(answer),
        }
    }

    fn answer(&mut self, waiter: &Waiter, answer: Answer) {
        match waiter.give(answer) {
            Ok(waker) => self.woken.extend(waker),
            Err(answer) => self.unwanted(answer),
        }
    }

    /// Nobody takes the answer: its node is for the next.
    fn unwanted(&mut self, answer: Answer) {
        if let Ok(ticket) = answer {
            self.done(ticket);
        }
    }

    fn owe(&mut self, number: u64, shape: Shape, waiter: Option<Arc<Waiter>>) {
        self.owed.insert(number, Owed { shape, waiter });
        *self.waiting.entry(shape).or_insert(0) += 1;
    }

    fn no_longer_waits(&mut self, shape: &Shape) {
        if let Some(count) = self.waiting.get_mut(shape) {
            *count -= 1;
            if *count == 0 {
                self.waiting.remove(shape);
            }
        }
    }
}

fn shape(call: &Call) -> Shape {
    (call.demand, call.on, call.priority)
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("now", &self.now)
            .field("submitted", &self.submitted)
            .field("waiting", &self.owed.len())
            .finish_non_exhaustive()
    }
}
