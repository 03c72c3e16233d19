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
    /// Workers that Ray starts, one on each of its nodes.
    Ray {
        /// A Python that has Ray.
        python: PathBuf,
        /// Where Ray is; `auto`: on this host.
        address: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Launcher {
    Process,
    Static,
    Ray,
}

/// Which keys go with which launcher only.
const KEYS: [(&str, Launcher, &str); 5] = [
    ("workers", Launcher::Static, "only goes with `launcher: static`"),
    ("token_file", Launcher::Static, "only goes with `launcher: static`"),
    ("tls_ca", Launcher::Static, "only goes with `launcher: static`"),
    ("python", Launcher::Ray, "only goes with `launcher: ray`"),
    ("address", Launcher::Ray, "only goes with `launcher: ray`"),
];

impl Origin {
    /// Reads and checks such a file.
    ///
    /// # Errors
    /// At the first place that is wrong, or when it cannot be read.
    pub fn read(path: &Path) -> Result<Origin, SpecError> {
        Origin::check(&Draft::read(path)?, path)
    }

    fn check(draft: &Draft, path: &Path) -> Result<Origin, SpecError> {
        let known = ["launcher", "workers", "token_file", "tls_ca", "python", "address"];
        let fields = Field::root(draft.root()).map(&known)?;
        let launcher = fields.need("launcher", "launcher: process")?.choice(&[
            ("process", Launcher::Process),
            ("static", Launcher::Static),
            ("ray", Launcher::Ray),
        ])?;
        for (key, with, why) in KEYS {
            if let Some(field) = fields.get(key).filter(|_| with != launcher) {
                return Err(field.error(why));
            }
        }
        let beside = path.parent().unwrap_or(Path::new(""));
        match launcher {
            Launcher::Process => return Ok(Origin::Process),
            Launcher::Static => {}
            Launcher::Ray => {
                let text = |key| fields.get(key).map(|field| field.text()).transpose();
                let python = text("python")?.unwrap_or("python3");
                // A mere name is looked for as the shell does.
                let is_path = python.contains(std::path::is_separator);
                let python = if is_path { beside.join(python) } else { python.into() };
                let address = text("address")?.unwrap_or("auto").to_owned();
                return Ok(Origin::Ray { python, address });
            }
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
        let ray = |python: &str, address: &str| {
            Ok(Origin::Ray { python: python.into(), address: address.into() })
        };
        assert_eq!(check("launcher: ray"), ray("python3", "auto"));
        let there = "launcher: ray\npython: ../.ray/bin/python\naddress: 10.0.0.1:6379";
        assert_eq!(check(there), ray("config/../.ray/bin/python", "10.0.0.1:6379"));
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
                "launcher: static\nworkers: [127.0.0.1:1]\naddress: auto",
                "c.yaml: line 3, column 10: `address`: only goes with `launcher: ray`",
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
