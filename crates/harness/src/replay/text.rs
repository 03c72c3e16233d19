//! What `sage replay` prints.
//!
//! Each part says in a sentence what it tells and what it does not: a reader who takes a comparison
//! over recorded facts for a prediction is misled, however right its numbers are.

use super::simulate::{Figures, Simulated};
use crate::report::number::{cell, count};
use crate::report::table::{Table, wrapped};
use flight::{Comparison, Departure, Header, Replayed};
use sched_core::{Decision, PolicySpec, ResolvedPolicy, Time};
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::path::Path;

const WIDTH: usize = 120;
/// Nodes that are listed.
const NODES: usize = 10;

/// What was recorded.
pub(super) fn head(path: &Path, header: &Header) -> String {
    let Header { cluster, policy, seed, view, note } = header;
    let mut text = format!(
        "{}: {}, policy seed {seed}, {} nodes, {} slots\n",
        path.display(),
        in_full(policy),
        count(cluster.node_count() as u64),
        count(cluster.total_slots())
    );
    if let Some(view) = view {
        text.push_str(&format!("Stale view: refreshed {view}.\n"));
    }
    if !note.is_empty() {
        let plain: String = note.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        text.push_str(&paragraph(&format!("Note: {plain}")));
    }
    text
}

/// What became of the replay.
pub(super) fn replayed(replayed: &Replayed) -> String {
    let Replayed { events, polls, decisions, last, difference } = replayed;
    let (events, polls, decisions) = (count(*events), count(*polls), count(*decisions));
    match difference {
        None => paragraph(&format!(
            "All {decisions} decisions are reproduced ({events} facts, {polls} polls, up to {}).",
            instant(*last)
        )),
        Some(it) => {
            let text = |decision: Option<Decision>| {
                decision.map_or("nothing more".to_owned(), |decision| format!("`{decision}`"))
            };
            paragraph(&format!(
                "Not reproduced: at {} (poll {}, decision {}) recorded is {}, now it is {}. The \
                 {decisions} decisions before are the same.",
                instant(it.at),
                count(it.poll),
                it.position,
                text(it.expected),
                text(it.got)
            ))
        }
    }
}

/// That the log is not whole.
pub(super) fn cut_off(lost: u64) -> String {
    paragraph(&format!(
        "The log was cut off, as when the process that wrote it dies: it has no end, and {} at its \
         end are no whole record.",
        if lost == 1 { "1 byte".to_owned() } else { format!("{} bytes", count(lost)) }
    ))
}

/// Where the other policy differs.
pub(super) fn comparison(told: &Comparison, header: &Header, other: &ResolvedPolicy) -> String {
    let name = other.name();
    let calls = told.same + told.different();
    let share = |n: u64| 100.0 * n as f64 / calls.max(1) as f64;
    let differs = match told.different() {
        0 => format!("differs on none of {} placements.", count(calls)),
        n => format!("differs on {} of {} placements ({:.1} %):", count(n), count(calls), share(n)),
    };
    let policy = in_full(&other.to_spec());
    let mut text = paragraph(&format!("{policy}, told the recorded facts, {differs}"));
    let kinds = [
        ("another node", told.other_node),
        ("the same node at another instant", told.other_instant),
        ("placed by one, rejected by the other", told.other_answer),
        ("placed in the record only", told.only_recorded),
        ("placed by the other policy only", told.only_other),
    ];
    for (kind, n) in kinds.into_iter().filter(|(_, n)| *n > 0) {
        let _ = writeln!(text, "  {kind}: {} ({:.1} %)", count(n), share(n));
    }
    if !told.first.is_empty() {
        let mut table = Table::new(&["call", "recorded", name]);
        for Departure { task, recorded, other } in &told.first {
            table.row(vec![task.to_string(), choice(*recorded), choice(*other)]);
        }
        let _ = write!(text, "\nThe first differences\n{}", table.render(WIDTH));
    }
    text.push_str(&nodes(told, name));
    text.push('\n');
    text.push_str(&paragraph(&format!(
        "{name} heard of every fact when it was recorded, and each call ended when it ended in the \
         record, but on the node where {name} had put it. So this tells which choices differ, not \
         what they would have changed."
    )));
    if told.early_finishes > 0 {
        text.push_str(&paragraph(&format!(
            "Calls that had ended in the record before {name} placed them: {}. They ended at the next \
             recorded instant.",
            count(told.early_finishes)
        )));
    }
    if told.lost_by_one > 0 {
        let n = count(told.lost_by_one);
        text.push_str(&paragraph(&format!(
            "Calls that only one of the two lost with a node: {n}."
        )));
    }
    let bind = header.policy.params.get("bind");
    if bind.is_some_and(|bind| *bind != other.bind().to_string()) {
        text.push_str(&paragraph(
            "The two bind differently: what tells them apart may be the binding alone.",
        ));
    }
    text
}

/// What was simulated.
pub(super) fn simulation(result: &Simulated) -> String {
    let mut head = vec!["ms"];
    head.extend(result.columns.iter().map(|(name, _)| name.as_str()));
    let mut table = Table::new(&head);
    let mut line = |name: &str, of: &dyn Fn(&Figures) -> String| {
        let cells = result.columns.iter().map(|(_, figures)| of(figures));
        table.row(std::iter::once(name.to_owned()).chain(cells).collect());
    };
    let ms = |ns: Option<f64>| cell(ns.map(|ns| ns / 1e6));
    line("tasks", &|figures| count(figures.latency.count()));
    if result.columns.iter().any(|(_, figures)| figures.failed > 0) {
        line("failed tasks", &|figures| count(figures.failed));
    }
    line("mean", &|figures| ms(figures.latency.mean_ns()));
    for (name, permille) in [("p50", 500), ("p95", 950), ("p99", 990)] {
        line(name, &|figures| {
            let quantile = figures.latency.quantiles([permille]);
            cell(quantile.map(|[latency]| latency.as_millis_f64()))
        });
    }
    line("mean wait", &|figures| ms(figures.wait.mean_ns()));
    let mut text = String::from("Simulated on the recorded load, latency from end to end:\n");
    text.push_str(&table.render(WIDTH));
    text.push('\n');
    text.push_str(&paragraph(
        "Arrivals, demands, priorities and service times are the recorded ones, a service time being \
         what passed from the start on a node to the finish, wherever the call runs here. A \
         closed loop is replayed as open arrivals, nodes are equally fast, the network takes no \
         time of its own. The gap between `observed` and the recorded policy is the error of all \
         this; smaller differences between the policies say nothing. It is one history: no interval.",
    ));
    if result.churn {
        text.push_str(&paragraph("Nodes go, come and drain at their recorded instants."));
    }
    if result.left_out > 0 {
        text.push_str(&paragraph(&format!(
            "Tasks left out, because the log does not show them to their end: {}.",
            count(result.left_out)
        )));
    }
    text
}

/// A policy with all its parameters.
pub(super) fn in_full(policy: &PolicySpec) -> String {
    let params: Vec<String> =
        policy.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{} ({})", policy.name, params.join(", "))
}

fn nodes(told: &Comparison, name: &str) -> String {
    let mut differing: Vec<(usize, u64, u64)> = told
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, placed)| placed.recorded != placed.other)
        .map(|(node, placed)| (node, placed.recorded, placed.other))
        .collect();
    if differing.is_empty() {
        return String::new();
    }
    differing.sort_by_key(|&(node, recorded, other)| (Reverse(recorded.abs_diff(other)), node));
    let total = |of: fn(&flight::Placed) -> u64| told.nodes.iter().map(of).sum::<u64>();
    let (recorded, other) = (total(|it| it.recorded), total(|it| it.other));
    let share =
        |n: u64, of: u64| format!("{} ({:.1} %)", count(n), 100.0 * n as f64 / of.max(1) as f64);
    let mut table = Table::new(&["node", "recorded", name]);
    for &(node, here, there) in differing.iter().take(NODES) {
        table.row(vec![format!("node-{node}"), share(here, recorded), share(there, other)]);
    }
    let which = match differing.len() {
        all if all <= NODES => "those that differ".to_owned(),
        all => format!("the {NODES} that differ most of {all}"),
    };
    format!("\nPlacements by node, {which}\n{}", table.render(WIDTH))
}

fn choice(decision: Option<(Time, Decision)>) -> String {
    match decision {
        None => "not placed".to_owned(),
        Some((at, Decision::Assign { node, .. })) => format!("{node} at {}", instant(at)),
        Some((at, _)) => format!("rejected at {}", instant(at)),
    }
}

/// An instant in milliseconds, exact to the nanosecond, without zeros at its end.
fn instant(at: Time) -> String {
    let (ms, ns) = (at.as_nanos() / 1_000_000, at.as_nanos() % 1_000_000);
    let fraction = format!("{ns:06}");
    match fraction.trim_end_matches('0') {
        "" => format!("{} ms", count(ms)),
        digits => format!("{}.{digits} ms", count(ms)),
    }
}

fn paragraph(text: &str) -> String {
    let mut text = wrapped(text, WIDTH, "");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_exact() {
        let text = |ns| instant(Time::from_nanos(ns));
        assert_eq!(text(0), "0 ms");
        assert_eq!(text(5_000_000), "5 ms");
        assert_eq!(text(1_234_000_100), "1,234.0001 ms");
        assert_eq!(text(7), "0.000007 ms");
    }
}
