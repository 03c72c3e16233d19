//! From a checked spec to measured runs and their files.
//!
//! `experiment` writes about all runs of a spec, `passes` goes through them, `measure` runs one, its
//! repetitions at once where time is virtual (`in_order`, `running`). `ideal` says what it could
//! have reached, `remarks` what to know about its numbers,
//! `certify` whether they agree with each other, `workers` is where nodes are processes, `serving` whom real stages ask.

mod certify;
mod chapter;
mod config;
mod experiment;
mod ideal;
mod in_order;
mod measure;
mod once;
mod paired;
mod passes;
mod remarks;
mod repetition;
mod running;
mod serving;
mod theory;
pub(crate) mod workers;

pub use chapter::{Chapter, Piece};
pub use experiment::{Experiment, Options, Own, execute, execute_with};
pub use measure::Measured;
pub use workers::{Workers, with_ray};

pub(crate) use certify::require_sound;
pub(crate) use in_order::in_order;
pub(crate) use measure::{Context, measure};
pub(crate) use once::end_to_end;
pub(crate) use remarks::UNWRITTEN;
pub(crate) use repetition::{Measure, Repetition};
pub use running::Running;
pub use serving::model_server;
pub(crate) use serving::{Serving, make};
