//! What is run: cluster, stages, laws, workload.
//!
//! Plain checked data with no behaviour beyond drawing. Every draw comes from a [`Stream`]
//! keyed by seed, purpose and item, so that it does not depend on who drew before: two
//! policies, or two executors, see the same arrivals and the same service times.

mod arrivals;
mod cluster;
mod faults;
mod laws;
mod load;
mod logarithm;
mod mmpp;
mod operator;
mod sampler;
mod steps;
mod stream;
mod tokens;
mod trace;
mod values;
mod workload;

pub use arrivals::ArrivalProcess;
pub use cluster::ClusterSetup;
pub use faults::{Fault, FaultKind, Faults, Spontaneous};
pub use laws::{Mix, ServiceLaw};
pub use load::full_rate;
pub use mmpp::Mmpp;
pub use operator::{CallContext, CustomOperator, Operator};
pub use sampler::Sampler;
pub use steps::{Luggage, MAX_DATA, SharedSteps, Stepped, Steps};
pub use stream::{Purpose, Stream, Streams};
pub use tokens::{Lengths, TokenCount, TokenTimes, Tokens};
pub use trace::{Misfit, Overrides, Trace, TraceSource};
pub use values::Values;
pub use workload::{Arrivals, Priorities, Stage, Workload};
