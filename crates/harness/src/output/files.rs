//! Files that are whole or not there.
//!
//! Each is written beside its place and renamed, so that a full disk or a killed process
//! leaves no half of a report under a name that is read.

use crate::Error;
use metrics::{LatencyCsv, MetricsError};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file, whole or not at all.
///
/// # Errors
/// [`Error::Write`] names it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let part = part_of(path);
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.flush()?;
        fs::rename(&part, path)
    };
    write().map_err(|source| {
        let _ = fs::remove_file(&part); // best effort: the error to report is the first
        Error::write(path, source)
    })
}

/// A `<run>_latencies.csv` that is being written. What is not finished keeps `.part` behind its name,
/// if it has a row, and is removed else.
#[derive(Debug)]
pub(crate) struct LatencyFile {
    path: PathBuf,
    out: BufWriter<File>,
    empty: bool,
}

/// The rows of one repetition, in a file of their own until it is their turn. Dropping it removes
/// the file.
#[derive(Debug)]
pub(crate) struct LatencyPart {
    path: PathBuf,
    csv: LatencyCsv<BufWriter<File>>,
}

impl LatencyFile {
    /// Begins it, with its header.
    pub(crate) fn create(path: PathBuf) -> Result<LatencyFile, Error> {
        let file = File::create(part_of(&path)).map_err(|error| Error::write(&path, error))?;
        let out = LatencyCsv::new(BufWriter::new(file)).and_then(LatencyCsv::finish);
        match out {
            Ok(out) => Ok(LatencyFile { path, out, empty: true }),
            Err(error) => Err(failed(&path, error)),
        }
    }

    /// Puts the rows of the next repetition behind those that are there.
    pub(crate) fn append(&mut self, mut part: LatencyPart) -> Result<(), Error> {
        part.csv.flush().map_err(|error| part.error(error))?;
        let copied = File::open(part_of(&part.path))
            .and_then(|mut rows| std::io::copy(&mut rows, &mut self.out));
        self.empty = false;
        copied.map(drop).map_err(|error| Error::write(&self.path, error))
    }

    /// Ends it and gives it its name.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.empty = false;
        self.out
            .flush()
            .and_then(|()| fs::rename(part_of(&self.path), &self.path))
            .map_err(|source| Error::write(&self.path, source))
    }
}

impl Drop for LatencyFile {
    fn drop(&mut self) {
        if self.empty {
            let _ = fs::remove_file(part_of(&self.path)); // best effort: it tells nothing
        }
    }
}

impl LatencyPart {
    /// Begins it; what is written has `path` and `.part` as its name.
    pub(crate) fn create(path: PathBuf) -> Result<LatencyPart, Error> {
        let file = File::create(part_of(&path)).map_err(|error| Error::write(&path, error))?;
        Ok(LatencyPart { csv: LatencyCsv::continued(BufWriter::new(file)), path })
    }

    /// Where the rows go.
    pub(crate) fn csv(&mut self) -> &mut LatencyCsv<BufWriter<File>> {
        &mut self.csv
    }

    /// A failed write of this file.
    pub(crate) fn error(&self, error: MetricsError) -> Error {
        failed(&self.path, error)
    }
}

impl Drop for LatencyPart {
    fn drop(&mut self) {
        let _ = fs::remove_file(part_of(&self.path)); // best effort: it is only in the way
    }
}

fn failed(path: &Path, error: MetricsError) -> Error {
    match error {
        MetricsError::Write(source) => Error::write(path, source),
        other => Error::write(path, std::io::Error::other(other)),
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_named_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        fs::create_dir(&path).unwrap(); // a folder cannot be replaced by a file
        fs::write(path.join("inside"), "").unwrap();
        let error = write_file(&path, b"{}").unwrap_err().to_string();
        assert!(error.contains("x.json") && error.contains("free space"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
