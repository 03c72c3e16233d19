//! An endless stream of urgent calls, and one that is not.
//!
//! One slot, calls of 100 ms, one urgent call more than it can serve every second. With
//! aging, a call overtakes the old one only if it was submitted less than nine levels of
//! aging after it, so the old one's turn comes; with strict levels it never does.

use sched_core::{
    ClusterSpec, Decision, Event, Level, PolicySpec, Registry, Resources, Scheduler, Span, Task,
    TaskId, Time,
};

const SERVICE: Span = Span::from_millis(100);
const OLD: TaskId = TaskId { index: 1 << 40, stage: 0 };

struct Outcome {
    placed_at: Option<Time>,
    /// The last submit among the urgent calls that went first.
    last_before: Time,
}

/// Serves `calls` urgent calls back to back while 11 a second arrive; `level` waits since time zero.
fn flood(aging: &str, bind: &str, level: u8, calls: u64) -> Outcome {
    let cluster = ClusterSpec::uniform(1, 1).unwrap();
    let spec = PolicySpec::named("priority").with("aging", aging).with("bind", bind);
    let mut scheduler = Registry::builtin().resolve(&spec).unwrap().build(&cluster, 0);
    let call = |id, submit, level| Task {
        priority: Level::new(level).unwrap(),
        ..Task::new(id, submit, Resources::milli_cpu(1000))
    };
    let mut outcome = Outcome { placed_at: None, last_before: Time::ZERO };
    let (mut now, mut submitted) = (Time::ZERO, 0);
    let mut running = None;
    for _ in 0..calls {
        if let Some((task, node)) = running.take() {
            scheduler.on_event(now, Event::Finished { task, node });
        }
        let due = |number: u64| Time::from_nanos(number * 1_000_000_000 / 11);
        while due(submitted) <= now {
            let id = TaskId { index: submitted, stage: 0 };
            scheduler.on_event(now, Event::Submit(call(id, due(submitted), 9)));
            submitted += 1;
        }
        if now == Time::ZERO {
            scheduler.on_event(now, Event::Submit(call(OLD, Time::ZERO, level)));
        }
        let mut out = Vec::new();
        scheduler.poll(now, &mut out);
        for decision in out {
            let Decision::Assign { task, node } = decision else { panic!("{decision}") };
            assert!(running.replace((task, node)).is_none(), "one slot, bound late");
            if task == OLD {
                outcome.placed_at = Some(now);
                return outcome;
            }
            outcome.last_before = outcome.last_before.max(due(task.index));
        }
        now = now + SERVICE;
    }
    outcome
}

#[test]
fn with_aging_every_call_is_placed() {
    for (aging, level) in [("1s", 0), ("1s", 4), ("250ms", 0), ("2s", 8)] {
        let outcome = flood(aging, "late", level, 10_000);
        let placed_at = outcome.placed_at.expect("the old call starved");
        let head_start = aging.parse::<Span>().unwrap().as_nanos() * u64::from(9 - level);
        // Ahead of it are exactly the urgent calls submitted before its levels are aged away …
        let last = outcome.last_before.as_nanos();
        assert!(last < head_start, "aging {aging}, level {level}: {last} went first");
        assert!(last + 1_000_000_000 / 11 + 1 >= head_start, "aging {aging}, level {level}");
        // … so its wait is their number times the service time, 10 % beyond its levels at
        // 11 calls a second, and one call more that was running.
        let most = Time::from_nanos(head_start / 10 * 11) + SERVICE + SERVICE;
        assert!(placed_at <= most, "aging {aging}, level {level}: placed at {placed_at}");
    }
}

#[test]
fn with_strict_levels_it_starves() {
    let outcome = flood("none", "late", 0, 10_000);
    assert_eq!(outcome.placed_at, None);
    assert!(outcome.last_before > Time::ZERO + Span::from_secs(800), "the stream did not flow");
}

#[test]
fn equal_levels_go_by_arrival() {
    for aging in ["1s", "none"] {
        let outcome = flood(aging, "late", 9, 100);
        // Both arrive at time zero; the stream's first call has the lower index.
        assert_eq!(outcome.placed_at, Some(Time::ZERO + SERVICE), "aging {aging}");
    }
}
