//! The executor of plain Ray tasks: Ray places and runs the calls, this counts.
//!
//! What can be known is less than with workers. A call is assigned when it is handed to Ray; how long it ran is
//! measured where it ran; its end is when its result is here. What Ray did in between, scheduling, queueing and
//! two ways through its own processes, cannot be told apart, so all of it counts as queueing and transfer is
//! zero. The node that the decision named is corrected when the result tells the true one. A task that Ray has
//! lost runs again as a new attempt, as one of a lost worker does.

use super::words::{Ask, Order};
use super::{Heard, Ray};
use crate::{Error, Strategy};
use pipeline::drive::{Call, Executor, Fact, drive};
use pipeline::kit::Clock;
use pipeline::model::{Operator, ServiceLaw};
use pipeline::{Control, Observer, Outcome, RunError, RunSetup};
use sched_core::{GroupSet, NodeId, Scheduler, Span, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest wait in one go, so that a run can be stopped.
const TURN: Span = Span::from_millis(100);

/// Losses that are told one by one.
const TOLD: usize = 4;

/// Runs in real time as plain Ray tasks, on as many Ray nodes as the setup has, each with as many CPUs as that
/// has slots; what Ray has beyond is held by actors that do nothing. Processes for the tasks are started before
/// time begins. `scheduler` is one of [`ray_policies`](crate::ray_policies). What was lost, and what a reader
/// must know of the numbers, is appended to `remarks`.
///
/// # Errors
/// As `Plan::new` and `drive`; [`RunError::Setup`] for what Ray's tasks cannot do; [`RunError::Executor`] when
/// there is no Ray, [`RunError::BrokenOff`] when there is none any more.
pub fn run_on_ray(
    setup: &RunSetup,
    ray: &Ray,
    strategy: Strategy,
    scheduler: &mut dyn Scheduler,
    observer: &mut dyn Observer,
    control: &Control,
    remarks: &mut Vec<String>,
) -> Result<Outcome, RunError> {
    let plan = setup.plan()?;
    if let Some(why) = refusal(setup) {
        return Err(RunError::Setup(why));
    }
    let failed = |error| RunError::Executor(Box::new(error));
    let mut tasks = RayTasks::start(setup, ray, strategy, control).map_err(failed)?;
    remarks.push(
        "Ray placed the calls itself. What passes between its driver and the start of a call cannot be \
         told apart and counts as queueing, the way back too."
            .to_owned(),
    );
    remarks.extend(tasks.heard.warm().filter(|(there, slots)| there < slots).map(
        |(there, slots)| {
            format!("Only {there} of {slots} processes of Ray were there when the run began.")
        },
    ));
    let outcome = drive(&plan, &mut tasks, scheduler, observer, control);
    remarks.extend(tasks.remarks());
    outcome
}

/// Why these calls cannot be tasks of Ray, if so.
pub(crate) fn refusal(setup: &RunSetup) -> Option<String> {
    let faults = &setup.faults;
    let stages = &setup.workload.stages;
    let what = if !faults.scheduled.is_empty() || faults.spontaneous.is_some() {
        "`faults:` happen to workers of ours"
    } else if stages.iter().any(|stage| stage.on != GroupSet::ALL) {
        "`on:` names groups of nodes, which Ray does not know"
    } else if stages.iter().any(|stage| stage.demand.gpu() > 0 || stage.demand.memory() > 0) {
        "demands other than `cpu` are not passed on"
    } else if stages.iter().any(|stage| matches!(stage.operator, Operator::Custom(_))) {
        "code of one's own does not travel"
    } else if stages.iter().any(|stage| matches!(stage.operator, Operator::Step(_))) {
        "the data of steps do not travel"
    } else if setup.cluster.network != ServiceLaw::Constant(Span::ZERO) {
        "where time is real the network is measured; remove `network`"
    } else {
        return None;
    };
    Some(format!("where Ray places the calls, {what}"))
}

/// Calls as tasks of Ray. Its time starts when Ray is ready for them.
#[derive(Debug)]
struct RayTasks {
    clock: Clock,
    ray: Ray,
    heard: Arc<Heard>,
    rounds: Vec<u32>, // of each stage; 0 waits
    nodes: u32,
    calls: BTreeMap<u64, Call>, // by ticket
    asks: Vec<Ask>,
    broken: Option<Error>,
    losses: Vec<String>,
}

impl RayTasks {
    fn start(
        setup: &RunSetup,
        ray: &Ray,
        strategy: Strategy,
        control: &Control,
    ) -> Result<RayTasks, Error> {
        let spec = &setup.cluster.spec;
        let slots: Vec<u32> = spec.nodes().map(|node| spec.capacity(node).whole_slots()).collect();
        let speeds: Vec<f64> = setup.cluster.node_speeds().into_iter().collect();
        let rounds = setup.workload.stages.iter().map(|stage| match stage.operator {
            Operator::Compute { rounds } => rounds,
            _ => 0,
        });
        let rounds: Vec<u32> = rounds.collect();
        let compute = rounds.iter().any(|rounds| *rounds > 0);
        let (slots, speeds, strategy) = (&slots, &speeds, strategy.name());
        let heard = ray.order(&Order::Tasks { slots, speeds, strategy, compute }, control)?;
        heard.reply(control)?;
        Ok(RayTasks {
            clock: Clock::start(),
            ray: ray.clone(),
            heard,
            rounds,
            nodes: spec.nodes().count() as u32,
            calls: BTreeMap::new(),
            asks: Vec::new(),
            broken: None,
            losses: Vec::new(),
        })
    }

    fn remarks(self) -> Vec<String> {
        let more = self.losses.len().saturating_sub(TOLD);
        let mut told: Vec<String> = self.losses.into_iter().take(TOLD).collect();
        told.extend((more > 0).then(|| format!("And Ray lost {more} more.")));
        told
    }

    /// What a result tells: where the call was, and how it ended.
    fn note(
        &mut self,
        call: Call,
        (node, took): (Option<u32>, Span),
        now: Time,
        facts: &mut Vec<Fact>,
    ) {
        let key = call.key;
        let Some(node) = node.filter(|node| *node < self.nodes).map(NodeId) else {
            return facts.push(Fact::Lost { key, node: call.node, started: true });
        };
        if node != call.node {
            facts.push(Fact::Moved { key, from: call.node, to: node });
        }
        let total = now.since(call.assigned);
        let started = call.assigned + (total - took.min(total));
        let (arrived, ended) = (call.assigned, now);
        facts.push(Fact::Finished { key, node, arrived, started, ended, at: now, failure: None });
    }
}

impl Executor for RayTasks {
    const DECISION_SAMPLING: u64 = 1;

    fn now(&mut self) -> Time {
        self.clock.now()
    }

    fn send(&mut self, call: Call) {
        let Call { key, demand, service, .. } = call;
        let rounds = self.rounds[key.task.stage as usize];
        let milli = u64::from(demand.cpu());
        let ticket = self.ray.ticket();
        self.asks.push((ticket, service.as_nanos(), rounds, key.task.index, milli));
        self.calls.insert(ticket, call);
    }

    fn flush(&mut self) {
        let sent = self.ray.order(&Order::Calls { calls: &self.asks }, &Control::new());
        self.broken = self.broken.take().or(sent.err());
        self.asks.clear();
    }

    fn wait(&mut self, deadline: Option<Time>, facts: &mut Vec<Fact>) -> Result<Time, RunError> {
        if let Some(error) = self.broken.take() {
            return Err(RunError::Executor(Box::new(error)));
        }
        let left = deadline.map_or(TURN, |at| at.since(self.clock.now()).min(TURN));
        let done = self.heard.done(left);
        let done = done.map_err(|why| RunError::Executor(Box::new(Error::Ray(why))))?;
        let now = self.clock.now();
        for (ticket, node, took, why) in done {
            let Some(call) = self.calls.remove(&ticket) else { continue };
            if let Some(why) = why {
                let at = now.as_nanos() as f64 / 1e9;
                self.losses.push(format!("Ray lost a task {at:.3} s after the start: {why}."));
            }
            self.note(call, (node, Span::from_nanos(took)), now, facts);
        }
        Ok(now)
    }
}
