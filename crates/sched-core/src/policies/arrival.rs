//! First come, first served: the order of most policies.
//!
//! Every call has the same rank, which leaves the order to the engine's tie-break:
//! submit, then item, then stage. A call that lost its node keeps its submit and so its place.

use crate::engine::Order;
use crate::task::Task;

/// Arrival order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival;

impl Order for Arrival {
    #[inline(always)]
    fn rank(&self, _task: &Task) -> i64 {
        0
    }
}
