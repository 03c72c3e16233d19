//! Any scheduler behind one lock, with a combining hand-over: whoever holds the lock serves all.
//!
//! A policy that needs order (least loaded, first fit, priorities, your own) decides one call after the
//! other, so its throughput is that of one core whatever is built around it. What can be saved is
//! what threads lose to each other: with flat combining (Hendler, Incze, Shavit, Tzafrir: Flat Combining
//! and the Synchronization-Parallelism Tradeoff, SPAA 2010) a thread that finds the lock taken leaves its
//! request in the inbox, and the holder does it, in the same poll as the rest. A finish therefore
//! never waits for the lock. A free lock costs no inbox entry and allocates nothing.
//!
//! No request is forgotten: who leaves one tries the lock after it, and who releases the lock looks into
//! the inbox after it, both under the inbox's own lock, so one of the two sees the other.

mod core;

use crate::call::{Call, Refusal};
use crate::padded::Padded;
use crate::seat::Ticket;
use crate::sync::{Mutex, MutexGuard, lock, try_lock};
use crate::waiter::{Answer, Waiter};
use self::core::Core;
use sched_core::{ClusterSpec, Event, NodeId, Scheduler, Time, Violation};
use std::sync::Arc;

/// How often a thread looks for its answer before it queues for the lock.
const SPINS: u32 = if cfg!(feature = "model") { 0 } else { 200 };

/// The handle behind every policy that needs order.
#[derive(Debug)]
pub(crate) struct Combiner {
    core: Padded<Mutex<Core>>,
    inbox: Padded<Mutex<Vec<Request>>>,
}

/// What a thread wants of the scheduler.
#[derive(Debug)]
pub(crate) enum Request {
    /// A node; `stays` in line if there is none now.
    Place { call: Call, waiter: Arc<Waiter>, stays: bool },
    /// A call has left its node.
    Done(Ticket),
}

impl Combiner {
    pub(crate) fn new(scheduler: Box<dyn Scheduler>, spec: &ClusterSpec) -> Combiner {
        let core = Core::new(scheduler, spec.node_count());
        Combiner { core: Padded(Mutex::new(core)), inbox: Padded(Mutex::new(Vec::new())) }
    }

    pub(crate) fn try_place(&self, call: &Call) -> Answer {
        if let Some(core) = try_lock(&self.core) {
            return self.serve(core, |core| core.try_place(call));
        }
        let waiter = Arc::new(Waiter::new());
        self.ask(Request::Place { call: *call, waiter: Arc::clone(&waiter), stays: false });
        for _ in 0..SPINS {
            if let Some(answer) = waiter.try_take() {
                return answer;
            }
            std::hint::spin_loop();
        }
        // Whoever holds the lock may have taken the inbox before the request was in it.
        self.serve(lock(&self.core), |_| ());
        waiter.try_take().unwrap_or(Err(Refusal::NotNow))
    }

    pub(crate) fn place(&self, call: &Call, waiter: &Arc<Waiter>) {
        self.ask(Request::Place { call: *call, waiter: Arc::clone(waiter), stays: true });
    }

    /// False if the node is known to be lost since; what is only in the inbox is not looked at yet.
    pub(crate) fn done(&self, ticket: Ticket) -> bool {
        if let Some(core) = try_lock(&self.core) {
            return self.serve(core, |core| core.done(ticket));
        }
        self.ask(Request::Done(ticket));
        true
    }

    pub(crate) fn node_up(&self, node: NodeId) {
        self.serve(lock(&self.core), |core| core.node(node, Event::NodeUp(node)));
    }

    pub(crate) fn node_down(&self, node: NodeId) {
        self.serve(lock(&self.core), |core| core.node(node, Event::NodeDown(node)));
    }

    pub(crate) fn node_drain(&self, node: NodeId) {
        self.serve(lock(&self.core), |core| core.node(node, Event::NodeDrain(node)));
    }

    pub(crate) fn tick(&self, now: Time) -> Option<Time> {
        self.serve(lock(&self.core), |core| core.tick(now))
    }

    pub(crate) fn healthy(&self) -> Result<(), Violation> {
        lock(&self.core).healthy()
    }

    /// Leaves a request, and does it if nobody else is there to.
    fn ask(&self, request: Request) {
        lock(&self.inbox).push(request);
        self.look_after();
    }

    /// Serves the inbox while it has something and the lock is free.
    fn look_after(&self) {
        while !lock(&self.inbox).is_empty() {
            let Some(core) = try_lock(&self.core) else { return };
            self.batch(core, |_| ());
        }
    }

    /// Serves the inbox and does `own`, all in one poll or as few as it takes.
    fn serve<T>(&self, core: MutexGuard<'_, Core>, own: impl FnOnce(&mut Core) -> T) -> T {
        let result = self.batch(core, own);
        self.look_after();
        result
    }

    fn batch<T>(&self, mut core: MutexGuard<'_, Core>, own: impl FnOnce(&mut Core) -> T) -> T {
        let mut requests = core.spare();
        std::mem::swap(&mut requests, &mut *lock(&self.inbox));
        for request in requests.drain(..) {
            core.enter(request);
        }
        core.keep_spare(requests);
        let result = own(&mut core);
        core.settle();
        let woken = core.woken();
        drop(core);
        for waker in woken {
            waker.wake();
        }
        result
    }
}
