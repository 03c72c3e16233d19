//! Parts that executors are made of, for those that live in crates of their own.
//!
//! An executor of real time needs instants, node queues, precise deadlines and work that burns CPU.
//! `local` has them all; they are handed out here as they are, so that nodes elsewhere queue, wait
//! and burn exactly as those in this process do.

pub use crate::clock::{Clock, thread_cpu_time};
pub use crate::local::compute::{burn, rounds_at};
pub use crate::local::timer::{Deadlines, PreciseSleep, SPIN, doze};
pub use crate::nodes::NodeQueues;
