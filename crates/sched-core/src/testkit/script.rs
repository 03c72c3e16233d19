//! Decision logs that a person can write and check.
//!
//! ```text
//! # two nodes of one slot                    comments carry the derivation
//! cluster fast 2 cpu=1                       name, nodes, what each has (cpu, gpu, memory, queue)
//! policy fifo bind=late                      starts a case; parameters as in a spec
//! @0s                                        an instant; the scheduler is polled when it is over
//! submit 0.0 cpu=1; submit 1.0..4.0 cpu=1    facts; a range of items, the last one left out
//! > 0.0 -> node-0                            decisions of that poll, all of them, in order
//! > 1.0 -> node-1
//! @5ms
//! finish 0.0
//! > 2.0 -> node-0
//! ```
//!
//! Further facts: `finish #2` (the third of those running, counted by node), `up node-0`,
//! `down node-0`, `drain node-0`. A call may say `on=fast+slow` (or `none`), `level=9`,
//! `late=2ms`. A rejection is `> 7.0 rejected`. Lost calls come back by themselves.
//! Failure messages of the test kit are in this form, so one can be kept as a test.

use super::op::Op;
use super::properties::Promises;
use super::run::{History, Run, log_text};
use crate::{Bind, ClusterSpec, Decision, Scheduler, Time};
use std::collections::BTreeMap;
use std::fmt;

pub use super::parse::parse;

/// A script that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ScriptError {}

/// A cluster, a policy, and what it is to decide.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// Line of its `policy`.
    pub line: usize,
    /// The cluster.
    pub spec: ClusterSpec,
    /// Name of the policy.
    pub policy: String,
    /// Its parameters, as written.
    pub params: BTreeMap<String, String>,
    pub(super) steps: Vec<Step>,
}

/// A line of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    At(Time),
    Do(Op),
    Expect(usize, String),
}

impl Case {
    /// What happens in it, without what is expected.
    pub fn history(&self) -> History {
        let mut ops = Vec::new();
        let mut now = Time::ZERO;
        for step in &self.steps {
            match step {
                Step::At(at) if *at > now => {
                    ops.push(Op::Wait(at.since(now)));
                    now = *at;
                }
                Step::Do(op) => ops.push(*op),
                Step::At(_) | Step::Expect(..) => {}
            }
        }
        History { spec: self.spec.clone(), ops }
    }

    /// Plays it to a scheduler and compares. Every decision must be expected, at its instant and place.
    ///
    /// # Errors
    /// The first difference, with what happened up to there.
    pub fn run(&self, bind: Bind, scheduler: &mut dyn Scheduler) -> Result<(), String> {
        let promises = Promises::default();
        let mut log = Vec::new();
        let mut run = Run::new(&self.spec, bind, &promises, scheduler, None, &mut log);
        let mut expected: Vec<(usize, &str)> = Vec::new();
        let mut outcome = Ok(());
        for step in self.steps.iter().chain([&Step::At(Time::MAX)]) {
            match step {
                Step::Do(op) => run.step(*op),
                Step::Expect(line, decision) => expected.push((*line, decision)),
                Step::At(at) if *at == run.host().now() => {}
                Step::At(at) => {
                    let decided = run.poll().map_err(|broken| broken.to_string());
                    outcome = decided.and_then(|decided| compare(&expected, &decided));
                    if outcome.is_err() {
                        break;
                    }
                    expected.clear();
                    run.move_to(*at);
                }
            }
        }
        let Case { line, policy, .. } = self;
        outcome.map_err(|what| {
            format!("case of line {line} ({policy}): {what}\n{}", log_text(&self.spec, &log))
        })
    }
}

fn compare(expected: &[(usize, &str)], decided: &[Decision]) -> Result<(), String> {
    for (decision, (line, text)) in decided.iter().zip(expected) {
        let short = match decision {
            Decision::Reject { task, .. } => format!("{task} rejected"),
            assign @ Decision::Assign { .. } => assign.to_string(),
        };
        if short != *text && decision.to_string() != *text {
            return Err(format!("line {line} expects `{text}`, decided was `{decision}`"));
        }
    }
    match (expected.get(decided.len()), decided.get(expected.len())) {
        (Some((line, text)), _) => {
            Err(format!("line {line} expects `{text}`, nothing was decided"))
        }
        (_, Some(decision)) => Err(format!("`{decision}` was decided, nothing is expected")),
        (None, None) => Ok(()),
    }
}
