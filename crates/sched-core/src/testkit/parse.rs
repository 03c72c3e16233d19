//! Reads scripts.
//!
//! Line by line, piece by piece, without a grammar: the first word says what a piece is.
//! The form is described in [`script`](super::script).

use super::op::{Call, Op, Which};
use super::script::{Case, ScriptError, Step};
use crate::{
    ClusterSpec, Group, GroupSet, Level, NodeId, QueueLimit, Resources, Span, TaskId, Time,
};
use std::ops::Range;

/// Reads the cases of a script.
///
/// # Errors
/// The first line that means nothing.
pub fn parse(text: &str) -> Result<Vec<Case>, ScriptError> {
    let mut reader = Reader::default();
    for (line, content) in (1..).zip(text.lines()) {
        let content = &content[..comment_at(content)];
        for piece in content.split(';').map(str::trim).filter(|piece| !piece.is_empty()) {
            reader.piece(line, piece).map_err(|what| ScriptError { line, what })?;
        }
    }
    Ok(reader.cases)
}

#[derive(Default)]
struct Reader {
    groups: Vec<Group>,
    cases: Vec<Case>,
    complete: bool, // the groups belong to a case; the next `cluster` starts afresh
    now: Time,
}

impl Reader {
    fn piece(&mut self, line: usize, piece: &str) -> Result<(), String> {
        if let Some(decision) = piece.strip_prefix('>') {
            return self.push(Step::Expect(line, decision.trim().to_owned()));
        }
        if let Some(instant) = piece.strip_prefix('@') {
            let at = Time::ZERO + instant.parse::<Span>().map_err(|error| error.to_string())?;
            if at < self.now {
                return Err(format!("{at} is before {}", self.now));
            }
            self.now = at;
            return self.push(Step::At(at));
        }
        let mut words = piece.split_whitespace();
        let (verb, what) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let rest: Vec<&str> = words.collect();
        match verb {
            "cluster" => return self.cluster(what, &rest),
            "policy" => return self.policy(line, what, &rest),
            "submit" => {
                let (indices, stage) = ids(what)?;
                for index in indices {
                    let call = self.call(TaskId { index, stage }, &rest)?;
                    self.push(Step::Do(Op::Submit(call)))?;
                }
                return Ok(());
            }
            _ if !rest.is_empty() => return Err(format!("`{}` is too much", rest.join(" "))),
            _ => {}
        }
        self.push(Step::Do(match verb {
            "finish" => Op::Finish(match what.strip_prefix('#') {
                Some(number) => Which::Nth(integer(number)?),
                None => Which::Call(id(what)?),
            }),
            "up" => Op::Up(node(what)?),
            "down" => Op::Down(node(what)?),
            "drain" => Op::Drain(node(what)?),
            _ => {
                return Err(format!(
                    "`{verb}` is not a step; there are submit, finish, up, down, drain"
                ));
            }
        }))
    }

    fn push(&mut self, step: Step) -> Result<(), String> {
        let case = self.cases.last_mut().ok_or("a `policy` line must come first")?;
        case.steps.push(step);
        Ok(())
    }

    fn cluster(&mut self, name: &str, rest: &[&str]) -> Result<(), String> {
        if std::mem::take(&mut self.complete) {
            self.groups.clear();
        }
        let (count, amounts) = rest.split_first().ok_or("how many nodes?")?;
        let mut group = Group::of_slots(name, integer(count)?, 0);
        for (key, value) in pairs(amounts)? {
            match key {
                "queue" => group.queue_limit = QueueLimit::AtMost(integer(value)?),
                _ => amount(&mut group.capacity, key, value)?,
            }
        }
        self.groups.push(group);
        Ok(())
    }

    fn policy(&mut self, line: usize, name: &str, rest: &[&str]) -> Result<(), String> {
        let spec = ClusterSpec::new(self.groups.clone()).map_err(|error| error.to_string())?;
        let text = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let params = pairs(rest)?.into_iter().map(text).collect();
        (self.complete, self.now) = (true, Time::ZERO);
        self.cases.push(Case { line, spec, policy: name.to_owned(), params, steps: Vec::new() });
        Ok(())
    }

    fn call(&self, id: TaskId, rest: &[&str]) -> Result<Call, String> {
        let mut call = Call::new(id, Resources::NONE);
        for (key, value) in pairs(rest)? {
            match key {
                "on" => call.on = self.groups_named(value)?,
                "level" => call.level = Level::new(integer(value)?).ok_or("levels are 0 to 9")?,
                "late" => call.late = value.parse::<Span>().map_err(|error| error.to_string())?,
                _ => amount(&mut call.demand, key, value)?,
            }
        }
        Ok(call)
    }

    fn groups_named(&self, names: &str) -> Result<GroupSet, String> {
        if names == "none" {
            return Ok(GroupSet::NONE);
        }
        let find = |name: &str| self.groups.iter().position(|group| group.name == name);
        let found = names.split('+').map(|name| find(name).ok_or(format!("no group `{name}`")));
        found.collect()
    }
}

/// Where the comment begins. A digit behind `#` makes it none: `finish #2`.
fn comment_at(line: &str) -> usize {
    let begins =
        |(at, _): &(usize, &str)| !line[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    line.match_indices('#').find(begins).map_or(line.len(), |(at, _)| at)
}

fn pairs<'a>(words: &[&'a str]) -> Result<Vec<(&'a str, &'a str)>, String> {
    let pair = |word: &&'a str| word.split_once('=').ok_or(format!("`{word}` is not `key=value`"));
    words.iter().map(pair).collect()
}

fn amount(of: &mut Resources, key: &str, value: &str) -> Result<(), String> {
    *of = match key {
        "cpu" => Resources { cpu: milli(value)?, ..*of },
        "gpu" => of.with_milli_gpu(milli(value)?),
        "memory" => of.with_memory(bytes(value)?),
        _ => return Err(format!("`{key}` is not known here")),
    };
    Ok(())
}

fn milli(text: &str) -> Result<u32, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let thousandths: u32 = integer(&format!("{fraction:0<3}"))?;
    let whole: u32 = integer(whole)?;
    whole
        .checked_mul(1000)
        .and_then(|milli| milli.checked_add(thousandths))
        .filter(|_| fraction.len() <= 3)
        .ok_or_else(|| format!("`{text}` is too large or too fine: thousandths are the least"))
}

fn bytes(text: &str) -> Result<u64, String> {
    let (number, bits) = match (text.strip_suffix("GiB"), text.strip_suffix("MiB")) {
        (Some(number), _) => (number, 30),
        (_, Some(number)) => (number, 20),
        _ => (text, 0),
    };
    Ok(integer::<u64>(number)? << bits)
}

/// `3.0`, or `1.0..4.0`: items 1, 2 and 3.
fn ids(text: &str) -> Result<(Range<u64>, u32), String> {
    let (from, to) = text.split_once("..").map_or((text, None), |(from, to)| (from, Some(to)));
    let first = id(from)?;
    let end = to.map_or(Ok(first.index + 1), |to| id(to).map(|id| id.index))?;
    Ok((first.index..end, first.stage))
}

fn id(text: &str) -> Result<TaskId, String> {
    let (index, stage) = text.split_once('.').ok_or(format!("`{text}` is not a call: `3.0` is"))?;
    Ok(TaskId { index: integer(index)?, stage: integer(stage)? })
}

fn node(text: &str) -> Result<NodeId, String> {
    let number =
        text.strip_prefix("node-").ok_or(format!("`{text}` is not a node: `node-0` is"))?;
    Ok(NodeId(integer(number)?))
}

fn integer<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits"))
}
