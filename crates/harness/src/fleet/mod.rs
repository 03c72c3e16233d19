//! `sage cluster`: workers that stay up between runs, and the keys of clusters on several hosts.
//!
//! `start` starts `sage worker`s on this host and leaves them; what it must remember lies in a folder that
//! only this user can read (`home`), as a file like any that `--cluster` names. So a run finds them by name,
//! `status` asks them as it asks the workers of any such file, and `stop` ends them over their own protocol.
//! Nothing stays in between that could fail: the workers are the cluster.

#[cfg(unix)]
mod home;
mod keygen;
#[cfg(unix)]
mod start;
#[cfg(unix)]
mod status;
#[cfg(unix)]
mod stop;

use crate::spec::Origin;
use crate::{Error, Exit};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// What `sage cluster` does.
#[derive(Subcommand, Clone, PartialEq, Eq, Debug)]
pub enum ClusterCommand {
    /// Start workers on this host that stay up until they are stopped
    Start(StartArgs),
    /// Say how the workers of a cluster are; exit code 1 if one does not answer
    Status(StatusArgs),
    /// End the workers that `start` has started, whatever runs on them
    Stop {
        /// The name it was started with
        #[arg(default_value = DEFAULT)]
        name: String,
    },
    /// Make the keys for a cluster on several hosts: a certificate for its workers and a token
    Keygen {
        /// Where to put the files
        dir: PathBuf,
    },
}

/// The name of a cluster that was given none.
const DEFAULT: &str = "default";

/// Flags of `sage cluster start`.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct StartArgs {
    /// How many workers
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024))]
    nodes: u16,
    /// The most slots that a node on each may have
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    slots: u32,
    /// A name, by which runs find it: `--cluster NAME`
    #[arg(long, default_value = DEFAULT)]
    name: String,
    /// The port of the first worker, on 127.0.0.1; the next have the next. Default: whichever are free
    #[arg(long)]
    port: Option<u16>,
}

/// Flags of `sage cluster status`.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct StatusArgs {
    /// The name it was started with, or a file like `config/cluster.yaml`
    #[arg(default_value = DEFAULT)]
    cluster: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// When the cluster is not there or is there already, a worker cannot be started, or a file cannot be used.
pub fn cluster(command: &ClusterCommand) -> Result<Exit, Error> {
    match command {
        ClusterCommand::Keygen { dir } => keygen::keygen(dir),
        #[cfg(unix)]
        ClusterCommand::Start(args) => start::start(args),
        #[cfg(unix)]
        ClusterCommand::Status(args) => status::status(&args.cluster, args.json),
        #[cfg(unix)]
        ClusterCommand::Stop { name } => stop::stop(name),
        #[cfg(not(unix))]
        _ => Err(Error::Usage(::cluster::Error::Elsewhere.to_string())),
    }
}

/// What `--cluster` names: a file, or else a cluster that was started under this name.
///
/// # Errors
/// When there is neither, or the file is wrong.
pub(crate) fn origin(named: &Path) -> Result<Origin, Error> {
    #[cfg(unix)]
    if !named.exists()
        && let Some(home) = home::Home::of_running(named)?
    {
        return Ok(Origin::read(&home.file(home::FILE))?);
    }
    Ok(Origin::read(named)?)
}
