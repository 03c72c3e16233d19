//! The chapter for a person: a table per series, and what its law says.
//!
//! Each number has its interval behind it. A parameter that cannot be told from 0 is called that, and a
//! peak is predicted only from one that can.

use super::{Law, Ratio, Row, Series, methods};
use harness::table::Table;
use harness::{Piece, number};

const HEAD: [&str; 11] = [
    "nodes",
    "slots",
    "tasks",
    "tasks/s",
    "ideal",
    "of ideal",
    "speed-up",
    "efficiency",
    "balance",
    "calls/slot",
    "busy",
];

pub(super) fn pieces(all: &[Series<'_>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for series in all {
        pieces.push(Piece::Heading(format!("scaling: {}{}", series.label, lent(series))));
        let mut table = Table::new(&HEAD);
        series.rows.iter().for_each(|row| table.row(cells(row)));
        pieces.extend([Piece::Table(table), Piece::Sentence(law(series))]);
    }
    let mut legend = String::from(
        "speed-up: throughput ÷ that of the first row, paired by seed. efficiency: speed-up ÷ how many \
         times its slots. calls/slot: of the least and the most loaded node. busy: slot time spent on \
         calls.",
    );
    if let Some(methods) = methods(all) {
        legend.push_str(&format!(" ±: half of the 95 % interval {methods}."));
    }
    if all.iter().any(Series::is_short) {
        legend.push_str(" *: fewer than 50 tasks per slot.");
    }
    if all.iter().any(Series::drains) {
        legend.push_str(
            " Start and drain lower the throughput of some rows more than that of others, which is in the \
             speed-up, in σ and in κ. The ideal has the same, so `of ideal` is without it.",
        );
    }
    if let Some(series) = all.iter().find(|series| series.is_superlinear()) {
        legend.push_str(&superlinear(series));
    }
    pieces.push(Piece::Legend(legend));
    pieces
}

/// What the largest row gains over the first, if it is larger.
pub(super) fn headline(series: &Series<'_>) -> Option<String> {
    let (first, last) = (series.rows.first()?, series.rows.last()?);
    if first.config.parallelism >= last.config.parallelism {
        return None;
    }
    let (speed_up, efficiency) = (last.speed_up?, last.efficiency?.times(100.0));
    let range = |ratio: Ratio, show: &dyn Fn(f64) -> String| match ratio.ci95 {
        Some([low, high]) => {
            format!("{} (95 %: {} to {})", show(ratio.value), show(low), show(high))
        }
        None => format!("{} (one repetition: no interval)", show(ratio.value)),
    };
    let nodes = |n: u32| format!("{n} node{}", if n == 1 { "" } else { "s" });
    let spoilt = [first, last]
        .iter()
        .any(|row| row.run.report().metrics.certificate.spoils("throughput_tasks_per_sec"));
    Some(format!(
        "{}: {} finish {} times the tasks per second of {}, an efficiency of {}.{}{}",
        series.label,
        nodes(last.config.nodes),
        range(speed_up, &|x| number::fixed(Some(x), 2)),
        nodes(first.config.nodes),
        range(efficiency, &|x| format!("{x:.1} %")),
        match (series.drains(), series.is_superlinear()) {
            (true, _) => {
                " Start and drain are part of that: the share of the ideal is what to compare."
            }
            (_, true) => {
                " More than 100 % is no gain: the few tasks of the first row took longer by chance, start or drain. \
                 The share of the ideal is what to compare."
            }
            _ => "",
        },
        match spoilt {
            true => " But the certificates say not to rely on a throughput of it.",
            false => "",
        }
    ))
}

/// That an efficiency above 100 % is none.
fn superlinear(series: &Series<'_>) -> String {
    let tasks = series.rows.first().map_or(0, |row| row.config.tasks);
    format!(
        " An efficiency of more than 100 % is no gain of more nodes: the first row, by which all speed-ups, λ, σ and \
         κ are measured, has {} tasks, which may be a little longer than most by chance, and in which start and \
         drain weigh most. The ideal has the same tasks, so `of ideal` is without that; more `--tasks` \
         or `--reps` make it small.",
        number::count(tasks)
    )
}

/// Whose the row on one node is, if it is another policy's.
fn lent(series: &Series<'_>) -> String {
    let other = series.rows.iter().find(|row| super::label(row.config) != series.label);
    other.map_or_else(String::new, |row| format!("; on one node {}", row.config.policy))
}

fn cells(row: &Row<'_>) -> Vec<String> {
    let metrics = &row.run.report().metrics;
    let with = |value: String, ci: Option<[f64; 2]>| match ci {
        Some([low, high]) => format!("{value} ±{}", number::digits((high - low) / 2.0, 2)),
        None => value,
    };
    let percent = |ratio: Option<Ratio>| {
        ratio.map_or("-".to_owned(), |it| {
            let it = it.times(100.0);
            with(format!("{:.1} %", it.value), it.ci95)
        })
    };
    let loads = metrics.nodes.iter().map(|it| it.calls as f64 / f64::from(it.slots.max(1)));
    let (least, most) =
        loads.fold((f64::INFINITY, 0.0), |(a, b): (f64, f64), x| (a.min(x), b.max(x)));
    vec![
        row.config.nodes.to_string(),
        row.config.parallelism.to_string(),
        number::count(row.config.tasks),
        with(
            row.run.marked(
                metrics.throughput_tasks_per_sec.map_or("-".to_owned(), number::rate),
                "throughput_tasks_per_sec",
            ),
            metrics.throughput_ci95,
        ),
        row.run.ideal_cell(),
        number::fixed(row.of_ideal.map(|it| it.value * 100.0), 1) + " %",
        row.speed_up.map_or("-".to_owned(), |it| with(format!("{:.2}", it.value), it.ci95)),
        percent(row.efficiency),
        number::fixed(metrics.node_balance_score, 3),
        if least.is_finite() { format!("{least:.0}–{most:.0}") } else { "-".to_owned() },
        number::fixed(metrics.node_utilization.map(|share| share * 100.0), 1) + " %",
    ]
}

/// What the law says, in sentences.
pub(super) fn law(series: &Series<'_>) -> String {
    let law = match &series.law {
        Law::Fitted(law) => law,
        Law::Few(sizes) => {
            return format!(
                "No law of scalability: it needs 4 different sizes, and there are {sizes}."
            );
        }
        Law::Open => {
            return "Arrivals set this throughput, not the cluster: there is no speed-up and no law \
                    of scalability. Leave `--arrivals` away, or write `closed:N`."
                .to_owned();
        }
        Law::None => return "No law of scalability fits these throughputs.".to_owned(),
    };
    let range = |[low, high]: [f64; 2], show: &dyn Fn(f64) -> String| {
        format!("{} to {}", show(low), show(high))
    };
    let percent = |x: f64| format!("{:.3} %", x * 100.0).replace('-', "−");
    let small = |x: f64| format!("{x:.2e}");
    let sigma = match law.sigma.is_not_zero() {
        true => "",
        false => ", not told from 0",
    };
    let kappa = match law.kappa {
        Some(kappa) => {
            let peak = match series.peak() {
                Some(nodes) => format!(" The largest throughput is predicted at {nodes:.0} nodes."),
                None if series.drains() => {
                    " Start and drain bend it: no peak is predicted.".to_owned()
                }
                None => String::new(),
            };
            format!(
                "coherency κ = {} (95 %: {}).{peak}",
                small(kappa.value),
                range(kappa.ci95, &small)
            )
        }
        None => "coherency κ is not told from 0, so no peak is predicted.".to_owned(),
    };
    format!(
        "Law of scalability (Gunther), X(N) = λN ÷ (1 + σ(N − 1) + κN(N − 1)): λ = {} tasks/s (95 %: \
         {}), contention σ = {} (95 %: {}{sigma}), {kappa} Residual {} %, {} sizes.",
        number::short(law.lambda.value),
        range(law.lambda.ci95, &number::short),
        percent(law.sigma.value),
        range(law.sigma.ci95, &percent),
        number::digits(law.residual * 100.0, 2),
        law.sizes,
    )
}
