//! Plays a history to a scheduler and watches.
//!
//! It is a host's loop without a clock: facts of an instant, one poll, decisions
//! carried out in order, on to the next instant or timeout. A second scheduler can be
//! given that must decide the same (the naive one). What happened is kept as a log that
//! reads as a [`script`](super::script).

use super::host::Host;
use super::op::{Op, Which, cluster_text};
use super::properties::{Broken, Promises, Property};
use crate::{Bind, ClusterSpec, Decision, Event, Scheduler, Span, Task, Time};

/// A cluster and what happens on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct History {
    /// The cluster.
    pub spec: ClusterSpec,
    /// What happens.
    pub ops: Vec<Op>,
}

/// A line of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// From here on it is this instant.
    At(Time),
    /// A step.
    Did(Op),
    /// A call came back with its node lost.
    Back(Task),
    /// A decision.
    Decided(Decision),
    /// A remark.
    Note(String),
}

/// Polls by timeout that one wait may cause before the rest of its timeouts are passed over.
const TIMEOUTS_PER_WAIT: u32 = 1_000;
/// Timeouts waited for, one after another, for a call to be placed in the end.
const PATIENCE: u32 = 10_000;

/// A scheduler on a paper host.
pub struct Run<'a> {
    host: Host,
    subject: &'a mut dyn Scheduler,
    rival: Option<&'a mut dyn Scheduler>,
    promises: &'a Promises,
    log: &'a mut Vec<Entry>,
    events: Vec<Event>,
}

impl<'a> Run<'a> {
    /// At the start of time. `rival`, if there is one, must decide as `subject` does.
    pub fn new(
        spec: &ClusterSpec,
        bind: Bind,
        promises: &'a Promises,
        subject: &'a mut dyn Scheduler,
        rival: Option<&'a mut dyn Scheduler>,
        log: &'a mut Vec<Entry>,
    ) -> Run<'a> {
        log.push(Entry::At(Time::ZERO));
        Run { host: Host::new(spec, bind), subject, rival, promises, log, events: Vec::new() }
    }

    /// The whole history, and then until everything is placed and done.
    ///
    /// # Errors
    /// The first property that is broken.
    pub fn play(&mut self, history: &History) -> Result<(), Broken> {
        for op in &history.ops {
            match op {
                Op::Wait(span) => self.wait(*span)?,
                op => self.step(*op),
            }
        }
        self.settle()
    }

    /// Carries out a step and tells the schedulers the facts. Waits are not steps.
    pub fn step(&mut self, op: Op) {
        let Some(done) = self.host.apply(op, &mut self.events) else { return };
        self.log.push(Entry::Did(done));
        for event in self.events.drain(..) {
            if let (Event::Submit(task), Op::Down(_)) = (event, done) {
                self.log.push(Entry::Back(task));
            }
            self.subject.on_event(self.host.now(), event);
            if let Some(rival) = &mut self.rival {
                rival.on_event(self.host.now(), event);
            }
        }
    }

    /// Ends the instant: one poll, its decisions checked and carried out.
    ///
    /// # Errors
    /// The first property that is broken.
    pub fn poll(&mut self) -> Result<Vec<Decision>, Broken> {
        let now = self.host.now();
        let mut decisions = Vec::new();
        self.subject.poll(now, &mut decisions);
        for decision in &decisions {
            self.log.push(Entry::Decided(*decision));
            if let Decision::Assign { task, node } = *decision
                && self.host.ledger().declares(node)
            {
                self.promises.check_assign(&self.host, task, node)?;
            }
            self.host.carry_out(*decision)?;
        }
        if let Err(violation) = self.subject.health() {
            return Err(Broken::new(Property::Healthy, violation.to_string()));
        }
        if let Some(rival) = &mut self.rival {
            let mut expected = Vec::new();
            rival.poll(now, &mut expected);
            same(&expected, &decisions)?;
        }
        self.host.check_rejected()?;
        self.promises.check_idle(&self.host)?;
        match self.subject.next_timeout() {
            Some(at) if at <= now => {
                let what = format!("after the poll of {now} the next timeout is {at}");
                Err(Broken::new(Property::Timeout, what))
            }
            _ => Ok(decisions),
        }
    }

    /// Polls, then lets time go on, with the polls that the scheduler asks for on the way.
    ///
    /// # Errors
    /// The first property that is broken.
    pub fn wait(&mut self, span: Span) -> Result<(), Broken> {
        self.poll()?;
        let until = self.host.now() + span;
        for _ in 0..TIMEOUTS_PER_WAIT {
            match self.subject.next_timeout() {
                Some(at) if at < until => {
                    self.move_to(at);
                    self.poll()?;
                }
                _ => break,
            }
        }
        self.move_to(until);
        Ok(())
    }

    /// Moves on to an instant without a poll.
    pub fn move_to(&mut self, at: Time) {
        if at > self.host.now() {
            self.host.advance(at);
            self.log.push(Entry::At(at));
        }
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Every node comes up, every call runs to its end: none may be left over.
    fn settle(&mut self) -> Result<(), Broken> {
        self.wait(Span::from_millis(1))?;
        self.log.push(Entry::Note("from here on every node comes up and every call ends".into()));
        for node in self.host.ledger().nodes() {
            self.step(Op::Up(node));
        }
        let mut patience = PATIENCE;
        loop {
            self.poll()?;
            let running = self.host.running();
            let later = self.host.now() + Span::from_millis(1);
            if !running.is_empty() {
                self.move_to(later);
                running.into_iter().for_each(|id| self.step(Op::Finish(Which::Call(id))));
                continue;
            }
            let Some(task) = self.host.waiting().next() else { return Ok(()) };
            patience -= 1;
            match self.subject.next_timeout() {
                Some(at) if patience > 0 => self.move_to(at),
                _ => {
                    let what = format!("{} waits for ever, every node up and empty", task.id);
                    return Err(Broken::new(Property::Placed, what));
                }
            }
        }
    }
}

fn same(expected: &[Decision], decided: &[Decision]) -> Result<(), Broken> {
    let text = |decision: Option<&Decision>| {
        decision.map_or("nothing more".to_owned(), |decision| format!("`{decision}`"))
    };
    let longest = expected.len().max(decided.len());
    match (0..longest).find(|i| expected.get(*i) != decided.get(*i)) {
        Some(at) => {
            let (ours, theirs) = (text(decided.get(at)), text(expected.get(at)));
            let what = format!("it decided {ours}, the naive scheduler {theirs}");
            Err(Broken::new(Property::Oracle, what))
        }
        None => Ok(()),
    }
}

/// A log as a script.
pub fn log_text(spec: &ClusterSpec, log: &[Entry]) -> String {
    let mut text = cluster_text(spec);
    for entry in log {
        text.push_str(&match entry {
            Entry::At(time) => format!("@{time}"),
            Entry::Did(op) => op.text(spec),
            Entry::Back(task) => format!("# {} comes back, attempt {}", task.id, task.attempt),
            Entry::Decided(decision) => format!("> {decision}"),
            Entry::Note(note) => format!("# {note}"),
        });
        text.push('\n');
    }
    text
}
