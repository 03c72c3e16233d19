//! One scheduler for a host with many threads: [`Shared`].
//!
//! The schedulers of sched-core are single-threaded on purpose. A service wants to place a request from
//! whichever thread has it: `&self`, a node or an answer at once, and the node's slot back when the
//! request is done. [`Shared`] gives that to every policy of a [`Registry`](sched_core::Registry),
//! your own included, in one of two ways:
//!
//! - **Counters.** `round_robin`, `random` and `power_of_two` decide a call without regard to other calls. Each node is
//!   an atomic word on cache lines of its own; placing reads one or two of them and takes a slot by compare-and-swap.
//! - **Combiner.** Policies that need order stay one scheduler behind one lock. A thread that finds the lock taken, and not
//!   free soon, leaves its request to the holder, who does all in one go; finishing a call never blocks.
//!
//! # What each policy then promises
//!
//! Always, whatever threads do: no slot is given twice, none is lost, and a seat of a node that was lost frees nothing
//! after the node's return. These are checked by a model checker (`tests/model`) and under real threads.
//!
//! | policy | way | consistency |
//! |---|---|---|
//! | `round_robin` | counters | turns are given out one at a time, by one shared cursor: n turns in a row go to n different nodes. Whoever has the turn may still find the node filled by a call that was faster; then it takes another turn |
//! | `random` | counters | uniform among the nodes that took calls while it looked; each thread draws from a stream of its own |
//! | `power_of_two` | counters | as `random`; the two loads are read one after the other, so either may be out of date by what other threads did in between, which is nanoseconds |
//! | all others, and the above with gpu, memory or bounded queues | combiner | linearizable: the decisions are those of the sequential scheduler for the order in which requests reached it |
//!
//! On one thread all decide exactly as in a simulation with the same seed. With several threads the order of calls is
//! chance, so histories are not repeatable; each policy's rule is kept for the order that came about.
//!
//! # When it is full
//!
//! [`Shared::try_place`] refuses at once, for hosts that shed load. [`Shared::place`] stands in line: in arrival
//! order among calls that may use the same groups, or in the policy's own order behind the combiner. It is a future that needs no
//! runtime, and a thread can block on it. Calls that wait come first: a newcomer overtakes at most calls that began
//! to wait while it was being placed. Lines are not bounded: bound them by trying first, or by a time limit around the
//! future, since dropping it leaves the line.
//!
//! Under early binding a seat is a place at the node, running or in the node's own queue; bind late
//! (`bind=late`) to hold no more calls on a node than it has slots.
//!
//! # Time
//!
//! There is no clock here. [`Call::ready`] is the host's reading; of the built-in policies only `priority` looks at it.
//!
//! # Cost
//!
//! Counters: O(1) while some share of the nodes can take the call, a scan of the nodes where next to none can; a node that
//! comes or goes costs its group's nodes. Combiner: that of the policy's decision. A refused or waiting call of the
//! combiner is an entry in its scheduler. Figures are in `docs/performance.md`.

mod call;
mod combiner;
mod counters;
mod padded;
mod placing;
mod seat;
mod shared;
mod sync;
mod waiter;

pub use call::{Call, Refusal};
pub use placing::Placing;
pub use seat::{Seat, Ticket};
pub use shared::{Method, Shared};
