//! The tests of the crate as a whole, in one binary.
//!
//! | module | holds |
//! |---|---|
//! | `identity` | that every built-in policy replays, over random histories with churn |
//! | `damage` | logs cut at every byte, logs with flipped bytes, other versions |
//! | `sinks` | that a sink that fails harms nothing but the log |
//! | `differences` | replay, comparison and observation, by hand |
//! | `size` | bytes per fact and decision |
//! | `examples` | that the example does what it says |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod damage;
mod differences;
mod examples;
mod identity;
mod sinks;
mod size;
mod support;
