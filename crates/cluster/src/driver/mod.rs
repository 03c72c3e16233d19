//! The executor of worker processes: starts them, sends calls, and turns what comes back into facts.
//!
//! The loop's own thread does all of it. What `wait` waits for are the sockets themselves, together with
//! the loop's deadline, the next heartbeat and the next fault. Writing never waits: a worker that is
//! stopped has at most a window of calls in its buffer, and what is beyond is held here, in the order of
//! assign, as part of its queue.
//!
//! Which calls of a lost node had started is known without asking: a node is FIFO and starts what fits, so
//! its queue is mirrored here from what it was sent and has answered. A worker that answers what the mirror
//! says cannot run is as wrong as one that sends no message, and is ended.

mod agenda;
mod flights;
mod losses;
mod node;
mod offset;
mod process;
mod remote;
mod sockets;
mod work;

pub use process::Program;
pub use remote::{Remote, inquire};

use crate::link::{Filled, Link};
use crate::ray::Ray;
use crate::wire::{Answer, Message, Refusal};
use crate::{Error, HEARTBEAT, Incident};
use agenda::Agenda;
use flights::Flights;
use losses::Ended;
use node::{Node, State};
use offset::{Placed, place};
use pipeline::drive::{Call, Executor, Fact};
use pipeline::kit::{Clock, NodeQueues, PreciseSleep, doze};
use pipeline::model::{Luggage, Stepped};
use pipeline::{Control, Failure, RunError, RunSetup, TimerUse};
use sched_core::{Span, Time};
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use work::{Work, send};

/// How long workers may take to be there when a run starts.
const START: Span = Span::from_secs(30);

/// Time between two looks for connections that are being made.
const CONNECTING: Span = Span::from_millis(5);

/// How long they may take to say what they have used when it ends.
const GOODBYE: Span = Span::from_millis(200);

/// Worker processes, one for each node. Its time starts when all are there.
#[derive(Debug)]
pub struct Cluster {
    clock: Clock,
    zero: Time, // of the run, by the clock
    begun: bool,
    launcher: Launcher,
    id: u64,         // by which workers know this driver from others
    work: Vec<Work>, // of each stage
    luggage: Option<Luggage>,
    nodes: Vec<Node>,
    mirror: NodeQueues<u32>,
    flights: Flights,
    agenda: Agenda,
    next_beat: Time,
    incidents: Vec<Incident>,
    processes: Arc<Vec<AtomicU32>>,
    lost: Vec<Fact>,   // calls that were assigned to a node that is down
    ready: Vec<usize>, // nodes whose socket has news
    starting: Vec<u32>,
    _precise: PreciseSleep,
}

/// Where workers come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Launcher {
    /// Processes of this host, started for the run and ended with it.
    Process(Program),
    /// Workers that others have started.
    Static(Remote),
    /// Workers that Ray starts, one on each of its nodes, and keeps up.
    Ray(Ray),
}

impl Cluster {
    /// Gets a worker for each node of the setup, and waits until all are there. The calling thread is the one
    /// that will run the loop.
    ///
    /// # Errors
    /// When a worker cannot be started or reached, or does not say hello; when there are fewer than nodes; and
    /// when a stage runs code of its own.
    pub fn start(setup: &RunSetup, launcher: &Launcher) -> Result<Cluster, Error> {
        Cluster::start_unless(setup, launcher, &Control::new())
    }

    /// The same; when the run is to stop, it waits for nobody any more.
    pub(crate) fn start_unless(
        setup: &RunSetup,
        launcher: &Launcher,
        control: &Control,
    ) -> Result<Cluster, Error> {
        let spec = &setup.cluster.spec;
        let work = work::of_stages(&setup.workload.stages)?;
        let luggage = Luggage::new(setup.steps.as_ref(), &setup.workload.stages);
        let steps = luggage.is_some().then_some(setup.steps.as_ref()).flatten();
        let steps = steps.map(|steps| steps.setup());
        let speeds = setup.cluster.node_speeds();
        let nodes = spec
            .nodes()
            .zip(speeds)
            .map(|(id, speed)| Node::new(id, spec.capacity(id), speed, steps.clone()));
        let nodes: Vec<Node> = nodes.collect();
        if let Launcher::Static(Remote { workers, .. }) = launcher
            && workers.len() < nodes.len()
        {
            return Err(Error::TooFew { needed: nodes.len(), known: workers.len() });
        }
        if let Launcher::Ray(ray) = launcher {
            let slots = spec.nodes().map(|id| spec.capacity(id).whole_slots());
            ray.workers(&slots.collect::<Vec<_>>(), control)?;
        }
        let mut cluster = Cluster {
            clock: Clock::start(),
            zero: Time::ZERO,
            begun: false,
            launcher: launcher.clone(),
            id: RandomState::new().hash_one(std::process::id()),
            work,
            luggage,
            agenda: Agenda::new(&setup.faults, nodes.len(), setup.seed),
            nodes,
            mirror: NodeQueues::new(spec),
            flights: Flights::default(),
            next_beat: Time::ZERO + HEARTBEAT,
            incidents: Vec::new(),
            processes: Arc::default(),
            lost: Vec::new(),
            ready: Vec::new(),
            starting: Vec::new(),
            _precise: PreciseSleep::on_this_thread(),
        };
        cluster.bring_up(control)?;
        Ok(cluster)
    }

    /// What went wrong with nodes and was not a fault of the setup.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// The process of each node, as it was started last; 0 where others have started it. May be looked at
    /// while the run goes on.
    pub fn processes(&self) -> Arc<Vec<AtomicU32>> {
        Arc::clone(&self.processes)
    }

    /// Ends the workers, whatever still runs on them, and says what precise timing has cost: the CPU time of
    /// the threads that own their timers, together.
    pub fn stop(mut self) -> Option<TimerUse> {
        self.begun = false; // whatever is lost from now on stays so
        for node in self.nodes.iter_mut().filter(|node| node.is_up()) {
            node.send(&Message::Bye);
            node.flush();
        }
        let until = self.present() + GOODBYE;
        let told = |node: &Node| !node.is_up() || node.used.is_some();
        while !self.nodes.iter().all(told) && self.present() < until {
            self.round(Some(until), &mut Vec::new()).ok()?;
        }
        let used: Vec<_> = self.nodes.iter().filter_map(|node| node.used).collect();
        let wall = used.iter().map(|(_, wall)| *wall).max()?;
        let cpu = used.iter().try_fold(Span::ZERO, |sum, (cpu, _)| Some(sum + (*cpu)?));
        Some(TimerUse { cpu, wall })
    }

    fn bring_up(&mut self, control: &Control) -> Result<(), Error> {
        let start = self.present();
        self.processes = Arc::new(self.nodes.iter().map(|_| AtomicU32::new(0)).collect());
        for at in 0..self.nodes.len() {
            self.launch_node(at, start)?;
        }
        let until = start + START;
        let mut again = BTreeMap::new(); // when which lost worker is to be launched again
        while !control.stopped()
            && let Some(node) = self.nodes.iter().find(|node| !node.is_up())
        {
            let (id, now) = (node.id, self.present());
            if now >= until {
                let why = format!("it did not answer within {START}; is the machine overloaded?");
                return Err(Error::NotThere { node: id, why });
            }
            self.bring_back(&mut again, now)?;
            let next = again.values().min().map_or(until, |&at| until.min(at));
            self.round(Some(next), &mut Vec::new())?;
        }
        self.zero = self.present();
        // What has befallen workers so far did so before the run's clock began.
        self.incidents.iter_mut().for_each(|incident| incident.at = Time::ZERO);
        self.nodes.iter_mut().for_each(|node| node.begin(self.zero));
        self.next_beat = Time::ZERO + HEARTBEAT;
        self.begun = true;
        Ok(())
    }

    fn launch_node(&mut self, at: usize, now: Time) -> Result<(), Error> {
        self.nodes[at].launch(&self.launcher, self.id, now)?;
        let process = self.nodes[at].process_id().unwrap_or(0);
        self.processes[at].store(process, Ordering::Relaxed);
        Ok(())
    }

    fn present(&self) -> Time {
        Time::ZERO + self.clock.now().since(self.zero)
    }

    /// Waits for news until `deadline`, for a heartbeat or a fault at most, and takes note of it.
    fn round(&mut self, deadline: Option<Time>, facts: &mut Vec<Fact>) -> Result<Time, Error> {
        let mut wake = self.next_beat;
        wake = deadline.map_or(wake, |at| at.min(wake));
        wake = self.agenda.next().filter(|_| self.begun).map_or(wake, |at| at.min(wake));
        let left = wake.since(self.present());
        let connecting = self.nodes.iter().any(|node| node.state == State::Connecting);
        let left = if connecting { left.min(CONNECTING) } else { left };
        let timeout = if facts.is_empty() { doze(left).unwrap_or(left) } else { Span::ZERO };
        let mut ready = std::mem::take(&mut self.ready);
        sockets::wait(&mut self.nodes, timeout, &mut ready)?;
        let mut closed = Vec::new();
        ready.retain(|&at| match self.nodes[at].link.as_mut().map(Link::fill) {
            Some(Filled::Some) => true,
            Some(Filled::Closed) => {
                closed.push(at);
                false
            }
            _ => false,
        });
        let now = self.present();
        for &at in &ready {
            self.nodes[at].heard();
            if let Err(ended) = self.hear(at, now, facts) {
                self.incident(at, now, ended, facts);
            }
        }
        self.ready = ready;
        for at in closed {
            self.incident(at, now, Ended { what: String::new(), refused: None }, facts);
        }
        for at in 0..if connecting { self.nodes.len() } else { 0 } {
            if let Err(what) = self.nodes[at].look_for_connection(now) {
                self.incident(at, now, Ended { what, refused: None }, facts);
            }
        }
        while self.begun
            && let Some(happening) = self.agenda.take(now)
        {
            self.happen(happening, now, facts);
        }
        self.require_hope()?;
        if self.next_beat <= now {
            self.beat(now, facts);
            if let Launcher::Ray(ray) = &self.launcher
                && let Some(why) = ray.is_gone()
            {
                return Err(Error::Ray(why)); // it keeps the workers up, and they end with it
            }
        }
        Ok(now)
    }

    /// Takes note of what a worker says.
    fn hear(&mut self, at: usize, now: Time, facts: &mut Vec<Fact>) -> Result<(), Ended> {
        loop {
            let node = &mut self.nodes[at];
            let message = match node.link.as_mut().map(Link::next) {
                Some(Ok(Some(message))) => message,
                Some(Err(error)) => return Err(ended((&error).into(), &error.to_string())),
                _ => return Ok(()),
            };
            match message {
                Message::Left { ticket, data } if node.is_up() && node.left.is_none() => {
                    node.left = Some((ticket, data));
                }
                Message::Answer(answer) if node.is_up() => {
                    let known = self.flights.answered(answer.ticket, node.id);
                    let flight = known.ok_or_else(|| {
                        ended(Refusal::Replayed, "an answer to a call that it does not run")
                    })?;
                    let left = node.left.take();
                    if left.as_ref().is_some_and(|(ticket, _)| *ticket != answer.ticket) {
                        return Err(ended(
                            Refusal::Replayed,
                            "what a step left, and another's answer",
                        ));
                    }
                    self.finish(at, flight, answer, left.map(|(_, data)| data), (now, facts));
                }
                Message::Pong { nonce, clock } => {
                    if node.pong(nonce, clock, now) && self.begun {
                        facts.push(Fact::NodeUp(node.id));
                    }
                }
                Message::Welcome { window } if node.state == State::Greeting => {
                    node.welcome(window, now);
                }
                Message::Used { cpu, wall } => node.used = Some((cpu, wall)),
                Message::Refused(why) => {
                    let what = format!("it refuses this driver: {why}");
                    return Err(Ended { what, refused: None });
                }
                _ => return Err(ended(Refusal::Malformed, "what a worker does not send now")),
            }
        }
    }

    fn finish(
        &mut self,
        at: usize,
        flight: u32,
        answer: Answer,
        left: Option<Vec<u8>>,
        (now, facts): (Time, &mut Vec<Fact>),
    ) {
        let node = &mut self.nodes[at];
        let done = self.flights.remove(flight);
        let (key, assigned) = (done.call.key, done.call.assigned);
        let instants = (assigned, done.sent.unwrap_or(assigned), now);
        let Placed { arrived, started, ended } = place(node.offset, instants, &answer);
        let mut failure = answer.failure.map(String::from);
        if let (Some(luggage), Some(data)) = (&self.luggage, left) {
            failure = luggage.ended(key.task, Stepped { data, failure });
        }
        let failure = failure.map(|why| Box::new(Failure::Failed(why)));
        let (node_id, at) = (node.id, now);
        facts.push(Fact::Finished { key, node: node_id, arrived, started, ended, at, failure });
        node.proved();
        node.outstanding -= 1;
        if let Some(next) = node.held.pop_front() {
            send(node, &mut self.flights, (&self.work, self.luggage.as_ref()), next, now);
            node.flush();
        }
        self.mirror.leave(node_id, done.call.demand, &mut self.starting);
        for started in self.starting.drain(..) {
            self.flights.get_mut(started).started = true;
        }
    }
}

fn ended(refusal: Refusal, what: &str) -> Ended {
    Ended { what: format!("it was ended, because it sent {what}"), refused: Some(refusal) }
}

impl Executor for Cluster {
    const DECISION_SAMPLING: u64 = 1;

    fn now(&mut self) -> Time {
        self.present()
    }

    fn send(&mut self, call: Call) {
        let node = &mut self.nodes[call.node.index()];
        if !node.is_up() {
            let (key, node) = (call.key, call.node);
            self.lost.push(Fact::Lost { key, node, started: false });
            return;
        }
        let at = self.flights.insert(call);
        if self.mirror.arrive(call.node, call.demand, at).is_some() {
            self.flights.get_mut(at).started = true;
        }
        if node.outstanding < node.window && node.held.is_empty() {
            let what = (&self.work[..], self.luggage.as_ref());
            send(node, &mut self.flights, what, at, call.assigned);
        } else {
            node.held.push_back(at);
        }
    }

    fn flush(&mut self) {
        self.nodes.iter_mut().for_each(Node::flush);
    }

    fn wait(&mut self, deadline: Option<Time>, facts: &mut Vec<Fact>) -> Result<Time, RunError> {
        facts.append(&mut self.lost);
        self.round(deadline, facts).map_err(|error| RunError::Executor(Box::new(error)))
    }

    fn expects_facts(&self) -> bool {
        !self.lost.is_empty()
            || self.agenda.next().is_some()
            || self.nodes.iter().any(Node::is_coming)
    }
}
