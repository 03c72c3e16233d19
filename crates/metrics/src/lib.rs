//! What a run measured.
//!
//! A host tells a [`Recorder`] of every task that ended and every call that finished; a
//! [`Fold`] makes the [`report::Measures`] of a run from the recorders of its repetitions;
//! [`LatencyCsv`] streams one row per task beside it; [`audit`] holds what was recorded against what
//! the host has counted itself. Everything is fed with instants and never
//! reads a clock, so the same code measures virtual and real time. It knows nothing of how a
//! run is configured or drawn, and no other crate of this workspace.
//!
//! ```
//! use metrics::{CallRecord, Nanos, Node, Parts, Recorder, Shape, TaskRecord};
//! use std::sync::Arc;
//!
//! let node = Node { name: "node-0".into(), slots: 4 };
//! let shape = Arc::new(Shape::new(vec!["work".into()], vec![node])?);
//! let mut recorder = Recorder::new(shape);
//! // Waited 2 ms in the scheduler, then ran for 25 ms.
//! let parts = Parts {
//!     scheduling: Nanos::from_millis(2),
//!     execution: Nanos::from_millis(25),
//!     ..Parts::default()
//! };
//! recorder.call_finished(0, 1000, parts.execution, parts.total());
//! recorder.task_succeeded(&TaskRecord {
//!     index: 0,
//!     intended_arrival: Nanos::from_millis(10),
//!     finish: Nanos::from_millis(37),
//!     priority: 5,
//!     calls: &[CallRecord { node: Some(0), parts }],
//! });
//! assert_eq!(recorder.latencies().end_to_end.max(), Some(Nanos::from_millis(27)));
//! assert_eq!(recorder.contradictions(), 0);
//! # Ok::<(), metrics::MetricsError>(())
//! ```

mod balance;
mod breakdown;
mod buffered;
mod certify;
mod confidence;
mod curve;
mod distribution;
mod error;
mod fold;
mod intervals;
mod latencies;
mod latency_csv;
mod nanos;
mod notes;
mod paired;
mod pool;
mod ratio;
mod record;
mod recorder;
pub mod report;
mod scalability;
mod sections;
mod services;
mod shape;
mod student;
mod task_batches;
mod timeline;
pub mod words;

pub use balance::{Balance, balance};
pub use buffered::BufferedRecorder;
pub use certify::{
    LATENCIES, Ledger, NodeLedger, Population, StageLedger, TaskLedger, Unended, audit,
};
pub use confidence::{ratio_interval, sectioning_interval, t975};
pub use curve::CurvePoint;
pub use distribution::Distribution;
pub use error::MetricsError;
pub use fold::{Fold, RunFacts};
pub use latencies::LatencySeries;
pub use latency_csv::{DEFAULT_ROW_LIMIT, LatencyCsv};
pub use nanos::Nanos;
pub use notes::on_failures;
pub use paired::{Paired, holm, repetitions_needed};
pub use ratio::Ratio;
pub use record::{CallRecord, CallSpan, Parts, TaskRecord};
pub use recorder::Recorder;
pub use report::METRICS_SCHEMA;
pub use scalability::{Estimate, LEAST_SIZES, Scalability, Throughput};
pub use sections::{Sectioning, Sections, SectionsOfRun};
pub use services::{AnswerRecord, ServiceRecorder};
pub use shape::{Node, Shape};
pub use task_batches::{BatchPlan, LEAST_TASKS, LeastTasks};
pub use timeline::{LoadRow, LoadSeries, Timeline};
