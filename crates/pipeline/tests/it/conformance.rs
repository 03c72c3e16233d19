//! The executors of this crate, and the one on paper, under the conformance body of all executors.

use crate::paper::Paper;
use pipeline::testkit::{Arm, InVirtualTime, Lent};
use pipeline::{Control, Observer, Outcome, RunError, RunSetup, run_local};
use sched_core::{Scheduler, Span, StaleView, View};

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

/// Another arm with a scheduler that sees finishes late, and its own placements too if `OWN` is false.
struct Late<A, const OWN: bool>(A);

impl<A: Arm, const OWN: bool> Arm for Late<A, OWN> {
    const VIRTUAL: bool = A::VIRTUAL;
    const ONE_CLOCK: bool = A::ONE_CLOCK;
    const VIEW: Option<(Span, bool)> = Some((Span::from_micros(350), OWN));

    fn run(
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError> {
        let view = Self::VIEW.and_then(|(refresh, own)| View::new(refresh, own)).unwrap();
        A::run(setup, &mut StaleView::new(view, Lent(scheduler)), observer, control)
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

type LateLocal = Late<InRealTime, true>;
type LateSim = Late<InVirtualTime, true>;
type BlindLocal = Late<InRealTime, false>;
type BlindSim = Late<InVirtualTime, false>;

arms! {
    paper = OnPaper, local = InRealTime, sim = InVirtualTime,
    late_local = LateLocal, late_sim = LateSim, blind_local = BlindLocal, blind_sim = BlindSim
}
