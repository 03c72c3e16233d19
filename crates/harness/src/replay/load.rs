//! The load that a log shows, as a workload that can be run again.
//!
//! Calls of one item are stages of one task: it arrives when its first stage was submitted, and
//! each stage takes the time that was observed. Arrivals keep their instants even where the
//! recorded run was a closed loop, whose arrivals another policy would have moved. Only items
//! that passed all stages are simulated; the others are counted. What the pipeline cannot
//! express is refused with the reason, never approximated.

use super::simulate::Figures;
use flight::{FinishedCall, Log, LogError, Observed, observe};
use pipeline::RunSetup;
use pipeline::model::{
    Arrivals, ClusterSetup, Fault, FaultKind, Faults, Operator, Overrides, Priorities, ServiceLaw,
    Stage, Trace, TraceSource, Values, Workload,
};
use sched_core::{Event, GroupSet, Level, Resources, Span, Time, View};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// More stages than this are no pipeline.
const MOST_STAGES: usize = 1_000;

/// What is simulated.
#[derive(Debug)]
pub(super) struct Load {
    /// Cluster, arrivals, service times and lost nodes.
    pub(super) setup: RunSetup,
    /// How late the policy saw the cluster.
    pub(super) view: Option<View>,
    /// How these tasks fared when they were recorded.
    pub(super) observed: Figures,
    /// Items that the log does not show to their end.
    pub(super) left_out: u64,
}

/// A call that has finished.
#[derive(Clone, Copy)]
struct Row {
    index: u64,
    stage: u32,
    submit: Time,
    told: Time,
    sent: Time,
    start: Time,
    finish: Time,
    demand: Resources,
    on: GroupSet,
    level: Level,
}

/// Reads the rest of a log. `Ok(Err(…))` is why it cannot be simulated.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn load<R: Read>(
    mut log: Log<R>,
    path: &Path,
) -> Result<Result<Load, String>, LogError> {
    let (mut rows, mut faults) = (Vec::new(), Faults::default());
    observe(&mut log, |observed| match observed {
        Observed::Finished(call) => rows.push(Row::of(&call)),
        Observed::Node { at, event } => faults.scheduled.extend(fault(at, &event)),
    })?;
    let cluster = ClusterSetup::of_equal_speed(log.header().cluster.clone());
    faults.scheduled.retain(|fault| fault.node.index() < cluster.spec.node_count());
    Ok(tasks(rows).and_then(|(items, left_out)| {
        let workload = workload(&items, path)?;
        let observed = Figures::of(items.iter().map(|calls| {
            let (first, last) = (calls[0], calls[calls.len() - 1]);
            let service = calls.iter().fold(Span::ZERO, |sum, call| sum + call.service());
            let total = last.finish.since(first.submit);
            (total, total - service)
        }));
        let setup = RunSetup {
            faults,
            max_attempts: u32::MAX,
            ..RunSetup::new(cluster, workload, log.header().seed)
        };
        Ok(Load { setup, view: log.header().view, observed, left_out })
    }))
}

impl Row {
    fn service(&self) -> Span {
        self.finish.since(self.start)
    }

    fn of(call: &FinishedCall) -> Row {
        let FinishedCall { task, told, assigned, started, finished, .. } = *call;
        Row {
            index: task.id.index,
            stage: task.id.stage,
            submit: task.submit,
            told,
            sent: assigned,
            start: started,
            finish: finished,
            demand: task.demand,
            on: task.on,
            level: task.priority,
        }
    }
}

fn fault(at: Time, event: &Event) -> Option<Fault> {
    let (node, kind) = match *event {
        Event::NodeDown(node) => (node, FaultKind::Kill),
        Event::NodeUp(node) => (node, FaultKind::Restart),
        Event::NodeDrain(node) => (node, FaultKind::Drain),
        _ => return None,
    };
    Some(Fault { at, node, kind })
}

/// The items that passed all stages, in order of arrival, and how many did not.
fn tasks(mut rows: Vec<Row>) -> Result<(Vec<Vec<Row>>, u64), String> {
    rows.sort_by_key(|row| (row.index, row.stage));
    let stages = rows.iter().map(|row| row.stage as usize + 1).max().unwrap_or(0);
    if stages > MOST_STAGES {
        return Err(format!("calls have stage numbers up to {}", stages - 1));
    }
    let (mut items, mut left_out) = (Vec::new(), 0);
    for calls in rows.chunk_by(|a, b| a.index == b.index) {
        if calls.windows(2).any(|pair| pair[0].stage == pair[1].stage) {
            let Row { index, stage, .. } = calls[0];
            return Err(format!(
                "an id was used again after its call had finished ({index}.{stage})"
            ));
        }
        if calls.len() < stages {
            left_out += 1;
            continue;
        }
        items.push(chained(calls.to_vec())?);
    }
    if items.is_empty() {
        return Err("no item passed all stages while the log was written".into());
    }
    items.sort_by_key(|calls| (calls[0].submit, calls[0].index));
    Ok((items, left_out))
}

/// Stages that follow one another. Where time is real, a finish is told a little late, and with it
/// the start of what was queued behind; the next stage, told then, knows when its call was really
/// ready, and neither the finish nor the start of the one before can have been later.
fn chained(mut calls: Vec<Row>) -> Result<Vec<Row>, String> {
    for at in 1..calls.len() {
        let Row { index, stage, submit, told, .. } = calls[at];
        let before = &mut calls[at - 1];
        if told < before.finish || submit < before.sent {
            return Err(format!(
                "call {index}.{stage} was ready before stage {} of its item had finished, so they \
                 are no stages of one pipeline",
                stage - 1
            ));
        }
        before.finish = before.finish.min(submit);
        before.start = before.start.min(submit);
    }
    Ok(calls)
}

fn workload(items: &[Vec<Row>], path: &Path) -> Result<Workload, String> {
    let first = &items[0];
    let uniform = |of: fn(&Row, &Row) -> bool| {
        items.iter().all(|calls| calls.iter().zip(first).all(|(call, first)| of(call, first)))
    };
    if !uniform(|a, b| a.on == b.on) {
        return Err("calls of one stage may run on different groups of nodes".into());
    }
    let same_in_item = |of: fn(&Row, &Row) -> bool| {
        items.iter().all(|calls| calls.iter().all(|call| of(call, &calls[0])))
    };
    if !same_in_item(|a, b| a.level == b.level) {
        return Err("the stages of one item differ in priority".into());
    }
    let mut overrides = Overrides {
        priority: Some(items.iter().map(|calls| calls[0].level).collect()),
        ..Overrides::default()
    };
    if !uniform(|a, b| a.demand == b.demand) {
        if !same_in_item(|a, b| a.demand == b.demand) {
            return Err("demands differ both between items and between stages".into());
        }
        let demands = || items.iter().map(|calls| calls[0].demand);
        overrides.cpu = Some(demands().map(|demand| demand.cpu()).collect());
        overrides.gpu = Some(demands().map(|demand| demand.gpu()).collect());
        overrides.memory = Some(demands().map(|demand| demand.memory()).collect());
    }
    let path = path.display().to_string();
    let said = |error: pipeline::RunError| error.to_string();
    let mut stages = Vec::with_capacity(first.len());
    for (stage, row) in first.iter().enumerate() {
        let name = format!("stage-{stage}");
        let services = items.iter().map(|calls| calls[stage].service()).collect();
        let values = Values::new(name.clone(), services).map_err(said)?;
        stages.push(Stage {
            name,
            service: ServiceLaw::Trace(Arc::new(values)),
            demand: row.demand,
            on: row.on,
            operator: Operator::Emulate,
        });
    }
    let source = TraceSource { format: "flight".into(), path, speedup: 1.0 };
    let arrivals = items.iter().map(|calls| calls[0].submit).collect();
    let trace = Trace::new(source, arrivals, overrides).map_err(said)?;
    Ok(Workload {
        tasks: items.len() as u64,
        warmup: 0,
        arrivals: Arrivals::Trace(Arc::new(trace)),
        priorities: Priorities::default(),
        stages,
    })
}
