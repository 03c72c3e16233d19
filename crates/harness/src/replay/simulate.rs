//! Two policies in virtual time, on the load of a log.
//!
//! The recorded policy is simulated as well, not only the other: the gap between what was observed
//! and what its simulation says is the error of the method, and a difference between the two
//! policies that is smaller than that says nothing.

use super::load::Load;
use super::text::in_full;
use metrics::{Distribution, Nanos};
use pipeline::{CallTimes, Control, Failure, Observer, TaskEnd, run_sim};
use sched_core::{Checked, ResolvedPolicy, Span, StaleView};

/// How tasks fared.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    /// First submit to last finish, of those that succeeded.
    pub(super) latency: Distribution,
    /// Of that, what was not service.
    pub(super) wait: Distribution,
    /// Tasks that failed.
    pub(super) failed: u64,
}

/// What was observed, and what was simulated.
#[derive(Clone, Debug)]
pub(super) struct Simulated {
    /// Column and content, the observed one first.
    pub(super) columns: Vec<(String, Figures)>,
    /// Items that the log does not show to their end.
    pub(super) left_out: u64,
    /// Whether nodes were lost, came or drained.
    pub(super) churn: bool,
}

impl Figures {
    /// From latencies and waits.
    pub(super) fn of(tasks: impl Iterator<Item = (Span, Span)>) -> Figures {
        let mut figures = Figures::default();
        tasks.for_each(|(latency, wait)| figures.add(latency, wait));
        figures
    }

    fn add(&mut self, latency: Span, wait: Span) {
        self.latency.record(Nanos::new(latency.as_nanos()));
        self.wait.record(Nanos::new(wait.as_nanos()));
    }
}

impl Observer for Figures {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        let execution = task.calls.iter().map(CallTimes::execution);
        let execution = execution.fold(Span::ZERO, |sum, span| sum + span);
        let latency = task.finish.since(task.intended);
        self.add(latency, latency - execution);
    }

    fn task_failed(&mut self, _: &TaskEnd<'_>, _: &Failure) {
        self.failed += 1;
    }
}

/// Simulates the recorded policy, if it is known, and the other.
///
/// # Errors
/// Why the load cannot be simulated, in words.
pub(super) fn simulate(
    load: &Load,
    recorded: Option<&ResolvedPolicy>,
    other: &ResolvedPolicy,
) -> Result<Simulated, String> {
    let mut columns = vec![("observed".to_owned(), load.observed.clone())];
    let alike = recorded.is_some_and(|it| (it.name(), it.bind()) == (other.name(), other.bind()));
    for policy in recorded.into_iter().chain([other]) {
        let name = match alike {
            true => in_full(&policy.to_spec()),
            false => format!("{}, {}", policy.name(), policy.bind()),
        };
        columns.push((name, run(load, policy)?));
    }
    let churn = !load.setup.faults.is_none();
    Ok(Simulated { columns, left_out: load.left_out, churn })
}

fn run(load: &Load, policy: &ResolvedPolicy) -> Result<Figures, String> {
    let setup = &load.setup;
    let spec = &setup.cluster.spec;
    // A registry may hold policies that nobody has proved.
    let checked = Checked::new(spec, policy.bind(), policy.build(spec, setup.seed));
    let mut scheduler = StaleView::over(Box::new(checked), load.view);
    let mut figures = Figures::default();
    run_sim(setup, &mut *scheduler, &mut figures, &Control::new())
        .map_err(|error| format!("under `{}`: {error}", policy.name()))?;
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::super::load::load;
    use super::*;
    use flight::{Header, Log, Recorder};
    use pipeline::model::{
        Arrivals, ClusterSetup, Fault, FaultKind, Faults, Operator, Priorities, ServiceLaw, Stage,
        Workload,
    };
    use pipeline::{RunSetup, run_local};
    use sched_core::{
        Bind, ClusterSpec, Group, GroupSet, Level, NodeId, Registry, Resources, Time, View,
    };
    use std::path::Path;

    fn setup() -> RunSetup {
        let groups = vec![Group::of_slots("a", 3, 2), Group::of_slots("b", 2, 4)];
        let cluster = ClusterSetup::of_equal_speed(ClusterSpec::new(groups).unwrap());
        let stage = |name: &str, mean, milli, on| Stage {
            name: name.into(),
            service: ServiceLaw::Exponential { mean: Span::from_millis(mean) },
            demand: Resources::milli_cpu(milli),
            on,
            operator: Operator::Emulate,
        };
        let workload = Workload {
            tasks: 2_000,
            warmup: 0,
            arrivals: Arrivals::Poisson { rate: 350.0 },
            priorities: Priorities(vec![(Level::default(), 0.7), (Level::MAX, 0.3)]),
            stages: vec![
                stage("first", 10, 1_000, GroupSet::ALL),
                stage("wide", 7, 2_000, GroupSet::ALL),
                stage("last", 3, 500, GroupSet::only(1)),
            ],
        };
        let fault = |ms, node, kind| Fault {
            at: Time::ZERO + Span::from_millis(ms),
            node: NodeId(node),
            kind,
        };
        let scheduled = vec![
            fault(500, 0, FaultKind::Kill),
            fault(900, 4, FaultKind::Drain),
            fault(1_500, 0, FaultKind::Restart),
            fault(2_000, 4, FaultKind::Restart),
        ];
        let faults = Faults { scheduled, spontaneous: None };
        RunSetup { faults, ..RunSetup::new(cluster, workload, 5) }
    }

    fn recorded(
        setup: &RunSetup,
        policy: &ResolvedPolicy,
        view: Option<View>,
    ) -> (Vec<u8>, Figures) {
        let spec = &setup.cluster.spec;
        let header = Header::of(policy, spec, setup.seed, "").with_view(view);
        let mut bytes = Vec::new();
        let inner = StaleView::over(policy.build(spec, setup.seed), view);
        let mut recorder = Recorder::new(inner, &mut bytes, &header).unwrap();
        let mut figures = Figures::default();
        run_sim(setup, &mut recorder, &mut figures, &Control::new()).unwrap();
        recorder.finish().1.unwrap();
        (bytes, figures)
    }

    fn same(a: &Figures, b: &Figures) -> bool {
        let of = |figures: &Figures| {
            [&figures.latency, &figures.wait]
                .map(|it| (it.count(), it.sum_ns(), it.max(), it.quantiles([100, 500, 990])))
        };
        of(a) == of(b) && a.failed == b.failed
    }

    /// A run in virtual time is known to the nanosecond: simulated from its log, each task fares as it
    /// did, under every policy and with nodes that come and go.
    #[test]
    fn a_simulated_run_is_simulated_again_to_the_nanosecond() {
        let registry = Registry::builtin();
        let (setup, path) = (setup(), Path::new("a.flight"));
        let mut different = 0;
        let views =
            [None, View::new(Span::from_millis(70), true), View::new(Span::from_millis(7), false)];
        for (name, view) in
            registry.names().into_iter().flat_map(|name| views.map(|view| (name, view)))
        {
            let policy = registry.resolve(&sched_core::PolicySpec::named(name)).unwrap();
            for policy in [policy.clone().with_bind(Bind::Late), policy.with_bind(Bind::Early)] {
                let (bytes, truth) = recorded(&setup, &policy, view);
                assert_eq!((truth.latency.count(), truth.failed), (2_000, 0));
                let load = load(Log::open(&bytes[..]).unwrap(), path).unwrap().unwrap();
                assert!(same(&load.observed, &truth), "{name}: observed");
                assert_eq!(load.left_out, 0);
                let other = registry.resolve(&sched_core::PolicySpec::named("random")).unwrap();
                let result = simulate(&load, Some(&policy), &other).unwrap();
                assert!(same(&result.columns[1].1, &truth), "{name}, {}", policy.bind());
                // The other policy meets the same load: as good as if it had been recorded itself.
                let (_, other_truth) = recorded(&setup, &other, view);
                assert!(same(&result.columns[2].1, &other_truth), "{name}: other");
                different += u32::from(!same(&truth, &other_truth));
            }
        }
        assert!(different >= 3 * 13, "all policies fare alike: the comparison cannot fail");
    }

    /// Real time is not repeatable, its log is.
    #[test]
    fn a_run_in_real_time_replays() {
        let registry = Registry::builtin();
        let RunSetup { cluster, workload, .. } = setup();
        let setup = RunSetup::new(cluster, Workload { tasks: 60, ..workload }, 5);
        for name in registry.names() {
            let policy = registry.resolve(&sched_core::PolicySpec::named(name)).unwrap();
            let spec = &setup.cluster.spec;
            let mut bytes = Vec::new();
            let header = Header::of(&policy, spec, 3, "");
            let mut recorder = Recorder::new(policy.build(spec, 3), &mut bytes, &header).unwrap();
            let mut figures = Figures::default();
            run_local(&setup, &mut recorder, &mut figures, &Control::new()).unwrap();
            assert_eq!(recorder.finish().1.unwrap().decisions, 180);
            let mut log = Log::open(&bytes[..]).unwrap();
            let replayed = flight::replay(&mut log, &mut policy.build(spec, 3)).unwrap();
            assert_eq!((replayed.difference, replayed.decisions), (None, 180), "{name}");
            let load = load(Log::open(&bytes[..]).unwrap(), Path::new("a.flight")).unwrap();
            let result = simulate(&load.unwrap(), Some(&policy), &policy).unwrap();
            assert!(result.columns.iter().all(|(_, figures)| figures.latency.count() == 60));
        }
    }

    #[test]
    fn a_log_that_is_cut_leaves_out_what_it_does_not_show() {
        let registry = Registry::builtin();
        let policy = registry.resolve(&sched_core::PolicySpec::named("fifo")).unwrap();
        let (bytes, _) = recorded(&setup(), &policy, None);
        let half = Log::open(&bytes[..bytes.len() / 2]).unwrap();
        let load = load(half, Path::new("a.flight")).unwrap().unwrap();
        let items = load.observed.latency.count();
        assert!((800..1_200).contains(&items), "{items}");
        assert!((1..100).contains(&load.left_out), "{}", load.left_out);
        let result = simulate(&load, None, &policy).unwrap();
        assert_eq!(result.columns[1].1.latency.count(), items);
    }

    /// Damage that the reader cannot see leads to a load, or to a reason, and never further.
    #[test]
    fn made_up_logs_do_no_harm() {
        use super::super::text;
        let registry = Registry::builtin();
        let policy = registry.resolve(&sched_core::PolicySpec::named("round_robin")).unwrap();
        let small = RunSetup { workload: Workload { tasks: 40, ..setup().workload }, ..setup() };
        let (sound, _) = recorded(&small, &policy, None);
        let head = (0..sound.len()).find(|&cut| Log::open(&sound[..cut]).is_ok()).unwrap();
        let mut rng = sched_core::rng::Rng::new(3);
        let (mut simulated, mut refused) = (0, 0);
        for _ in 0..500 {
            // Without the end and its checksum, and with some bytes changed.
            let mut bytes = sound[..sound.len() - 7].to_vec();
            for _ in 0..=rng.below(3) {
                let at = head + rng.below((bytes.len() - head) as u64) as usize;
                bytes[at] = [0, 0xFF, rng.next_u64() as u8][rng.below(3) as usize];
            }
            let Ok(load) = load(Log::open(&bytes[..]).unwrap(), Path::new("a.flight")) else {
                continue;
            };
            match load.and_then(|load| simulate(&load, Some(&policy), &policy)) {
                Ok(result) => {
                    simulated += 1;
                    assert!(text::simulation(&result).contains("mean wait"));
                }
                Err(_) => refused += 1,
            }
            let mut log = Log::open(&bytes[..]).unwrap();
            let mut other = policy.build(&small.cluster.spec, 1);
            if let Ok(told) = flight::compare(&mut log, &mut other, 5) {
                assert!(
                    text::comparison(&told, log.header(), &policy)
                        .contains("told the recorded facts")
                );
            }
        }
        assert!(simulated > 50 && refused > 20, "{simulated} simulated, {refused} refused");
    }

    #[track_caller]
    fn refused(change: impl Fn(&mut sched_core::Task), why: &str) {
        use sched_core::{Decision, Event, Scheduler, Task, TaskId};
        let policy = Registry::builtin().resolve(&sched_core::PolicySpec::named("fifo")).unwrap();
        let spec = ClusterSpec::uniform(4, 4).unwrap();
        let mut bytes = Vec::new();
        let header = Header::of(&policy, &spec, 1, "");
        let mut recorder = Recorder::new(policy.build(&spec, 1), &mut bytes, &header).unwrap();
        for (number, ms) in [(0, 0), (1, 10), (2, 20), (3, 30)] {
            let (now, end) = (Span::from_millis(ms), Span::from_millis(ms + 5));
            let id = TaskId { index: number / 2, stage: (number % 2) as u32 };
            let mut task = Task::new(id, Time::ZERO + now, Resources::milli_cpu(1_000));
            change(&mut task);
            recorder.on_event(Time::ZERO + now, Event::Submit(task));
            let mut decisions = Vec::new();
            recorder.poll(Time::ZERO + now, &mut decisions);
            let Some(Decision::Assign { task, node }) = decisions.pop() else { panic!() };
            recorder.on_event(Time::ZERO + end, Event::Finished { task, node });
        }
        recorder.finish().1.unwrap();
        let load = load(Log::open(&bytes[..]).unwrap(), Path::new("a.flight")).unwrap();
        let result = load.and_then(|load| simulate(&load, None, &policy));
        match result {
            Err(error) => assert!(!why.is_empty() && error.starts_with(why), "{error}"),
            Ok(_) => assert_eq!(why, ""),
        }
    }

    #[test]
    fn what_is_no_pipeline_is_refused_with_the_reason() {
        let milli = |task: &sched_core::Task| task.id.index as u32 * 4 + task.id.stage;
        refused(|_| (), "");
        refused(|task| task.demand = Resources::milli_cpu(1 + task.id.stage), "");
        refused(|task| task.demand = Resources::milli_cpu(1 + task.id.index as u32), "");
        refused(
            |task| task.demand = Resources::milli_cpu(1 + milli(task)),
            "demands differ both between items and between stages",
        );
        refused(
            |task| task.priority = Level::new(task.id.stage as u8).unwrap(),
            "the stages of one item differ in priority",
        );
        refused(
            |task| task.on = if task.id.index == 0 { GroupSet::ALL } else { GroupSet::only(0) },
            "calls of one stage may run on different groups",
        );
        refused(|task| task.submit = Time::ZERO, "call 1.1 was ready before stage 0");
        refused(|task| task.id.stage = 0, "an id was used again after its call had finished (0.0)");
        refused(|task| task.id.stage *= 5_000, "calls have stage numbers up to 5000");
        refused(|task| task.id.stage += 1, "no item passed all stages");
    }
}
