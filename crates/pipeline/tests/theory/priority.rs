//! Priority classes on one server that finishes what it has begun.

use crate::case::{Case, Measure, exponential, first_wait, level, policy};
use crate::formula::cobham;
use crate::suite::{holds, refuses};
use pipeline::model::{Priorities, ServiceLaw};
use sched_core::{PolicySpec, Span};

const LEVELS: [u8; 3] = [9, 5, 0]; // the most urgent first
const SHARES: [f64; 3] = [0.2, 0.3, 0.5];

/// Mean waits of each class by Cobham's formula, under `priority` with strict levels.
fn classes(name: &str, load: f64, law: ServiceLaw) -> Case {
    let theory = cobham(load, law.cv(), &SHARES);
    let mut case = Case::open(name, load, &[(1, 1, law)]);
    case.policy = policy(&PolicySpec::named("priority").with("aging", "none"));
    let levels = LEVELS.map(level);
    case.priorities = Priorities(levels.into_iter().zip(SHARES).collect());
    for (level, wait_of_class) in levels.into_iter().zip(theory) {
        let name = format!("mean wait of level {}", level.get());
        case.measures.push(Measure::some(name, wait_of_class, move |seen| {
            (seen.task.priority == level).then(|| first_wait(seen.task))
        }));
    }
    case
}

fn exponential_classes() -> Case {
    classes("M/M/1 with classes", 0.75, exponential(1.0))
}

#[test]
fn strict_levels() {
    holds(&exponential_classes());
    let law = ServiceLaw::Erlang { mean: Span::from_secs(1), k: 3 };
    holds(&classes("M/E3/1 with classes", 0.8, law));
}

#[test]
fn other_orders_are_refused() {
    let all = ["mean wait of level 9", "mean wait of level 5", "mean wait of level 0"];
    let fifo = exponential_classes().but("nobody is urgent", |case| {
        case.policy = policy(&PolicySpec::named("fifo"));
    });
    refuses(&fifo, &all);
    // A level counts for 2 s of waiting, which is less than many have waited.
    let aging = exponential_classes().but("they age", |case| {
        case.policy = policy(&PolicySpec::named("priority").with("aging", "2s"));
    });
    refuses(&aging, &all[..2]);
}
