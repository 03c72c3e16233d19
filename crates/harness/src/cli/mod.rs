//! What all commands have in common on the command line.
//!
//! Flags are read as texts ([`RunArgs`], [`ExperimentArgs`]) and then checked into [`Flags`]: two
//! types, so that nothing unchecked gets further. Checked flags are laid over a draft of the
//! spec like one more file, and the checks of the spec blame the flag where it is wrong. All
//! of it happens before anything is run or written.

mod args;
mod choice;
mod flags;
mod policy;

pub use args::{ExperimentArgs, RunArgs};
pub use choice::{choose, choose_all, choose_numbers};
pub use flags::Flags;
pub use policy::{parse_policy, policies_help, policy_spec};

use crate::run::workers;
use crate::{Error, Exit};
use clap::{ArgMatches, Command, FromArgMatches};
use std::path::Path;
use std::process::ExitCode;

/// Reads the command line. If this process was started as a worker of a cluster, it is one until it is not
/// needed any more.
///
/// # Errors
/// How to end: after having been a worker, after `--help` and `--version`, and after wrong usage, which has been explained on
/// stderr.
pub fn parse<T: FromArgMatches>(command: Command, args: &[String]) -> Result<T, Exit> {
    if let Some(exit) = workers::serve(args) {
        return Err(exit);
    }
    let parsed = command.try_get_matches_from(args);
    parsed.and_then(|matches: ArgMatches| T::from_arg_matches(&matches)).map_err(|error| {
        // Where neither stdout nor stderr can be written, nobody is there to be told.
        let _ = error.print();
        if error.use_stderr() { Exit::Usage } else { Exit::Done }
    })
}

/// Ends a command: says what went wrong, and turns it into the exit code.
pub fn end(result: Result<Exit, Error>) -> ExitCode {
    let exit = result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        error.exit()
    });
    exit.into()
}

/// How this program is started through cargo, given the package that it is part of: as its
/// main program, or as the example that it is.
pub fn cargo_command(package: &str, program: &str) -> String {
    let program = Path::new(program);
    let folder = program.parent().and_then(Path::file_name);
    let example = match folder.is_some_and(|folder| folder == "examples") {
        true => program.file_stem().map(|name| format!(" --example {}", name.to_string_lossy())),
        false => None,
    };
    format!("cargo run --release -p {package}{} --", example.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_started_as_one() {
        let command = |program| cargo_command("exp2", program);
        assert_eq!(command("target/debug/exp2"), "cargo run --release -p exp2 --");
        let example = "cargo run --release -p exp2 --example custom_policy --";
        assert_eq!(command("target/debug/examples/custom_policy"), example);
    }
}
