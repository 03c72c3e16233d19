//! The cluster under the conformance body of all executors.

use crate::program;
use cluster::run_cluster;
use pipeline::testkit::Arm;
use pipeline::{Control, Observer, Outcome, RunError, RunSetup};
use sched_core::Scheduler;

struct InProcesses;

impl Arm for InProcesses {
    const VIRTUAL: bool = false;
    const ONE_CLOCK: bool = false;

    fn run(
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError> {
        let mut incidents = Vec::new();
        let outcome = run_cluster(setup, &program(), scheduler, observer, control, &mut incidents);
        assert_eq!(incidents, [], "nothing happens to a worker by itself");
        outcome
    }
}

pipeline::conformance! { InProcesses }
