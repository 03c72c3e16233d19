//! How a run ended, beside what its observer was told.
//!
//! Only what the loop alone can know: whether it was stopped, how late it was itself, what it had
//! to drop, and what it has counted itself, so that the observer's measures can be audited.

use super::pace::Pace;
use metrics::Ledger;
use sched_core::{Span, Time};

/// How a run ended.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outcome {
    /// True when it was stopped before its end.
    pub partial: bool,
    /// Tasks that ended, warm-up included.
    pub ended: u64,
    /// Tasks that had arrived and not ended when the run was stopped.
    pub unfinished: u64,
    /// Intended arrival of the first counted task.
    pub first_arrival: Option<Time>,
    /// The latest end of a counted task.
    pub last_finish: Option<Time>,
    /// How late open arrivals were submitted, over counted tasks.
    pub lag: Lag,
    /// How long calls ran, where somebody has kept the pace.
    pub pace: Option<Pace>,
    /// Decisions taken, warm-up included.
    pub decisions: u64,
    /// Answers of attempts that had been given up, and were dropped.
    pub late_answers: u64,
    /// The loop's own account, to hold what was measured against.
    pub ledger: Ledger,
    /// What precise timing cost, where time is real.
    pub timer: Option<TimerUse>,
}

/// How much later than intended the loop noticed arrivals. It is part of the latency of these
/// tasks; large values mean that the machine, not the cluster under test, was the limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lag {
    /// Arrivals measured; 0 for a closed process, which has no instants of its own.
    pub count: u64,
    /// The largest.
    pub max: Span,
    sum: u128, // ns
}

impl Lag {
    /// The mean; `None` without arrivals.
    pub fn mean(&self) -> Option<Span> {
        let mean = self.sum.checked_div(u128::from(self.count))?;
        Some(Span::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    pub(super) fn note(&mut self, lag: Span) {
        self.count += 1;
        self.max = self.max.max(lag);
        self.sum += u128::from(lag.as_nanos());
    }
}

/// What precise timing has cost: the CPU time of the thread that owns nodes and timers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimerUse {
    /// CPU time of the thread; `None` where the system does not tell.
    pub cpu: Option<Span>,
    /// How long the thread has lived.
    pub wall: Span,
}

impl TimerUse {
    /// Share of one core, 0 to 1.
    pub fn share(&self) -> Option<f64> {
        let share = self.cpu?.as_secs_f64() / self.wall.as_secs_f64();
        share.is_finite().then_some(share)
    }
}
