//! A log played to a scheduler that must decide what was decided.
//!
//! Facts and polls go in as they were recorded, whatever the decisions: up to the first
//! difference the scheduler sees what it saw, and there the replay stops, because after it the
//! facts are those of another run.

use crate::log::End;
use crate::{Log, LogError, Record};
use sched_core::{Decision, Scheduler, Time};
use std::io::Read;

/// What became of a replay.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Replayed {
    /// Facts told.
    pub events: u64,
    /// Polls made.
    pub polls: u64,
    /// Decisions that were the recorded ones.
    pub decisions: u64,
    /// The instant of the last fact or poll.
    pub last: Time,
    /// The first difference, where the replay stopped.
    pub difference: Option<Difference>,
}

/// A decision that is not the recorded one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The instant.
    pub at: Time,
    /// Which poll, from 1.
    pub poll: u64,
    /// Which decision of that poll, from 1.
    pub position: u64,
    /// What was recorded; `None`: nothing more in that poll.
    pub expected: Option<Decision>,
    /// What was decided now; `None`: nothing more in that poll.
    pub got: Option<Decision>,
}

impl std::fmt::Display for Difference {
    /// `at 5ms, poll 3, decision 1: recorded "1.0 -> node-2", now "1.0 -> node-0"`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |decision: Option<Decision>| {
            decision.map_or("nothing more".to_owned(), |decision| format!("`{decision}`"))
        };
        let Difference { at, poll, position, expected, got } = self;
        let (expected, got) = (text(*expected), text(*got));
        write!(f, "at {at}, poll {poll}, decision {position}: recorded {expected}, now {got}")
    }
}

/// Plays the rest of a log to a scheduler that was built as its header says, and stops at the
/// first difference. A log that is cut off is played as far as it goes.
///
/// # Errors
/// When the log cannot be read on.
pub fn replay<R: Read>(
    log: &mut Log<R>,
    scheduler: &mut dyn Scheduler,
) -> Result<Replayed, LogError> {
    let mut told = Replayed::default();
    let mut decided: Vec<Decision> = Vec::new();
    let mut matched = 0; // of the decisions of this poll
    for record in log.by_ref() {
        let record = record?;
        let expected = match record {
            Record::Decision(decision) => Some(decision),
            _ => None,
        };
        let got = decided.get(matched).copied();
        if expected != got {
            told.difference = Some(difference(&told, matched, expected, got));
            return Ok(told);
        }
        match record {
            Record::Decision(_) => {
                matched += 1;
                told.decisions += 1;
            }
            Record::Event { at, event } => {
                told.events += 1;
                told.last = at;
                scheduler.on_event(at, event);
            }
            Record::Poll { at } => {
                told.polls += 1;
                told.last = at;
                matched = 0;
                decided.clear();
                scheduler.poll(at, &mut decided);
            }
        }
    }
    // Where the log is cut off, the last poll may have decided more than was kept.
    let got = decided.get(matched).copied();
    if got.is_some() && log.end() == Some(End::Whole) {
        told.difference = Some(difference(&told, matched, None, got));
    }
    Ok(told)
}

fn difference(
    told: &Replayed,
    matched: usize,
    expected: Option<Decision>,
    got: Option<Decision>,
) -> Difference {
    let Replayed { last: at, polls: poll, .. } = *told;
    Difference { at, poll, position: matched as u64 + 1, expected, got }
}
