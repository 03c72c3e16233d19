//! `trace.json`: stage calls on a time line, for the Perfetto UI or `chrome://tracing`.
//!
//! The Trace Event Format: a complete event (`X`) for each call from start to end, in µs; a process
//! for each node and a thread for each of its slots, so that a track is a slot. Which slot a call
//! had is not recorded, since executors do not care: each takes the lowest that was free when it
//! started, so that calls on a track never overlap, which the format demands. Where calls hold
//! other than whole slots, tracks are lanes. Numbers of processes and threads start at 1 and are
//! unique, because Perfetto takes number 0 for idle processors and joins threads of one number.

use crate::html::json_string;
use metrics::CallSpan;
use metrics::report::RunReport;
use std::io::{self, Write};

/// Thousandths of a slot that a call of one slot holds.
const WHOLE: u32 = 1_000;

/// The calls of a run that are on the time line.
#[derive(Clone, Copy, Debug)]
pub struct TraceRun<'a> {
    /// Its report, which has the names of nodes and stages.
    pub report: &'a RunReport,
    /// Calls that ended, in any order.
    pub calls: &'a [CallSpan],
}

/// Writes the time lines of `runs`, a process for each run and node that has a call. O(n log n) in
/// the calls, and linear in the most that a node had at once.
///
/// # Errors
/// Those of `out`.
pub fn trace(out: &mut impl Write, runs: &[TraceRun<'_>]) -> io::Result<()> {
    let calls: usize = runs.iter().map(|run| run.calls.len()).sum();
    let note = format!(
        "the first {calls} stage calls of tasks that ended, of the first repetition of each run, \
         without its warm-up"
    );
    write!(
        out,
        "{{\"displayTimeUnit\":\"ms\",\"otherData\":{{\"content\":{}}},\"traceEvents\":[",
        json_string(&note)
    )?;
    let mut events = Events { out, first: true, processes: 0, threads: 0 };
    for run in runs {
        let mut by_node: Vec<Vec<&CallSpan>> = vec![Vec::new(); run.report.metrics.nodes.len()];
        for call in run.calls {
            if let Some(calls) = by_node.get_mut(call.node as usize) {
                calls.push(call);
            }
        }
        for (node, mut calls) in
            by_node.into_iter().enumerate().filter(|(_, calls)| !calls.is_empty())
        {
            calls.sort_unstable_by_key(|call| (call.started, call.ended, call.task, call.stage));
            events.node(run.report, node, &calls, runs.len() > 1)?;
        }
    }
    writeln!(out, "\n]}}")
}

struct Events<'a, W> {
    out: &'a mut W,
    first: bool,
    processes: u64,
    threads: u64,
}

impl<W: Write> Events<'_, W> {
    /// A process, its tracks and their calls, which are in order of their starts.
    fn node(
        &mut self,
        report: &RunReport,
        node: usize,
        calls: &[&CallSpan],
        several: bool,
    ) -> io::Result<()> {
        self.processes += 1;
        let process = self.processes;
        let name = &report.metrics.nodes[node].name;
        let name = if several { format!("{} · {name}", report.name) } else { name.clone() };
        let meta = format!("\"ph\":\"M\",\"pid\":{process}");
        self.event(&format!(
            "{meta},\"name\":\"process_name\",\"args\":{{\"name\":{}}}",
            json_string(&name)
        ))?;
        self.event(&format!(
            "{meta},\"name\":\"process_sort_index\",\"args\":{{\"sort_index\":{process}}}"
        ))?;
        let what = if calls.iter().all(|call| call.milli_slots == WHOLE) { "slot" } else { "lane" };
        let lanes = lanes(calls);
        let count = lanes.iter().max().map_or(0, |last| last + 1) as u64;
        for lane in 0..count {
            let thread = self.threads + 1 + lane;
            let meta = format!("{meta},\"tid\":{thread}");
            self.event(&format!(
                "{meta},\"name\":\"thread_name\",\"args\":{{\"name\":\"{what} {lane}\"}}"
            ))?;
            self.event(&format!(
                "{meta},\"name\":\"thread_sort_index\",\"args\":{{\"sort_index\":{lane}}}"
            ))?;
        }
        let config = &report.metrics.config;
        let (policy, bind) = (json_string(&config.policy), json_string(&config.bind));
        for (call, lane) in calls.iter().zip(lanes) {
            let thread = self.threads + 1 + lane as u64;
            let stage =
                report.metrics.stages.get_index(call.stage as usize).map_or("?", |(name, _)| name);
            let stage = json_string(stage);
            let scheduling = call.assign.since(call.submit).get();
            let queue = call.started.since(call.arrived).get();
            self.event(&format!(
                "\"ph\":\"X\",\"pid\":{process},\"tid\":{thread},\"ts\":{},\"dur\":{},\"cat\":\"call\",\"name\":{stage},\
                 \"args\":{{\"task\":{},\"stage\":{stage},\"policy\":{policy},\"binds\":{bind},\"wait_us\":{},\
                 \"scheduling_us\":{},\"queue_us\":{}}}",
                micros(call.started.get()),
                micros(call.ended.since(call.started).get()),
                call.task,
                micros(scheduling + queue),
                micros(scheduling),
                micros(queue)
            ))?;
        }
        self.threads += count;
        Ok(())
    }

    fn event(&mut self, fields: &str) -> io::Result<()> {
        let comma = if self.first { "" } else { "," };
        self.first = false;
        write!(self.out, "{comma}\n{{{fields}}}")
    }
}

/// Of calls in order of their starts, the lowest lane that is free.
fn lanes(calls: &[&CallSpan]) -> Vec<usize> {
    let mut ends = Vec::new();
    let take = |call: &&CallSpan| {
        let lane = ends.iter().position(|end| *end <= call.started).unwrap_or(ends.len());
        if lane == ends.len() {
            ends.push(call.ended);
        } else {
            ends[lane] = call.ended;
        }
        lane
    };
    calls.iter().map(take).collect()
}

/// Nanoseconds in µs, to the nanosecond.
fn micros(ns: u64) -> String {
    match (ns / 1_000, ns % 1_000) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{rest:03}"),
    }
}
