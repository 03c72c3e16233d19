//! Whether the repetitions of a set-up are all the same history.
//!
//! Recorded arrivals with recorded times of service are one thing that happened. A seed then changes
//! nothing but what a policy draws itself, so repetitions tell nothing of what else could have
//! happened; whoever wants an interval has to look inside the run.

use super::Setup;
use pipeline::model::{Arrivals, ServiceLaw};

impl Setup {
    /// Whether every task is recorded: its arrival, its times of service, its priority; and nothing
    /// else is drawn, as the delays of a network or failures of nodes are.
    pub fn one_history(&self) -> bool {
        let Arrivals::Trace(trace) = &self.workload.arrivals else { return false };
        let fixed =
            |law: &ServiceLaw| matches!(law, ServiceLaw::Constant(_) | ServiceLaw::Trace(_));
        self.workload.stages.iter().all(|stage| fixed(&stage.service))
            && fixed(&self.cluster.network)
            && self.faults.spontaneous.is_none()
            && (self.workload.priorities.0.len() == 1 || trace.priority(0).is_some())
    }
}
