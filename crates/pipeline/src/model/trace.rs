//! Arrivals that were recorded, and what was recorded with them.
//!
//! Row `i` is task `i`. A column that is there overrides what the stages or the workload declare;
//! one that is not costs no memory. Times of service are no part of it: a column of them is a
//! [`ServiceLaw`](super::ServiceLaw) of the stage that it belongs to.

use super::Stage;
use crate::RunError;
use sched_core::{ClusterSpec, Level, Resources, Time};

/// Recorded tasks, in order of arrival, at least one.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    source: TraceSource,
    arrivals: Vec<Time>,
    overrides: Overrides,
}

/// What a trace was read from, so that it can be named and read again.
#[derive(Clone, PartialEq, Debug)]
pub struct TraceSource {
    /// How it is written; whoever reads files knows which formats there are.
    pub format: String,
    /// Where it is.
    pub path: String,
    /// Gaps were divided by this.
    pub speedup: f64,
}

/// Columns, each with a value per row, that take the place of what is declared for all tasks.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Overrides {
    /// Thousandths of a core, at every stage.
    pub cpu: Option<Vec<u32>>,
    /// Thousandths of a gpu, at every stage.
    pub gpu: Option<Vec<u32>>,
    /// Bytes, at every stage.
    pub memory: Option<Vec<u64>>,
    /// Priority levels.
    pub priority: Option<Vec<Level>>,
}

/// A row that asks for what no node can give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// The row, from 0.
    pub row: u64,
    /// The stage at which it cannot run.
    pub stage: usize,
    /// What it asks for there.
    pub demand: Resources,
}

impl Trace {
    /// Tasks that arrive at these instants.
    ///
    /// # Errors
    /// When there are none, when they are not in order, or when a column has another length.
    pub fn new(
        source: TraceSource,
        arrivals: Vec<Time>,
        overrides: Overrides,
    ) -> Result<Trace, RunError> {
        let refuse =
            |what: &str| Err(RunError::Setup(format!("the trace `{}` {what}", source.path)));
        if arrivals.is_empty() {
            return refuse("has no rows");
        }
        if !arrivals.is_sorted() {
            return refuse("is not in the order of its arrivals");
        }
        let Overrides { cpu, gpu, memory, priority } = &overrides;
        let lengths = [
            cpu.as_ref().map(Vec::len),
            gpu.as_ref().map(Vec::len),
            memory.as_ref().map(Vec::len),
            priority.as_ref().map(Vec::len),
        ];
        if lengths.into_iter().flatten().any(|length| length != arrivals.len()) {
            return refuse("has columns of different lengths");
        }
        Ok(Trace { source, arrivals, overrides })
    }

    /// What it was read from.
    pub fn source(&self) -> &TraceSource {
        &self.source
    }

    /// When each task arrives, in order.
    pub fn arrivals(&self) -> &[Time] {
        &self.arrivals
    }

    /// What a task asks for at a stage that declares `stage`.
    #[inline]
    pub fn demand(&self, row: u64, stage: Resources) -> Resources {
        let Overrides { cpu, gpu, memory, .. } = &self.overrides;
        let row = row as usize;
        Resources::milli_cpu(cpu.as_ref().map_or(stage.cpu(), |column| column[row]))
            .with_milli_gpu(gpu.as_ref().map_or(stage.gpu(), |column| column[row]))
            .with_memory(memory.as_ref().map_or(stage.memory(), |column| column[row]))
    }

    /// How urgent a task is, if the trace says so.
    #[inline]
    pub fn priority(&self, row: u64) -> Option<Level> {
        self.overrides.priority.as_ref().map(|column| column[row as usize])
    }

    /// Whether it says what tasks ask for.
    pub fn has_demands(&self) -> bool {
        let Overrides { cpu, gpu, memory, .. } = &self.overrides;
        cpu.is_some() || gpu.is_some() || memory.is_some()
    }

    /// The first of the first `tasks` rows that no node of `cluster` could ever run, or that asks
    /// for nothing, so that no node would ever be full. O(rows × stages × groups).
    pub fn misfit(&self, tasks: u64, cluster: &ClusterSpec, stages: &[Stage]) -> Option<Misfit> {
        if !self.has_demands() {
            return None; // the stages are checked apart
        }
        let rows = 0..tasks.min(self.arrivals.len() as u64);
        rows.into_iter().find_map(|row| {
            (0..stages.len()).find_map(|stage| {
                let demand = self.demand(row, stages[stage].demand);
                let fits = !cluster.eligible(&demand, stages[stage].on).is_empty();
                (!fits || demand == Resources::NONE).then_some(Misfit { row, stage, demand })
            })
        })
    }
}
