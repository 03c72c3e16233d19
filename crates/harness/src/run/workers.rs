//! Runs whose nodes are workers.
//!
//! Each program of ours is its own worker: it starts itself once more for each node, with a first argument
//! that [`serve`] looks for before the command line is read. So `--env cluster` needs nothing that is not
//! there already. Workers that others have started are looked for before anything is written. Only on Unix;
//! elsewhere it is refused with what to use instead.
//!
//! Where Ray places the calls itself, there are no workers of ours at all: its policies say so (`strategy`).

use super::serving::make;
use crate::spec::{Environment, Origin, RunSpec};
use crate::worker::WorkerArgs;
use crate::{Error, Exit};
use cluster::wire::Refusal;
use cluster::{
    Incident, Launcher, OPERATOR_ARGUMENT, Program, Ray, Remote, Strategy, Token, Trust,
    WORKER_ARGUMENT, ray_policies, run_cluster, run_on_ray, serve_operator, serve_parent,
};
use pipeline::{Control, Observer, Outcome, RunError, RunSetup};
use sched_core::{PolicyInfo, Registry, Scheduler, Time};
use std::path::Path;
use std::{fs, io};

/// If this process was started as a worker, is one, and then says how to end. Behind the hidden argument
/// there may be the flags of `sage worker`: then it listens.
pub(crate) fn serve(arguments: &[String]) -> Option<Exit> {
    let served = match arguments.get(1).map(String::as_str) {
        Some(WORKER_ARGUMENT) if arguments.len() == 2 => serve_parent(make),
        Some(WORKER_ARGUMENT) => return Some(WorkerArgs::serve(&arguments[1..])),
        Some(OPERATOR_ARGUMENT) => serve_operator(io::stdin().lock(), io::stdout().lock()),
        _ => return None,
    };
    Some(match served {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("worker: {error}");
            Exit::Failed
        }
    })
}

/// The policies of a registry, and those that leave the placement to Ray. A name that is taken stays what
/// it was.
pub fn with_ray(registry: &Registry) -> Registry {
    let mut registry = registry.clone();
    for policy in ray_policies() {
        if registry.get(policy.name()).is_none() {
            // Cannot be refused: the name is free, and there are no aliases.
            let _ = registry.register(policy);
        }
    }
    registry
}

/// How Ray is to place the calls of a run, if it is to.
pub(crate) fn strategy(run: &RunSpec) -> Option<Strategy> {
    let (name, info) = (run.policy.name(), run.policy.info());
    let is_it = |it: &PolicyInfo| it.name() == name && it.summary() == info.summary();
    ray_policies()
        .iter()
        .find(|policy| is_it(policy))
        .and_then(|policy| Strategy::of(policy.name()))
}

/// A worker that was lost without having been meant to.
pub(super) struct Loss {
    /// Which, when and why; a sentence.
    pub(super) text: String,
    /// Of what kind the message was that it was ended for, if it was.
    pub(super) refused: Option<Refusal>,
}

/// Where the workers of a command come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workers(Launcher);

impl Workers {
    /// From a checked file. Without one they are processes of this program.
    ///
    /// # Errors
    /// When the token cannot be read or used, or an address is not one of this host.
    pub fn new(origin: Option<Origin>) -> Result<Workers, Error> {
        let here = |error| Error::Usage(format!("where is this program? {error}"));
        let this = || Program::this().map_err(here);
        let launcher = match origin {
            None | Some(Origin::Process) => Launcher::Process(this()?),
            Some(Origin::Ray { python, address }) => {
                Launcher::Ray(Ray::new(&python, &address, this()?).map_err(|error| usage(&error))?)
            }
            Some(Origin::Static { workers, token_file, tls_ca }) => {
                let token = token_file.as_deref().map(token).transpose()?;
                let trust = tls_ca.as_deref().map(trust).transpose()?;
                let remote = Remote::new(workers, token, trust);
                Launcher::Static(remote.map_err(|error| usage(&error))?)
            }
        };
        Ok(Workers(launcher))
    }

    /// Whether workers that others have started are there for these runs, and serve this user. Nothing is run.
    /// `record` is whether decisions are to be logged.
    ///
    /// # Errors
    /// Names the first that is not, and why.
    pub(crate) fn check(&self, runs: &[RunSpec], record: bool) -> Result<(), Error> {
        for run in runs.iter().filter(|run| strategy(run).is_some()) {
            self.check_strategy(run, record)?;
        }
        if matches!(self.0, Launcher::Process(_)) {
            return Ok(());
        }
        let mut checked = None;
        for run in runs.iter().filter(|run| run.setup.environment == Environment::Cluster) {
            let setup = &run.setup;
            if checked.replace(&setup.cluster) == Some(&setup.cluster) {
                continue;
            }
            let faults = setup.faults.clone();
            let of_run = RunSetup::new(setup.cluster.clone(), setup.workload.clone(), setup.seed);
            match (&self.0, strategy(run)) {
                (Launcher::Ray(ray), at @ Some(_)) => ray.check(&RunSetup { faults, ..of_run }, at),
                _ => cluster::Cluster::start(&of_run, &self.0).map(drop),
            }
            .map_err(|error| usage(&error))?;
        }
        Ok(())
    }

    /// Whether Ray can place the calls of a run.
    fn check_strategy(&self, run: &RunSpec, record: bool) -> Result<(), Error> {
        let what = match (&self.0, run.setup.environment) {
            (Launcher::Ray(_), Environment::Cluster) if record => {
                "places nothing itself, so there are no decisions to be recorded; leave `--record` away"
            }
            (Launcher::Ray(_), Environment::Cluster) if run.setup.view.is_some() => {
                "has a view of Ray's own; remove `view`"
            }
            (Launcher::Ray(_), Environment::Cluster) => return Ok(()),
            _ => "leaves the placement to Ray: `--env cluster --cluster config/ray.yaml`",
        };
        Err(Error::Usage(format!("run `{}`: {} {what}", run.name, run.policy.name())))
    }

    /// Runs on them. Those that were lost without having been meant to are told in `losses`.
    pub(super) fn run(
        &self,
        (setup, strategy): (&RunSetup, Option<Strategy>),
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
        losses: &mut Vec<Loss>,
    ) -> Result<Outcome, RunError> {
        if let Some(strategy) = strategy {
            let Launcher::Ray(ray) = &self.0 else {
                return Err(RunError::Setup("there is no Ray here".to_owned()));
            };
            let mut remarks = Vec::new();
            let outcome =
                run_on_ray(setup, ray, strategy, scheduler, observer, control, &mut remarks);
            losses.extend(remarks.into_iter().map(|text| Loss { text, refused: None }));
            return outcome;
        }
        let mut incidents = Vec::new();
        let outcome = run_cluster(setup, &self.0, scheduler, observer, control, &mut incidents);
        losses.extend(incidents.into_iter().map(|Incident { at, node, what, refused }| {
            let at = at.since(Time::ZERO).as_secs_f64();
            let stop = if what.ends_with('?') { "" } else { "." };
            Loss {
                text: format!("{node} was lost {at:.3} s after the start: {what}{stop}"),
                refused,
            }
        }));
        outcome
    }
}

/// A token from a file.
///
/// # Errors
/// When it cannot be read, or is none.
pub(crate) fn token(path: &Path) -> Result<Token, Error> {
    let named = |error: String| Error::Usage(format!("token file {}: {error}", path.display()));
    let bytes = fs::read(path).map_err(|error| named(error.to_string()))?;
    Token::new(&bytes).map_err(|error| named(error.to_string()))
}

/// Whom to trust, from a file.
///
/// # Errors
/// When it cannot be read, or holds no certificate.
pub(crate) fn trust(path: &Path) -> Result<Trust, Error> {
    Trust::read(path).map_err(|error| Error::Usage(format!("tls_ca: {error}")))
}

fn usage(error: &cluster::Error) -> Error {
    Error::Usage(format!("--env cluster: {error}"))
}
