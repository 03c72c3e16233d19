//! Any scheduler behind one lock, with a combining hand-over: whoever holds the lock serves all.
//!
//! A policy that needs order (least loaded, first fit, priorities, your own) decides one call after the
//! other, so its throughput is that of one core whatever is built around it. What can be saved is
//! what threads lose to each other: with flat combining (Hendler, Incze, Shavit, Tzafrir: Flat Combining
//! and the Synchronization-Parallelism Tradeoff, SPAA 2010) a thread that finds the lock taken for longer than
//! some decisions leaves its request in the inbox, and the holder does it, in the same poll as the rest. A finish therefore
//! never blocks. A free lock costs no inbox entry and allocates nothing.
//!
//! No request is forgotten: lock and "there is a request" are two bits of one word, and the lock is
//! released by a compare-and-swap that fails while there is one.

mod core;

use self::core::Core;
use crate::call::Call;
use crate::padded::Padded;
use crate::seat::Ticket;
use crate::sync::{AtomicU64, Mutex, Ordering, lock, switch};
use crate::waiter::{Answer, Waiter};
use sched_core::{ClusterSpec, Event, NodeId, Scheduler, Time, Violation};
use std::sync::Arc;

/// How often a thread looks for its answer before it blocks.
const SPINS: u32 = if cfg!(feature = "model") { 1 } else { 200 };

/// How often a thread looks whether the lock is free before it leaves a request: for some decisions' time, because a
/// request costs both sides more than a decision does.
const LOOKS: u32 = if cfg!(feature = "model") { 1 } else { 100 };

const FREE: u64 = 0;
const HELD: u64 = 1;
const ASKED: u64 = 2;

/// The handle behind every policy that needs order.
#[derive(Debug)]
pub(crate) struct Combiner {
    state: Padded<AtomicU64>, // HELD and ASKED
    core: Mutex<Core>,        // of who holds, and of who only looks
    inbox: Padded<Mutex<Vec<Request>>>,
}

/// What a thread wants of the scheduler.
#[derive(Debug)]
pub(crate) enum Request {
    /// A node; `stays` in line if there is none now.
    Place { call: Call, waiter: Arc<Waiter>, stays: bool },
    /// A call has left its node.
    Done(Ticket),
    /// A node has come or gone.
    Node(NodeId, Event),
}

impl Combiner {
    pub(crate) fn new(scheduler: Box<dyn Scheduler>, spec: &ClusterSpec) -> Combiner {
        Combiner {
            state: Padded(AtomicU64::new(FREE)),
            core: Mutex::new(Core::new(scheduler, spec.node_count())),
            inbox: Padded(Mutex::new(Vec::new())),
        }
    }

    #[inline]
    pub(crate) fn try_place(&self, call: &Call) -> Answer {
        match self.if_free(|core| core.try_place(call)) {
            Some(answer) => answer,
            None => self.ask_to_try(call),
        }
    }

    #[cold]
    #[inline(never)]
    fn ask_to_try(&self, call: &Call) -> Answer {
        let waiter = Arc::new(Waiter::new());
        self.ask(Request::Place { call: *call, waiter: Arc::clone(&waiter), stays: false });
        for _ in 0..SPINS {
            if let Some(answer) = waiter.try_take() {
                return answer;
            }
            std::hint::spin_loop();
        }
        waiter.wait()
    }

    pub(crate) fn place(&self, call: &Call, waiter: &Arc<Waiter>) {
        self.ask(Request::Place { call: *call, waiter: Arc::clone(waiter), stays: true });
    }

    /// False if the node is known to be lost since; what is only asked for is not known yet.
    pub(crate) fn done(&self, ticket: Ticket) -> bool {
        self.if_free(|core| core.done(ticket)).unwrap_or_else(|| {
            self.ask(Request::Done(ticket));
            true
        })
    }

    pub(crate) fn node(&self, node: NodeId, event: Event) {
        self.ask(Request::Node(node, event));
    }

    pub(crate) fn tick(&self, now: Time) -> Option<Time> {
        let mut core = lock(&self.core);
        let next = core.tick(now);
        let woken = core.woken();
        drop(core);
        woken.into_iter().for_each(std::task::Waker::wake);
        next
    }

    pub(crate) fn healthy(&self) -> Result<(), Violation> {
        lock(&self.core).healthy()
    }

    /// Does something at once if within a few looks nobody holds the lock and nobody has asked for anything.
    #[inline(always)]
    fn if_free<T>(&self, own: impl FnOnce(&mut Core) -> T) -> Option<T> {
        (self.take(FREE) || self.take_soon()).then(|| {
            let held = Held(self);
            let result = self.work(own);
            held.release();
            result
        })
    }

    /// Leaves a request; does it, and all others, if nobody holds the lock.
    fn ask(&self, request: Request) {
        lock(&self.inbox).push(request);
        if self.state.fetch_or(ASKED, Ordering::AcqRel) & HELD == 0 && self.take(ASKED) {
            let held = Held(self);
            self.serve();
            held.release();
        }
    }

    /// Takes the lock if it is free soon. Looks without writing, so that the holder keeps the line, and gives up where
    /// others have asked: they come first.
    #[cold]
    #[inline(never)]
    fn take_soon(&self) -> bool {
        for _ in 0..LOOKS {
            match self.state.load(Ordering::Relaxed) {
                FREE if self.take(FREE) => return true,
                FREE | HELD => std::hint::spin_loop(),
                _ => return false,
            }
        }
        false
    }

    fn take(&self, from: u64) -> bool {
        self.state.compare_exchange(from, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn serve(&self) {
        let requests = std::mem::take(&mut *lock(&self.inbox));
        self.work(|core| requests.into_iter().for_each(|request| core.enter(request)));
    }

    /// Something with the scheduler, and what follows from it.
    #[inline(always)]
    fn work<T>(&self, own: impl FnOnce(&mut Core) -> T) -> T {
        let mut core = lock(&self.core);
        let result = own(&mut core);
        core.settle();
        let woken = core.woken();
        drop(core);
        woken.into_iter().for_each(std::task::Waker::wake);
        result
    }
}

/// The lock, held.
struct Held<'a>(&'a Combiner);

impl Held<'_> {
    /// Lets the lock go, once all that was asked for is done.
    #[inline]
    fn release(self) {
        let Combiner { state, .. } = self.0;
        switch();
        while state.compare_exchange(HELD, FREE, Ordering::Release, Ordering::Relaxed).is_err() {
            state.swap(HELD, Ordering::Acquire);
            self.0.serve();
        }
        std::mem::forget(self);
    }
}

impl Drop for Held<'_> {
    /// The scheduler has panicked: others must not wait for this thread. Whoever asks next goes on.
    fn drop(&mut self) {
        self.0.state.fetch_and(ASKED, Ordering::Release);
    }
}
