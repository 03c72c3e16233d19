//! The tests of the crate as a whole, in one binary.
//!
//! | module | holds |
//! |---|---|
//! | `golden` | decision logs derived by hand, for every built-in policy |
//! | `oracle` | the engine against the naive scheduler, over thousands of random histories |
//! | `protocol` | that late and doubled facts cost nothing |
//! | `broken` | that the test kit catches each kind of wrong scheduler |
//! | `starvation` | that with aging every call is placed, and without it not |
//! | `scripts` | that what the test kit prints can be read again |
//! | `view` | what a stale view tells when, and decisions beside a scheduler that looks at the nodes |
//! | `examples` | that the examples do what they say |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod broken;
mod examples;
mod golden;
mod oracle;
mod protocol;
mod scripts;
mod starvation;
mod view;
