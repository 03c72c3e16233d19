//! The file that `--cluster` names: where the workers of `--env cluster` come from.
//!
//! It is no part of a spec: the same spec runs on the workers of one host or another. How many there are
//! and what size they have is the spec's, in `cluster:`.

use super::draft::Draft;
use super::error::{BadValue, SpecError};
use super::reader::Field;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where workers come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Processes of this host, started for each run and ended with it.
    Process,
    /// Workers that others have started.
    Static {
        /// Where they listen; the first is `node-0`.
        workers: Vec<SocketAddr>,
        /// The file with the secret that they share with the driver.
        token_file: Option<PathBuf>,
        /// The file with the authority of their certificates; without it, connections are not encrypted.
        tls_ca: Option<PathBuf>,
    },
}

/// What goes with `launcher: static` alone.
const STATIC: [&str; 3] = ["workers", "token_file", "tls_ca"];

#[derive(Clone, Copy)]
enum Launcher {
    Process,
    Static,
}

impl Origin {
    /// Reads and checks such a file.
    ///
    /// # Errors
    /// At the first place that is wrong, or when it cannot be read.
    pub fn read(path: &Path) -> Result<Origin, SpecError> {
        Origin::check(&Draft::read(path)?, path)
    }

    fn check(draft: &Draft, path: &Path) -> Result<Origin, SpecError> {
        let fields =
            Field::root(draft.root()).map(&["launcher", "workers", "token_file", "tls_ca"])?;
        let launcher = fields.need("launcher", "launcher: process")?;
        let launcher =
            launcher.choice(&[("process", Launcher::Process), ("static", Launcher::Static)])?;
        if let Launcher::Process = launcher {
            let other = STATIC.iter().find_map(|key| fields.get(key));
            return match other {
                None => Ok(Origin::Process),
                Some(field) => Err(field.error("only goes with `launcher: static`")),
            };
        }
        let list = fields.need("workers", "workers: [127.0.0.1:7401, 127.0.0.1:7402]")?;
        let address = |field: &Field<'_>| {
            field.read(|text| {
                let what = "is no address with a port: write for example `127.0.0.1:7401`";
                text.parse().map_err(|_| BadValue(format!("`{text}` {what}")))
            })
        };
        let workers: Vec<SocketAddr> =
            list.list()?.iter().map(address).collect::<Result<_, _>>()?;
        if workers.is_empty() {
            return Err(list.error("names no worker"));
        }
        let beside = path.parent().unwrap_or(Path::new(""));
        let file = |key| match fields.get(key) {
            None => Ok(None),
            Some(field) => Ok(Some(beside.join(field.text()?))),
        };
        let (token_file, tls_ca) = (file("token_file")?, file("tls_ca")?);
        Ok(Origin::Static { workers, token_file, tls_ca })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str) -> Result<Origin, String> {
        let draft = Draft::parse(text, "c.yaml").map_err(|error| error.to_string())?;
        Origin::check(&draft, Path::new("config/c.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn workers_are_processes_or_named() {
        assert_eq!(check("launcher: process"), Ok(Origin::Process));
        let named = "launcher: static\nworkers: [127.0.0.1:7401, '[::1]:7402']\ntoken_file: token\n\
                     tls_ca: keys/ca.pem";
        let workers = vec!["127.0.0.1:7401".parse().unwrap(), "[::1]:7402".parse().unwrap()];
        let token_file = Some(PathBuf::from("config/token"));
        let tls_ca = Some(PathBuf::from("config/keys/ca.pem"));
        assert_eq!(check(named), Ok(Origin::Static { workers, token_file, tls_ca }));
    }

    #[test]
    fn mistakes_are_placed() {
        for (text, message) in [
            ("launcher: proces", "c.yaml: line 1, column 11: `launcher`: unknown value `proces`"),
            ("workers: [a:1]", "c.yaml: line 1, column 1: `launcher` is missing"),
            ("launcher: static", "c.yaml: line 1, column 1: `workers` is missing"),
            ("launcher: static\nworkers: []", "c.yaml: line 2, column 10: `workers`: names no"),
            (
                "launcher: static\nworkers: [localhost]",
                "c.yaml: line 2, column 11: `workers[0]`: `localhost` is no address with a port",
            ),
            (
                "launcher: process\nworkers: [127.0.0.1:1]",
                "c.yaml: line 2, column 10: `workers`: only goes with `launcher: static`",
            ),
            (
                "launcher: process\ntls_ca: ca.pem",
                "c.yaml: line 2, column 9: `tls_ca`: only goes with `launcher: static`",
            ),
            ("launchr: static", "c.yaml: line 1, column 1: unknown key `launchr`"),
        ] {
            let error = check(text).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
