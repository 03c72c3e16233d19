//! What this crate is on systems that are no Unix: it says so.
//!
//! The same names with the same signatures, so that whoever uses them compiles everywhere; each ends in
//! [`Error::Elsewhere`].

use crate::wire::Status;
use crate::{Error, Identity, Incident, Strategy, Token, Trust};
use pipeline::model::SharedSteps;
use pipeline::{Control, Observer, Outcome, RunError, RunSetup};
use sched_core::Scheduler;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

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
    pub fn new(_: Vec<SocketAddr>, _: Option<Token>, _: Option<Trust>) -> Result<Remote, Error> {
        Err(Error::Elsewhere)
    }
}

/// A Ray cluster: none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ray(Infallible);

impl Ray {
    /// There is none.
    ///
    /// # Errors
    /// Always.
    pub fn new(_: &Path, _: &str, _: Program) -> Result<Ray, Error> {
        Err(Error::Elsewhere)
    }

    /// There is none.
    ///
    /// # Errors
    /// None.
    pub fn check(&self, _: &RunSetup, _: Option<Strategy>) -> Result<(), Error> {
        match self.0 {}
    }
}

/// Where workers would come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Launcher {
    /// Processes of this host.
    Process(Program),
    /// Workers that others have started.
    Static(Remote),
    /// Workers that Ray starts.
    Ray(Ray),
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

/// On what terms a worker would serve.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What drivers must know.
    pub token: Option<Token>,
    /// What the worker shows.
    pub identity: Option<Identity>,
    /// The most slots that a node on it may have.
    pub slots: Option<u32>,
}

/// There is nobody to ask.
///
/// # Errors
/// Always.
pub fn inquire(
    _: SocketAddr,
    _: Option<&Token>,
    _: Option<&Trust>,
    _: bool,
) -> Result<Status, Error> {
    Err(Error::Elsewhere)
}

/// A worker that listens: none.
#[derive(Debug)]
pub struct Listener(Infallible);

impl Listener {
    /// There is none.
    ///
    /// # Errors
    /// Always.
    pub fn bind(_: SocketAddr, _: Terms) -> Result<Listener, Error> {
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

/// Cannot run here.
///
/// # Errors
/// Always.
pub fn run_on_ray(
    _: &RunSetup,
    ray: &Ray,
    _: Strategy,
    _: &mut dyn Scheduler,
    _: &mut dyn Observer,
    _: &Control,
    _: &mut Vec<String>,
) -> Result<Outcome, RunError> {
    match ray.0 {}
}

/// Cannot serve here.
///
/// # Errors
/// Always.
pub fn serve_operator(_: impl io::Read, _: impl io::Write) -> Result<(), Error> {
    Err(Error::Elsewhere)
}

/// Cannot serve here.
///
/// # Errors
/// Always.
pub fn serve_parent(_: MakeSteps) -> Result<(), Error> {
    Err(Error::Elsewhere)
}
