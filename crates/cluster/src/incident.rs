//! What a run on workers tells of them beside its results.
//!
//! An incident has cost the node its session and no task its result: the calls ran elsewhere. Whoever drives a
//! run says it to the reader of its numbers, which are those of a smaller cluster for a while.

use crate::wire::Refusal;
use sched_core::{NodeId, Time};

/// Something that went wrong with a node and was not asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incident {
    /// When it was noticed.
    pub at: Time,
    /// Where.
    pub node: NodeId,
    /// What was seen of it.
    pub what: String,
    /// Of what kind the message was that its worker was ended for, if it was.
    pub refused: Option<Refusal>,
}
