//! What a host relies on: the rules, the lines, churn, and real threads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod lines;
mod sequential;
mod stress;
