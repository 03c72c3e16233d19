//! A call that waits for its node: a future, or a thread that blocks.
//!
//! It depends on no runtime: a future is woken by its waker, a thread by a condition variable, and a
//! host can mix both. Dropping it gives the wait up; if the node had come already, it goes back.

use crate::call::Refusal;
use crate::seat::Seat;
use crate::shared::Turn;
use crate::{Shared, Ticket};
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The answer of [`Shared::place`]: await it, or [`wait`](Self::wait) for it.
#[derive(Debug)]
#[must_use = "dropping it gives the wait up"]
pub struct Placing<H: Deref<Target = Shared> + Clone + Unpin> {
    host: H,
    turn: Option<Turn>, // none once it was answered
}

impl<H: Deref<Target = Shared> + Clone + Unpin> Placing<H> {
    pub(crate) fn new(host: H, turn: Turn) -> Placing<H> {
        Placing { host, turn: Some(turn) }
    }

    /// Blocks the thread until the call has a node.
    ///
    /// # Errors
    /// [`Refusal::Never`]. "Not now" is what it waits for to end.
    pub fn wait(mut self) -> Result<Seat<H>, Refusal> {
        let answer = match self.turn.take() {
            Some(Turn::Known(answer)) => answer,
            Some(Turn::Waits(waiter, _)) => waiter.wait(),
            None => Err(Refusal::NotNow),
        };
        self.seat(answer)
    }

    /// The answer if it is known already, else itself.
    ///
    /// # Errors
    /// Itself, while the call waits.
    pub fn try_now(mut self) -> Result<Result<Seat<H>, Refusal>, Placing<H>> {
        let answer = match &self.turn {
            Some(Turn::Known(answer)) => Some(*answer),
            Some(Turn::Waits(waiter, _)) => waiter.try_take(),
            None => Some(Err(Refusal::NotNow)),
        };
        let Some(answer) = answer else { return Err(self) };
        self.turn = None;
        Ok(self.seat(answer))
    }

    fn seat(&self, answer: Result<Ticket, Refusal>) -> Result<Seat<H>, Refusal> {
        answer.map(|ticket| Seat::new(self.host.clone(), ticket))
    }
}

impl<H: Deref<Target = Shared> + Clone + Unpin> Future for Placing<H> {
    type Output = Result<Seat<H>, Refusal>;

    /// Ready once. Polled again after that it says [`Refusal::NotNow`].
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match &self.turn {
            Some(Turn::Known(answer)) => *answer,
            Some(Turn::Waits(waiter, _)) => match waiter.poll(context.waker()) {
                Poll::Ready(answer) => answer,
                Poll::Pending => return Poll::Pending,
            },
            None => Err(Refusal::NotNow),
        };
        self.turn = None;
        Poll::Ready(self.seat(answer))
    }
}

impl<H: Deref<Target = Shared> + Clone + Unpin> Drop for Placing<H> {
    fn drop(&mut self) {
        match self.turn.take() {
            Some(Turn::Known(Ok(ticket))) => drop(self.host.done(ticket)),
            Some(Turn::Waits(waiter, place)) => match waiter.give_up() {
                Some(Ok(ticket)) => drop(self.host.done(ticket)),
                Some(Err(_)) => {}
                None => self.host.leave(place),
            },
            Some(Turn::Known(Err(_))) | None => {}
        }
    }
}
