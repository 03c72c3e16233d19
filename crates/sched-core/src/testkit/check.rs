//! The check as a whole: named histories, random ones, and the failure that a person reads.
//!
//! A [`Check`] says how a scheduler is bound and what it promises; then it is run on a
//! scheduler, or on two halves. Each history is played twice with fresh objects (equal
//! histories must give equal decisions); the first that breaks a property is cut down as
//! far as it goes and printed as a script.

use super::conformance;
use super::history;
use super::oracle::halves::Halves;
use super::properties::{Broken, Promises, Property};
use super::run::{Entry, History, Run, log_text};
use super::shrink::shrink;
use crate::{Bind, ClusterSpec, ListScheduler, Order, Placement, Scheduler, Task};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Makes a scheduler for a cluster.
pub type Build<'a> = dyn Fn(&ClusterSpec) -> Box<dyn Scheduler> + 'a;

/// A check: what is promised, and how many histories are tried.
pub struct Check {
    bind: Bind,
    promises: Promises,
    histories: u64,
    seed: u64,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The broken property.
    pub property: Property,
    /// The shortest history found that breaks it.
    pub history: History,
    text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

impl Check {
    /// A check of a scheduler that binds like this. It is taken to be work-conserving.
    ///
    /// `bind` says how far node queues may fill: not at all ([`Bind::Late`]), or up to the
    /// limit that the group declares ([`Bind::Early`]).
    pub fn new(bind: Bind) -> Check {
        Check { bind, promises: Promises::default(), histories: 300, seed: 1 }
    }

    /// Tries this many random histories, after the named ones. Default 300, about a second.
    #[must_use]
    pub fn histories(mut self, histories: u64) -> Check {
        self.histories = histories;
        self
    }

    /// Tries other random histories.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Check {
        self.seed = seed;
        self
    }

    /// The scheduler may leave a call waiting that it could send somewhere.
    #[must_use]
    pub fn holds_back(mut self) -> Check {
        self.promises.work_conserving = false;
        self
    }

    /// The scheduler promises the head-of-line rule in this order: least rank first, ties by arrival.
    #[must_use]
    pub fn ordered_by(self, rank: impl Fn(&Task) -> i64 + Send + Sync + 'static) -> Check {
        self.ranked_by(move |task| rank(task).into())
    }

    pub(super) fn ranked_by(
        mut self,
        rank: impl Fn(&Task) -> i128 + Send + Sync + 'static,
    ) -> Check {
        self.promises.order = Some(Box::new(rank));
        self
    }

    /// Runs the check on the scheduler that `build` makes.
    ///
    /// # Panics
    /// With the broken property and a short history that breaks it.
    pub fn scheduler(&self, build: impl Fn(&ClusterSpec) -> Box<dyn Scheduler>) {
        stop_at(self.run(&build, None));
    }

    /// Runs the check on two halves in the engine, decision by decision beside the naive
    /// list scheduler that runs them too.
    ///
    /// That one asks a placement at every poll, and only where there is a candidate. So a
    /// placement that refuses must go on refusing until something changes for the call, as
    /// [`Placement::place`] says, and a refusal must leave it as it was.
    ///
    /// # Panics
    /// With the broken property and a short history that breaks it.
    pub fn halves<O, P>(self, order: impl Fn() -> O, placement: impl Fn() -> P)
    where
        O: Order + Sync + 'static,
        P: Placement + 'static,
    {
        let (bind, by) = (self.bind, order());
        let engine = |spec: &ClusterSpec| {
            Box::new(ListScheduler::new(spec, bind, order(), placement())) as Box<dyn Scheduler>
        };
        let naive = |spec: &ClusterSpec| {
            Box::new(Halves::on(spec, bind, order(), placement())) as Box<dyn Scheduler>
        };
        stop_at(self.ordered_by(move |task| by.rank(task)).run(&engine, Some(&naive)));
    }

    /// Runs the check; `rival`, if given, must decide alike.
    ///
    /// # Errors
    /// The first failure, cut down.
    pub fn run(&self, build: &Build<'_>, rival: Option<&Build<'_>>) -> Result<(), Failure> {
        for (name, history) in conformance::histories() {
            self.one(&format!("named history `{name}`"), &history, build, rival)?;
        }
        for number in 0..self.histories {
            let seed = self.seed.wrapping_mul(1 << 32).wrapping_add(number);
            self.one(&format!("random history {seed}"), &history::random(seed), build, rival)?;
        }
        Ok(())
    }

    /// Runs the check on one history.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn one(
        &self,
        name: &str,
        history: &History,
        build: &Build<'_>,
        rival: Option<&Build<'_>>,
    ) -> Result<(), Failure> {
        let (outcome, log) = self.trial(history, build, rival);
        let Err(broken) = outcome else { return Ok(()) };
        let property = broken.property;
        let mut worst = (broken, log);
        let shortest = shrink(history, |candidate| {
            let (outcome, log) = self.trial(candidate, build, rival);
            let Err(broken) = outcome else { return false };
            let same = broken.property == property;
            if same {
                worst = (broken, log);
            }
            same
        });
        let (broken, log) = worst;
        let text = format!(
            "{broken}\n{name}, bind {}, cut down from {} steps to {}:\n\n{}",
            self.bind,
            history.ops.len(),
            shortest.ops.len(),
            log_text(&shortest.spec, &log)
        );
        Err(Failure { property, history: shortest, text })
    }

    /// Plays a history twice. A panic of the scheduler is an outcome too.
    fn trial(
        &self,
        history: &History,
        build: &Build<'_>,
        rival: Option<&Build<'_>>,
    ) -> (Result<(), Broken>, Vec<Entry>) {
        let mut log = Vec::new();
        let first = self.play(history, build, rival, &mut log);
        if first.is_err() {
            return (first, log);
        }
        let mut again = Vec::new();
        let second = self.play(history, build, None, &mut again);
        let outcome = match (0..log.len().max(again.len())).find(|i| log.get(*i) != again.get(*i)) {
            None => second,
            Some(at) => {
                log.truncate(at + 1);
                let then = log_text(&history.spec, &again[at.min(again.len())..]);
                let then = then.lines().nth(history.spec.groups().len()).unwrap_or("nothing more");
                let what =
                    format!("played once more, it went on with `{then}` after the same history");
                Err(Broken::new(Property::Deterministic, what))
            }
        };
        (outcome, log)
    }

    fn play(
        &self,
        history: &History,
        build: &Build<'_>,
        rival: Option<&Build<'_>>,
        log: &mut Vec<Entry>,
    ) -> Result<(), Broken> {
        let played = catch_unwind(AssertUnwindSafe(|| {
            let mut subject = build(&history.spec);
            let mut rival = rival.map(|build| build(&history.spec));
            let rival = rival.as_mut().map(|rival| &mut **rival as &mut dyn Scheduler);
            Run::new(&history.spec, self.bind, &self.promises, &mut *subject, rival, log)
                .play(history)
        }));
        played.unwrap_or_else(|panic| {
            let literal = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = literal.or_else(|| panic.downcast_ref::<String>().cloned());
            let what = format!("it panicked: {}", text.unwrap_or_default());
            Err(Broken::new(Property::NoPanic, what))
        })
    }
}

#[allow(clippy::panic, reason = "a test helper fails the test that calls it")]
pub(super) fn stop_at(outcome: Result<(), Failure>) {
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
