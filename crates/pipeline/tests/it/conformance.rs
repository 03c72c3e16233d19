//! The executors of this crate, and the one on paper, under the conformance body of all executors.

use crate::paper::Paper;
use pipeline::testkit::Arm;
use pipeline::{Control, Observer, Outcome, RunError, RunSetup, run_local, run_sim};
use sched_core::Scheduler;

struct OnPaper;

impl Arm for OnPaper {
    const VIRTUAL: bool = true;
    const ONE_CLOCK: bool = true;

    fn run(
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError> {
        Paper::new(&setup.cluster, &[]).run(setup, scheduler, observer, control)
    }
}

struct InRealTime;

impl Arm for InRealTime {
    const VIRTUAL: bool = false;
    const ONE_CLOCK: bool = true;

    fn run(
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError> {
        run_local(setup, scheduler, observer, control)
    }
}

struct InVirtualTime;

impl Arm for InVirtualTime {
    const VIRTUAL: bool = true;
    const ONE_CLOCK: bool = true;

    fn run(
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError> {
        run_sim(setup, scheduler, observer, control)
    }
}

macro_rules! arms {
    ($($module:ident = $arm:ident),*) => { $(
        mod $module {
            use super::$arm;
            pipeline::conformance! { $arm }
        }
    )* };
}

arms! { paper = OnPaper, local = InRealTime, sim = InVirtualTime }
