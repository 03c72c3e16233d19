//! When tasks are meant to arrive.
//!
//! Open arrivals (all but closed ones) have instants that do not depend on how the system
//! fares: a slow system meets a queue, not a patient source, and latency counts from the
//! intended instant (else it would suffer from coordinated omission). Closed arrivals
//! follow the ends of tasks; there the intended instant is the end that made room.

use super::mmpp::Modulated;
use super::sampler::exponentials;
use super::{Arrivals, ClusterSetup, Purpose, Stage, Streams, Trace, full_rate};
use crate::RunError;
use sched_core::{Span, Time};
use std::collections::VecDeque;
use std::sync::Arc;

/// The arrivals of one run, in order. Memory: one instant per end not yet followed by an arrival.
#[derive(Clone, Debug)]
pub struct ArrivalProcess {
    law: Law,
    seed: u64,
    gaps: Streams,
    tasks: u64,
    index: u64,         // of the next arrival
    next: Option<Time>, // its intended instant, if it is known
}

/// Gaps that are drawn together. Their logarithms then do not wait for each other; and the loop, which goes
/// one way or another by when the next arrival is, does not wait for them.
const TOGETHER: usize = 8;

#[derive(Clone, Debug)]
enum Law {
    Batch,
    Closed { room: VecDeque<Time>, unused: u64 },
    Poisson { mean_gap: f64, gaps: [Span; TOGETHER] },
    Uniform { gap_ns: f64 },
    Mmpp(Modulated),
    Trace(Arc<Trace>),
}

impl ArrivalProcess {
    /// The arrivals of `tasks` tasks; an open process starts at zero, with a gap if it is random.
    ///
    /// # Errors
    /// A rate, share or number in flight that is not positive and finite; a trace of fewer rows than
    /// tasks; for [`Arrivals::Load`], whatever [`full_rate`] refuses.
    pub fn new(
        arrivals: &Arrivals,
        tasks: u64,
        seed: u64,
        cluster: &ClusterSetup,
        stages: &[Stage],
    ) -> Result<ArrivalProcess, RunError> {
        let law = match arrivals {
            Arrivals::Batch => Law::Batch,
            Arrivals::Closed { in_flight: 0 } => {
                return Err(RunError::Setup("closed arrivals need at least 1 in flight".into()));
            }
            Arrivals::Closed { in_flight } => {
                Law::Closed { room: VecDeque::new(), unused: *in_flight }
            }
            Arrivals::Poisson { rate } => poisson(*rate)?,
            Arrivals::Uniform { rate } => Law::Uniform { gap_ns: 1e9 / positive(*rate)? },
            Arrivals::Load(share) => {
                let rate = positive(*share)? * full_rate(cluster, stages)?;
                poisson(rate)?
            }
            Arrivals::Mmpp(mmpp) => Law::Mmpp(Modulated::new(mmpp, seed)),
            Arrivals::Trace(trace) if (trace.arrivals().len() as u64) < tasks => {
                let (path, rows) = (&trace.source().path, trace.arrivals().len());
                return Err(RunError::Setup(format!(
                    "the trace `{path}` has {rows} rows for {tasks} tasks; ask for fewer tasks"
                )));
            }
            Arrivals::Trace(trace) => Law::Trace(Arc::clone(trace)),
        };
        let gaps = Streams::new(seed, Purpose::Arrival);
        let mut process = ArrivalProcess { law, seed, gaps, tasks, index: 0, next: None };
        process.draw(Time::ZERO);
        Ok(process)
    }

    /// When the next task is meant to arrive; `None` while a closed process waits for an end, and
    /// after the last task.
    #[inline]
    pub fn due(&self) -> Option<Time> {
        self.next
    }

    /// Takes the next arrival if it is due at `now`: its index and intended instant.
    #[inline]
    pub fn take(&mut self, now: Time) -> Option<(u64, Time)> {
        let intended = self.next.filter(|&at| at <= now)?;
        let index = self.index;
        self.index += 1;
        self.draw(intended);
        Some((index, intended))
    }

    /// A task has ended: a closed process now has room for one more.
    #[inline]
    pub fn ended(&mut self, at: Time) {
        if let Law::Closed { room, .. } = &mut self.law {
            room.push_back(at);
            if self.next.is_none() {
                self.draw(at);
            }
        }
    }

    /// Whether instants are known ahead, so that being late for one can be measured.
    pub fn is_open(&self) -> bool {
        !matches!(self.law, Law::Closed { .. })
    }

    /// Tasks that have not arrived yet.
    pub fn left(&self) -> u64 {
        self.tasks - self.index
    }

    /// Finds the instant of arrival `self.index`, the one before it having been at `last`.
    fn draw(&mut self, last: Time) {
        self.next = if self.index == self.tasks {
            None
        } else {
            match &mut self.law {
                Law::Batch => Some(Time::ZERO),
                Law::Closed { unused, .. } if *unused > 0 => {
                    *unused -= 1;
                    Some(Time::ZERO)
                }
                Law::Closed { room, .. } => room.pop_front(),
                Law::Poisson { mean_gap, gaps } => {
                    let at = self.index as usize % TOGETHER;
                    if at == 0 {
                        *gaps = exponentials(*mean_gap, self.index, 0, &self.gaps);
                    }
                    Some(last + gaps[at])
                }
                // From the index, not from the last: gaps that are no whole number of
                // nanoseconds must not add up to a drift.
                Law::Uniform { gap_ns } => {
                    Some(Time::from_nanos((self.index as f64 * *gap_ns).round() as u64))
                }
                Law::Mmpp(modulated) => Some(modulated.next(self.seed, self.index, last)),
                Law::Trace(trace) => Some(trace.arrivals()[self.index as usize]),
            }
        };
    }
}

fn poisson(rate: f64) -> Result<Law, RunError> {
    Ok(Law::Poisson { mean_gap: 1.0 / positive(rate)?, gaps: [Span::ZERO; TOGETHER] })
}

fn positive(number: f64) -> Result<f64, RunError> {
    if number > 0.0 && number.is_finite() {
        Ok(number)
    } else {
        Err(RunError::Setup(format!("an arrival rate of {number}; it must be positive and finite")))
    }
}
