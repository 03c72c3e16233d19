//! Closed networks: a number of tasks goes round, each starting anew when it ends.

use crate::case::{Case, Measure, exponential, seconds, sojourn};
use crate::formula::{Station, mean_value_analysis};
use crate::suite::{holds, refuses};
use pipeline::model::{Arrivals, ServiceLaw};

/// Two single servers, a pair of servers, and a delay where nobody waits.
fn stations(tasks: u32) -> [Station; 4] {
    [(1.0, 1), (0.8, 1), (1.5, 2), (3.0, tasks)].map(|(mean, servers)| Station { mean, servers })
}

/// `tasks` tasks in flight through the stations. A task's intended arrival is the end that made
/// room for it, so its sojourn is the time of one round; ends are 1 ÷ throughput apart.
fn round(tasks: u32) -> Case {
    let stations = stations(tasks);
    let stages: Vec<_> = stations.iter().map(|it| (1, it.servers, exponential(it.mean))).collect();
    let theory = mean_value_analysis(&stations, tasks);
    let mut case = Case::open(&format!("{tasks} tasks go round"), 1.0, &stages);
    case.arrivals = Arrivals::Closed { in_flight: u64::from(tasks) };
    for (at, &mean) in theory.sojourns.iter().enumerate() {
        case.measures.push(Measure::mean(format!("sojourn {at}"), mean, move |task| {
            task.calls[at].total().as_secs_f64()
        }));
    }
    case.measures.push(Measure::mean("whole round", theory.sojourns.iter().sum(), sojourn));
    case.measures.push(Measure::some("gap of ends", 1.0 / theory.throughput, |seen| seen.gap));
    case
}

#[test]
fn few_tasks() {
    holds(&round(3));
}

#[test]
fn many_tasks() {
    holds(&round(12));
}

/// Constant service makes queues shorter; one task more makes them longer.
#[test]
fn other_networks_are_refused() {
    let constant = round(12).but("the first stage is constant", |case| {
        case.stages[0].service = ServiceLaw::Constant(seconds(1.0));
    });
    refuses(&constant, &["sojourn 0", "sojourn 1", "whole round", "gap of ends"]);
    let more = round(3).but("there are 4", |case| {
        case.arrivals = Arrivals::Closed { in_flight: 4 };
    });
    refuses(&more, &["sojourn 0", "sojourn 1", "sojourn 2", "whole round", "gap of ends"]);
}
