//! Where results go, and whether they can go there.
//!
//! Everything that can be wrong with a folder is found before the first run starts. A
//! folder that holds a run is never written into: comparing two runs is the reason why the
//! older one was kept.

use crate::Error;
use crate::clock::Timestamp;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Folders of the same second that are tried before giving up.
const SUFFIXES: u32 = 1_000;

/// Where results go when no folder is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Home {
    /// `<folder>/results/<timestamp>`, if `folder` (below the workspace) is found from the current
    /// folder or one above it; else as `Results`.
    Experiment {
        /// The experiment's folder in the workspace.
        folder: &'static str,
        /// Name for the other case.
        name: String,
    },
    /// `results/<name>-<timestamp>` in the current folder.
    Results {
        /// Name of the spec.
        name: String,
    },
}

/// A folder that can be used, not yet touched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OutputPlan(Where);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Where {
    Named(PathBuf),
    /// A name that may get a suffix, and the name of its parent.
    Fresh {
        parent: PathBuf,
        name: String,
    },
}

/// A folder that is ours.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

/// Checks where results are to go, without writing anything.
///
/// # Errors
/// [`Error::Output`] for a named folder that holds a run already or is no folder.
pub(crate) fn plan_output(named: Option<&Path>, home: &Home) -> Result<OutputPlan, Error> {
    if let Some(path) = named {
        check_named(path)?;
        return Ok(OutputPlan(Where::Named(path.to_owned())));
    }
    let stamp = Timestamp::now().for_file_name();
    let fresh = match home {
        Home::Experiment { folder, name } => match find_up(folder) {
            Some(folder) => Where::Fresh { parent: folder.join("results"), name: stamp },
            None => Where::Fresh { parent: "results".into(), name: format!("{name}-{stamp}") },
        },
        Home::Results { name } => {
            Where::Fresh { parent: "results".into(), name: format!("{name}-{stamp}") }
        }
    };
    Ok(OutputPlan(fresh))
}

impl OutputPlan {
    /// Makes the folder and claims it by writing its `spec.yaml`.
    ///
    /// # Errors
    /// [`Error::Output`] if it cannot be made or written, or is claimed by somebody else.
    pub(crate) fn claim(self, spec: &str) -> Result<Folder, Error> {
        match self.0 {
            Where::Named(path) => {
                let made = missing_ancestor(&path);
                fs::create_dir_all(&path).map_err(|error| unwritable(&path, &error))?;
                claim(&path, spec).inspect_err(|_| remove_empty(&path, made.as_deref()))?;
                Ok(Folder(path))
            }
            Where::Fresh { parent, name } => {
                fs::create_dir_all(&parent).map_err(|error| unwritable(&parent, &error))?;
                for suffix in 1..SUFFIXES {
                    let path = match suffix {
                        1 => parent.join(&name),
                        n => parent.join(format!("{name}_{n}")),
                    };
                    match fs::create_dir(&path) {
                        Ok(()) => {
                            claim(&path, spec)?;
                            return Ok(Folder(path));
                        }
                        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                        Err(error) => return Err(unwritable(&path, &error)),
                    }
                }
                Err(taken(&parent.join(name)))
            }
        }
    }
}

impl Folder {
    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

fn check_named(path: &Path) -> Result<(), Error> {
    match fs::read_dir(path) {
        Ok(entries) => {
            for entry in entries {
                let entry = entry.map_err(|error| unwritable(path, &error))?;
                if is_of_a_run(&entry.file_name().to_string_lossy()) {
                    return Err(taken(path));
                }
            }
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritable(path, &error)),
    }
}

/// Whether a file of this name is one that runs leave.
fn is_of_a_run(name: &str) -> bool {
    let name = name.strip_suffix(".part").unwrap_or(name);
    let endings = ["_metrics.json", "_summary.txt", "_latencies.csv", ".flight"];
    let comparisons = ["_comparison.txt", "_comparison.csv", "_comparison.json"];
    let pictures = ["_throughput.png", "_latency.png", "_nodes.png"];
    let alone = ["spec.yaml", "report.html", "trace.json"];
    let mut all = endings.iter().chain(&comparisons).chain(&pictures);
    alone.contains(&name) || all.any(|ending| name.ends_with(ending))
}

/// Writes `spec.yaml` unless there is one: of two commands that want a folder at the same
/// instant, one loses here.
fn claim(path: &Path, spec: &str) -> Result<(), Error> {
    let file = path.join("spec.yaml");
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&file)?;
        file.write_all(spec.as_bytes())
    };
    write().map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(path),
        _ => unwritable(path, &error),
    })
}

/// The highest folder above `path`, or itself, that does not exist yet.
fn missing_ancestor(path: &Path) -> Option<PathBuf> {
    let missing = path.ancestors().filter(|path| !path.as_os_str().is_empty() && !path.exists());
    missing.last().map(Path::to_owned)
}

/// Takes back what was made for a folder that turned out not to be writable. Only empty folders
/// go: `remove_dir` takes no others.
fn remove_empty(path: &Path, made: Option<&Path>) {
    let Some(made) = made else { return };
    for folder in path.ancestors().take_while(|folder| folder.starts_with(made)) {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

fn find_up(folder: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let found = here.ancestors().map(|above| above.join(folder));
    let found = found.into_iter().find(|path| path.join("Cargo.toml").is_file())?;
    // Shorter to read where it lies below the current folder.
    Some(found.strip_prefix(&here).map(Path::to_owned).unwrap_or(found))
}

fn taken(path: &Path) -> Error {
    let why = "holds a run already, which is never overwritten; name another folder".to_owned();
    Error::Output { path: path.to_owned(), why }
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let why = format!("cannot be written ({error}); name a folder that you may write to");
    Error::Output { path: path.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(error: &Error) -> String {
        assert_eq!(error.exit().code(), 2);
        error.to_string()
    }

    #[test]
    fn a_folder_with_a_run_is_refused_and_others_are_not() {
        let home = Home::Results { name: "x".into() };
        for (file, refused) in [
            ("spec.yaml", true),
            ("fifo_metrics.json", true),
            ("exp2_comparison.csv", true),
            ("fifo_latencies.csv.part", true),
            ("exp2_latency.png", true),
            ("report.html", true),
            ("trace.json", true),
            ("notes.txt", false),
            ("photo.png", false),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(file), "").unwrap();
            let plan = plan_output(Some(dir.path()), &home);
            assert_eq!(plan.is_err(), refused, "{file}");
            if let Err(error) = plan {
                assert!(message(&error).contains("holds a run already"));
            }
        }
    }

    #[test]
    fn only_one_of_two_gets_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let home = Home::Results { name: "x".into() };
        let plans = [(); 2].map(|()| plan_output(Some(&path), &home).unwrap());
        let [first, second] = plans.map(|plan| plan.claim("name: x\n"));
        assert_eq!(first.unwrap().path(), path);
        assert!(message(&second.unwrap_err()).contains("holds a run already"));
    }

    #[test]
    fn folders_of_the_same_second_get_a_suffix() {
        let dir = tempfile::tempdir().unwrap();
        let plan = OutputPlan(Where::Fresh { parent: dir.path().join("r"), name: "t".into() });
        let names: Vec<PathBuf> =
            (0..3).map(|_| plan.clone().claim("").unwrap().path().to_owned()).collect();
        let expected = ["t", "t_2", "t_3"].map(|name| dir.path().join("r").join(name));
        assert_eq!(names, expected);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let home = Home::Results { name: "x".into() };
        let path = dir.path().join("file/out");
        let plan = plan_output(Some(&path), &home).and_then(|plan| plan.claim(""));
        let text = message(&plan.unwrap_err());
        assert!(text.contains("file/out") && text.contains("name a folder"), "{text}");
    }
}
