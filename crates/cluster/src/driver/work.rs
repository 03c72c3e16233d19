//! What a worker is asked to do, by stage.
//!
//! Everything that a stage does is a number to a worker: rounds to burn, or which step of its own program to
//! carry out. A step's data goes before its call, from where it is kept for the whole run, so that a call
//! which is lost is sent again with the same.

use super::flights::Flights;
use super::node::Node;
use crate::Error;
use crate::wire::{Ask, Message};
use pipeline::drive::Call;
use pipeline::model::{Luggage, Operator, Stage};
use sched_core::Time;

/// What a stage does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    /// Chained hash rounds; 0 waits.
    Rounds(u32),
    /// This step.
    Step(u8),
}

/// What each stage does.
///
/// # Errors
/// When one runs code of its own.
pub(super) fn of_stages(stages: &[Stage]) -> Result<Vec<Work>, Error> {
    let work = stages.iter().map(|stage| match &stage.operator {
        Operator::Emulate => Ok(Work::Rounds(0)),
        Operator::Compute { rounds } => Ok(Work::Rounds(*rounds)),
        Operator::Step(number) => Ok(Work::Step(*number)),
        Operator::Custom(_) => Err(Error::Custom(stage.name.clone())),
    });
    work.collect()
}

/// Sends a call to its worker's buffer.
pub(super) fn send(
    node: &mut Node,
    flights: &mut Flights,
    (work, luggage): (&[Work], Option<&Luggage>),
    at: u32,
    now: Time,
) {
    let ticket = flights.ticket(at);
    let flight = flights.get_mut(at);
    flight.sent = Some(now);
    let Call { key, demand, service, .. } = flight.call;
    let index = key.task.index;
    let rounds = match (work[key.task.stage as usize], luggage) {
        (Work::Rounds(rounds), _) => rounds,
        (Work::Step(number), Some(luggage)) => {
            node.send(&Message::Step { ticket, number, data: luggage.of(key.task) });
            0
        }
        (Work::Step(_), None) => 0, // refused before anything runs
    };
    let number = node.next_number();
    node.send(&Message::Call(Ask { number, ticket, index, rounds, service, demand }));
}
