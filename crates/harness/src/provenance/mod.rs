//! Where a run comes from, and how to repeat it.
//!
//! Read once per command: version, commit, machine, command line, build. All of it
//! goes into every report, so that a number never travels without its circumstances.

mod host;
mod shell;

pub use shell::{quote, quoted_command};

use crate::clock::Timestamp;
use crate::spec::RunSpec;
use metrics::report::{Host, Provenance};

/// Commit of the source that this was built from; `None` outside a checkout.
pub const GIT_COMMIT: Option<&str> = option_env!("HARNESS_GIT_COMMIT");

/// The circumstances that all runs of a command share.
#[derive(Clone, Debug)]
pub struct Circumstances {
    host: Host,
    command: String,
    build: Build,
}

/// How the code that measures was compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Build {
    /// With the release profile.
    Release,
    /// With another profile, but optimised where it counts.
    Optimised,
    /// Not optimised: decision costs and accuracy are not those of the tool.
    Unoptimised,
}

impl Circumstances {
    /// Those of this process.
    pub fn of_this_process() -> Circumstances {
        Circumstances {
            host: host::host(),
            command: quoted_command(std::env::args()),
            build: Build::of_this_program(),
        }
    }

    /// The machine.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The command line, quoted for a shell.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// The build.
    pub fn build(&self) -> Build {
        self.build
    }

    /// The provenance of a run that was started at `started`.
    pub(crate) fn of_run(&self, run: &RunSpec, started: Timestamp) -> Provenance {
        Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git_commit: GIT_COMMIT.map(str::to_owned),
            seed: run.setup.seed,
            host: self.host.clone(),
            command: self.command.clone(),
            build_profile: self.build.name().to_owned(),
            started_at: started.to_string(),
            spec: run.to_json(),
        }
    }
}

impl Build {
    /// That of this program. What counts is how the crates that run while a clock ticks were
    /// compiled, not this one.
    pub fn of_this_program() -> Build {
        match (pipeline::OPT_LEVEL, cfg!(debug_assertions)) {
            ("0" | "1", _) => Build::Unoptimised,
            (_, true) => Build::Optimised,
            (_, false) => Build::Release,
        }
    }

    /// As it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Build::Release => "release",
            Build::Optimised => "dev (optimised)",
            Build::Unoptimised => "unoptimised",
        }
    }

    /// What a reader of the numbers must know.
    pub fn warning(self) -> Option<&'static str> {
        (self == Build::Unoptimised).then_some(
            "Unoptimised build: decision costs, throughput and timing accuracy are not those of \
             this tool. Build with `--release`, or with the dev profile of this workspace.",
        )
    }
}
