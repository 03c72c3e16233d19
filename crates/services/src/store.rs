//! Vectors on disk: what has been embedded once is not embedded again.
//!
//! A key is the model and the text itself, so one file serves several models and corpora, a changed file
//! costs its own passages alone, and a build that was stopped goes on where it was. Each batch is a
//! transaction: what a crash leaves is whole.
//!
//! The name of a model proves nothing about what answers to it. A probe, a text that is embedded at every
//! build and compared with its vector of before, does: vectors of two models are never mixed.

use crate::corpus::{Corpus, Fnv, Passage};
use crate::{CallError, Embedder, Error, Index};
use redb::{Database, ReadOnlyDatabase, ReadableDatabase, ReadableTable as _, TableDefinition};
use std::path::{Path, PathBuf};

/// Model and text, hashed, and the length of the text → the vector, little endian.
const VECTORS: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("vectors");
/// Model → its vector of the probe.
const PROBES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("probes");

/// Texts in one request.
const BATCH: usize = 64;
const PROBE: &str = "A scheduler decides which call runs next, and where.";
/// Vectors of one model and text differ by rounding alone: in the fourth digit, where models are quantised.
const SAME: f32 = 0.999;

/// A file of vectors.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store(PathBuf);

/// Embeds what of a corpus is not in the store yet. `progress` is told how many passages are there, and of
/// how many; it says whether to go on. Returns how many were embedded now.
///
/// # Errors
/// When the service fails, the store cannot be used, or it was stopped. What was embedded is kept.
pub fn build(
    store: &Store,
    corpus: &Corpus,
    embedder: &Embedder,
    mut progress: impl FnMut(usize, usize) -> bool,
) -> Result<usize, Error> {
    let model = &embedder.endpoint().model;
    // First, because a service that does not answer must leave no file.
    let probe = embedder.embed(&[PROBE.to_owned()]).map_err(|(error, _)| error)?;
    let probe = probe.vectors.into_iter().next().ok_or(CallError::Empty)?;
    let database = Database::create(&store.0).map_err(|error| store.failed(&error))?;
    store.probe(&database, model, &probe)?;
    let texts: Vec<String> = corpus.passages.iter().map(Passage::embedded).collect();
    let missing = {
        let read = database.begin_read().map_err(|error| store.failed(&error))?;
        let table = read.open_table(VECTORS).map_err(|error| store.failed(&error))?;
        let mut missing = Vec::new();
        for text in &texts {
            if table.get(key(model, text)).map_err(|error| store.failed(&error))?.is_none() {
                missing.push(text.clone());
            }
        }
        missing
    };
    let there = texts.len() - missing.len();
    for (at, batch) in missing.chunks(BATCH).enumerate() {
        if !progress(there + at * BATCH, texts.len()) {
            return Err(Error::Stopped);
        }
        let vectors = embedder.embed(batch).map_err(|(error, _)| error)?.vectors;
        let rows = batch.iter().zip(&vectors).map(|(text, vector)| (key(model, text), vector));
        store.write(&database, |write| {
            let mut table = write.open_table(VECTORS)?;
            for (key, vector) in rows {
                table.insert(key, &bytes(vector)[..])?;
            }
            Ok(())
        })?;
    }
    if !missing.is_empty() {
        progress(texts.len(), texts.len());
    }
    Ok(missing.len())
}

impl Store {
    /// The store of a corpus: a file beside its folder.
    pub fn beside(corpus: &Path) -> Store {
        let mut name = corpus.file_name().unwrap_or(corpus.as_os_str()).to_owned();
        name.push(".vectors.redb");
        Store(corpus.with_file_name(name))
    }

    /// The index of a corpus, all of whose passages must have been built. Several processes may read at once.
    ///
    /// # Errors
    /// When the store cannot be read, or a passage is missing.
    pub fn index(&self, corpus: Corpus, model: &str) -> Result<Index, Error> {
        let database = ReadOnlyDatabase::open(&self.0).map_err(|error| self.failed(&error))?;
        let read = database.begin_read().map_err(|error| self.failed(&error))?;
        let table = read.open_table(VECTORS).map_err(|error| self.failed(&error))?;
        let (mut vectors, mut dimension) = (Vec::new(), 0);
        for passage in &corpus.passages {
            let row = table.get(key(model, &passage.embedded()));
            let Some(row) = row.map_err(|error| self.failed(&error))? else {
                return Err(self.wrong("not all of the corpus is in them; begin the run again"));
            };
            let row = floats(row.value());
            if dimension == 0 {
                dimension = row.len();
                vectors.reserve_exact(dimension * corpus.passages.len());
            } else if row.len() != dimension {
                return Err(self.wrong("they differ in dimension; remove the file"));
            }
            vectors.extend(row);
        }
        Ok(Index::new(corpus, vectors, dimension, model))
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether what answers is what has made the vectors; the first to come is.
    fn probe(&self, database: &Database, model: &str, vector: &[f32]) -> Result<(), Error> {
        let mut known = None;
        self.write(database, |write| {
            write.open_table(VECTORS)?; // there from now on
            let mut table = write.open_table(PROBES)?;
            known = table.get(model)?.map(|row| floats(row.value()));
            if known.is_none() {
                table.insert(model, &bytes(vector)[..])?;
            }
            Ok(())
        })?;
        let same = |known: &Vec<f32>| {
            known.len() == vector.len()
                && known.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>() >= SAME
        };
        match known.as_ref().is_none_or(same) {
            true => Ok(()),
            false => Err(self.wrong(&format!(
                "another model answered to `{model}` when they were made; remove the file"
            ))),
        }
    }

    fn write(
        &self,
        database: &Database,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), Error> {
        let write = database.begin_write().map_err(|error| self.failed(&error))?;
        change(&write).map_err(|error| self.failed(&error))?;
        write.commit().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> Error {
        self.wrong(&format!("{error}; let no other run use the file, or remove it"))
    }

    fn wrong(&self, what: &str) -> Error {
        Error::Store { path: self.0.clone(), what: what.to_owned() }
    }
}

fn key(model: &str, text: &str) -> (u64, u64) {
    let mut sum = Fnv::default();
    sum.add(model.as_bytes());
    sum.add(text.as_bytes());
    (sum.0, text.len() as u64)
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|x| f32::from_le_bytes(*x)).collect()
}
