//! The steps of a worker: made once, aside, from what the driver sends.
//!
//! Making them may read an index from disk, and a worker that does so in its session would miss a ping. So
//! they are made in a thread of their own, and the first calls wait for them. If they cannot be made, each
//! call fails with the reason.

use pipeline::model::{CallContext, SharedSteps, Stepped};
use std::sync::{Arc, OnceLock};
use std::{fmt, thread};

/// Makes the steps of a run from their setup; or says why that cannot be.
pub type MakeSteps = fn(&[u8]) -> Result<SharedSteps, String>;

/// What a program without steps makes of a setup.
///
/// # Errors
/// Always.
pub fn no_steps(_: &[u8]) -> Result<SharedSteps, String> {
    Err("this worker's program has no steps".to_owned())
}

/// The steps, once they are made.
#[derive(Clone)]
pub(super) struct Maker {
    make: MakeSteps,
    made: Arc<OnceLock<Result<SharedSteps, String>>>,
}

impl Maker {
    pub(super) fn new(make: MakeSteps) -> Maker {
        Maker { make, made: Arc::default() }
    }

    /// Begins to make them. A later setup is not another one: a session has one run.
    pub(super) fn begin(&self, setup: Vec<u8>) {
        let (make, made) = (self.make, Arc::clone(&self.made));
        let aside = move || drop(made.set(make(&setup)));
        if let Err(error) = thread::Builder::new().name("steps".into()).spawn(aside) {
            let _ = self.made.set(Err(format!("the system refused a thread: {error}")));
        }
    }

    /// Carries a step out, when they are there.
    pub(super) fn carry_out(&self, number: u8, call: &CallContext, data: &[u8]) -> Stepped {
        match self.made.wait() {
            Ok(steps) => steps.carry_out(number, call, data),
            Err(why) => Stepped { data: data.to_vec(), failure: Some(why.clone()) },
        }
    }
}

impl fmt::Debug for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("steps")
    }
}
