//! The Markov-modulated Poisson process: arrivals in bursts.
//!
//! A state has a rate of Poisson arrivals and an exponential sojourn; states follow one another
//! in a circle, from state 0 at instant 0. With two states that is every two-state process; with
//! more, the order of the list is the order in which they come.
//!
//! An arrival that would come after the end of its state is drawn again from there, with the next
//! rate: exponential gaps have no memory, so this is exact. Sojourns have streams of their own,
//! so the times of the states do not depend on the rates.

use super::sampler::exponential;
use super::{Purpose, Stream};
use crate::RunError;
use sched_core::{Span, Time};

/// Rates and mean sojourns of the states, in their order.
#[derive(Clone, PartialEq, Debug)]
pub struct Mmpp {
    states: Vec<(f64, Span)>,
}

/// Rounds through all states that one arrival may take on average. Beyond, modulation is so fast
/// that nobody could tell the process from a Poisson one, and drawing it would only take time.
const MOST_ROUNDS: f64 = 1000.0;

impl Mmpp {
    /// States with these rates, in tasks per second, and mean sojourns.
    ///
    /// # Errors
    /// Fewer than two states; a rate that is negative or infinite, or none above zero; a sojourn
    /// of zero; states that change more than a thousand times as fast as tasks arrive.
    pub fn new(states: Vec<(f64, Span)>) -> Result<Mmpp, RunError> {
        let refuse = |what: String| Err(RunError::Setup(format!("mmpp arrivals {what}")));
        if states.len() < 2 {
            return refuse("need at least two states".into());
        }
        if let Some((rate, _)) = states.iter().find(|(rate, _)| !(*rate >= 0.0 && rate.is_finite()))
        {
            return refuse(format!("with a rate of {rate}; it must be finite and not below 0"));
        }
        if states.iter().any(|(_, sojourn)| *sojourn == Span::ZERO) {
            return refuse("with a sojourn of no time".into());
        }
        let mmpp = Mmpp { states };
        let (round, tasks) = mmpp.round();
        if tasks == 0.0 {
            return refuse("never come: every rate is 0".into());
        }
        if tasks < 1.0 / MOST_ROUNDS {
            let rate = tasks / round;
            return refuse(format!(
                "change their state over a thousand times between two tasks; that is `poisson` at \
                 a rate of {rate}"
            ));
        }
        Ok(mmpp)
    }

    /// Rates, in tasks per second, and mean sojourns.
    pub fn states(&self) -> &[(f64, Span)] {
        &self.states
    }

    /// Tasks per second in the long run: `Σ rate × sojourn ÷ Σ sojourn`.
    pub fn mean_rate(&self) -> f64 {
        let (round, tasks) = self.round();
        tasks / round
    }

    /// Mean time of one round, in seconds, and mean number of tasks in it.
    fn round(&self) -> (f64, f64) {
        let parts = self.states.iter().map(|(rate, sojourn)| (*rate, sojourn.as_secs_f64()));
        parts.fold((0.0, 0.0), |(time, tasks), (rate, s)| (time + s, tasks + rate * s))
    }
}

/// A process under way.
#[derive(Clone, Debug)]
pub(super) struct Modulated {
    states: Vec<(f64, Span)>,
    switches: u64,
    until: Time, // of the present state
}

impl Modulated {
    pub(super) fn new(mmpp: &Mmpp, seed: u64) -> Modulated {
        let mut process = Modulated { states: mmpp.states.clone(), switches: 0, until: Time::ZERO };
        process.until = process.until + process.sojourn(seed);
        process
    }

    /// When arrival `index` comes, the one before it having come at `last`.
    pub(super) fn next(&mut self, seed: u64, index: u64, last: Time) -> Time {
        let mut stream = Stream::new(seed, Purpose::Arrival, index, 0);
        let mut from = last;
        loop {
            let (rate, _) = self.state();
            let gap = match rate {
                0.0 => Span::MAX,
                rate => Span::from_secs_f64(exponential(1.0 / rate, &mut stream)),
            };
            let at = from + gap;
            if at <= self.until {
                return at;
            }
            from = self.until;
            self.switches += 1;
            self.until = from + self.sojourn(seed);
        }
    }

    fn state(&self) -> (f64, Span) {
        self.states[(self.switches % self.states.len() as u64) as usize]
    }

    fn sojourn(&self, seed: u64) -> Span {
        let mut stream = Stream::new(seed, Purpose::Arrival, self.switches, 1);
        Span::from_secs_f64(exponential(self.state().1.as_secs_f64(), &mut stream))
    }
}
