//! The handle: which of the two ways a policy gets, and what a host can do with either.
//!
//! The way is chosen by what the policy and the cluster *are*, once, when the handle is built; a host
//! that wants to know asks [`Shared::method`].

use crate::call::{Call, Refusal};
use crate::combiner::Combiner;
use crate::counters::{Counters, Place};
use crate::placing::Placing;
use crate::seat::{Seat, Ticket};
use crate::waiter::{Answer, Waiter};
use sched_core::{ClusterSpec, Event, GroupSet, NodeId, ResolvedPolicy, SEED, Scheduler, Time};
use std::sync::Arc;

/// One scheduler for many threads.
///
/// By [counters](Method::Counters) it is faster than any lock; `random` and `power_of_two` gain by a second thread,
/// `round_robin`, whose turns are one order, does not. By the [combiner](Method::Combiner) it is *slower* than a scheduler
/// of your own in a [`Mutex`](std::sync::Mutex): by a third of the calls per second, on one thread and on two
/// (`docs/performance.md`). Take the mutex where a call that finds no node is shed and decisions per second are what
/// counts. Take this for calls that stand in line or are awaited, for seats that give themselves back, and for
/// nodes that are lost.
///
/// ```
/// use sched_core::{ClusterSpec, NodeId, PolicySpec, Registry};
/// use sched_shared::{Call, Refusal, Shared};
///
/// let backends = ClusterSpec::uniform(2, 1)?; // two backends, one request each at a time
/// let policy = PolicySpec::named("power_of_two").with("bind", "late");
/// let shared = Shared::new(&Registry::builtin().resolve(&policy)?, &backends, 42);
///
/// let first = shared.try_place(&Call::slot())?;  // from any thread
/// let second = shared.try_place(&Call::slot())?;
/// assert_ne!(first.node(), second.node());
/// assert_eq!(shared.try_place(&Call::slot()).err(), Some(Refusal::NotNow)); // full: shed it,
/// let third = shared.place(&Call::slot());       // or stand in line: block, or await
/// let freed = first.node();
/// drop(first);                                   // done
/// assert_eq!(third.wait()?.node(), freed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Shared {
    way: Way,
}

/// How a handle places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Method {
    /// By atomic counters: no lock while there is room.
    Counters,
    /// By one scheduler, which serves all that wait for it at a time.
    Combiner,
}

#[derive(Debug)]
enum Way {
    Counters(Counters),
    Combiner(Combiner),
}

/// A call's turn: its answer, or where it will be.
#[derive(Debug)]
pub(crate) enum Turn {
    Known(Answer),
    Waits(Arc<Waiter>, Line),
}

/// Where a call stands in line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    Counters { set: GroupSet, number: u64 },
    Combiner,
}

impl Shared {
    /// The policy on an empty cluster, every node up. `seed` seeds policies that draw and were given no seed of
    /// their own.
    ///
    /// Policies that say that they need no order ([`PolicyInfo::unordered`](sched_core::PolicyInfo::unordered))
    /// place by counters if cpu is the only limited resource and node queues are absent (bound late) or
    /// unbounded; all else goes through the combiner.
    pub fn new(policy: &ResolvedPolicy, cluster: &ClusterSpec, seed: u64) -> Shared {
        let own = policy.params().find(|(name, _)| *name == SEED.name);
        let own = own.and_then(|(_, text)| text.parse().ok());
        match policy.info().unordered() {
            Some(rule) if Counters::suit(cluster, policy.bind()) => {
                let counters = Counters::new(cluster, policy.bind(), rule, own.unwrap_or(seed));
                Shared { way: Way::Counters(counters) }
            }
            _ => Shared::combining(policy.build(cluster, seed), cluster),
        }
    }

    /// Any scheduler on an empty cluster of which it was built, behind the combiner. Wrap one that nobody has
    /// proved in [`Checked`](sched_core::Checked) and look at [`healthy`](Self::healthy).
    pub fn combining(scheduler: Box<dyn Scheduler>, cluster: &ClusterSpec) -> Shared {
        Shared { way: Way::Combiner(Combiner::new(scheduler, cluster)) }
    }

    /// How it places.
    pub fn method(&self) -> Method {
        match &self.way {
            Way::Counters(_) => Method::Counters,
            Way::Combiner(_) => Method::Combiner,
        }
    }

    /// A node now.
    ///
    /// # Errors
    /// [`Refusal::NotNow`] at once where no node can take the call, or where calls that wait come first;
    /// [`Refusal::Never`] with the reason.
    #[inline(always)]
    pub fn try_place(&self, call: &Call) -> Result<Seat<&Shared>, Refusal> {
        Ok(Seat::new(self, self.ticket(call)?))
    }

    /// The same, for a seat that shares the handle.
    ///
    /// # Errors
    /// As [`try_place`](Self::try_place).
    #[inline]
    pub fn try_place_owned(self: &Arc<Shared>, call: &Call) -> Result<Seat<Arc<Shared>>, Refusal> {
        let ticket = self.ticket(call)?;
        Ok(Seat::new(Arc::clone(self), ticket))
    }

    /// A node now, or in turn. The call stands in line from here on, whether or not the answer is polled.
    pub fn place(&self, call: &Call) -> Placing<&Shared> {
        Placing::new(self, self.turn(call))
    }

    /// The same, for an answer that shares the handle.
    pub fn place_owned(self: &Arc<Shared>, call: &Call) -> Placing<Arc<Shared>> {
        Placing::new(Arc::clone(self), self.turn(call))
    }

    /// The call of this ticket has left its node, well or badly. False, and nothing changes, if the node was lost
    /// since. Serves calls that wait.
    #[inline]
    pub fn done(&self, ticket: Ticket) -> bool {
        match &self.way {
            Way::Counters(counters) => counters.done(&ticket),
            Way::Combiner(combiner) => combiner.done(ticket),
        }
    }

    /// The node is there and takes calls: empty after it was down, as it was after a drain. Serves calls
    /// that wait. Nodes that were not declared are ignored, here and below.
    pub fn node_up(&self, node: NodeId) {
        match &self.way {
            Way::Counters(counters) => counters.node_up(node),
            Way::Combiner(combiner) => combiner.node(node, Event::NodeUp(node)),
        }
    }

    /// The node is gone with all it had. Its seats free nothing any more, also after it has come back; their
    /// calls are the host's to place again.
    pub fn node_down(&self, node: NodeId) {
        match &self.way {
            Way::Counters(counters) => counters.node_down(node),
            Way::Combiner(combiner) => combiner.node(node, Event::NodeDown(node)),
        }
    }

    /// The node takes no more calls, and finishes those it has.
    pub fn node_drain(&self, node: NodeId) {
        match &self.way {
            Way::Counters(counters) => counters.node_drain(node),
            Way::Combiner(combiner) => combiner.node(node, Event::NodeDrain(node)),
        }
    }

    /// Lets a scheduler that acts on time act. Gives when to call again even if nothing happens; `None`, as
    /// for all built-in policies, if never.
    pub fn tick(&self, now: Time) -> Option<Time> {
        match &self.way {
            Way::Counters(_) => None,
            Way::Combiner(combiner) => combiner.tick(now),
        }
    }

    /// The first rule that the scheduler was seen to break.
    ///
    /// # Errors
    /// The broken rule, with the call and the node.
    pub fn healthy(&self) -> Result<(), sched_core::Violation> {
        match &self.way {
            Way::Counters(_) => Ok(()),
            Way::Combiner(combiner) => combiner.healthy(),
        }
    }

    #[inline(always)]
    fn ticket(&self, call: &Call) -> Answer {
        match &self.way {
            Way::Counters(counters) => counters.try_place(call),
            Way::Combiner(combiner) => combiner.try_place(call),
        }
    }

    fn turn(&self, call: &Call) -> Turn {
        let waiter = Arc::new(Waiter::new());
        match &self.way {
            Way::Counters(counters) => match counters.place(call, &waiter) {
                Err(refusal) => Turn::Known(Err(refusal)),
                Ok(Place::Seat(ticket)) => Turn::Known(Ok(ticket)),
                Ok(Place::Waits { set, number }) => {
                    Turn::Waits(waiter, Line::Counters { set, number })
                }
            },
            Way::Combiner(combiner) => {
                combiner.place(call, &waiter);
                Turn::Waits(waiter, Line::Combiner)
            }
        }
    }

    /// A call has given its wait up before it was answered.
    pub(crate) fn leave(&self, line: Line) {
        match (&self.way, line) {
            (Way::Counters(counters), Line::Counters { set, number }) => {
                counters.leave(set, number);
            }
            // The combiner's scheduler cannot forget a call: it meets the closed cell at its turn.
            (Way::Combiner(_) | Way::Counters(_), _) => {}
        }
    }
}
