//! Little's law: as many are in the system as arrive in the time that one stays.
//!
//! Numbers are counted where the scheduler stands, from what it is told and what it decides; times
//! are those that the observer is told. Neither side knows the other.

use crate::case::{Case, exponential, policy, seconds};
use crate::estimate::Batch;
use crate::formula::erlang_c;
use crate::servers::{LOAD, m_m_c};
use crate::suite::{BATCHES, Claim, Experiment, Size, WHOLE, each_seed, holds, refuses};
use pipeline::model::{Arrivals, ServiceLaw};
use pipeline::{CallTimes, Control, Failure, Observer, RunSetup, TaskEnd, run_sim};
use sched_core::{Decision, Event, GroupSet, PolicySpec, Scheduler, Span, Time};

/// Counts the calls that wait with a scheduler, and those that it has sent out.
struct Counting {
    inner: Box<dyn Scheduler>,
    now: Time,
    waiting: u64,
    bound: u64,
    window: Span,
    /// Call-nanoseconds waiting and bound, by window.
    areas: Vec<[u128; 2]>,
    finishes: u64,
    /// Does not see one finish in so many.
    blind: Option<u64>,
}

impl Counting {
    fn new(inner: Box<dyn Scheduler>, window: Span) -> Counting {
        let (now, areas) = (Time::ZERO, Vec::new());
        Counting { inner, now, waiting: 0, bound: 0, window, areas, finishes: 0, blind: None }
    }

    fn advance(&mut self, now: Time) {
        while self.now < now {
            let at = (self.now.as_nanos() / self.window.as_nanos()) as usize;
            let end = (at as u64 + 1).saturating_mul(self.window.as_nanos());
            let until = now.min(Time::from_nanos(end));
            let passed = u128::from(until.since(self.now).as_nanos());
            self.areas.resize(self.areas.len().max(at + 1), [0; 2]);
            self.areas[at][0] += passed * u128::from(self.waiting);
            self.areas[at][1] += passed * u128::from(self.bound);
            self.now = until;
        }
    }
}

impl Scheduler for Counting {
    fn on_event(&mut self, now: Time, event: Event) {
        self.advance(now);
        match event {
            Event::Submit(_) => self.waiting += 1,
            Event::Finished { .. } => {
                self.finishes += 1;
                let seen = self.blind.is_none_or(|one_in| !self.finishes.is_multiple_of(one_in));
                self.bound -= u64::from(seen);
            }
            _ => {}
        }
        self.inner.on_event(now, event);
    }

    fn poll(&mut self, now: Time, out: &mut Vec<Decision>) {
        self.advance(now);
        let before = out.len();
        self.inner.poll(now, out);
        let sent = (out.len() - before) as u64;
        self.waiting -= sent;
        self.bound += sent;
    }

    fn next_timeout(&self) -> Option<Time> {
        self.inner.next_timeout()
    }
}

/// Sums of the times that calls waited, and were bound, in ns.
#[derive(Default)]
struct Times([u128; 2]);

impl Observer for Times {
    fn task_succeeded(&mut self, _: &TaskEnd<'_>) {}

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        panic!("task {} failed: {failure}", task.index);
    }

    fn call_finished(&mut self, _: u32, call: &CallTimes) {
        self.0[0] += u128::from(call.scheduling().as_nanos());
        self.0[1] += u128::from((call.transfer() + call.queueing() + call.execution()).as_nanos());
    }
}

/// Areas under the numbers, and sums of the times.
fn both(setup: &RunSetup, policy: Box<dyn Scheduler>, blind: Option<u64>) -> [[u128; 2]; 2] {
    let mut counting = Counting { blind, ..Counting::new(policy, Span::MAX) };
    let mut times = Times::default();
    run_sim(setup, &mut counting, &mut times, &Control::new()).unwrap();
    [counting.areas.iter().fold([0; 2], |sum, it| [sum[0] + it[0], sum[1] + it[1]]), times.0]
}

/// From an empty system to an empty one, the area under the number of calls is the sum of their
/// times, for every system whatever (Little, Operations Research 9, 1961; in this exact form
/// Stidham, Operations Research 22, 1974). So it must hold to the nanosecond with mixed laws,
/// delays, a queue bound early and one bound late.
#[test]
fn areas_are_sums_of_times() {
    let mean = seconds(1.0);
    let laws = [
        (2, 2, ServiceLaw::Lognormal { mean, cv: 1.5 }),
        (3, 1, ServiceLaw::Hyperexponential { mean, cv: 2.0 }),
        (1, 4, ServiceLaw::Pareto { mean, alpha: 2.5 }),
    ];
    for name in ["priority", "power_of_two", "load_aware_spread"] {
        let mut case = Case::open("mixed", 2.0, &laws);
        case.warmup = 0;
        case.stages[1].on = GroupSet::ALL;
        case.policy = policy(&PolicySpec::named(name));
        let run = |seed, blind| {
            let mut setup = case.setup(seed, WHOLE.tasks);
            setup.cluster.network = exponential(0.1);
            both(&setup, (case.policy)(&case.cluster, seed), blind)
        };
        for [areas, times] in each_seed(1..=2, |seed| run(seed, None)) {
            assert_eq!(areas, times, "{name}");
            assert!(times[0] > 0 || name != "priority", "nothing waited for the scheduler");
            assert!(times[1] > 0);
        }
        if name == "priority" {
            // One finish that goes unseen: the last but a few.
            let [areas, times] = run(1, Some(3 * WHOLE.tasks - 10));
            assert_eq!(areas[0], times[0]);
            assert!(areas[1] > times[1], "a finish was not missed");
        }
    }
}

/// The mean numbers in an M/M/16 queue over windows of time: λ × the wait of Erlang's formula are
/// waiting, and λ × the service time are being served.
struct InTime {
    title: &'static str,
    case: Case,
    rate: f64,
}

impl InTime {
    fn new(title: &'static str) -> InTime {
        let case = m_m_c(4, 4, LOAD);
        let Arrivals::Poisson { rate } = case.arrivals else { panic!("not Poisson") };
        InTime { title, case, rate }
    }
}

impl Experiment for InTime {
    fn title(&self) -> &str {
        self.title
    }

    fn claims(&self) -> Vec<Claim> {
        let wait = erlang_c(16, self.rate) / (16.0 - self.rate);
        let claim = |name: &str, theory| Claim { name: name.into(), theory };
        vec![claim("number waiting", self.rate * wait), claim("number served", self.rate)]
    }

    fn batches(&self, seed: u64, size: Size) -> Vec<Vec<Batch>> {
        let setup = self.case.setup(seed, size.tasks.max(self.case.least));
        // Short enough that the windows after the first end before the last arrival.
        let window = seconds(setup.workload.tasks as f64 / self.rate / (BATCHES as f64 + 2.0));
        let mut counting = Counting::new((self.case.policy)(&self.case.cluster, seed), window);
        run_sim(&setup, &mut counting, &mut Times::default(), &Control::new()).unwrap();
        let windows = &counting.areas[1..=BATCHES as usize];
        let mean = |area: u128| area as f64 / window.as_nanos() as f64;
        let batch = |area| Batch { total: mean(area), weight: 1.0 };
        (0..2).map(|at| windows.iter().map(|it| batch(it[at])).collect()).collect()
    }
}

#[test]
fn numbers_are_rates_times_times() {
    holds(&InTime::new("numbers in M/M/16"));
    let mut more = InTime::new("numbers in M/M/16 but more arrive");
    more.case.arrivals = Arrivals::Poisson { rate: more.rate * 1.04 };
    refuses(&more, &["number waiting", "number served"]);
}
