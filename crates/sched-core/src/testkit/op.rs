//! What happens in a history, as plain data, and how it is written down.
//!
//! Every sub-list of a list of steps is a valid history: a step that makes no sense
//! where it stands (a finish with nothing running, a node up that is up) does nothing.
//! That is what lets a failing history be cut down by merely leaving steps out. The
//! text form is the one that [`script`](super::script) reads.

use crate::{
    ClusterSpec, GroupSet, Level, NodeId, QueueLimit, Resources, Span, Task, TaskId, Time,
};
use std::fmt::{self, Write as _};

/// A call as a history submits it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call {
    /// Unique in its history.
    pub id: TaskId,
    /// What it needs.
    pub demand: Resources,
    /// Where it may run.
    pub on: GroupSet,
    /// How urgent it is.
    pub level: Level,
    /// How long before the scheduler hears of it the call became ready.
    pub late: Span,
}

impl Call {
    /// Anywhere, of the default level, just ready.
    pub fn new(id: TaskId, demand: Resources) -> Call {
        Call { id, demand, on: GroupSet::ALL, level: Level::default(), late: Span::ZERO }
    }

    /// The task that the scheduler is told of at `now`.
    pub fn task(&self, now: Time) -> Task {
        let submit = Time::from_nanos(now.as_nanos().saturating_sub(self.late.as_nanos()));
        let first = Task::new(self.id, submit, self.demand);
        Task { on: self.on, priority: self.level, ..first }
    }
}

/// Which running call finishes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// The one of this number among those that run, counted by node, then by assignment,
    /// and around again where fewer run.
    Nth(u32),
    /// This one, if it runs.
    Call(TaskId),
}

/// One step of a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// The instant is over: the scheduler is polled, then time goes on by this much.
    Wait(Span),
    /// A call becomes ready. Nothing, if its id was used before.
    Submit(Call),
    /// A running call finishes.
    Finish(Which),
    /// A node comes up, or its drain is taken back.
    Up(NodeId),
    /// A node is lost; its calls are submitted again.
    Down(NodeId),
    /// A node takes no more calls.
    Drain(NodeId),
}

impl Op {
    /// The line that stands for this step. A wait is written by the instant it leads to, elsewhere.
    pub fn text(&self, spec: &ClusterSpec) -> String {
        match self {
            Op::Wait(span) => format!("# {span} later"),
            Op::Submit(call) => submit_text(call, spec),
            Op::Finish(Which::Nth(n)) => format!("finish #{n}"),
            Op::Finish(Which::Call(id)) => format!("finish {id}"),
            Op::Up(node) => format!("up {node}"),
            Op::Down(node) => format!("down {node}"),
            Op::Drain(node) => format!("drain {node}"),
        }
    }
}

fn submit_text(call: &Call, spec: &ClusterSpec) -> String {
    let mut text = format!("submit {}{}", call.id, Amounts(call.demand, 0));
    if call.on != GroupSet::ALL {
        let name = |group| spec.groups().get(group).map_or("?", |group: &crate::Group| &group.name);
        let names: Vec<&str> = call.on.iter().map(name).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join("+") };
        let _ = write!(text, " on={names}");
    }
    if call.level != Level::default() {
        let _ = write!(text, " level={}", call.level.get());
    }
    if call.late > Span::ZERO {
        let _ = write!(text, " late={}", call.late);
    }
    text
}

/// The `cluster` lines that declare this cluster.
pub fn cluster_text(spec: &ClusterSpec) -> String {
    let mut text = String::new();
    for group in spec.groups() {
        let _ = write!(
            text,
            "cluster {} {}{}",
            group.name,
            group.count,
            Amounts(group.capacity, Resources::UNLIMITED_MEMORY)
        );
        if let QueueLimit::AtMost(limit) = group.queue_limit {
            let _ = write!(text, " queue={limit}");
        }
        text.push('\n');
    }
    text
}

/// ` cpu=1.5 gpu=0.25 memory=1GiB`; no cpu, no gpu, and this amount of memory are left out.
struct Amounts(Resources, u64);

impl fmt::Display for Amounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, milli) in [("cpu", self.0.cpu()), ("gpu", self.0.gpu())] {
            if milli > 0 {
                write!(f, " {name}={}", f64::from(milli) / 1000.0)?;
            }
        }
        match self.0.memory() {
            usual if usual == self.1 => Ok(()),
            0 => f.write_str(" memory=0"),
            bytes => {
                let unit = [("GiB", 30), ("MiB", 20), ("", 0)];
                let whole = |(_, bits): &(&str, u32)| bytes.trailing_zeros() >= *bits;
                let (name, bits) = unit.into_iter().find(whole).unwrap_or(("", 0));
                write!(f, " memory={}{name}", bytes >> bits)
            }
        }
    }
}
