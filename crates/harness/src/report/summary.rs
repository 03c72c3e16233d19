//! `<run>_summary.txt`: one run, for a person.
//!
//! What was run, what came out, where the time went, who did the work, what was checked, what to keep
//! in mind; in this order, each block readable without the others.

use super::certificate::{block, marked};
use super::interval::method;
use super::number;
use super::services::services;
use super::table::{Table, wrapped};
use crate::run::Measured;
use metrics::report::{Latencies, Measures, Summary};
use std::cmp::Reverse;

/// Columns of a page.
const PAGE: usize = 100;
/// Nodes that are listed one by one; of more, the busiest and the idlest.
const NODES: usize = 32;

/// The summary of a run.
pub(crate) fn summary(run: &Measured) -> String {
    let metrics = &run.report.metrics;
    let blocks = [
        heading(run),
        outcome(run),
        format!("Latency, ms\n{}", latencies(metrics)),
        stages(metrics),
        services(metrics),
        priorities(metrics),
        nodes(metrics),
        decisions(run),
        block(metrics, PAGE),
        notes(metrics),
        provenance(run),
    ];
    let blocks: Vec<String> = blocks.into_iter().filter(|block| !block.is_empty()).collect();
    blocks.join("\n")
}

fn heading(run: &Measured) -> String {
    let config = &run.report.metrics.config;
    let parameters: String =
        config.parameters.iter().map(|(name, value)| format!(", {name} {value}")).collect();
    let view = config.view.iter().map(|view| format!("; stale view, refreshed {view}"));
    let partial = match &run.broken {
        Some(why) => wrapped(&format!("PARTIAL: it broke off: {why}"), PAGE, "  "),
        None if run.report.metrics.partial => "PARTIAL: interrupted\n".to_owned(),
        None => String::new(),
    };
    format!(
        "{}\n{partial}{}, {} binding{parameters}; {} nodes, {} slots; pipeline {} of {}, \
         {} work;\n{} tasks, arrivals {}; {}{}\n",
        run.report.name,
        config.policy,
        config.bind,
        config.nodes,
        config.parallelism,
        config.pipeline,
        match config.stages {
            1 => "one stage".to_owned(),
            n => format!("{n} stages"),
        },
        config.work,
        number::count(config.tasks),
        config.arrivals,
        match run.report.metrics.repetitions {
            1 => "one repetition".to_owned(),
            n => format!("{n} repetitions"),
        },
        view.collect::<String>(),
    )
}

fn outcome(run: &Measured) -> String {
    let metrics = &run.report.metrics;
    let mut text = format!(
        "Tasks       {} counted, {} succeeded, {} failed, {} calls retried\n",
        number::count(metrics.total_tasks),
        number::count(metrics.successful_tasks),
        number::count(metrics.failed_tasks),
        number::count(metrics.retries),
    );
    for (reason, count) in &metrics.failures {
        text.push_str(&format!("  {} × {reason}\n", number::count(*count)));
    }
    let rate = metrics.throughput_tasks_per_sec.map_or("-".to_owned(), number::short);
    let rate = marked(rate, metrics, "throughput_tasks_per_sec");
    let interval = metrics.throughput_ci95.map_or_else(String::new, |[lo, hi]| {
        format!(" (95 %: {} to {})", number::short(lo), number::short(hi))
    });
    let ideal = run.ideal.map_or_else(String::new, |ideal| {
        let kind = if ideal.drain_limited { "drain-limited ideal" } else { "ideal" };
        let share = metrics.throughput_tasks_per_sec.map(|rate| 100.0 * rate / ideal.rate);
        let share = number::fixed(share, 1);
        format!(", {share} % of the {kind}, {}", number::short(ideal.rate))
    });
    text.push_str(&format!("Throughput  {rate} tasks/s{interval}{ideal}\n"));
    text.push_str(&format!("Duration    {} s\n", number::fixed(metrics.total_duration_sec, 3)));
    let intervals =
        method(&metrics.interval).map_or("none".to_owned(), |how| format!("95 %, {how}"));
    text.push_str(&format!("Intervals   {intervals}\n"));
    text
}

fn latencies(metrics: &Measures) -> String {
    let Latencies { scheduling, queue, wait, execution, transfer, end_to_end } =
        &metrics.latency_ms;
    let mut table = Table::new(&["", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"]);
    let parts = [
        ("end to end", "end_to_end", end_to_end),
        ("  wait", "wait", wait),
        ("    scheduling", "scheduling", scheduling),
        ("    queue", "queue", queue),
        ("  execution", "execution", execution),
        ("  transfer", "transfer", transfer),
    ];
    for (name, key, summary) in parts {
        table.row(latency_row(name, summary, metrics, &format!("latency_ms.{key}")));
        if summary.ci95.is_some() && ["end to end", "  wait"].contains(&name) {
            table.row(interval_row(summary));
        }
    }
    table.render(PAGE)
}

/// Half of the 95 % intervals, of what has one; all of one that ends at 0 before its half is full.
fn interval_row(summary: &Summary) -> Vec<String> {
    let half = |(value, interval): (Option<f64>, Option<[f64; 2]>)| match (value, interval) {
        (Some(value), Some([0.0, high])) if high - value > value => {
            format!("0–{}", number::digits(high, 3))
        }
        (_, Some([low, high])) => format!("±{}", number::digits((high - low) / 2.0, 2)),
        _ => String::new(),
    };
    let Summary { mean, p50, p95, p99, ci95, p50_ci95, p95_ci95, p99_ci95, .. } = *summary;
    let with = [(mean, ci95), (p50, p50_ci95), (p95, p95_ci95), (p99, p99_ci95)];
    let [mean, p50, p95, p99] = with.map(half);
    let none = String::new;
    vec![none(), mean, p50, none(), p95, p99, none(), none()]
}

fn latency_row(name: &str, summary: &Summary, metrics: &Measures, key: &str) -> Vec<String> {
    let Summary { mean, p50, p90, p95, p99, p999, max, .. } = *summary;
    let cells = [
        ("mean", mean),
        ("p50", p50),
        ("p90", p90),
        ("p95", p95),
        ("p99", p99),
        ("p999", p999),
        ("max", max),
    ];
    let cells = cells.map(|(of, x)| marked(number::fixed(x, 3), metrics, &format!("{key}.{of}")));
    std::iter::once(name.to_owned()).chain(cells).collect()
}

fn stages(metrics: &Measures) -> String {
    let mut table =
        Table::new(&["", "calls", "wait mean", "exec mean", "exec p99", "call p50", "call p99"]);
    for (name, latencies) in &metrics.stages {
        // All stages have one call per task, and a name may have a dot.
        let cell = |x, of: &str| marked(number::fixed(x, 3), metrics, &format!("stages.any.{of}"));
        table.row(vec![
            name.clone(),
            number::count(latencies.execution.count),
            cell(latencies.wait.mean, "wait.mean"),
            cell(latencies.execution.mean, "execution.mean"),
            cell(latencies.execution.p99, "execution.p99"),
            cell(latencies.end_to_end.p50, "end_to_end.p50"),
            cell(latencies.end_to_end.p99, "end_to_end.p99"),
        ]);
    }
    format!("Stages, ms per call\n{}", table.render(PAGE))
}

fn priorities(metrics: &Measures) -> String {
    if metrics.by_priority.len() < 2 {
        return String::new();
    }
    let mut table = Table::new(&["level", "tasks", "mean", "p50", "p95", "p99", "wait mean"]);
    for (level, latencies) in metrics.by_priority.iter().rev() {
        let all = &latencies.end_to_end;
        let cells = [
            (all.mean, "end_to_end.mean"),
            (all.p50, "end_to_end.p50"),
            (all.p95, "end_to_end.p95"),
            (all.p99, "end_to_end.p99"),
            (latencies.wait.mean, "wait.mean"),
        ];
        let mut row = vec![level.clone(), number::count(all.count)];
        row.extend(cells.map(|(x, of)| {
            marked(number::fixed(x, 3), metrics, &format!("by_priority.{level}.{of}"))
        }));
        table.row(row);
    }
    format!("Priorities, most urgent first; end to end, ms\n{}", table.render(PAGE))
}

fn nodes(metrics: &Measures) -> String {
    let percent = |share: Option<f64>| number::fixed(share.map(|x| x * 100.0), 1);
    let mut table = Table::new(&["", "slots", "calls", "calls/slot", "busy %", "call mean ms"]);
    let mut listed: Vec<_> = metrics.nodes.iter().collect();
    let rest = listed.len().saturating_sub(NODES);
    if rest > 0 {
        listed.sort_by_key(|node| Reverse(node.calls)); // stable: equal ones stay in node order
        listed.drain(NODES / 2..NODES / 2 + rest);
    }
    for node in listed {
        let per_slot = node.calls as f64 / f64::from(node.slots.max(1));
        table.row(vec![
            node.name.clone(),
            node.slots.to_string(),
            number::count(node.calls),
            number::fixed(Some(per_slot), 1),
            percent(node.utilization),
            number::fixed(node.mean_call_ms, 3),
        ]);
    }
    let left_out = match rest {
        0 => String::new(),
        n => format!(" (busiest and idlest; {n} between them left out)"),
    };
    format!(
        "Nodes{left_out}: balance {}, Jain {}, {} % busy\n{}",
        number::fixed(metrics.node_balance_score, 3),
        number::fixed(metrics.jain_index, 3),
        percent(metrics.node_utilization),
        table.render(PAGE)
    )
}

fn decisions(run: &Measured) -> String {
    let Summary { count, mean, p50, p99, max, .. } = run.report.metrics.decision_ns;
    let [mean, p50, p99, max] = [mean, p50, p99, max].map(|x| number::fixed(x, 0));
    let timer = run.timer_share.map_or_else(String::new, |share| {
        format!(
            "Timer       {:.0} % of a core, for the threads of nodes and timers\n",
            share * 100.0
        )
    });
    format!(
        "Decisions   {} measured; ns each: mean {mean}, p50 {p50}, p99 {p99}, max {max}\n{timer}",
        number::count(count)
    )
}

fn notes(metrics: &Measures) -> String {
    // What the certificate has said already, reports that travel without it say as a note.
    let told = |note: &&String| metrics.certificate.failed().any(|check| check.detail == **note);
    let mut notes = metrics.notes.iter().filter(|note| !told(note)).peekable();
    if notes.peek().is_none() {
        return String::new();
    }
    let notes: String = notes.map(|note| wrapped(&format!("- {note}"), PAGE, "  ")).collect();
    format!("Notes\n{notes}")
}

fn provenance(run: &Measured) -> String {
    let it = &run.report.provenance;
    let commit = it.git_commit.as_deref().unwrap_or("no commit");
    let cpu = it.host.cpu_model.as_deref().unwrap_or("unknown processor");
    format!(
        "Provenance\nsage {} ({commit}), build {}, seed {}, started {}\n{}: {}, {} cores, {cpu}\n{}\n",
        it.version,
        it.build_profile,
        it.seed,
        it.started_at,
        it.host.name,
        it.host.platform,
        it.host.cores,
        it.command
    )
}
