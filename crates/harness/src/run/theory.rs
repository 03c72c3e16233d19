//! Where queueing theory has a closed form for a run, and what it says.
//!
//! Only where it truly applies: one emulated stage, Poisson arrivals, equal nodes, no network, no
//! faults, first come, first served, and load below one. Then calls that wait in one place, in the
//! scheduler under late binding or at the only node, are one queue before all slots; and under
//! random early binding each node has a share of the arrivals, again Poisson. Everything else has
//! no line: a formula for another system would look like a check and be none.

use super::ideal::fitting;
use super::once::is_built_in;
use crate::spec::{RunSpec, Work};
use pipeline::model::{Arrivals, ServiceLaw, full_rate};
use sched_core::{Bind, QueueLimit, Resources, Span};

/// What theory says of a run.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Theory {
    /// As in `M/M/4`.
    pub(crate) system: String,
    /// Mean waiting time of a task, ms.
    pub(crate) wait_ms: f64,
    /// Where the formula is from.
    pub(crate) source: &'static str,
}

const ERLANG: &str = "Erlang C: Kleinrock, Queueing Systems I (1975), section 3.5";
const POLLACZEK: &str =
    "Pollaczek and Khinchine: Kleinrock, Queueing Systems I (1975), section 5.6";

/// What theory says of the waiting time in this run; none where it has no closed form.
pub(crate) fn theory(run: &RunSpec) -> Option<Theory> {
    let (setup, workload) = (&run.setup, &run.setup.workload);
    let [stage] = &workload.stages[..] else { return None };
    let quiet = setup.view.is_none()
        && setup.faults.is_none()
        && setup.cluster.network == ServiceLaw::Constant(Span::ZERO)
        && setup.work() == Work::Emulated
        && stage.demand != Resources::NONE;
    // Among levels an order by priority is not first come, first served.
    let in_order = run.policy.name() != "priority" || workload.priorities.0.len() == 1;
    if !quiet || !in_order || !is_built_in(run) {
        return None;
    }
    let rate = match workload.arrivals {
        Arrivals::Poisson { rate } => rate,
        Arrivals::Load(share) => share * full_rate(&setup.cluster, &workload.stages).ok()?,
        _ => return None,
    };
    let nodes = Nodes::of(run)?;
    let shared = run.policy.bind() == Bind::Late || nodes.count == 1;
    let scattered = run.policy.name() == "random" && !nodes.limited;
    let (share, slots, each) = match (shared, scattered) {
        (true, _) => (rate, nodes.count.checked_mul(nodes.slots)?, ""),
        (false, true) => (rate / nodes.count as f64, nodes.slots, " at each node"),
        (false, false) => return None,
    };
    let (system, wait, source) =
        mean_wait(share, &stage.service, stage.service.mean().as_secs_f64() / nodes.speed, slots)?;
    Some(Theory { system: system + each, wait_ms: wait * 1e3, source })
}

/// The nodes that can run the calls, if they are all alike.
struct Nodes {
    count: u64,
    /// Calls that each runs at once.
    slots: u64,
    speed: f64,
    /// Whether a queue at a node can be full.
    limited: bool,
}

impl Nodes {
    fn of(run: &RunSpec) -> Option<Nodes> {
        let cluster = &run.setup.cluster;
        let stage = run.setup.workload.stages.first()?;
        let mut all: Option<Nodes> = None;
        for group in cluster.spec.eligible(&stage.demand, stage.on).iter() {
            let (declared, speed) = (&cluster.spec.groups()[group], cluster.speeds[group]);
            let slots = fitting(&stage.demand, &declared.capacity);
            let limited = declared.queue_limit != QueueLimit::Unbounded;
            let of_group = Nodes { count: u64::from(declared.count), slots, speed, limited };
            all = Some(match all {
                None => of_group,
                Some(before) if before.slots == slots && before.speed == speed => Nodes {
                    count: before.count + of_group.count,
                    limited: before.limited || limited,
                    ..before
                },
                Some(_) => return None,
            });
        }
        all.filter(|nodes| nodes.count > 0 && nodes.slots < u64::from(u32::MAX))
    }
}

/// Name of the system and mean wait in seconds; none if it has no closed form or no steady state.
fn mean_wait(
    rate: f64,
    law: &ServiceLaw,
    mean: f64,
    servers: u64,
) -> Option<(String, f64, &'static str)> {
    let offered = rate * mean;
    if !(offered > 0.0 && offered < servers as f64) {
        return None;
    }
    match (law, servers) {
        (ServiceLaw::Exponential { .. }, _) => {
            let busy = erlang_c(offered, servers);
            let wait = busy * mean / (servers as f64 - offered);
            Some((format!("M/M/{servers}"), wait, ERLANG))
        }
        // A row of a trace belongs to its task, in its order: that is no independent draw.
        (ServiceLaw::Trace(_), _) | (_, 2..) => None,
        (law, _) => {
            let cv = law.cv();
            let wait = offered * mean * (1.0 + cv * cv) / (2.0 * (1.0 - offered));
            let system = if cv == 0.0 { "M/D/1" } else { "M/G/1" };
            wait.is_finite().then(|| (system.to_owned(), wait, POLLACZEK))
        }
    }
}

/// The probability that a call waits, by the recursion of Erlang's B, which is stable.
fn erlang_c(offered: f64, servers: u64) -> f64 {
    let blocked = (1..=servers)
        .fold(1.0, |blocked: f64, n| offered * blocked / (n as f64 + offered * blocked));
    let load = offered / servers as f64;
    blocked / (1.0 - load * (1.0 - blocked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;
    use sched_core::Registry;

    /// What theory says of each scheduler, as `system wait` in ms.
    fn lines(cluster: &str, arrivals: &str, service: &str, schedulers: &str) -> Vec<String> {
        let yaml = format!(
            "environment: sim\ncluster: {cluster}\nworkload: {{tasks: 10, arrivals: {arrivals}}}\n\
             pipeline: {{stages: [{{name: a, service: {service}}}]}}\nschedulers: [{schedulers}]\n"
        );
        let runs = Spec::parse(&yaml, "test", &Registry::builtin()).unwrap().runs();
        let line = |run: &RunSpec| match theory(run) {
            Some(theory) => format!("{} {:.3}", theory.system, theory.wait_ms),
            None => "none".to_owned(),
        };
        runs.iter().map(line).collect()
    }

    const EXPONENTIAL: &str = "{exponential: {mean: 100ms}}";

    #[test]
    fn one_server_waits_as_the_books_say() {
        // λ = 8/s, ρ = 0.8: M/M/1 ρ ÷ (μ − λ) = 0.8 ÷ 2; M/D/1 half of it; cv 2 gives 5 ÷ 2 times
        // it.
        let one = |service| lines("{nodes: 1, slots: 1}", "{poisson: {rate: 8}}", service, "fifo");
        assert_eq!(one(EXPONENTIAL), ["M/M/1 400.000"]);
        assert_eq!(one("{constant: 100ms}"), ["M/D/1 200.000"]);
        assert_eq!(one("{lognormal: {mean: 100ms, cv: 2}}"), ["M/G/1 1000.000"]);
        assert_eq!(one("{pareto: {mean: 100ms, alpha: 1.5}}"), ["none"]);
    }

    #[test]
    fn several_servers_behind_one_queue_need_exponential_times() {
        // Two servers, a = 1: C = 1 ÷ 3, wait C × mean ÷ (2 − 1); a = 1.5: C = 9 ÷ 14.
        let two = |load, service, policies| {
            lines("{nodes: 2, slots: 1}", &format!("{{load: {load}}}"), service, policies)
        };
        assert_eq!(two("0.5", EXPONENTIAL, "fifo"), ["M/M/2 33.333"]);
        assert_eq!(two("0.75", EXPONENTIAL, "fifo"), ["M/M/2 128.571"]);
        assert_eq!(two("0.5", "{constant: 100ms}", "fifo"), ["none"]);
        assert_eq!(two("1.0", EXPONENTIAL, "fifo"), ["none"]);
        // Random early binding splits the arrivals: M/M/1 of 5/s each at ρ = 0.5.
        let policies = "random, round_robin, {policy: round_robin, bind: late}, priority";
        let expected = ["M/M/1 at each node 100.000", "none", "M/M/2 33.333", "M/M/2 33.333"];
        assert_eq!(two("0.5", EXPONENTIAL, policies), expected);
    }

    #[test]
    fn other_systems_have_no_line() {
        let unequal =
            "{groups: [{name: a, count: 1, slots: 1}, {name: b, count: 1, slots: 1, speed: 2}]}";
        let (one, poisson) = ("{nodes: 1, slots: 1}", "{poisson: {rate: 8}}");
        assert_eq!(lines(unequal, "{poisson: {rate: 3}}", EXPONENTIAL, "fifo"), ["none"]);
        assert_eq!(lines(one, "{uniform: {rate: 8}}", EXPONENTIAL, "fifo"), ["none"]);
        assert_eq!(lines(one, "{closed: {in_flight: 3}}", EXPONENTIAL, "fifo"), ["none"]);
        let levels = "{poisson: {rate: 8}}, priorities: {0: 0.5, 9: 0.5}";
        assert_eq!(lines(one, levels, EXPONENTIAL, "priority, fifo"), ["none", "M/M/1 400.000"]);
        let slow = "{nodes: 1, slots: 1, network: {constant: 1ms}}";
        assert_eq!(lines(slow, poisson, EXPONENTIAL, "fifo"), ["none"]);
    }
}
