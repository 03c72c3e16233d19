//! Calls that wait for a node, behind the one lock of this handle.
//!
//! One queue per eligible set, as in the engine's lanes: two calls with the same set never overtake each
//! other, and calls whose sets have nothing in common never wait for each other. Between the queues
//! the order is that of arrival.

use crate::seat::Ticket;
use crate::waiter::Waiter;
use sched_core::GroupSet;
use std::collections::VecDeque;
use std::sync::Arc;

/// What became of a call.
#[derive(Debug)]
pub(crate) enum Place {
    /// It has a node.
    Seat(Ticket),
    /// It waits there.
    Waits { set: GroupSet, number: u64 },
}

/// The queues.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lanes: Vec<(GroupSet, VecDeque<Waiting>)>, // a handful of sets; none empty
    arrived: u64,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    demand: u64,
    waiter: Arc<Waiter>,
}

impl Queue {
    /// The groups that waiting calls keep, as a mask.
    pub(crate) fn kept(&self) -> u64 {
        self.lanes.iter().fold(0, |kept, (set, _)| kept | set.bits())
    }

    pub(crate) fn push(&mut self, set: GroupSet, demand: u64, waiter: Arc<Waiter>) -> Place {
        let number = self.arrived;
        self.arrived += 1;
        let waiting = Waiting { number, demand, waiter };
        match self.lanes.iter_mut().find(|(known, _)| *known == set) {
            Some((_, lane)) => lane.push_back(waiting),
            None => self.lanes.push((set, VecDeque::from([waiting]))),
        }
        Place::Waits { set, number }
    }

    /// The first call of all that some group outside `kept` is left for: its set and demand.
    pub(crate) fn next(&self, kept: GroupSet) -> Option<(GroupSet, u64)> {
        let open = self.lanes.iter().filter(|(set, _)| !set.minus(kept).is_empty());
        let heads = open.filter_map(|(set, lane)| lane.front().map(|head| (*set, head)));
        let first = heads.min_by_key(|(_, head)| head.number);
        first.map(|(set, head)| (set, head.demand))
    }

    /// Takes out the first call of a set.
    pub(crate) fn pop(&mut self, set: GroupSet) -> Option<Arc<Waiter>> {
        self.take(set, |_| Some(0))
    }

    /// Takes out a call, if it is still there. O(log waiting) to find it, and the move of those behind it.
    pub(crate) fn remove(&mut self, set: GroupSet, number: u64) -> bool {
        let find = |lane: &VecDeque<Waiting>| lane.binary_search_by_key(&number, |w| w.number).ok();
        self.take(set, find).is_some()
    }

    fn take(
        &mut self,
        set: GroupSet,
        place: impl FnOnce(&VecDeque<Waiting>) -> Option<usize>,
    ) -> Option<Arc<Waiter>> {
        let at = self.lanes.iter().position(|(known, _)| *known == set)?;
        let lane = &mut self.lanes[at].1;
        let taken = place(lane).and_then(|place| lane.remove(place));
        if lane.is_empty() {
            self.lanes.swap_remove(at);
        }
        taken.map(|waiting| waiting.waiter)
    }
}
