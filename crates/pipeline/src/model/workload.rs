//! What arrives, and the stages it passes.
//!
//! Written by hand or read from a spec file, which checks the ranges named here;
//! [`run_local`](crate::run_local) checks them again, because a run that divides by a rate of
//! zero would not end.

use super::{Mmpp, Operator, ServiceLaw, Trace};
use sched_core::{GroupSet, Level, Resources};
use std::sync::Arc;

/// When tasks arrive.
#[derive(Clone, PartialEq, Debug)]
pub enum Arrivals {
    /// All at the start.
    Batch,
    /// A new one whenever one ends: always this many in flight.
    Closed {
        /// Tasks in flight, ≥ 1.
        in_flight: u64,
    },
    /// A Poisson process.
    Poisson {
        /// Tasks per second, > 0.
        rate: f64,
    },
    /// Evenly spaced.
    Uniform {
        /// Tasks per second, > 0.
        rate: f64,
    },
    /// A Poisson process at this share of the rate at which the most loaded
    /// resource of an eligible set is full.
    Load(
        /// Share, > 0; from 1 on the queue grows without end.
        f64,
    ),
    /// Poisson arrivals whose rate changes with a state.
    Mmpp(Mmpp),
    /// As recorded, with priorities and demands if they were recorded too. It must have as many
    /// rows as there are tasks.
    Trace(Arc<Trace>),
}

/// A stage of the pipeline.
#[derive(Clone, PartialEq, Debug)]
pub struct Stage {
    /// Unique in its pipeline.
    pub name: String,
    /// Time it takes on a node of speed 1.
    pub service: ServiceLaw,
    /// What a node must have free to run a call.
    pub demand: Resources,
    /// Groups whose nodes may run it.
    pub on: GroupSet,
    /// What a call does.
    pub operator: Operator,
}

/// Shares of priority levels; they sum to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct Priorities(pub Vec<(Level, f64)>);

impl Default for Priorities {
    /// Everything at the default level.
    fn default() -> Priorities {
        Priorities(vec![(Level::default(), 1.0)])
    }
}

/// What is run: how many tasks, when, through which stages.
#[derive(Clone, PartialEq, Debug)]
pub struct Workload {
    /// Tasks to run, warm-up included, ≥ 1.
    pub tasks: u64,
    /// First tasks, which are counted nowhere, < `tasks`.
    pub warmup: u64,
    /// When they arrive.
    pub arrivals: Arrivals,
    /// How urgent they are.
    pub priorities: Priorities,
    /// The stages, in order, at least one.
    pub stages: Vec<Stage>,
}
