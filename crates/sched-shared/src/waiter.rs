//! The cell in which a waiting call is handed its node.
//!
//! Written once, by whoever serves the queue; read once, by a thread or a future. Between them a lock
//! of its own, held for a few instructions, so that handing over and giving up cannot cross: either
//! the call has the node and must give it back, or the server learns that nobody takes it.

use crate::call::Refusal;
use crate::seat::Ticket;
use crate::sync::{Condvar, Mutex, lock, wait};
use std::task::{Poll, Waker};

/// What a call is told.
pub(crate) type Answer = Result<Ticket, Refusal>;

/// The cell.
#[derive(Debug)]
pub(crate) struct Waiter {
    stage: Mutex<Stage>,
    told: Condvar,
}

#[derive(Debug)]
enum Stage {
    Waits(Option<Waker>),
    Told(Answer),
    Over,
}

impl Waiter {
    pub(crate) fn new() -> Waiter {
        Waiter { stage: Mutex::new(Stage::Waits(None)), told: Condvar::new() }
    }

    /// Hands over the answer. The waker is to be called once no lock is held.
    ///
    /// # Errors
    /// The answer, if nobody takes it any more.
    pub(crate) fn give(&self, answer: Answer) -> Result<Option<Waker>, Answer> {
        let mut stage = lock(&self.stage);
        let Stage::Waits(waker) = &mut *stage else { return Err(answer) };
        let waker = waker.take();
        *stage = Stage::Told(answer);
        drop(stage);
        self.told.notify_one();
        Ok(waker)
    }

    /// The answer, if it is there.
    pub(crate) fn try_take(&self) -> Option<Answer> {
        take(&mut lock(&self.stage))
    }

    /// The answer, or this waker is called when it is there.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Answer> {
        let mut stage = lock(&self.stage);
        if let Some(answer) = take(&mut stage) {
            return Poll::Ready(answer);
        }
        if let Stage::Waits(known) = &mut *stage {
            match known {
                Some(known) => known.clone_from(waker),
                None => *known = Some(waker.clone()),
            }
        }
        Poll::Pending
    }

    /// The answer; blocks the thread until it is there.
    pub(crate) fn wait(&self) -> Answer {
        let mut stage = lock(&self.stage);
        loop {
            if let Some(answer) = take(&mut stage) {
                return answer;
            }
            stage = wait(&self.told, stage);
        }
    }

    /// Nobody takes the answer any more. Gives it if it was there already.
    pub(crate) fn give_up(&self) -> Option<Answer> {
        let mut stage = lock(&self.stage);
        let answer = take(&mut stage);
        *stage = Stage::Over;
        answer
    }
}

fn take(stage: &mut Stage) -> Option<Answer> {
    match stage {
        Stage::Told(answer) => {
            let answer = *answer;
            *stage = Stage::Over;
            Some(answer)
        }
        Stage::Waits(_) | Stage::Over => None,
    }
}
