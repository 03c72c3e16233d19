//! Placing and finishing from several threads at once: the handle, and what it is to be compared with.
//!
//! Every thread keeps a few calls on the nodes and finishes its oldest for each new one, so that a
//! finish meets the node's line where another thread may have taken it. Half of the slots are
//! busy. `raw` is the least that two choices can cost: counts that know no limit and no churn.

use crate::SLOTS;
use rustix::thread::CpuSet;
use sched_core::rng::Rng;
use sched_core::{
    ClusterSpec, Decision, Event, NodeId, PolicySpec, Registry, Resources, Scheduler, Task, TaskId,
    Time,
};
use sched_shared::{Call, Shared, Ticket};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Calls that a thread has on the nodes, and at most an eighth of the slots: two threads find room.
const IN_FLIGHT: usize = 64;

/// Something that many threads use.
pub trait Host: Sync {
    /// What a placed call is remembered by.
    type Held: Send;
    /// Places a call. `rng` is the thread's own.
    fn place(&self, rng: &mut Rng) -> Self::Held;
    /// Finishes one.
    fn done(&self, held: Self::Held);
}

/// So many cycles on each of so many threads, each with so many calls in flight; the time from the start of all to the end of the last.
pub fn run<H: Host>(host: &H, in_flight: usize, threads: usize, cycles: u64) -> Duration {
    let arrived = AtomicUsize::new(0);
    let work = &|thread: usize| {
        pin(thread);
        let mut rng = Rng::new(thread as u64);
        let mut held: VecDeque<_> = (0..in_flight).map(|_| host.place(&mut rng)).collect();
        // Spinning, not sleeping: who wakes up late would have the cores for itself.
        arrived.fetch_add(1, Ordering::SeqCst);
        while arrived.load(Ordering::SeqCst) < threads {
            std::hint::spin_loop();
        }
        let begin = now();
        for _ in 0..cycles {
            held.push_back(host.place(&mut rng));
            held.pop_front().into_iter().for_each(|oldest| host.done(oldest));
        }
        let end = now();
        held.into_iter().for_each(|last| host.done(last));
        (begin, end)
    };
    thread::scope(|scope| {
        let threads = (0..threads).map(|thread| scope.spawn(move || work(thread)));
        let threads: Vec<_> = threads.collect();
        let times = threads.into_iter().map(|thread| thread.join().expect("no thread panics"));
        let times: Vec<_> = times.collect();
        let begin = times.iter().map(|(begin, _)| *begin).min().unwrap_or_else(now);
        let end = times.iter().map(|(_, end)| *end).max().unwrap_or(begin);
        end.duration_since(begin)
    })
}

/// Each thread on a core of its own, as far as there are any: else a busy machine runs one after the other.
fn pin(thread: usize) {
    if let Ok(mut cores) = rustix::thread::sched_getaffinity(None) {
        let all: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| cores.is_set(core)).collect();
        cores.clear();
        cores.set(all[thread % all.len()]);
        // A system that refuses measures unpinned.
        let _ = rustix::thread::sched_setaffinity(None, &cores);
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures")]
fn now() -> Instant {
    Instant::now()
}

/// The handle of a policy.
pub struct Handle(Shared);

impl Handle {
    /// Bound late, half of the slots busy.
    pub fn half_full(policy: &str, nodes: u32) -> Handle {
        let policy = PolicySpec::named(policy).with("bind", "late");
        let policy = Registry::builtin().resolve(&policy).expect("a built-in policy");
        let shared = Shared::new(&policy, &cluster(nodes), 42);
        for _ in 0..nodes * SLOTS / 2 {
            let _: Ticket = shared.try_place(&Call::slot()).expect("half is free").into_ticket();
        }
        Handle(shared)
    }
}

impl Host for Handle {
    type Held = Ticket;

    #[inline]
    fn place(&self, _: &mut Rng) -> Ticket {
        self.0.try_place(&Call::slot()).expect("half is free").into_ticket()
    }

    #[inline]
    fn done(&self, held: Ticket) {
        self.0.done(held);
    }
}

/// Two choices over counts on cache lines of their own, and nothing else.
pub struct Raw(Vec<Count>);

#[repr(align(128))]
struct Count(AtomicU64);

impl Raw {
    /// Half of the slots busy, which nothing here asks for.
    pub fn half_full(nodes: u32) -> Raw {
        Raw((0..nodes).map(|_| Count(AtomicU64::new(u64::from(SLOTS / 2)))).collect())
    }
}

impl Host for Raw {
    type Held = usize;

    #[inline]
    fn place(&self, rng: &mut Rng) -> usize {
        let mut draw = || rng.below(self.0.len() as u64) as usize;
        let (first, second) = (draw(), draw());
        let load = |node: usize| self.0[node].0.load(Ordering::Relaxed);
        let node = if load(second) < load(first) { second } else { first };
        self.0[node].0.fetch_add(1, Ordering::Relaxed);
        node
    }

    #[inline]
    fn done(&self, held: usize) {
        self.0[held].0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A scheduler in a mutex, as a host would write it first.
pub struct Locked(Mutex<Inner>);

struct Inner {
    scheduler: Box<dyn Scheduler>,
    decisions: Vec<Decision>,
    calls: u64,
}

impl Locked {
    /// Bound late, half of the slots busy.
    pub fn half_full(policy: &str, nodes: u32) -> Locked {
        let policy = PolicySpec::named(policy).with("bind", "late");
        let policy = Registry::builtin().resolve(&policy).expect("a built-in policy");
        let scheduler = policy.build(&cluster(nodes), 42);
        let locked = Locked(Mutex::new(Inner { scheduler, decisions: Vec::new(), calls: 0 }));
        for _ in 0..nodes * SLOTS / 2 {
            locked.place(&mut Rng::new(0));
        }
        locked
    }
}

impl Host for Locked {
    type Held = (TaskId, NodeId);

    #[inline]
    fn place(&self, _: &mut Rng) -> (TaskId, NodeId) {
        let mut inner = self.0.lock().expect("no thread panics");
        let Inner { scheduler, decisions, calls } = &mut *inner;
        let id = TaskId { index: *calls, stage: 0 };
        *calls += 1;
        let task = Task::new(id, Time::ZERO, Resources::milli_cpu(1000));
        scheduler.on_event(Time::ZERO, Event::Submit(task));
        scheduler.poll(Time::ZERO, decisions);
        let placed = decisions.drain(..).find_map(|decision| match decision {
            Decision::Assign { task, node } => Some((task, node)),
            _ => None,
        });
        placed.expect("half is free")
    }

    #[inline]
    fn done(&self, (task, node): (TaskId, NodeId)) {
        let mut inner = self.0.lock().expect("no thread panics");
        let Inner { scheduler, decisions, .. } = &mut *inner;
        scheduler.on_event(Time::ZERO, Event::Finished { task, node });
        scheduler.poll(Time::ZERO, decisions);
        decisions.clear();
    }
}

fn cluster(nodes: u32) -> ClusterSpec {
    ClusterSpec::uniform(nodes, SLOTS).expect("a cluster")
}

/// What [`rows`] hands out: so many cycles on so many threads.
pub type Run = Box<dyn Fn(usize, u64) -> Duration>;

/// Everything to be measured on so many nodes, by name, baselines before what they are for.
pub fn rows(nodes: u32) -> Vec<(&'static str, Run)> {
    fn row<H: Host + 'static>(host: H, in_flight: usize) -> Run {
        Box::new(move |threads, cycles| run(&host, in_flight, threads, cycles))
    }
    let in_flight = IN_FLIGHT.min((nodes * SLOTS / 8) as usize);
    vec![
        ("raw two choices", row(Raw::half_full(nodes), in_flight)),
        ("power_of_two", row(Handle::half_full("power_of_two", nodes), in_flight)),
        ("random", row(Handle::half_full("random", nodes), in_flight)),
        ("round_robin", row(Handle::half_full("round_robin", nodes), in_flight)),
        ("spread in a mutex", row(Locked::half_full("load_aware_spread", nodes), in_flight)),
        ("load_aware_spread", row(Handle::half_full("load_aware_spread", nodes), in_flight)),
    ]
}
