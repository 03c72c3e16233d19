//! The highest arrival rate that meets an objective of latency.
//!
//! Each repetition is searched by itself, by bisection: at every rate it has the same gaps between
//! arrivals, scaled, and the same service times (common random numbers), so that its latency hardly
//! ever falls as the rate rises, and noise between evaluations does not lead the search astray. The
//! rates of the repetitions are independent, and their interval is Student's t. All of it is in
//! virtual time and the same for a seed on every machine.

mod objective;
mod search;

pub use objective::Objective;
pub use search::{Found, HIGHEST, LOWEST, STEP, can_search, search};
