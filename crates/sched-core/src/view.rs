//! A view of the cluster that is out of date.
//!
//! Real schedulers decide on what the nodes reported last. [`StaleView`] stands between a host and
//! any scheduler and holds facts about nodes back until the next refresh, so that a policy needs
//! no code for it and every executor has it alike. What the scheduler hears is a
//! consistent history, only a late one: a guard or a recorder *inside* judges and writes down what
//! the scheduler could know, one *outside* what was true.
//!
//! Not obvious: a node that was lost and came back between two refreshes is not told as lost. The
//! scheduler may have sent calls there since, and [`Event::NodeDown`] would make it forget them. It
//! is told that the lost calls left the node, which is all that a look at the cluster shows.

use crate::checked::Violation;
use crate::cluster::{NodeId, NodeState};
use crate::event::{Decision, Event};
use crate::scheduler::Scheduler;
use crate::task::TaskId;
use crate::time::{Span, Time};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// How stale a view of the cluster is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct View {
    refresh: Span,
    own: bool,
}

impl View {
    /// A view that is brought up to date at every multiple of `refresh`, counted from the start of the
    /// run. `own`: the scheduler's own placements show at once. `None` if `refresh` is no time.
    pub fn new(refresh: Span, own: bool) -> Option<View> {
        (refresh > Span::ZERO).then_some(View { refresh, own })
    }

    /// The time from one refresh to the next; above 0.
    pub fn refresh(&self) -> Span {
        self.refresh
    }

    /// Whether the scheduler's own placements show at once; else at the next refresh.
    pub fn own(&self) -> bool {
        self.own
    }

    /// The first refresh at or after `now`, or after it. Saturates at [`Time::MAX`].
    fn next(&self, now: Time, after: bool) -> Time {
        let refresh = self.refresh.as_nanos();
        let passed = now.as_nanos() % refresh;
        if passed == 0 && !after {
            return now;
        }
        Time::from_nanos((now.as_nanos() - passed).saturating_add(refresh))
    }
}

impl fmt::Display for View {
    /// `every 500ms`, or `every 500ms, own placements included`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {}", self.refresh)?;
        if self.own { Ok(()) } else { f.write_str(", own placements included") }
    }
}

/// A scheduler whose view of the cluster is stale.
///
/// Facts about nodes (finishes; nodes lost, returned, draining) and the calls that come back from
/// lost nodes are told at the first refresh at or after the instant at which the host tells them. A
/// refresh is one look, at the first poll of its instant; what happens later at that very instant
/// is seen at the next. New calls are told at once. Between refreshes the scheduler is polled only
/// when it was told of a new call, or asked for it.
///
/// So the scheduler may send calls to nodes that are full or down. A full node queues them, whatever
/// the queue limit. Of a node that is down the host submits them again, as always; the scheduler
/// hears of it at the next refresh, and until then believes the call on that node.
///
/// With [`View::own`] false the scheduler is sent an [`Event::Refresh`] before its first poll, and
/// then at every refresh after it assigned something or at which something is seen.
///
/// Costs O(log calls on nodes) per fact and decision, and O(calls on nodes) where a node is lost. Asks
/// to be polled only at refreshes that have something to tell.
#[derive(Debug)]
pub struct StaleView<S> {
    inner: S,
    view: View,
    held: VecDeque<Held>,
    placed: BTreeMap<TaskId, Placed>,
    assigns: u64,
    not_up: BTreeMap<NodeId, NodeState>, // as the scheduler was told
    shows: Option<Time>,                 // own placements that are hidden
    begun: bool,
    news: bool, // the scheduler was told something since it was polled
    polled: Option<Time>,
}

/// A fact that is held back.
#[derive(Clone, Copy, Debug)]
struct Held {
    due: Time,
    event: Event,
    assigns: u64, // carried out before it
}

/// A call that the scheduler believes on a node.
#[derive(Clone, Copy, Debug)]
struct Placed {
    node: NodeId,
    number: u64, // of its assign
}

impl<S: Scheduler> StaleView<S> {
    /// Lets `inner`, of which nothing has been asked yet, see the cluster like this.
    pub fn new(view: View, inner: S) -> StaleView<S> {
        StaleView {
            inner,
            view,
            held: VecDeque::new(),
            placed: BTreeMap::new(),
            assigns: 0,
            not_up: BTreeMap::new(),
            shows: None,
            begun: view.own,
            news: false,
            polled: None,
        }
    }

    /// The scheduler.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn tell(&mut self, now: Time, event: Event) {
        self.news = true;
        self.inner.on_event(now, event);
    }

    /// A refresh, if one is due.
    fn refresh(&mut self, now: Time) {
        let is_due = |held: &Held| held.due <= now;
        let shows = self.shows.is_some_and(|at| at <= now);
        if !self.begun || shows || (!self.view.own && self.held.front().is_some_and(is_due)) {
            (self.begun, self.shows) = (true, None);
            self.tell(now, Event::Refresh); // first: what ended may have been placed since the last one
        }
        while let Some(held) = self.held.pop_front_if(|held| is_due(held)) {
            match held.event {
                Event::NodeDown(node) => self.node_down(now, node, held.assigns),
                Event::NodeUp(node) => {
                    if self.not_up.remove(&node).is_some() {
                        self.tell(now, held.event);
                    }
                }
                Event::NodeDrain(node) => {
                    self.not_up.entry(node).or_insert(NodeState::Draining);
                    self.tell(now, held.event);
                }
                Event::Finished { task, node } => {
                    if self.placed.get(&task).is_some_and(|placed| placed.node == node) {
                        self.placed.remove(&task);
                    }
                    self.tell(now, held.event);
                }
                Event::Submit(task) => {
                    if let Some(Placed { node, .. }) = self.placed.remove(&task.id) {
                        self.tell(now, Event::Finished { task: task.id, node });
                    }
                    self.tell(now, held.event);
                }
                Event::Refresh => self.tell(now, held.event),
            }
        }
    }

    /// A node was lost when `assigns` calls had been assigned. If it is back by now, those of them
    /// that it had have left it, and what was sent there since is still there.
    fn node_down(&mut self, now: Time, node: NodeId, assigns: u64) {
        let is_back = |held: &Held| held.due <= now && held.event == Event::NodeUp(node);
        if !self.held.iter().any(is_back) {
            self.placed.retain(|_, placed| placed.node != node);
            self.not_up.insert(node, NodeState::Down);
            return self.tell(now, Event::NodeDown(node));
        }
        let lost = |placed: &Placed| placed.node == node && placed.number < assigns;
        let lost = self.placed.iter().filter(|(_, placed)| lost(placed)).map(|(&task, _)| task);
        for task in lost.collect::<Vec<_>>() {
            self.placed.remove(&task);
            self.tell(now, Event::Finished { task, node });
        }
    }
}

impl StaleView<Box<dyn Scheduler>> {
    /// `inner` behind this view; as it is, if it sees everything at once.
    pub fn over(inner: Box<dyn Scheduler>, view: Option<View>) -> Box<dyn Scheduler> {
        match view {
            None => inner,
            Some(view) => Box::new(StaleView::new(view, inner)),
        }
    }
}

impl<S: Scheduler> Scheduler for StaleView<S> {
    fn on_event(&mut self, now: Time, event: Event) {
        match event {
            // Of a call that the scheduler believes on a node: it comes back from there.
            Event::Submit(task) if !self.placed.contains_key(&task.id) => self.tell(now, event),
            _ => {
                let due = self.view.next(now, self.polled == Some(now));
                self.held.push_back(Held { due, event, assigns: self.assigns });
            }
        }
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        self.refresh(now);
        self.polled = Some(now);
        let asked = self.inner.next_timeout().is_some_and(|at| at <= now);
        if !std::mem::take(&mut self.news) && !asked {
            return;
        }
        let before = out.len();
        self.inner.poll(now, out);
        for decision in out.iter().skip(before) {
            if let Decision::Assign { task, node } = *decision {
                self.placed.insert(task, Placed { node, number: self.assigns });
                self.assigns += 1;
                if !self.view.own {
                    self.shows.get_or_insert(self.view.next(now, true));
                }
            }
        }
    }

    fn next_timeout(&self) -> Option<Time> {
        let facts = self.held.front().map(|held| held.due);
        [facts, self.shows, self.inner.next_timeout()].into_iter().flatten().min()
    }

    fn health(&self) -> Result<(), &Violation> {
        self.inner.health()
    }
}
