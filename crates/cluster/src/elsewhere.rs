//! What this crate is on systems that are no Unix: it says so.
//!
//! The same names with the same signatures, so that whoever uses them compiles everywhere; each ends in
//! [`Error::Elsewhere`].

use crate::{Error, Token};
use pipeline::model::SharedSteps;
use pipeline::{Control, Observer, Outcome, RunError, RunSetup};
use sched_core::{NodeId, Scheduler, Time};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

/// A program that could be started as a worker process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program;

impl Program {
    /// This program.
    ///
    /// # Errors
    /// None here.
    pub fn this() -> io::Result<Program> {
        Ok(Program)
    }
}

/// Workers that others have started: none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote(Infallible);

impl Remote {
    /// There are none.
    ///
    /// # Errors
    /// Always.
    pub fn new(_: Vec<SocketAddr>, _: Option<Token>) -> Result<Remote, Error> {
        Err(Error::Elsewhere)
    }
}

/// Where workers would come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Launcher {
    /// Processes of this host.
    Process(Program),
    /// Workers that others have started.
    Static(Remote),
}

/// Something that went wrong with a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incident {
    /// When it was noticed.
    pub at: Time,
    /// Where.
    pub node: NodeId,
    /// What was seen of it.
    pub what: String,
}

/// Workers for each node of a setup: none.
#[derive(Debug)]
pub struct Cluster(Infallible);

impl Cluster {
    /// There are none.
    ///
    /// # Errors
    /// Always.
    pub fn start(_: &RunSetup, _: &Launcher) -> Result<Cluster, Error> {
        Err(Error::Elsewhere)
    }
}

/// A worker that listens: none.
#[derive(Debug)]
pub struct Listener(Infallible);

impl Listener {
    /// There is none.
    ///
    /// # Errors
    /// Always.
    pub fn bind(_: SocketAddr, _: Option<Token>, _: Option<u32>) -> Result<Listener, Error> {
        Err(Error::Elsewhere)
    }

    /// There is none.
    ///
    /// # Errors
    /// None.
    pub fn address(&self) -> Result<SocketAddr, Error> {
        match self.0 {}
    }

    /// There is none.
    ///
    /// # Errors
    /// None.
    pub fn serve(
        self,
        _: MakeSteps,
        _: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        match self.0 {}
    }
}

/// Makes the steps of a run.
pub type MakeSteps = fn(&[u8]) -> Result<SharedSteps, String>;

/// Makes none.
///
/// # Errors
/// Always.
pub fn no_steps(_: &[u8]) -> Result<SharedSteps, String> {
    Err("this program has no steps".to_owned())
}

/// Cannot run here.
///
/// # Errors
/// Always.
pub fn run_cluster(
    _: &RunSetup,
    _: &Launcher,
    _: &mut dyn Scheduler,
    _: &mut dyn Observer,
    _: &Control,
    _: &mut Vec<Incident>,
) -> Result<Outcome, RunError> {
    Err(RunError::Executor(Box::new(Error::Elsewhere)))
}

/// Cannot serve here.
///
/// # Errors
/// Always.
pub fn serve_parent(_: MakeSteps) -> Result<(), Error> {
    Err(Error::Elsewhere)
}
